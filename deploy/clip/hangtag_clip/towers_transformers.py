"""Loads CLIP, SigLIP and SigLIP 2 (fixed resolution) checkpoints in transformers' own layout."""

import json
import logging
import os

import transformers
from transformers import AutoTokenizer, CLIPModel, PreTrainedTokenizerFast, SiglipModel

from .checkpoint import weight_files
from .device import dtype_name
from .preprocessing import from_transformers
from .towers import TextInput, Towers, tensor_of

_CLASSES = {"clip": CLIPModel, "siglip": SiglipModel}


def load_transformers(folder, settings, device, dtype):
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        kind = json.load(file).get("model_type")
    if kind not in _CLASSES:
        raise ValueError(f"model_type {kind!r} is not served, only {', '.join(_CLASSES)} and open_clip checkpoints")
    weights = weight_files(folder)
    model, attention = _model(_CLASSES[kind], folder, device, weights)
    scale = float(model.logit_scale.detach().float().exp())
    bias = float(model.logit_bias.detach().float()) if kind == "siglip" else None
    model = model.to(device=device, dtype=dtype).eval()
    logging.info("%s loaded by transformers %s as %s", kind, transformers.__version__, dtype_name(dtype))
    return Towers(
        library="transformers",
        architecture=kind,
        dim=int(model.config.projection_dim if kind == "clip" else model.config.text_config.hidden_size),
        logit_scale=scale,
        logit_bias=bias,
        preprocessing=from_transformers(folder),
        text=_text_input(folder, kind, model, settings.text_rule, device),
        image_features=lambda pixels: tensor_of(model.get_image_features(pixel_values=pixels)),
        text_features=lambda tokens: tensor_of(model.get_text_features(**tokens)),
        weights=weights,
        device=device,
        dtype=dtype,
        attention=attention,
    )


def _model(cls, folder, device, weights):
    options = {"local_files_only": True, "use_safetensors": weights[0].endswith(".safetensors")}
    if device.type == "cuda":
        try:
            return cls.from_pretrained(folder, attn_implementation="sdpa", **options), "sdpa"
        except (ValueError, ImportError, TypeError) as error:
            logging.warning("no SDPA attention for this model: %s", error)
    model = cls.from_pretrained(folder, **options)
    return model, getattr(model.config, "_attn_implementation", None) or "eager"


def _text_input(folder, kind, model, rule, device):
    tokenizer = _tokenizer(folder)
    context = int(model.config.text_config.max_position_embeddings)
    if rule == "auto":
        # The Gemma tokenizer of SigLIP 2 was trained with punctuation, that of SigLIP without.
        gemma = type(tokenizer).__name__.startswith(("Gemma", "Siglip2"))
        rule = "as-is" if kind == "clip" else "lower" if gemma else "canonical"
    padding = "longest" if kind == "clip" else "max_length"

    def tokenize(texts):
        tokens = tokenizer(texts, padding=padding, truncation=True, max_length=context, return_tensors="pt")
        # SigLIP was trained without an attention mask: its padding is part of what it reads.
        names = ("input_ids", "attention_mask") if kind == "clip" else ("input_ids",)
        return {name: tokens[name].to(device) for name in names}

    def lengths(texts):
        return [len(ids) for ids in tokenizer(texts, padding=False, truncation=False, verbose=False)["input_ids"]]

    folds = rule != "as-is" or tokenizer("A DRESS")["input_ids"] == tokenizer("a dress")["input_ids"]
    return TextInput(rule, context, padding, tokenize, lengths, folds)


def _tokenizer(folder):
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (ImportError, ValueError) as error:  # the slow SigLIP tokenizer wants sentencepiece
        path = os.path.join(folder, "tokenizer.json")
        if not os.path.exists(path):
            raise
        logging.warning("tokenizer.json is used as it is: %s", error)
        return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
