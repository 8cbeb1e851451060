"""Finds the checkpoint that `option.model_id` names, and its fingerprint.

A name is, in this order: nothing (the weights lie beside model.py), a folder (DJL has by then
replaced an s3:// prefix by the folder that it downloaded), or a hub id.
"""

import hashlib
import json
import os

CONFIGS = ("open_clip_config.json", "config.json")
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "*.bin"]


def find_checkpoint(model_id, revision, model_dir):
    """Returns the folder. Raises FileNotFoundError naming what was looked for."""
    if not model_id:
        for folder in (model_dir, os.path.join(model_dir, "weights")):
            if _is_checkpoint(folder):
                return folder
        raise FileNotFoundError("option.model_id is not set and no weights lie beside model.py or in weights/")
    if model_id.startswith("s3://"):
        raise FileNotFoundError(f"{model_id} was not downloaded by the server: it needs s5cmd or the aws command")
    for folder in (model_id, os.path.join(model_dir, model_id)):
        if _is_checkpoint(folder):
            return folder
    if os.path.isabs(model_id) or model_id.startswith("."):
        raise FileNotFoundError(f"{model_id} holds neither {' nor '.join(CONFIGS)}")
    from huggingface_hub import snapshot_download

    return snapshot_download(model_id, revision=revision or None, allow_patterns=_HUB_FILES)


def weight_files(folder, preferred=()):
    """The files with the weights: `preferred` if there, else all safetensors, else all pickles."""
    names = sorted(os.listdir(folder))
    for choice in (
        [name for name in preferred if name in names][:1],
        [name for name in names if name.endswith(".safetensors") and not name.startswith("open_clip")],
        [name for name in names if name.endswith(".bin") and not name.startswith("open_clip")],
    ):
        if choice:
            return choice
    raise FileNotFoundError("no weights (.safetensors or .bin) in the checkpoint")


def fingerprint(folder, weights, facts):
    """sha256 over the weights, the tokenizer's files and `facts` (preprocessing and text rule).

    Two endpoints with the same fingerprint give the same vectors up to the rounding of their
    dtype. Read once, at the first call: about a second for each gigabyte.
    """
    digest = hashlib.sha256()
    for name in sorted({*weights, *_tokenizer_files(folder)}):
        digest.update(name.encode() + b"\0" + _file_hash(os.path.join(folder, name)))
    digest.update(json.dumps(facts, sort_keys=True).encode())
    return "sha256:" + digest.hexdigest()


def _tokenizer_files(folder):
    wanted = ("tokenizer", "vocab", "merges", "spiece", "special_tokens", "added_tokens", *CONFIGS)
    return [name for name in os.listdir(folder) if name.startswith(wanted) and not name.endswith(".bin")]


def _file_hash(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()


def _is_checkpoint(folder):
    return any(os.path.isfile(os.path.join(folder, name)) for name in CONFIGS)
