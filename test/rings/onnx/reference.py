"""What transformers computes with a checkpoint, for compare.ts. usage: reference.py clip|siglip CHECKPOINT OUT.json"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures/onnx-clip"))
from make import TEXTS, reference  # noqa: E402

kind, checkpoint, out = sys.argv[1:]
nouns = ["dress", "t-shirt", "pair of shoes", "hat", "long-sleeved shirt", "blazer", "skirt", "hoodie"]
texts = TEXTS + [f"a product photo of a {noun}" for noun in nouns]
with open(out, "w", encoding="utf-8") as file:
    json.dump(reference(kind, checkpoint, texts), file)
