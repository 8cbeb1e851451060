"""Pictures and vectors for the tests, and the reference: the libraries' own preprocessing and towers."""

import base64
import io
import os

import numpy as np
import torch
from PIL import Image

from .server import TINY


def vector(entry):
    return np.frombuffer(base64.b64decode(entry["vector"]), dtype="<f4")


def encoded(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def scene(seed, width=320, height=240):
    """A picture with soft shapes, so that JPEG and resizing have something to do."""
    dice = np.random.default_rng(seed)
    small = dice.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def prepared(image, rule):
    """What a client does that prepares pixels itself, from nothing but `describe`'s preprocessing."""
    kernel = getattr(Image.Resampling, rule["kernel"].upper())
    size = rule["size"]
    if rule["fit"] == "squash":
        return np.asarray(image.resize((size, size), kernel)).tobytes()
    short, long = sorted(image.size)
    other = int(rule["resize_to"] * long / short)
    target = (rule["resize_to"], other) if image.width <= image.height else (other, rule["resize_to"])
    image = image.resize(target, kernel)
    offset = (lambda n: n // 2) if rule["crop_offset"] == "floor" else (lambda n: int(round(n / 2)))
    left, top = offset(image.width - size), offset(image.height - size)
    return np.asarray(image.crop((left, top, left + size, top + size))).tobytes()


class Reference:
    """transformers or open_clip used as their own documentation says, without our code."""

    def __init__(self, kind):
        folder = os.path.join(TINY, f"tiny-{kind}")
        if kind == "open-clip":
            self.images, self.texts = _open_clip(folder)
        else:
            self.images, self.texts, self.probabilities = _transformers(kind, folder)


def _transformers(kind, folder):
    from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel, SiglipImageProcessor, SiglipModel

    model = (CLIPModel if kind == "clip" else SiglipModel).from_pretrained(folder).eval()
    processor = (CLIPImageProcessor if kind == "clip" else SiglipImageProcessor).from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def tokens(texts):
        if kind == "clip":
            return tokenizer(texts, padding=True, truncation=True, max_length=40, return_tensors="pt")
        return {"input_ids": tokenizer(texts, padding="max_length", truncation=True, max_length=32,
                                       return_tensors="pt")["input_ids"]}

    def images(pictures):
        with torch.no_grad():
            return _unit(model.get_image_features(processor(pictures, return_tensors="pt")["pixel_values"]))

    def texts(captions):
        with torch.no_grad():
            return _unit(model.get_text_features(**tokens(captions)))

    def probabilities(picture, captions):
        with torch.no_grad():
            pixels = processor([picture], return_tensors="pt")["pixel_values"]
            return model(pixel_values=pixels, **tokens(captions)).logits_per_image.softmax(dim=1).numpy()

    return images, texts, probabilities


def _open_clip(folder):
    import json

    import open_clip

    with open(os.path.join(folder, "open_clip_config.json"), encoding="utf-8") as file:
        config = json.load(file)
    given = config["model_cfg"]
    model = open_clip.CLIP(given["embed_dim"], open_clip.CLIPVisionCfg(**given["vision_cfg"]),
                           open_clip.CLIPTextCfg(**given["text_cfg"]), init_logit_bias=given["init_logit_bias"])
    model.load_state_dict(torch.load(os.path.join(folder, "open_clip_pytorch_model.bin")))
    model.eval()
    shape = config["preprocess_cfg"]
    transform = open_clip.image_transform(given["vision_cfg"]["image_size"], is_train=False, **shape)

    def images(pictures):
        with torch.no_grad():
            return _unit(model.encode_image(torch.stack([transform(picture) for picture in pictures])))

    def texts(captions):
        with torch.no_grad():
            return _unit(model.encode_text(open_clip.tokenize(captions)))

    return images, texts


def _unit(features):
    return (features / features.norm(dim=-1, keepdim=True)).numpy()
