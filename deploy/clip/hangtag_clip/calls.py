"""Turns one item (headers and body) into a Call, without decoding any picture.

Three shapes of body are understood: ours in JSON (`task`), the sample's own JSON (`image` and
`prompt`), and raw bytes with the task in CustomAttributes. Everything wrong becomes a Fault: on the
call as a whole, or in the place of the one picture or text that it concerns.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import List, Optional, Union

from .envelope import attributes_of
from .faults import Fault

TASKS = ("embed", "describe")
PIXELS_TYPE = "application/octet-stream"
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


@dataclass
class Picture:
    data: bytes
    prepared: bool  # True: size x size x 3 bytes of RGB; False: an encoded file


@dataclass
class Call:
    task: str  # embed, describe or sample
    images: List[Union[Picture, Fault]] = field(default_factory=list)
    texts: List[Union[str, Fault]] = field(default_factory=list)
    fault: Optional[Fault] = None


def read_call(properties, body, settings, size, fingerprint):
    """`size`: the model's input in pixels; `fingerprint`: refused if the caller names another."""
    try:
        return _read(properties, body, settings, size, fingerprint)
    except Fault as fault:
        return Call(task="none", fault=fault)


def _read(properties, body, settings, size, fingerprint):
    if len(body) > settings.max_body_bytes:
        raise Fault("request.too_large", f"body of {len(body)} bytes, at most {settings.max_body_bytes}")
    attributes = attributes_of(properties)
    kind = properties.get("content-type", "").split(";")[0].strip().lower()
    if kind.startswith("image/") or (kind != "application/json" and body.startswith(_MAGIC)):
        _same_model(attributes.get("fingerprint"), fingerprint)
        _embed_only(attributes, kind or "a picture")
        return Call("embed", images=[_file(body, settings)])
    if kind == PIXELS_TYPE and "size" in attributes:
        _same_model(attributes.get("fingerprint"), fingerprint)
        _embed_only(attributes, kind)
        return Call("embed", images=_raw_pixels(body, attributes, settings, size))
    return _read_json(_json_object(body, attributes), attributes, settings, size, fingerprint)


def _read_json(content, attributes, settings, size, fingerprint):
    if "task" not in content and ("image" in content or "prompt" in content):
        return _sample(content, settings)
    _same_model(content.get("fingerprint", attributes.get("fingerprint")), fingerprint)
    task = content.get("task", attributes.get("task"))
    if task not in TASKS:
        raise Fault("request.task_unknown", f"task must be one of {', '.join(TASKS)}")
    if task == "describe":
        return Call("describe")
    images, texts = content.get("images", []), content.get("texts", [])
    if not isinstance(images, list) or not isinstance(texts, list):
        raise Fault("request.malformed", "images and texts must be lists")
    if not images and not texts:
        raise Fault("request.empty", "neither images nor texts")
    _count("images", images, settings.max_images)
    _count("texts", texts, settings.max_texts)
    return Call(
        "embed",
        images=[_caught(_picture, entry, settings, size) for entry in images],
        texts=[_caught(_text, entry, settings) for entry in texts],
    )


def _sample(content, settings):
    prompts = content.get("prompt")
    prompts = [prompts] if isinstance(prompts, str) else prompts
    if not isinstance(prompts, list) or not prompts:
        raise Fault("request.malformed", "prompt must be a list of texts")
    _count("prompt", prompts, settings.max_texts)
    picture = _file(_decoded(content.get("image"), settings.max_image_bytes), settings)
    return Call("sample", images=[picture], texts=[_text(entry, settings) for entry in prompts])


def _json_object(body, attributes):
    if not body.strip() and attributes.get("task") == "describe":
        return {}
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Fault("request.malformed", "the body is not JSON") from None
    if not isinstance(content, dict):
        raise Fault("request.malformed", "the body is not a JSON object")
    return content


def _caught(read, *arguments):
    try:
        return read(*arguments)
    except Fault as fault:
        return fault


def _picture(entry, settings, size):
    if not isinstance(entry, dict) or len(set(entry) & {"file", "pixels"}) != 1:
        raise Fault("image.malformed", "an image is an object with either file or pixels")
    if "file" in entry:
        return _file(_decoded(entry["file"], settings.max_image_bytes), settings)
    data = _decoded(entry["pixels"], settings.max_image_bytes)
    wanted = size * size * 3
    if len(data) != wanted:
        raise Fault("image.pixels_size", f"{len(data)} bytes of pixels, this model takes {size}x{size}x3 = {wanted}")
    return Picture(data, prepared=True)


def _file(data, settings):
    if not data:
        raise Fault("image.unreadable", "no bytes")
    if len(data) > settings.max_image_bytes:
        raise Fault("image.too_large", f"{len(data)} bytes, at most {settings.max_image_bytes}")
    return Picture(data, prepared=False)


def _raw_pixels(body, attributes, settings, size):
    one = size * size * 3
    if attributes["size"] != str(size):
        raise Fault("image.pixels_size", f"pixels of size {attributes['size']}, this model takes {size}")
    count, rest = divmod(len(body), one)
    if count == 0 or rest or attributes.get("count", str(count)) != str(count):
        raise Fault("image.pixels_size", f"{len(body)} bytes are not count x {size}x{size}x3")
    if count > settings.max_images:
        raise Fault("request.too_many", f"{count} images, at most {settings.max_images}")
    return [Picture(body[index * one : (index + 1) * one], prepared=True) for index in range(count)]


def _text(entry, settings):
    if not isinstance(entry, str) or not entry.strip():
        raise Fault("text.malformed", "a text must be a string that is not blank")
    if len(entry) > settings.max_text_chars:
        raise Fault("text.too_long", f"{len(entry)} characters, at most {settings.max_text_chars}")
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in entry):
        raise Fault("text.malformed", "a text must be valid Unicode")
    return entry


def _decoded(text, limit):
    if not isinstance(text, str):
        raise Fault("image.malformed", "an image must be a base64 string")
    if len(text) > limit // 3 * 4 + 1024:
        raise Fault("image.too_large", f"more than {limit} bytes")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Fault("image.malformed", "not base64") from None


def _count(name, entries, limit):
    if len(entries) > limit:
        raise Fault("request.too_many", f"{len(entries)} {name}, at most {limit}")


def _embed_only(attributes, kind):
    if attributes.get("task", "embed") != "embed":
        raise Fault("request.task_unknown", f"a body of {kind} can only be embedded")


def _same_model(named, fingerprint):
    if named is not None and named != fingerprint:
        raise Fault("model.changed", "this endpoint serves another model or preprocessing: ask describe again")
