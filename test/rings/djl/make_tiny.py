"""Makes a tiny CLIP and a tiny SigLIP in transformers' own layout, and a tiny open_clip checkpoint.

usage: make_tiny.py OUT [clip] [siglip] [open_clip]

CLIP and SigLIP are trained for a moment, contrastively, on photos with captions made from their
labels, so that a tag found by them means something; without photos, on drawn shapes. The seed is
fixed. The open_clip one keeps its random weights: it proves loading, not sight.
The photos are looked for in $HANGTAG_PHOTOS, then in ../shared/photos beside the repository.
"""

import csv
import hashlib
import json
import os
import random
import re
import sys
import time

import numpy as np
import torch
from PIL import Image, ImageDraw
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPTokenizerFast,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
)

SIZE, SEED, HELD_OUT = 48, 7, 0.1
SHOWN = {"Longsleeve": "long-sleeved shirt", "Polo": "polo shirt", "Shoes": "pair of shoes", "Pants": "pair of pants"}
TEMPLATES = ("a photo of a {}.", "a product photo of a {}", "{}", "a {} on a plain background")
PER_LABEL, EPOCHS, BATCH = 200, 20, 64


def photo_folder():
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in (os.environ.get("HANGTAG_PHOTOS"), os.path.join(here, "../../../../shared/photos")):
        if folder and os.path.exists(os.path.join(folder, "labels.csv")):
            return folder
    return None


def load_photos(folder):
    """Returns [(image, caption noun)]: at most PER_LABEL of each garment type, in a fixed order."""
    with open(os.path.join(folder, "labels.csv"), newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] not in ("Not sure", "Skip", "Other")]
    rows.sort(key=lambda row: hashlib.sha256(row["file"].encode()).digest())
    taken, counts = [], {}
    for row in rows:
        counts[row["label"]] = counts.get(row["label"], 0) + 1
        if counts[row["label"]] <= PER_LABEL:
            path = os.path.join(folder, row["file"])
            path = path if os.path.exists(path) else os.path.join(folder, "images", row["file"])
            image = Image.open(path).convert("RGB").resize((SIZE + 8, SIZE + 8), Image.Resampling.BICUBIC)
            taken.append((image, SHOWN.get(row["label"], row["label"].lower())))
    return taken


def draw_shapes():
    dice = random.Random(SEED)
    colors = {"red": (200, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 200), "yellow": (230, 210, 40)}
    taken = []
    for _ in range(1600):
        color, shape = dice.choice(list(colors)), dice.choice(("disc", "square", "stripe"))
        image = Image.new("RGB", (SIZE + 8, SIZE + 8), (245, 245, 245))
        x, y, side = dice.randint(2, 14), dice.randint(2, 14), dice.randint(20, 36)
        box = (x, y, x + side, y + (side if shape != "stripe" else 8))
        (ImageDraw.Draw(image).ellipse if shape == "disc" else ImageDraw.Draw(image).rectangle)(box, fill=colors[color])
        taken.append((image, f"{color} {shape}"))
    return taken


def words_of(captions):
    return sorted({word for caption in captions for word in re.findall("[a-z]+", caption.lower())})


def clip_tokenizer(captions):
    """CLIP's own byte-level BPE, with merges that spell out each word of the captions: a trained one
    is not the same twice."""
    pattern = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<|startoftext|>", "<|endoftext|>"]
    tokens, merges = special + alphabet + [letter + "</w>" for letter in alphabet], []
    for word in words_of(captions):
        letters = [*word[:-1], word[-1] + "</w>"]
        start = letters[0]
        for letter in letters[1:]:
            if start + letter not in tokens:
                merges.append((start, letter))
                tokens.append(start + letter)
            start += letter
    vocabulary = {token: place for place, token in enumerate(tokens)}
    core = Tokenizer(models.BPE(vocabulary, merges, unk_token=special[1], end_of_word_suffix="</w>",
                                continuing_subword_prefix=""))
    core.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    core.decoder = decoders.ByteLevel()
    core.post_processor = processors.RobertaProcessing(
        sep=(special[1], 1), cls=(special[0], 0), trim_offsets=False, add_prefix_space=False
    )
    return CLIPTokenizerFast(tokenizer_object=core, bos_token=special[0], eos_token=special[1],
                             unk_token=special[1], pad_token=special[1], model_max_length=77)


def siglip_tokenizer(captions):
    """A unigram model, as SentencePiece makes them: the words of the captions, and single letters."""
    letters = [(chr(code), -10.0) for code in range(33, 127)] + [("\u2581", -10.0)]
    words = [("\u2581" + word, -2.0) for word in words_of(captions)]
    core = Tokenizer(models.Unigram([("</s>", 0.0), ("<unk>", -20.0), *letters, *words], unk_id=1))
    core.normalizer = normalizers.NFKC()
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 0)])
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>", pad_token="</s>", unk_token="<unk>",
                                   model_max_length=32)


def build(kind, captions):
    vision = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
              "image_size": SIZE, "patch_size": 8}
    text = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    if kind == "clip":
        tokenizer = clip_tokenizer(captions)
        ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
        text = {**text, "vocab_size": len(tokenizer), "max_position_embeddings": 40, **ids}
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=64))
        processor = CLIPImageProcessor(size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE})
    else:
        tokenizer = siglip_tokenizer(captions)
        ids = {"bos_token_id": None, "eos_token_id": 0, "pad_token_id": 0}
        text = {**text, "vocab_size": len(tokenizer), "max_position_embeddings": 32, **ids}
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
        torch.nn.init.constant_(model.logit_scale, float(np.log(10)))
        torch.nn.init.constant_(model.logit_bias, -5.0)
        processor = SiglipImageProcessor(size={"height": SIZE, "width": SIZE}, resample=3)
    return model, tokenizer, processor


