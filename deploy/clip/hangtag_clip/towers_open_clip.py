"""Loads open_clip checkpoints (a folder with open_clip_config.json), Marqo-FashionSigLIP among them.

The folder's own config is registered with open_clip, so an architecture that open_clip does not list
by name works too, and nothing is fetched: a tokenizer that the config would take from a hub is taken
from the folder if it lies there.
"""

import json
import logging
import os
import tempfile

import open_clip

from .checkpoint import weight_files
from .device import dtype_name
from .preprocessing import from_open_clip
from .towers import TextInput, Towers

_NAME = "hangtag-served"
_WEIGHTS = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_model.bin",
)
_RULES = {"canonicalize": "canonical", "lower": "lower", "whitespace": "as-is"}


def load_open_clip(folder, settings, device, dtype):
    with open(os.path.join(folder, "open_clip_config.json"), encoding="utf-8") as file:
        config = json.load(file)
    text = config["model_cfg"]["text_cfg"]
    if "hf_tokenizer_name" in text and os.path.exists(os.path.join(folder, "tokenizer.json")):
        text["hf_tokenizer_name"] = os.path.abspath(folder)
    weights = weight_files(folder, _WEIGHTS)
    _register(config["model_cfg"])
    # open_clip only looks weights up by a hub tag or a path, and takes the path as it is.
    model = open_clip.create_model(_NAME, pretrained=os.path.join(folder, weights[0]), device="cpu")
    scale = float(model.logit_scale.detach().float().exp())
    bias = getattr(model, "logit_bias", None)
    bias = None if bias is None else float(bias.detach().float())
    model = model.to(device=device, dtype=dtype).eval()
    logging.info("loaded by open_clip %s as %s", open_clip.__version__, dtype_name(dtype))
    return Towers(
        library="open_clip",
        architecture=config["model_cfg"]["vision_cfg"].get("timm_model_name", "vit"),
        dim=int(config["model_cfg"]["embed_dim"]),
        logit_scale=scale,
        logit_bias=bias,
        preprocessing=from_open_clip(config),
        text=_text_input(text, settings.text_rule, device),
        image_features=model.encode_image,
        text_features=model.encode_text,
        weights=weights,
        device=device,
        dtype=dtype,
        attention="library",
    )


def _register(model_config):
    folder = tempfile.mkdtemp(prefix="hangtag-clip-")
    path = os.path.join(folder, f"{_NAME}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(model_config, file)
    open_clip.add_model_config(path)
    os.remove(path)
    os.rmdir(folder)


def _text_input(text_config, rule, device):
    tokenizer = open_clip.get_tokenizer(_NAME)
    context = int(text_config.get("context_length", 77))
    if rule == "auto":
        cleaning = text_config.get("tokenizer_kwargs", {}).get("clean", "lower")
        rule = "as-is" if "hf_tokenizer_name" not in text_config else _RULES.get(cleaning, "as-is")
    inner = getattr(tokenizer, "tokenizer", None)  # the transformers tokenizer, if it wraps one

    def lengths(texts):
        if inner is not None:
            return [len(ids) for ids in inner(list(texts), padding=False, truncation=False)["input_ids"]]
        return [len(tokenizer.encode(text)) + 2 for text in texts]

    folds = rule != "as-is" or bool((tokenizer(["A DRESS"]) == tokenizer(["a dress"])).all())
    return TextInput(rule, context, "max_length", lambda texts: tokenizer(texts).to(device), lengths, folds)
