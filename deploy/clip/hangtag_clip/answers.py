"""The JSON bodies that go back: see README.md, which is the contract."""

import base64

import numpy as np

from . import CONTRACT
from .faults import Fault
from .loading import text_rules

VECTORS = {"dtype": "float32", "byte_order": "little", "encoding": "base64", "normalized": True}


def answer(call, images, texts, loaded, served):
    if call.fault is not None:
        return {"error": call.fault.wire()}
    if call.task == "describe":
        return {**describe(loaded), "served": served}
    if call.task == "sample":
        return _sample(images, texts, loaded.towers.logit_scale)
    return {
        "task": "embed",
        "fingerprint": loaded.fingerprint,
        "dim": loaded.towers.dim,
        "logit_scale": loaded.towers.logit_scale,
        "logit_bias": loaded.towers.logit_bias,
        "vectors": VECTORS,
        "images": [_image(entry) for entry in images],
        "texts": [_text(entry) for entry in texts],
        "served": served,
    }


def describe(loaded):
    towers, settings = loaded.towers, loaded.settings
    return {
        "task": "describe",
        "contract": CONTRACT,
        "model": {"name": loaded.name, "library": towers.library, "architecture": towers.architecture},
        "fingerprint": loaded.fingerprint,
        "dim": towers.dim,
        "logit_scale": towers.logit_scale,
        "logit_bias": towers.logit_bias,
        "vectors": VECTORS,
        "preprocessing": towers.preprocessing.wire(),
        "text": text_rules(towers),
        "max_batch": towers.max_batch,
        "limits": {
            "body_bytes": settings.max_body_bytes,
            "image_bytes": settings.max_image_bytes,
            "pixels": settings.max_pixels,
            "images": settings.max_images,
            "texts": settings.max_texts,
            "text_chars": settings.max_text_chars,
        },
        "compute": {
            "device": str(towers.device),
            "dtype": str(towers.dtype).replace("torch.", ""),
            "attention": towers.attention,
        },
        "versions": loaded.versions,
    }


def _image(entry):
    return {"error": entry.wire()} if isinstance(entry, Fault) else {"vector": _encoded(entry)}


def _text(entry):
    if isinstance(entry, Fault):
        return {"error": entry.wire()}
    vector, cut = entry
    return {"vector": _encoded(vector), "truncated": cut}


def _sample(images, texts, scale):
    """The original sample's answer: softmax over the prompts, one row for the one image."""
    for entry in (*images, *texts):
        if isinstance(entry, Fault):
            return {"error": entry.wire()}
    logits = scale * (np.stack([vector for vector, _ in texts]).astype(np.float64) @ images[0].astype(np.float64))
    weights = np.exp(logits - logits.max())
    return [[float(value) for value in weights / weights.sum()]]


def _encoded(vector):
    return base64.b64encode(np.ascontiguousarray(vector, dtype="<f4").tobytes()).decode("ascii")
