"""Text rules, the cache, settings, preprocessing files, finding a checkpoint and its fingerprint."""

import json
import os
import tempfile
import unittest

from hangtag_clip.checkpoint import find_checkpoint, fingerprint, weight_files
from hangtag_clip.preprocessing import from_open_clip, from_transformers
from hangtag_clip.settings import read_settings
from hangtag_clip.texts import TextCache, apply_rule


class Texts(unittest.TestCase):
    def test_rules(self):
        text = " A  T-Shirt,\nnavy! "
        self.assertEqual(apply_rule("as-is", text), "A T-Shirt, navy!")
        self.assertEqual(apply_rule("lower", text), "a t-shirt, navy!")
        self.assertEqual(apply_rule("canonical", text), "a tshirt navy")

    def test_the_oldest_goes_first(self):
        cache = TextCache(2)
        a, b, c = (TextCache.key(letter) for letter in "abc")
        cache.put(a, 1)
        cache.put(b, 2)
        self.assertEqual(cache.get(a), 1)
        cache.put(c, 3)
        self.assertEqual((cache.get(a), cache.get(b), cache.get(c), len(cache)), (1, None, 3, 2))


class SettingsFile(unittest.TestCase):
    def test_defaults_and_values(self):
        settings = read_settings({"max_images": "7", "dtype": "fp16", "batch_size": "16", "text_rule": ""})
        self.assertEqual((settings.max_images, settings.dtype, settings.text_rule), (7, "fp16", "auto"))

    def test_a_typing_error_stops_the_start(self):
        for properties in ({"max_images": "many"}, {"max_images": "-1"}, {"dtype": "half"}, {"text_rule": "upper"},
                           {"predict_timeout": "12"}):
            with self.assertRaises(ValueError) as caught:
                read_settings(properties)
            self.assertIn("option.", str(caught.exception))


class PreprocessingFiles(unittest.TestCase):
    def read(self, content, name="preprocessor_config.json"):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                json.dump(content, file)
            return from_transformers(folder)

    CLIP = {"size": 224, "crop_size": 224, "do_center_crop": True, "resample": 3,
            "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
    SIGLIP = {"size": {"height": 224, "width": 224}, "resample": 2, "rescale_factor": 1 / 255,
              "image_mean": [0.5] * 3, "image_std": [0.5] * 3}

    def test_clip_as_openai_saved_it(self):
        rule = self.read(self.CLIP)
        self.assertEqual((rule.size, rule.fit, rule.resize_to, rule.kernel), (224, "crop", 224, "bicubic"))

    def test_clip_as_it_is_saved_today(self):
        sizes = {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}}
        rule = self.read({**self.CLIP, **sizes})
        self.assertEqual((rule.size, rule.fit, rule.resize_to, rule.crop_offset), (224, "crop", 256, "floor"))

    def test_siglip(self):
        rule = self.read(self.SIGLIP)
        self.assertEqual((rule.size, rule.fit, rule.kernel, rule.mean), (224, "squash", "bilinear", (0.5, 0.5, 0.5)))

    def test_inside_the_processor_config(self):
        self.assertEqual(self.read({"image_processor": self.SIGLIP}, "processor_config.json").fit, "squash")

    def test_what_cannot_be_served(self):
        with self.assertRaises(ValueError):
            self.read({**self.SIGLIP, "size": {"height": 224, "width": 256}})
        with self.assertRaises(ValueError):
            self.read({}, "other.json")

    def test_open_clip(self):
        vision = {"model_cfg": {"vision_cfg": {"image_size": 256}}}
        plain = from_open_clip({**vision, "preprocess_cfg": {}})
        self.assertEqual((plain.size, plain.fit, plain.crop_offset), (256, "crop", "round"))
        self.assertAlmostEqual(plain.mean[0], 0.48145466)
        squash = from_open_clip({**vision, "preprocess_cfg": {"resize_mode": "squash", "size": [224, 224], "mean": [0.5] * 3}})
        self.assertEqual((squash.size, squash.fit, squash.mean), (224, "squash", (0.5, 0.5, 0.5)))
        self.assertEqual(from_open_clip({**vision, "preprocess_cfg": {"resize_mode": "longest"}}).fit, "pad")


class Checkpoint(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.write("m/config.json", "{}")
        self.write("m/model.safetensors", "weights")
        self.write("m/pytorch_model.bin", "pickle")
        self.write("m/tokenizer.json", "{}")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def mark(self, **facts):
        folder = os.path.join(self.folder, "m")
        return fingerprint(folder, weight_files(folder), facts)

    def test_where_it_is_looked_for(self):
        inside = os.path.join(self.folder, "m")
        self.assertEqual(find_checkpoint(inside, "", "/nowhere"), inside)
        self.assertEqual(find_checkpoint("m", "", self.folder), inside)
        self.assertEqual(find_checkpoint("", "", inside), inside)
        os.rename(inside, os.path.join(self.folder, "weights"))
        self.assertEqual(find_checkpoint("", "", self.folder), os.path.join(self.folder, "weights"))

    def test_what_is_not_there(self):
        for name in ("", "s3://bucket/prefix/", "/nowhere", "./nowhere"):
            with self.assertRaises(FileNotFoundError):
                find_checkpoint(name, "", os.path.join(self.folder, "x"))

    def test_safetensors_before_pickles(self):
        folder = os.path.join(self.folder, "m")
        self.assertEqual(weight_files(folder), ["model.safetensors"])
        self.assertEqual(weight_files(folder, ["pytorch_model.bin"]), ["pytorch_model.bin"])
        os.remove(os.path.join(folder, "model.safetensors"))
        self.assertEqual(weight_files(folder), ["pytorch_model.bin"])

    def test_the_fingerprint_changes_with_what_changes_vectors(self):
        first = self.mark(size=1)
        self.assertEqual(self.mark(size=1), first)
        self.assertNotEqual(self.mark(size=2), first)
        self.write("m/README.md", "unimportant")
        self.assertEqual(self.mark(size=1), first)
        self.write("m/tokenizer.json", "{ }")
        second = self.mark(size=1)
        self.assertNotEqual(second, first)
        self.write("m/model.safetensors", "others")
        self.assertNotEqual(self.mark(size=1), second)