def train(kind, model, tokenizer, processor, photos, nouns):
    """Photos of the same label count as matches of each other's captions. Returns the accuracy on photos
    that were kept out of the training, and their places in the list."""
    torch.manual_seed(SEED)
    dice = np.random.default_rng(SEED)
    mean = torch.tensor(processor.image_mean).view(1, 3, 1, 1)
    std = torch.tensor(processor.image_std).view(1, 3, 1, 1)
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image, _ in photos])).permute(0, 3, 1, 2)
    labels = torch.tensor([nouns.index(noun) for _, noun in photos])
    order = dice.permutation(len(photos))
    held = order[: int(len(photos) * HELD_OUT)]
    seen = order[len(held):]
    padding = "longest" if kind == "clip" else "max_length"
    length = model.config.text_config.max_position_embeddings
    captions = [canonical(kind, template.format(noun)) for noun in nouns for template in TEMPLATES]
    tokens = tokenizer(captions, padding=padding, max_length=length, truncation=True, return_tensors="pt")
    tokens = {name: tokens[name] for name in (("input_ids", "attention_mask") if kind == "clip" else ("input_ids",))}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    steps = EPOCHS * (len(seen) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)

    def image_vectors(batch):
        features = model.get_image_features(pixel_values=(batch.float() / 255 - mean) / std)
        return torch.nn.functional.normalize(features, dim=-1)

    def text_vectors(pick):
        rows = torch.arange(len(nouns)) * len(TEMPLATES) + pick
        features = model.get_text_features(**{name: value[rows] for name, value in tokens.items()})
        return torch.nn.functional.normalize(features, dim=-1)

    model.train()
    for epoch in range(EPOCHS):
        for part in np.array_split(dice.permutation(seen), len(seen) // BATCH):
            x, y = (int(value) for value in dice.integers(0, 9, 2))
            batch = pixels[part][:, :, y : y + SIZE, x : x + SIZE]
            batch = batch.flip(3) if dice.random() < 0.5 else batch
            cosines = image_vectors(batch) @ text_vectors(int(dice.integers(len(TEMPLATES)))).T
            logits = cosines * model.logit_scale.exp()
            if kind == "clip":
                loss = torch.nn.functional.cross_entropy(logits, labels[part])
            else:
                sign = 2 * torch.nn.functional.one_hot(labels[part], len(nouns)) - 1
                loss = -torch.nn.functional.logsigmoid(sign * (logits + model.logit_bias)).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if schedule.last_epoch < steps:
                schedule.step()
    model.eval()
    with torch.no_grad():
        right = (image_vectors(pixels[held][:, :, 4 : 4 + SIZE, 4 : 4 + SIZE]) @ text_vectors(0).T).argmax(1)
        return float((right == labels[held]).float().mean()), held


def canonical(kind, text):
    if kind == "clip":
        return text
    return " ".join("".join(letter for letter in text.lower() if letter.isalnum() or letter == " ").split())


def make_trained(kind, folder, photos, source):
    start = time.time()
    torch.manual_seed(SEED)
    nouns = sorted({noun for _, noun in photos})
    model, tokenizer, processor = build(kind, [canonical(kind, t.format(n)) for n in nouns for t in TEMPLATES])
    accuracy, held = train(kind, model, tokenizer, processor, photos, nouns)
    for part in (model, tokenizer, processor):
        part.save_pretrained(folder)
    shown = os.path.join(os.path.dirname(folder), f"held-out-{kind}")
    os.makedirs(shown, exist_ok=True)
    for place, index in enumerate(held[:120]):
        image, noun = photos[index]
        image.crop((4, 4, 4 + SIZE, 4 + SIZE)).save(os.path.join(shown, f"{place:03d}.{noun}.png"))
    facts = {"kind": kind, "source": source, "nouns": nouns, "held_out": len(held), "accuracy": accuracy,
             "chance": 1 / len(nouns), "seconds": round(time.time() - start, 1)}
    with open(os.path.join(folder, "tiny.json"), "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=1)
    print(f"tiny {kind}: accuracy {accuracy:.3f} on {len(held)} unseen {source}, chance {1 / len(nouns):.3f}, {facts['seconds']} s")


def make_open_clip(folder):
    import open_clip

    torch.manual_seed(SEED)
    config = {
        "model_cfg": {
            "embed_dim": 32,
            "vision_cfg": {"image_size": SIZE, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
            "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
            "init_logit_bias": -10,
        },
        "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"},
    }
    os.makedirs(folder, exist_ok=True)
    model = open_clip.CLIP(
        embed_dim=32,
        vision_cfg=open_clip.CLIPVisionCfg(**config["model_cfg"]["vision_cfg"]),
        text_cfg=open_clip.CLIPTextCfg(**config["model_cfg"]["text_cfg"]),
        init_logit_bias=-10,
    )
    with open(os.path.join(folder, "open_clip_config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    torch.save(model.state_dict(), os.path.join(folder, "open_clip_pytorch_model.bin"))
    print("tiny open_clip: random weights")


def main():
    out, kinds = sys.argv[1], sys.argv[2:] or ["clip", "siglip"]
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    trained = [kind for kind in kinds if kind != "open_clip"]
    if trained:
        folder = photo_folder()
        photos = load_photos(folder) if folder else draw_shapes()
        for kind in trained:
            make_trained(kind, os.path.join(out, f"tiny-{kind}"), photos, "photos" if folder else "shapes")
    if "open_clip" in kinds:
        make_open_clip(os.path.join(out, "tiny-open-clip"))


if __name__ == "__main__":
    main()
