"""Trains the bundled model: python3 train.py --split random --out run/

Deterministic in its data, split and seeds (bf16 sums on several threads differ in the last digits from run to run).
Writes run/model.pt (weights of the moving average), run/log.txt and run/report.json. `export.py` makes what ships.
"""
import argparse
import copy
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import data
from network import Network


def load(split, seed, sizes, quick):
    """Everything in memory: one uint8 array per size, masks, type and sleeve labels (-1: none), part of the split."""
    rows = [row for row in data.rows() if row["label"] in data.TYPES or row["label"] == "Other"]
    rows = rows[:: 10 if quick else 1]
    parts = np.array([data.part(row, split, seed) for row in rows])
    types = np.array([data.TYPES.index(r["label"]) if r["label"] in data.TYPES else data.REJECT for r in rows])
    sleeves = np.array([data.IMPLIED_SLEEVE.get(row["label"], -1) for row in rows])
    pictures = {size: np.stack([data.squash(row["file"], size) for row in rows]) for size in sizes}
    small = min(sizes)
    masks, believable = np.zeros((len(rows), small, small), bool), np.zeros(len(rows), bool)
    for index in np.flatnonzero(parts == "train"):
        mask = data.foreground(pictures[small][index])
        if mask is not None:
            masks[index], believable[index] = mask, True
    sources = [row["file"] for row, p in zip(rows, parts) if p == "train"]
    empty = {size: data.nothing(480 // (10 if quick else 1), size, sources, seed) for size in sizes}
    return rows, parts, types, sleeves, pictures, torch.from_numpy(masks), torch.from_numpy(believable), empty


def augment(x, out, masks, believable, generator):
    """uint8 N x H x H x 3 -> float N x 3 x out x out: background swap, affine, colour, erasing."""
    n = x.shape[0]
    rand = lambda *shape: torch.rand(*shape, generator=generator)
    x = x.permute(0, 3, 1, 2).float()
    swap = believable & (rand(n) < 0.3)
    if swap.any():
        soft = F.interpolate(masks[swap][:, None].float(), size=x.shape[-2:], mode="bilinear", align_corners=False)
        white = (rand(int(swap.sum()), 1, 1, 1) < 0.5).float()
        tone = white * (245 + 10 * rand(len(white), 1, 1, 1)) + (1 - white) * 255 * rand(len(white), 3, 1, 1)
        x[swap] = soft * x[swap] + (1 - soft) * tone
    angle = (rand(n) - .5) * 2 * math.radians(18)
    zoom = torch.exp((rand(n) - .5) * 2 * math.log(1.25)) * 0.97
    aspect = torch.exp((rand(n) - .5) * 2 * math.log(1.2))
    flip = torch.where(rand(n) < .5, -1., 1.)
    shear = (rand(n) - .5) * .2
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.stack([
        torch.stack([flip * cos * zoom * aspect, (shear - sin) * zoom, (rand(n) - .5) * .24], 1),
        torch.stack([flip * sin * zoom, cos * zoom / aspect, (rand(n) - .5) * .24], 1)], 1)
    grid = F.affine_grid(theta, (n, 3, out, out), align_corners=False)
    x = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    x = (x - 128) / 64
    light, contrast = (rand(n, 1, 1, 1) - .5) * 1.0, torch.exp((rand(n, 1, 1, 1) - .5) * .7)
    tint = (rand(n, 3, 1, 1) - .5) * .5
    gray = x.mean(1, keepdim=True)
    saturation = rand(n, 1, 1, 1) * 1.6
    x = gray + (x - gray) * torch.where(rand(n, 1, 1, 1) < .15, torch.zeros(1), saturation)
    x = x * contrast + light + tint
    for index in torch.nonzero(rand(n) < .3).flatten().tolist():
        h, w = [int(out * (.1 + .25 * float(rand(1)))) for _ in range(2)]
        y0, x0 = int((out - h) * float(rand(1))), int((out - w) * float(rand(1)))
        x[index, :, y0:y0 + h, x0:x0 + w] = rand(3, 1, 1) * 2 - 1
    return x


def mix(x, target, generator, rng):
    """mixup or cutmix, each on a quarter of the batches."""
    roll = rng.random()
    if roll >= .6:
        return x, target
    order = torch.randperm(len(x), generator=generator)
    if roll < .3:
        share = rng.beta(.3, .3)
        return share * x + (1 - share) * x[order], {k: share * t + (1 - share) * t[order] for k, t in target.items()}
    share, size = rng.beta(1, 1), x.shape[-1]
    side = int(size * math.sqrt(1 - share)) // 2 * 2
    y0, x0 = rng.integers(0, size - side + 1, 2)
    x = x.clone()
    x[:, :, y0:y0 + side, x0:x0 + side] = x[order][:, :, y0:y0 + side, x0:x0 + side]
    share = 1 - (side / size) ** 2
    return x, {k: share * t + (1 - share) * t[order] for k, t in target.items()}


def smoothed(labels, classes, smoothing=.1):
    """One-hot with smoothing; a row of zeros where the label is -1, which makes its loss zero."""
    known = labels >= 0
    target = F.one_hot(labels.clamp(min=0), classes).float() * (1 - smoothing) + smoothing / classes
    return target * known[:, None]


def embed(network, pictures, batch=64):
    network.eval()
    out = []
    with torch.no_grad():
        for start in range(0, len(pictures), batch):
            x = (torch.from_numpy(pictures[start:start + batch]).permute(0, 3, 1, 2).float() - 128) / 64
            out.append(F.normalize(network.embed(x) + network.embed(x.flip(3)), dim=1))
    return torch.cat(out)


def accuracy(network, pictures, types):
    unit = embed(network, pictures)
    with torch.no_grad():
        order = network.classifiers["category"](unit)[:, :data.REJECT].argsort(1, descending=True).numpy()
    return float((order[:, 0] == types).mean()), float((order[:, :3] == types[:, None]).any(1).mean())


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--split", choices=["random", "sender"], default="random")
    args.add_argument("--out", required=True)
    args.add_argument("--seed", type=int, default=7)
    args.add_argument("--epochs", default="44@96,30@128", help="epochs@pixels, comma-separated")
    args.add_argument("--threads", type=int, default=2)
    args.add_argument("--quick", action="store_true", help="a tenth of the photos: checks the script, not the model")
    args = args.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    log = open(out / "log.txt", "w")

    def say(*words):
        print(*words, flush=True)
        print(*words, file=log, flush=True)

    schedule = [(int(size), int(count)) for count, size in (item.split("@") for item in args.epochs.split(","))]
    stored = {size: size * 9 // 8 for size, _ in schedule}
    final = schedule[-1][0]
    rows, parts, types, sleeves, pictures, masks, believable, empty = load(
        args.split, args.seed, sorted({*stored.values(), final}), args.quick)
    train = np.flatnonzero(parts == "train")
    held = {name: np.flatnonzero((parts == name) & (types < data.REJECT)) for name in ("val", "test")}
    say(f"{len(train)} train, {len(held['val'])} val, {len(held['test'])} test; masks {int(believable.sum())}")
    counts = np.bincount(types[train], minlength=data.REJECT + 1)
    weights = 1 / np.sqrt(counts[types[train]])
    weights /= weights.sum()

    network = Network({"category": data.REJECT + 1, "sleeve": len(data.SLEEVES)})
    say(sum(p.numel() for p in network.parameters()), "parameters")
    average = copy.deepcopy(network)
    decay = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": .05}, {"params": plain, "weight_decay": 0}], lr=3e-3)
    generator = torch.Generator().manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    batch, extra = 64, 4
    per_epoch = max(1, len(train) // batch)
    total, step, started = per_epoch * sum(count for _, count in schedule), 0, time.time()
    epoch = 0
    for size, count in schedule:
        source, blank = pictures[stored[size]], empty[stored[size]]
        for _ in range(count):
            network.train()
            losses = []
            for _ in range(per_epoch):
                pick = rng.choice(train, batch - extra, p=weights)
                none = rng.integers(0, len(blank), extra)
                x = torch.from_numpy(np.concatenate([source[pick], blank[none]]))
                labels = torch.from_numpy(np.concatenate([types[pick], np.full(extra, data.REJECT)]))
                arms = torch.from_numpy(np.concatenate([sleeves[pick], np.full(extra, -1)]))
                cut = torch.cat([masks[pick], torch.zeros(extra, *masks.shape[1:], dtype=torch.bool)])
                sure = torch.cat([believable[pick], torch.zeros(extra, dtype=torch.bool)])
                x = augment(x, size, cut, sure, generator)
                target = {"category": smoothed(labels, data.REJECT + 1), "sleeve": smoothed(arms, len(data.SLEEVES))}
                x, target = mix(x, target, generator, rng)
                rate = step / total
                for group in optimizer.param_groups:
                    group["lr"] = 3e-3 * min(1, step / (3 * per_epoch)) * (.5 * (1 + math.cos(math.pi * rate)) + .003)
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    logits = network(x.contiguous(memory_format=torch.channels_last))
                loss = sum(share * -(target[name] * F.log_softmax(logits[name].float(), 1)).sum(1).mean()
                           for name, share in (("category", 1.), ("sleeve", .3)))
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 5.)
                optimizer.step()
                step += 1
                keep = min(.999, (1 + step) / (20 + step))
                with torch.no_grad():
                    for mine, theirs in zip(average.state_dict().values(), network.state_dict().values()):
                        if mine.dtype.is_floating_point:
                            mine.lerp_(theirs, 1 - keep)
                        else:
                            mine.copy_(theirs)
                losses.append(float(loss))
            epoch += 1
            if epoch % 4 == 0 or step == total:
                top1, top3 = accuracy(average, pictures[final][held["val"]], types[held["val"]])
                say(f"epoch {epoch} @{size} loss {np.mean(losses):.3f} val {top1:.4f} / {top3:.4f} "
                    f"scale {float(average.classifiers['category'].log_scale.exp()):.1f} {time.time() - started:.0f}s")
                torch.save(average.state_dict(), out / "model.pt")
    report = {"split": args.split, "seed": args.seed, "epochs": args.epochs, "train": len(train),
              "seconds": round(time.time() - started), "parameters": sum(p.numel() for p in network.parameters())}
    for name, index in held.items():
        top1, top3 = accuracy(average, pictures[final][index], types[index])
        report[name] = {"photos": len(index), "top1": round(top1, 4), "top3": round(top3, 4)}
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    say(json.dumps(report))


if __name__ == "__main__":
    sys.exit(main())
