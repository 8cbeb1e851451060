"""Writes a CLIP or SigLIP checkpoint of transformers as two ONNX graphs, in the layout that public exports have.

usage: export.py CHECKPOINT OUT [--revision COMMIT] [--license TEXT]

CHECKPOINT is a folder or a hub id. OUT gets onnx/vision_model.onnx, onnx/text_model.onnx, tokenizer.json,
tokenizer_config.json, preprocessor_config.json, config.json and hangtag.json. The last one holds what neither graph
nor config has: the trained scale and bias of the scores. No code from the checkpoint is run.

Both graphs are compared with the checkpoint by hangtag's own runtime (test/rings/onnx.sh), not here: this needs no
onnxruntime. Vectors leave the graphs as the checkpoint makes them; hangtag brings them to unit length.
"""

import argparse
import inspect
import json
import os
import re
import sys

import torch
from transformers import AutoConfig, AutoImageProcessor, AutoTokenizer, CLIPModel, PreTrainedTokenizerFast, SiglipModel

MODELS = {"clip": CLIPModel, "siglip": SiglipModel}
OPSET = 14


class Images(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model.get_image_features(pixel_values=pixel_values)


class MaskedTexts(torch.nn.Module):
    """CLIP: what stands behind the end of a text is padding, and is not read."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model.get_text_features(input_ids=input_ids, attention_mask=attention_mask)


class PaddedTexts(torch.nn.Module):
    """SigLIP: trained without a mask, its padding is part of what it reads."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        return self.model.get_text_features(input_ids=input_ids)


def load(checkpoint, revision):
    kind = AutoConfig.from_pretrained(checkpoint, revision=revision).model_type
    if kind not in MODELS:
        sys.exit(f"{checkpoint}: model_type {kind!r} cannot be exported, only {' and '.join(MODELS)}")
    model = MODELS[kind].from_pretrained(checkpoint, revision=revision, attn_implementation="eager")
    for part in model.modules():
        # "valid" is another name for no padding, and the only one of the two that torch 1.13 cannot export.
        if isinstance(part, torch.nn.Conv2d) and part.padding == "valid":
            part.padding = (0, 0)
    return kind, model.float().eval()


def tokenizer_of(checkpoint, revision):
    """The fast tokenizer, because only that one can be written as tokenizer.json."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint, revision=revision)
        if tokenizer.is_fast:
            return tokenizer
    except (ImportError, ValueError):
        pass
    return PreTrainedTokenizerFast.from_pretrained(checkpoint, revision=revision)


def write_graph(module, example, path, names, output, axes):
    options = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    with torch.no_grad():
        torch.onnx.export(
            module, example, path, input_names=names, output_names=[output],
            dynamic_axes={**{name: axes for name in names}, output: {0: "batch_size"}},
            opset_version=OPSET, do_constant_folding=True, **options,
        )


def export(checkpoint, out, revision=None, license_text=None):
    kind, model = load(checkpoint, revision)
    processor = AutoImageProcessor.from_pretrained(checkpoint, revision=revision, use_fast=False)
    tokenizer = tokenizer_of(checkpoint, revision)
    graphs = os.path.join(out, "onnx")
    os.makedirs(graphs, exist_ok=True)
    side = int(model.config.vision_config.image_size)
    context = int(model.config.text_config.max_position_embeddings)
    pixels = torch.zeros(2, 3, side, side)
    write_graph(Images(model), (pixels,), os.path.join(graphs, "vision_model.onnx"), ["pixel_values"],
                "image_embeds" if kind == "clip" else "pooler_output", {0: "batch_size"})
    path = os.path.join(graphs, "text_model.onnx")
    if kind == "clip":
        tokens = tokenizer(["one", "one or two"], padding="longest", max_length=context, truncation=True, return_tensors="pt")
        write_graph(MaskedTexts(model), (tokens["input_ids"], tokens["attention_mask"]), path,
                    ["input_ids", "attention_mask"], "text_embeds", {0: "batch_size", 1: "sequence_length"})
    else:
        tokens = tokenizer(["one", "one or two"], padding="max_length", max_length=context, truncation=True, return_tensors="pt")
        write_graph(PaddedTexts(model), (tokens["input_ids"],), path, ["input_ids"], "pooler_output", {0: "batch_size"})
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.save_pretrained(out)
    processor.save_pretrained(out)
    model.config._name_or_path = ""
    model.config.save_pretrained(out)
    name = re.sub(r"[^a-z0-9.-]+", "-", os.path.basename(os.path.normpath(checkpoint)).lower()).strip("-.")
    facts = {
        "id": name or "clip",
        "family": kind,
        "logit_scale": float(model.logit_scale.detach().double().exp()),
        "logit_bias": float(model.logit_bias.detach().double()) if kind == "siglip" else None,
        "license": license_text,
        "source": "exported from " + (os.path.basename(os.path.normpath(checkpoint)) if os.path.isdir(checkpoint) else checkpoint)
        + (f" at {revision}" if revision else ""),
    }
    with open(os.path.join(out, "hangtag.json"), "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2)
        file.write("\n")
    return facts


def main():
    options = argparse.ArgumentParser(usage="export.py CHECKPOINT OUT [--revision COMMIT] [--license TEXT]")
    options.add_argument("checkpoint")
    options.add_argument("out")
    options.add_argument("--revision")
    options.add_argument("--license")
    given = options.parse_args()
    facts = export(given.checkpoint, given.out, given.revision, given.license)
    print(f"{given.out}: {facts['family']}, scale {facts['logit_scale']:.4f}, bias {facts['logit_bias']}")


if __name__ == "__main__":
    main()
