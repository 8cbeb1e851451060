"""What Python makes of a handful of pictures, for a client in another language to compare itself with.

usage: reference.py clip|siglip URL OUT

Writes OUT/<kind>.json:

  {"kind": "clip", "size": 48, "card": <the answer of describe>, "pictures": [
    {"name": "tall.jpg", "file": "<absolute path>", "pixels": "<absolute path>", "vector": "<base64>"}, ...]}

`file` is the encoded picture. `pixels` names a file of size x size x 3 bytes, RGB, rows from the top: what the processor of
transformers makes of the upright picture on white, before scaling and normalising. `vector` is what the endpoint answers
for the file itself: float32, little-endian, of length 1. Fails where the handler's own pixels are others, or where the
endpoint's vector is not that of transformers' model.
"""

import base64
import json
import os
import sys
import urllib.error
import urllib.request

import numpy as np
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "../../fixtures/images")
MAX_PIXELS = 50_000_000


def drawn(folder):
    """Pictures that the fixtures lack: turned by EXIF, see-through, grey, a WebP, a strip, smaller than the model's input."""
    dice = np.random.default_rng(7)
    small = Image.fromarray(dice.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    picture = small.resize((321, 200), Image.Resampling.BICUBIC)
    turned = Image.Exif()
    turned[0x0112] = 6
    see_through = picture.convert("RGBA")
    see_through.putalpha(small.convert("L").resize(picture.size, Image.Resampling.BICUBIC))
    made = {
        "turned.jpg": (picture, {"exif": turned, "quality": 90}),
        "see-through.png": (see_through, {}),
        "grey.jpg": (picture.convert("L"), {"quality": 90}),
        "lossless.webp": (picture, {"lossless": True}),
        "strip.png": (picture.resize((600, 61)), {}),
        "tiny.png": (picture.resize((31, 20)), {}),
    }
    for name, (image, options) in made.items():
        image.save(os.path.join(folder, name), **options)
    return [os.path.join(folder, name) for name in made]


def upright(path):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode == "RGBA":
        canvas = Image.new("RGB", image.size, (255, 255, 255))
        canvas.paste(image, mask=image.getchannel("A"))
        return canvas
    return image.convert("RGB")


def ask(url, body):
    request = urllib.request.Request(
        url + "/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{url} answered {error.code}: {error.read(2000).decode(errors='replace')}") from None


def main():
    kind, url, out = sys.argv[1:]
    import torch
    from transformers import CLIPImageProcessor, CLIPModel, SiglipImageProcessor, SiglipModel

    from hangtag_clip import preprocessing
    from hangtag_clip.calls import Picture
    from hangtag_clip.pictures import pixels_of

    model_folder = os.path.join(os.environ["HANGTAG_TINY"], f"tiny-{kind}")
    model = (CLIPModel if kind == "clip" else SiglipModel).from_pretrained(model_folder).eval()
    processor = (CLIPImageProcessor if kind == "clip" else SiglipImageProcessor).from_pretrained(model_folder)
    rule = preprocessing.from_transformers(model_folder)
    folder = os.path.join(os.path.abspath(out), kind)
    os.makedirs(folder, exist_ok=True)
    files = [os.path.abspath(os.path.join(FIXTURES, name)) for name in ("wide.jpg", "tall.jpg", "tall.png", "large.jpg")]
    files += drawn(folder)

    card = ask(url, {"task": "describe"})
    pictures = []
    for path in files:
        with open(path, "rb") as file:
            data = file.read()
        plain = processor([upright(path)], do_rescale=False, do_normalize=False, return_tensors="np")["pixel_values"][0]
        pixels = np.ascontiguousarray(plain.transpose(1, 2, 0)).astype(np.uint8)
        assert np.array_equal(pixels, plain.transpose(1, 2, 0)), "the processor's pixels are no bytes"
        ours = pixels_of(Picture(data=data, prepared=False), rule, MAX_PIXELS)
        assert np.array_equal(ours, pixels), f"{path}: the handler's pixels are not those of transformers"

        answer = ask(url, {"task": "embed", "images": [{"file": base64.b64encode(data).decode()}]})
        vector = answer["images"][0]["vector"]
        with torch.no_grad():
            features = model.get_image_features(processor([upright(path)], return_tensors="pt")["pixel_values"])[0]
        theirs = (features / features.norm()).numpy()
        off = float(np.abs(np.frombuffer(base64.b64decode(vector), "<f4") - theirs).max())
        assert off < 2e-6, f"{path}: the endpoint's vector is off by {off}"

        name = os.path.basename(path)
        bytes_file = os.path.join(folder, name + ".bin")
        with open(bytes_file, "wb") as file:
            file.write(pixels.tobytes())
        pictures.append({"name": name, "file": path, "pixels": bytes_file, "vector": vector})
    with open(os.path.join(os.path.abspath(out), kind + ".json"), "w", encoding="utf-8") as file:
        json.dump({"kind": kind, "size": rule.size, "card": card, "pictures": pictures}, file, indent=1)


if __name__ == "__main__":
    main()
