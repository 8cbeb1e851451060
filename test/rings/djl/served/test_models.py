"""Each kind of model, packed, served, and compared with the library that it comes from."""

import io
import json
import os
import unittest

import numpy as np
from PIL import Image

from .pictures import Reference, encoded, prepared, scene, vector
from .server import TINY, Server, b64, held_out, tarball

SHAPES = [(320, 240), (240, 321), (50, 47), (333, 100), (48, 48)]
TEXTS = ["a photo of a dress.", "SHIRT", "a pair of shoes", "one two three " * 30]


class Served:
    """What holds for every kind; the subclasses name the kind."""

    kind = ""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(tarball(cls.kind))
        cls.addClassCleanup(cls.server.stop)
        assert cls.server.wait(), cls.server.log()[-3000:]
        cls.reference = Reference(cls.kind)
        cls.card = cls.server.ask({"task": "describe"})
        cls.pictures = [scene(seed, *shape) for seed, shape in enumerate(SHAPES)]

    def close(self, ours, theirs):
        self.assertEqual(ours.shape, theirs.shape)
        self.assertLess(float(np.abs(ours - theirs).max()), 2e-6)

    def test_the_card(self):
        self.assertEqual((self.card["contract"], self.card["max_batch"]), (1, 16))
        self.assertRegex(self.card["fingerprint"], "^sha256:[0-9a-f]{64}$")
        self.assertEqual(self.card["preprocessing"]["size"], 48)
        self.assertEqual(self.card["compute"], {**self.card["compute"], "device": "cpu", "dtype": "float32"})
        self.assertTrue(self.card["text"]["lower_case"])
        self.assertEqual(self.server.ask(b"", attributes="task=describe")["fingerprint"], self.card["fingerprint"])

    def test_images_as_the_library_sees_them(self):
        files = [encoded(picture, "PNG") for picture in self.pictures]
        answer = self.server.ask({"task": "embed", "images": [{"file": b64(file)} for file in files]})
        vectors = np.stack([vector(entry) for entry in answer["images"]])
        self.close(vectors, self.reference.images(self.pictures))
        self.assertLess(float(np.abs(np.linalg.norm(vectors, axis=1) - 1).max()), 1e-6)
        self.assertEqual((answer["dim"], answer["texts"]), (vectors.shape[1], []))

    def test_jpeg_as_the_library_sees_it(self):
        files = [encoded(picture) for picture in self.pictures]
        answer = self.server.ask({"task": "embed", "images": [{"file": b64(file)} for file in files]})
        decoded = [Image.open(io.BytesIO(file)) for file in files]
        self.close(np.stack([vector(entry) for entry in answer["images"]]), self.reference.images(decoded))

    def test_prepared_pixels_give_the_same_vectors(self):
        pixels = [prepared(picture, self.card["preprocessing"]) for picture in self.pictures]
        by_json = self.server.ask({"task": "embed", "images": [{"pixels": b64(entry)} for entry in pixels]})
        attributes = f"task=embed;size=48;count={len(pixels)};fingerprint={self.card['fingerprint']}"
        by_bytes = self.server.ask(b"".join(pixels), content_type="application/octet-stream", attributes=attributes)
        files = self.server.ask({"task": "embed", "images": [{"file": b64(encoded(p, "PNG"))} for p in self.pictures]})
        for answer in (by_json, by_bytes):
            for ours, file in zip(answer["images"], files["images"]):
                self.close(vector(ours), vector(file))

    def test_texts_as_the_library_reads_them(self):
        answer = self.server.ask({"task": "embed", "texts": TEXTS})
        captions = TEXTS if self.kind != "siglip" else [
            "a photo of a dress", "shirt", "a pair of shoes", ("one two three " * 30).strip()]
        self.close(np.stack([vector(entry) for entry in answer["texts"]]), self.reference.texts(captions))
        self.assertEqual([entry["truncated"] for entry in answer["texts"]], [False, False, False, True])

    def test_scale_and_bias(self):
        self.assertGreater(self.card["logit_scale"], 1)
        self.assertEqual(self.card["logit_bias"] is None, self.kind == "clip")


class Trained(Served):
    """Models that have learned something."""

    def test_a_tag_means_something(self):
        with open(os.path.join(TINY, f"tiny-{self.kind}", "tiny.json"), encoding="utf-8") as file:
            facts = json.load(file)
        shown = held_out(self.kind)
        nouns = facts["nouns"]
        texts = self.server.ask({"task": "embed", "texts": [f"a photo of a {noun}." for noun in nouns]})["texts"]
        images = []
        for start in range(0, len(shown), 40):
            part = [{"file": b64(file)} for file, _ in shown[start : start + 40]]
            images += self.server.ask({"task": "embed", "images": part})["images"]
        found = np.stack([vector(e) for e in images]) @ np.stack([vector(e) for e in texts]).T
        right = sum(nouns[int(best)] == noun for best, (_, noun) in zip(found.argmax(axis=1), shown))
        print(f"{self.kind}: {right} of {len(shown)} unseen pictures tagged right, chance {1 / len(nouns):.3f}")
        self.assertGreater(right / len(shown), 2 / len(nouns))

    def test_the_sample_contract(self):
        file = encoded(self.pictures[0])
        prompts = ["a photo of a dress", "a photo of a hat", "a photo of a pair of shoes"]
        rows = self.server.ask({"image": b64(file), "prompt": prompts})
        theirs = self.reference.probabilities(Image.open(io.BytesIO(file)), prompts)
        self.assertEqual(np.shape(rows), theirs.shape)
        self.assertLess(float(np.abs(np.array(rows) - theirs).max()), 1e-5)
        self.assertAlmostEqual(sum(rows[0]), 1, places=6)


class Clip(Trained, unittest.TestCase):
    kind = "clip"


class Siglip(Trained, unittest.TestCase):
    kind = "siglip"

    def test_punctuation_and_capitals_do_not_count(self):
        answer = self.server.ask({"task": "embed", "texts": ["A Photo, of a DRESS!", "a photo of a dress"]})
        self.assertEqual(answer["texts"][0]["vector"], answer["texts"][1]["vector"])
        self.assertEqual(answer["served"]["text_cache"]["misses"] <= 1, True)


class OpenClip(Served, unittest.TestCase):
    kind = "open-clip"
