"""Makes what ships from a trained run: python3 export.py --run run/ --out ..

Writes model.onnx (weights stored as fp16), bank.json (class vectors in the taxonomy's ids), golden.json (vectors of
pictures that anyone can draw again, for the test that the service computes the same), and the calibration
../../calibration/<id>/<taxonomy version>.json, fitted on the validation photos alone.
"""
import argparse
import base64
import csv
import json
import pathlib

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper

import data
from network import Exported, Network
from train import embed

HERE = pathlib.Path(__file__).parent
ID = "hangtag-garments-1"
TAXONOMY = "1.0.0"
SIZE = 128
# Types of the data set -> category nodes. Several types may share a node: their probabilities add up.
CATEGORY = {"T-Shirt": "t-shirt", "Longsleeve": "tops", "Pants": "pants", "Shoes": "footwear", "Shirt": "shirt",
            "Dress": "dress", "Outwear": "outerwear", "Shorts": "shorts", "Hat": "headwear", "Skirt": "skirt",
            "Polo": "polo-shirt", "Undershirt": "tank-top", "Blazer": "blazer", "Hoodie": "hoodie",
            "Body": "baby-one-piece", "Top": "tops", "Blouse": "blouse"}
REFUSES = [
    "Knows 17 garment types (apparel, footwear, headwear) and nothing else: other goods abstain or are taken for a garment.",
    "Made for photos of the product alone (flat lay, hanger, packshot). Garments worn by a person are not supported.",
    "Has no text tower: values without training data (neckline, pattern, material, fit and more) are not supported.",
]


def sleeve_labels():
    """File -> index into data.SLEEVES, labelled by eye (unknown left out)."""
    found = HERE.parent / "labels" / "sleeve-length.csv"
    with open(found, newline="") as handle:
        return {row["file"]: data.SLEEVES.index(row["sleeve"]) for row in csv.DictReader(handle)
                if row["sleeve"] in data.SLEEVES}


