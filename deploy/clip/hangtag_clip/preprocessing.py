"""What the model was trained to see, read from the checkpoint's own files and never from a constant.

The same record drives our decoding and is sent by `describe`, so that a client which prepares the
pixels itself does it by the very same rule.
"""

import json
import os
from dataclasses import dataclass
from typing import Tuple

KERNELS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
BACKGROUND = (255, 255, 255)
OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Preprocessing:
    size: int  # the square input, in pixels
    fit: str  # crop: shorter side to `resize_to`, then the centre; squash: both sides; pad: longer side, then bars
    resize_to: int
    kernel: str
    crop_offset: str  # floor or round: where the centre lies if an odd number of pixels is left over
    scale: float
    mean: Tuple[float, ...]
    std: Tuple[float, ...]
    fill: Tuple[int, int, int] = (0, 0, 0)  # the bars of `pad`

    def wire(self):
        last = {"crop": ["crop"], "squash": [], "pad": ["pad"]}[self.fit]
        return {
            "size": self.size,
            "fit": self.fit,
            "resize_to": self.resize_to,
            "kernel": self.kernel,
            "antialias": True,
            "crop_offset": self.crop_offset,
            "fill": list(self.fill),
            "channels": "RGB",
            "layout": "HWC",
            "orientation": "exif",
            "background": list(BACKGROUND),
            "order": ["orient", "background", "resize", *last, "round_to_u8", "scale", "normalize"],
            "scale": self.scale,
            "mean": list(self.mean),
            "std": list(self.std),
        }


def from_transformers(folder):
    """Reads preprocessor_config.json, or the image_processor part of processor_config.json."""
    path = os.path.join(folder, "preprocessor_config.json")
    if os.path.exists(path):
        config = _json(path)
    else:
        config = _json(os.path.join(folder, "processor_config.json")).get("image_processor")
    if not config:
        raise ValueError("the checkpoint has no preprocessor_config.json")
    resize, crop = config.get("size"), config.get("crop_size")
    kernel = KERNELS[int(config.get("resample", 3))]
    rest = {
        "kernel": kernel,
        "crop_offset": "floor",
        "scale": float(config.get("rescale_factor", 1 / 255)),
        "mean": _three(config["image_mean"]),
        "std": _three(config["image_std"]),
    }
    if isinstance(resize, dict) and "height" in resize and not config.get("do_center_crop"):
        size = _square(resize["height"], resize["width"])
        return Preprocessing(size=size, fit="squash", resize_to=size, **rest)
    shortest = resize.get("shortest_edge", resize.get("height")) if isinstance(resize, dict) else resize
    size = _square(crop["height"], crop["width"]) if isinstance(crop, dict) else int(crop or shortest)
    return Preprocessing(size=size, fit="crop", resize_to=int(shortest), **rest)


def from_open_clip(config):
    """`config`: the content of open_clip_config.json."""
    given = config.get("preprocess_cfg", {})
    size = given.get("size", config["model_cfg"]["vision_cfg"].get("image_size", 224))
    size = _square(*size) if isinstance(size, (list, tuple)) else int(size)
    fill = given.get("fill_color", 0)
    return Preprocessing(
        size=size,
        fit={"shortest": "crop", "squash": "squash", "longest": "pad"}[given.get("resize_mode", "shortest")],
        resize_to=size,
        kernel=given.get("interpolation", "bicubic"),
        crop_offset="round",
        scale=1 / 255,
        mean=_three(given.get("mean", OPENAI_MEAN)),
        std=_three(given.get("std", OPENAI_STD)),
        fill=tuple(fill) if isinstance(fill, (list, tuple)) else (fill, fill, fill),
    )


def _json(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _square(height, width):
    if int(height) != int(width):
        raise ValueError(f"only square inputs are served, not {height}x{width}")
    return int(height)


def _three(values):
    if len(values) != 3:
        raise ValueError("mean and std must have three values")
    return tuple(float(value) for value in values)
