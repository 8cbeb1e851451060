"""Loads the model that serving.properties names and proves that it works, before DJL reports ready.

DJL only warns when requirements.txt could not be installed and would report a worker healthy that
can never answer: so every import is made here, and an image and a text go through the towers.
"""

import importlib
import logging
import os
from dataclasses import dataclass

import numpy as np

from .checkpoint import find_checkpoint, fingerprint
from .settings import read_settings

_NEEDED = ("torch", "PIL", "transformers", "tokenizers", "safetensors")


@dataclass
class Loaded:
    settings: object
    towers: object
    fingerprint: str
    name: str
    versions: dict


def load(properties):
    settings = read_settings(properties)
    check_imports(_NEEDED)
    folder = find_checkpoint(settings.model_id, settings.revision, properties.get("model_dir", "."))
    from . import device as on

    device = on.choose_device(properties.get("device_id", "-1"))
    dtype = on.choose_dtype(settings.dtype, device)
    is_open_clip = os.path.exists(os.path.join(folder, "open_clip_config.json"))
    if is_open_clip:
        check_imports(("open_clip",))
        from .towers_open_clip import load_open_clip as load_towers
    else:
        from .towers_transformers import load_transformers as load_towers
    towers = load_towers(folder, settings, device, dtype)
    towers.max_batch = settings.max_batch or (64 if device.type == "cuda" else 16)
    mark = fingerprint(folder, towers.weights, {"image": towers.preprocessing.wire(), "text": text_rules(towers)})
    warm_up(towers)
    names = (*_NEEDED, "open_clip") if is_open_clip else _NEEDED
    versions = {name: str(getattr(importlib.import_module(name), "__version__", "")) for name in names}
    name = settings.card_name or _last_part(settings.model_id) or towers.architecture
    logging.info("%s ready: %s, dim %d, on %s", name, mark, towers.dim, device)
    return Loaded(settings, towers, mark, name, versions)


def _last_part(model_id):
    return model_id.rstrip("/").rpartition("/")[2]


def text_rules(towers):
    text = towers.text
    return {
        "context_length": text.context_length,
        "padding": text.padding,
        "truncation": "end",
        "rule": text.rule,
        "lower_case": text.folds_case,
        "strip_punctuation": text.rule == "canonical",
    }


def check_imports(names):
    missing = []
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing.append(f"{name} ({error})")
    if missing:
        raise RuntimeError("not importable, was requirements.txt installed? " + "; ".join(missing))


def warm_up(towers):
    """One image, a full batch of them, and two texts: finite unit vectors of the promised width, or no start."""
    size = towers.preprocessing.size
    grey = np.full((size, size, 3), 127, dtype=np.uint8)
    for count in (1, towers.max_batch):
        _proven(towers.embed_pixels([grey] * count), count, towers.dim, "image")
    _proven(towers.embed_texts(["a photo of a dress", "shoes"]), 2, towers.dim, "text")
    towers.forwards.update(image=0, text=0)


def _proven(vectors, count, dim, tower):
    if vectors.shape != (count, dim):
        raise RuntimeError(f"the {tower} tower gave {vectors.shape}, not {(count, dim)}")
    if not np.isfinite(vectors).all() or abs(np.linalg.norm(vectors, axis=1) - 1).max() > 1e-3:
        raise RuntimeError(f"the {tower} tower gave no unit vectors: try option.dtype=fp32")
