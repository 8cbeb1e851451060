"""Photos and labels of the public Clothing Dataset (CC0), split, cut out, and joined by pictures of nothing.

The photos stay outside the repository: `HANGTAG_PHOTOS` names the folder that holds `labels.csv` and `images/`.
"""
import csv
import hashlib
import os
import pathlib
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TYPES = ["T-Shirt", "Longsleeve", "Pants", "Shoes", "Shirt", "Dress", "Outwear", "Shorts", "Hat", "Skirt", "Polo",
         "Undershirt", "Blazer", "Hoodie", "Body", "Top", "Blouse"]
REJECT = len(TYPES)
# Sleeve lengths that the garment type alone implies; other types are labelled by eye in sleeve-length.csv.
SLEEVES = ["sleeveless", "short", "long"]
IMPLIED_SLEEVE = {"T-Shirt": 1, "Longsleeve": 2, "Polo": 1, "Undershirt": 0, "Blazer": 2, "Hoodie": 2}


def photos_dir():
    found = os.environ.get("HANGTAG_PHOTOS")
    if not found:
        raise SystemExit("HANGTAG_PHOTOS must name the folder with labels.csv and images/")
    return pathlib.Path(found)


def rows():
    with open(photos_dir() / "labels.csv", newline="") as handle:
        return sorted(csv.DictReader(handle), key=lambda row: row["file"])


def part(row, split, seed):
    """'train', 'val' (8 %) or 'test' (10 %), by a hash of the file name or of its contributor."""
    key = row["file"] if split == "random" else "sender:" + row["sender"]
    point = int(hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()[:8], 16) / 2**32
    return "test" if point < 0.10 else "val" if point < 0.18 else "train"


def squash(name, size):
    """The whole picture at size x size, PIL bicubic: the preprocessing that ships with the model."""
    with Image.open(photos_dir() / "images" / name) as image:
        return np.asarray(image.convert("RGB").resize((size, size), Image.BICUBIC))


def foreground(picture):
    """A GrabCut mask of the product (bool, S x S), or None where the cut is not believable."""
    import cv2
    size = picture.shape[0]
    edge = max(2, size // 24)
    mask = np.zeros((size, size), np.uint8)
    try:
        cv2.setRNGSeed(1)
        cv2.grabCut(picture[:, :, ::-1].copy(), mask, (edge, edge, size - 2 * edge, size - 2 * edge),
                    np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_RECT)
    except cv2.error:
        return None
    cut = (mask == 1) | (mask == 3)
    return cut if 0.08 < cut.mean() < 0.8 else None


def nothing(count, size, photos, seed):
    """Pictures without a product: plain, gradients, noise, text, tables, shapes, and close-ups of `photos`."""
    draw = random.Random(seed)
    rng = np.random.RandomState(seed)
    fonts = [str(p) for p in sorted(pathlib.Path("/usr/share/fonts/truetype").rglob("*.ttf"))]
    made = []

    def color():
        return tuple(draw.choice((255, draw.randrange(256))) for _ in range(3)) if draw.random() < .5 else (255,) * 3

    for index in range(count):
        kind = index % 8
        canvas = Image.new("RGB", (size, size), color())
        pen = ImageDraw.Draw(canvas)
        if kind == 1:
            a, b = rng.randint(0, 256, (2, 3))
            ramp = np.linspace(0, 1, size)[:, None, None] * np.ones((1, size, 1))
            ramp = ramp if draw.random() < .5 else ramp.transpose(1, 0, 2)
            canvas = Image.fromarray((a + (b - a) * ramp).clip(0, 255).astype(np.uint8))
        elif kind == 2:
            grain = draw.choice((2, 4, 8, 16, 32, size))
            canvas = Image.fromarray(rng.randint(0, 256, (grain, grain, 3)).astype(np.uint8)).resize(
                (size, size), draw.choice((Image.BICUBIC, Image.NEAREST)))
        elif kind in (3, 4):
            font = ImageFont.truetype(draw.choice(fonts), draw.randrange(6, 30)) if fonts else None
            ink = tuple(draw.randrange(120) for _ in range(3))
            if kind == 4:
                columns, lines = draw.randrange(3, 7), draw.randrange(4, 12)
                for x in range(columns + 1):
                    pen.line([(x * size / columns, 0), (x * size / columns, size)], fill=ink)
                for y in range(lines + 1):
                    pen.line([(0, y * size / lines), (size, y * size / lines)], fill=ink)
            for y in range(4, size, draw.randrange(10, 34)):
                text = "".join(draw.choice("abcdefgh  ijklmnoprstuv SMLX 0123456789") for _ in range(30))
                pen.text((draw.randrange(-8, 20), y), text, fill=ink, font=font)
        elif kind == 5:
            for _ in range(draw.randrange(1, 14)):
                box = sorted(draw.randrange(size) for _ in range(2)), sorted(draw.randrange(size) for _ in range(2))
                shape = draw.choice((pen.ellipse, pen.rectangle))
                shape([box[0][0], box[1][0], box[0][1], box[1][1]], fill=tuple(draw.randrange(256) for _ in range(3)))
        elif kind in (6, 7) and photos:
            with Image.open(photos_dir() / "images" / draw.choice(photos)) as image:
                image = image.convert("RGB")
                side = max(12, int(min(image.size) * draw.uniform(.08, .2)))
                if kind == 6:  # fabric: from the middle
                    x = int(image.width * draw.uniform(.4, .6)) - side // 2
                    y = int(image.height * draw.uniform(.4, .6)) - side // 2
                else:  # floor or wall: from a corner
                    x, y = draw.choice((0, image.width - side)), draw.choice((0, image.height - side))
                canvas = image.crop((x, y, x + side, y + side)).resize((size, size), Image.BICUBIC)
        made.append(np.asarray(canvas))
    return np.stack(made)


def charts(count, size, seed):
    """Drawn documents: size charts, forms and receipts, as grids with rows of strokes that stand for writing."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        paper = 255 - draw.choice((0, 0, 0, draw.randrange(60)))
        canvas = Image.new("RGB", (size * 2, size * 2), (paper,) * 3)
        pen = ImageDraw.Draw(canvas)
        ink = tuple(draw.randrange(130) for _ in range(3)) if draw.random() < .3 else (draw.randrange(110),) * 3
        column, line = size * 2 / draw.uniform(1, 9), size * 2 / draw.uniform(4, 22)
        thick, slant = draw.choice((0, 0, 1, 2, 3)), draw.uniform(-.6, .6)
        step, height = draw.uniform(2, 9), draw.uniform(.15, .6)
        left, top = draw.uniform(0, .3), draw.uniform(.1, .4)
        y = draw.uniform(0, line)
        if draw.random() < .3:
            pen.rectangle([0, 0, size * 2, int(line)], fill=tuple(draw.randrange(256) for _ in range(3)))
        while y < size * 2:
            x = 0.
            while x < size * 2:
                if thick:
                    pen.line([(x, y), (x, y + line)], fill=ink, width=thick)
                    pen.line([(x, y), (x + column, y)], fill=ink, width=thick)
                stroke = x + column * left
                end = x + column * draw.uniform(.5, 1)
                while stroke < end:
                    rise = line * height * draw.uniform(.6, 1)
                    pen.line([(stroke, y + line * top + rise), (stroke + slant * rise, y + line * top)], fill=ink,
                             width=draw.choice((1, 1, 2)))
                    stroke += step * draw.uniform(.7, 1.6)
                x += column
            y += line
        made.append(np.asarray(canvas.resize((size, size), Image.BICUBIC)))
    return np.stack(made)