def fit_sleeves(unit, labels, start, log_scale, epochs=400):
    """Class vectors on frozen embeddings: a cosine classifier, balanced over the classes, from the trained start."""
    weight = start.clone().requires_grad_()
    scale = log_scale.clone().requires_grad_()
    balance = 1 / torch.bincount(labels, minlength=len(data.SLEEVES)).float()
    optimizer = torch.optim.AdamW([weight, scale], lr=.02, weight_decay=.01)
    for _ in range(epochs):
        logits = scale.exp() * unit @ F.normalize(weight, dim=1).t()
        loss = F.cross_entropy(logits, labels, weight=balance / balance.mean(), label_smoothing=.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return F.normalize(weight.detach(), dim=1), float(scale.detach().exp())


def fit_nothing(unit, labels, empty, classes, scale, start, rows=6, epochs=500):
    """Several vectors for "nothing", pooled as the service pools them (log-mean-exp), the types' own left as they are."""
    generator = torch.Generator().manual_seed(3)
    weight = (start[None] + .05 * torch.randn(rows, start.shape[0], generator=generator)).requires_grad_()
    seen = torch.cat([unit, empty])
    target = torch.cat([labels, torch.full((len(empty),), len(classes))])
    known = scale * seen @ classes.t()
    optimizer = torch.optim.AdamW([weight], lr=.02, weight_decay=.0)
    for _ in range(epochs):
        null = torch.logsumexp(scale * seen @ F.normalize(weight, dim=1).t(), 1) - np.log(rows)
        loss = F.cross_entropy(torch.cat([known, null[:, None]], 1), target, label_smoothing=.02)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return F.normalize(weight.detach(), dim=1)


def with_nothing(unit, classes, nothing, scale):
    """Logits of the types, then one of the pooled null class."""
    null = torch.logsumexp(scale * unit @ nothing.t(), 1) - np.log(len(nothing))
    return torch.cat([scale * unit @ classes.t(), null[:, None]], 1)


def temperature(logits, labels):
    """The T that minimises the negative log-likelihood of softmax(logits / T), by a fine grid."""
    grid = np.exp(np.linspace(np.log(.01), np.log(3), 500))
    losses = [float(F.cross_entropy(logits / float(t), labels)) for t in grid]
    return round(float(grid[int(np.argmin(losses))]), 4)


def wilson(right, total, z=1.96):
    """Lower bound of the Wilson score interval (Wilson 1927)."""
    if total == 0:
        return 0.
    p = right / total
    return (p + z * z / (2 * total) - z * np.sqrt(p * (1 - p) / total + z * z / (4 * total * total))) / (1 + z * z / total)


def accept_at(confidence, correct, target, floor):
    """Smallest accept >= floor whose precision's lower bound reaches `target` with 50 accepted samples, or None."""
    for accept in np.arange(floor, .99, .01):
        taken = confidence >= accept
        if taken.sum() >= 50 and wilson(correct[taken].sum(), taken.sum()) >= target:
            return round(float(accept), 2)
    return None


def half_weights(file):
    """Stores every float weight as fp16 with a cast behind it: half the bytes, folded away when loaded."""
    model = onnx.load(file)
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 64:
            continue
        small = numpy_helper.from_array(values.astype(np.float16), tensor.name + ".half")
        graph.initializer.remove(tensor)
        graph.initializer.append(small)
        casts.append(helper.make_node("Cast", [small.name], [tensor.name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    onnx.save(model, file)


def row(identity, label, vector):
    return {"id": identity, "label": label,
            "vector": base64.b64encode(vector.detach().numpy().astype("<f4").tobytes()).decode()}


def golden(network):
    """Vectors of four pictures given by formulas, so that a test needs no photo."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    tee = ((abs(x - 64) < 28) & (y > 30) & (y < 110)) | ((abs(x - 64) < 50) & (y > 30) & (y < 58))
    pictures = {"tee": np.where(tee[:, :, None], [30, 40, 90], [250, 250, 250]), "black": np.zeros((SIZE, SIZE, 3)), "ramp": np.stack([x * 2, y * 2, 255 - x - y], 2) % 256,
                "stripes": np.stack([(x // 8 % 2) * 255, (y // 16 % 2) * 200, x * 0 + 40], 2)}
    return {name: [round(float(v), 6) for v in embed(network, p.astype(np.uint8)[None])[0]] for name, p in pictures.items()}


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--run", required=True)
    args.add_argument("--out", default=str(HERE.parent))
    args = args.parse_args()
    run, out = pathlib.Path(args.run), pathlib.Path(args.out)
    report = json.loads((run / "report.json").read_text())
    network = Network({"category": data.REJECT + 1, "sleeve": len(data.SLEEVES)})
    network.load_state_dict(torch.load(run / "model.pt"))
    # What is rounded to fp16 in the file is rounded here too, so that every figure is the shipped model's.
    for parameter in [*network.parameters(), *network.buffers()]:
        if parameter.dtype.is_floating_point and parameter.numel() >= 64:
            parameter.data = parameter.data.half().float()
    network.eval()

    rows = [r for r in data.rows() if r["label"] in data.TYPES]
    parts = np.array([data.part(r, report["split"], report["seed"]) for r in rows])
    types = torch.tensor([data.TYPES.index(r["label"]) for r in rows])
    unit = embed(network, np.stack([data.squash(r["file"], SIZE) for r in rows]))
    head = network.classifiers["category"]
    scale = float(head.log_scale.clamp(max=3.4).exp())
    classes = F.normalize(head.weight.detach(), dim=1)
    part = {name: torch.from_numpy(np.flatnonzero(parts == name)) for name in ("train", "val", "test")}

    sources = [r["file"] for r, p in zip(rows, parts) if p == "train"]
    empty = {name: embed(network, np.concatenate([data.nothing(count, SIZE, sources, seed), data.charts(count, SIZE, seed)]))
             for name, count, seed in (("fit", 1600, 11), ("check", 400, 12))}
    nothing = fit_nothing(unit[part["train"]], types[part["train"]], empty["fit"], classes[:data.REJECT], scale,
                          classes[data.REJECT])
    classes = classes[:data.REJECT]
    logits = with_nothing(unit, classes, nothing, scale)
    heat = temperature(logits[part["val"]], types[part["val"]])
    figures = {"types": {}, "category": {}, "sleeve-length": {}}
    for name in ("val", "test"):
        order = logits[part[name]][:, :data.REJECT].argsort(1, descending=True)
        hit = order == types[part[name]][:, None]
        figures["types"][name] = {"photos": len(hit), "top1": round(float(hit[:, 0].float().mean()), 4),
                                  "top3": round(float(hit[:, :3].any(1).float().mean()), 4)}
    rank = logits[part["test"]][:, :data.REJECT].argmax(1)
    figures["types"]["recall"] = {
        t: f"{int(((rank == i) & (types[part['test']] == i)).sum())}/{int((types[part['test']] == i).sum())}"
        for i, t in enumerate(data.TYPES)}

    def chance(index):
        return F.softmax(logits[index] / heat, 1)[:, :data.REJECT].max(1)

    top, choice = chance(part["val"])
    correct = (choice == types[part["val"]]).numpy()
    accept = accept_at(top.numpy(), correct, .90, .5) or .9
    for name in ("val", "test"):
        top, choice = chance(part[name])
        taken = top >= accept
        figures["category"][name] = {
            "photos": len(top), "answered": round(float(taken.float().mean()), 4),
            "right": round(float((choice == types[part[name]])[taken].float().mean()), 4)}

    drawn = F.softmax(with_nothing(empty["check"], classes, nothing, scale) / heat, 1)
    figures["nothing"] = {"pictures": len(drawn), "refused": round(float((drawn[:, :data.REJECT].sum(1) < accept).float().mean()), 4)}

    by_eye = sleeve_labels()
    sleeves = torch.tensor([by_eye.get(r["file"], data.IMPLIED_SLEEVE.get(r["label"], -1)) for r in rows])
    known = {name: index[sleeves[index] >= 0] for name, index in part.items()}
    eyed = {name: torch.tensor([i for i in index.tolist() if rows[i]["file"] in by_eye], dtype=torch.long)
            for name, index in part.items()}
    start = network.classifiers["sleeve"]
    # Photos whose sleeves the type does not imply are few: they count four times.
    stack = torch.cat([known["train"]] + [eyed["train"]] * 3)
    arms, arm_scale = fit_sleeves(unit[stack], sleeves[stack], start.weight.detach(), start.log_scale.detach())
    arm_logits = scale * unit @ arms.t()
    arm_heat = temperature(arm_logits[known["val"]], sleeves[known["val"]])

    def arm_chance(index):
        top, choice = F.softmax(arm_logits[index] / arm_heat, 1).max(1)
        return top.numpy(), (choice == sleeves[index]).numpy()

    arm_accept = accept_at(*arm_chance(known["val"]), .90, .5)
    for name in ("val", "test"):
        for kind, index in (("by-eye", eyed[name]), ("all", known[name])):
            top, correct = arm_chance(index)
            taken = top >= (arm_accept or .8)
            figures["sleeve-length"][f"{name}-{kind}"] = {
                "photos": len(top), "top1": round(float(correct.mean()), 4),
                "answered": round(float(taken.mean()), 4), "right": round(float(correct[taken].mean()), 4)}

    bank = {"id": ID, "license": "Apache-2.0", "dim": unit.shape[1], "scale": round(scale, 6),
            "input": {"size": SIZE, "fit": "squash", "kernel": "cubic"}, "refuses": REFUSES,
            "category": [row(CATEGORY[t], t, classes[i]) for i, t in enumerate(data.TYPES)]
            + [row(None, f"nothing {i + 1}", v) for i, v in enumerate(nothing)],
            "attributes": {"sleeve-length": [row(v, v, arms[i]) for i, v in enumerate(data.SLEEVES)]}}
    (out / "bank.json").write_text(json.dumps(bank, indent=1) + "\n")
    (out / "golden.json").write_text(json.dumps(golden(network)) + "\n")
    torch.onnx.export(Exported(network), torch.zeros(2, SIZE, SIZE, 3, dtype=torch.uint8), str(out / "model.onnx"),
                      input_names=["pixels"], output_names=["embedding"], opset_version=13,
                      dynamic_axes={"pixels": {0: "n"}, "embedding": {0: "n"}})
    half_weights(str(out / "model.onnx"))

    def fitted(heat, accept, margin, status, precision, coverage):
        return {"temperature": heat, "accept": accept, "margin": margin, "status": status,
                "precision": precision, "coverage": coverage}

    seen, arm_seen = figures["category"]["test"], figures["sleeve-length"]["test-all"]
    calibration = {
        "id": f"{ID}/{TAXONOMY}/1", "model": ID, "taxonomy": f"retail-visual-attributes@{TAXONOMY}",
        "category": fitted(heat, accept, .1, "accept", seen["right"], seen["answered"]),
        "attributes": {"sleeve-length": fitted(arm_heat, arm_accept or .8, .2, "accept" if arm_accept else "suggest",
                                               arm_seen["right"], arm_seen["answered"])}}
    folder = HERE.parents[2] / "calibration" / ID
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{TAXONOMY}.json").write_text(json.dumps(calibration, indent=2) + "\n")
    report["figures"] = figures
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps({"figures": figures, "calibration": calibration}, indent=1))


if __name__ == "__main__":
    main()
