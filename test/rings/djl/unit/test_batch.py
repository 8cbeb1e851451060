"""One pass for a mixed batch, the cache, and what a failing model does to its neighbours."""

import time
import unittest

import numpy as np
import torch
from hangtag_clip.batch import Batcher
from hangtag_clip.calls import Call, Picture
from hangtag_clip.device import broken_for_good, choose_device, choose_dtype, out_of_memory
from hangtag_clip.faults import Fault
from hangtag_clip.preprocessing import Preprocessing
from hangtag_clip.settings import Settings
from hangtag_clip.towers import TextInput, Towers, tensor_of

RULE = Preprocessing(2, "squash", 2, "bicubic", "floor", 1 / 255, (0.0,) * 3, (1.0,) * 3)


class Model:
    """Features that say which input they came from; `fail` may raise on any forward pass."""

    def __init__(self, fail=lambda tower, entries: None):
        self.sizes = []
        self.fail = fail

    def towers(self, max_batch=8):
        text = TextInput("lower", 5, "longest", lambda texts: texts, lambda texts: [len(t) for t in texts], True)
        return Towers("fake", "fake", 2, 1.0, None, RULE, text, self.image, self.text, [], torch.device("cpu"),
                      torch.float32, "none", max_batch)

    def image(self, pixels):
        self.sizes.append(("image", len(pixels)))
        self.fail("image", [int(round(float(value) * 255)) for value in pixels[:, 0, 0, 0]])
        return torch.stack([pixels[:, 0, 0, 0], torch.ones(len(pixels))], dim=1)

    def text(self, texts):
        self.sizes.append(("text", len(texts)))
        self.fail("text", texts)
        return torch.tensor([[float(len(text)), 1.0] for text in texts])


def picture(value):
    return Picture(bytes([value]) * 12, prepared=True)


def run(model, calls, max_batch=8):
    return Batcher(model.towers(max_batch), Settings()).run(calls)


class Batch(unittest.TestCase):
    def test_one_pass_through_each_tower(self):
        model = Model()
        calls = [
            Call("embed", images=[picture(10), picture(20)]),
            Call("describe"),
            Call("embed", texts=["dress", "SHIRT"]),
            Call("sample", images=[picture(30)], texts=["shirt", "hat"]),
        ]
        answers, cost = run(model, calls)
        self.assertEqual(sorted(model.sizes), [("image", 3), ("text", 3)])
        self.assertEqual(cost, {"forwards": {"image": 1, "text": 1}, "text_cache": {"hits": 0, "misses": 3}})
        self.assertEqual([(len(images), len(texts)) for images, texts in answers], [(2, 0), (0, 0), (0, 2), (1, 2)])
        self.assertAlmostEqual(answers[3][0][0][0] / answers[3][0][0][1], 30 / 255, places=5)
        self.assertTrue((answers[2][1][1][0] == answers[3][1][0][0]).all())

    def test_texts_are_remembered(self):
        model = Model()
        batcher = Batcher(model.towers(), Settings())
        batcher.run([Call("embed", texts=["a dress"])])
        answers, cost = batcher.run([Call("embed", texts=["A  Dress", "hat"])])
        self.assertEqual(cost["text_cache"], {"hits": 1, "misses": 1})
        self.assertEqual([cut for _, cut in answers[0][1]], [True, False])
        self.assertEqual(model.sizes, [("text", 1), ("text", 1)])

    def test_faults_keep_their_place(self):
        fault = Fault("image.unreadable", "")
        answers, _ = run(Model(), [Call("embed", images=[picture(1), fault, picture(2)], texts=[Fault("text.malformed", ""), "a"])])
        images, texts = answers[0]
        self.assertIs(images[1], fault)
        self.assertEqual([isinstance(entry, Fault) for entry in images], [False, True, False])
        self.assertEqual([isinstance(entry, Fault) for entry in texts], [True, False])

    def test_a_text_of_which_nothing_is_left(self):
        towers = Model().towers()
        towers.text.rule = "canonical"
        answers, _ = Batcher(towers, Settings()).run([Call("embed", texts=["!!!", "ok"])])
        self.assertEqual((answers[0][1][0].code, isinstance(answers[0][1][1], tuple)), ("text.malformed", True))

    def test_the_one_that_breaks_the_model_fails_alone(self):
        def fail(tower, entries):
            if 13 in entries or "bad" in entries:
                raise ValueError("boom")

        answers, _ = run(Model(fail), [Call("embed", images=[picture(1), picture(13), picture(2)], texts=["bad", "good"])])
        images, texts = answers[0]
        self.assertEqual(images[1].code, "inference.failed")
        self.assertAlmostEqual(images[2][0] / images[2][1], 2 / 255, places=5)
        self.assertEqual((texts[0].code, isinstance(texts[1], tuple)), ("inference.failed", True))

    def test_what_failed_is_not_remembered(self):
        broken = [True]

        def fail(tower, entries):
            if broken[0]:
                raise ValueError("boom")

        batcher = Batcher(Model(fail).towers(), Settings())
        self.assertEqual(batcher.run([Call("embed", texts=["a"])])[0][0][1][0].code, "inference.failed")
        broken[0] = False
        self.assertIsInstance(batcher.run([Call("embed", texts=["a"])])[0][0][1][0], tuple)

    def test_less_at_once_when_memory_is_short(self):
        def fail(tower, entries):
            if len(entries) > 2:
                raise RuntimeError("CUDA out of memory. Tried to allocate")

        model = Model(fail)
        answers, _ = run(model, [Call("embed", images=[picture(value) for value in range(1, 8)])])
        values = [round(float(v[0] / v[1]) * 255) for v in answers[0][0]]
        self.assertEqual(values, [1, 2, 3, 4, 5, 6, 7])
        self.assertEqual([count for _, count in model.sizes], [7, 4, 2, 2, 2, 1])

    def test_no_memory_even_for_one(self):
        def fail(tower, entries):
            if 9 in entries:
                raise MemoryError

        answers, _ = run(Model(fail), [Call("embed", images=[picture(9), picture(1)])])
        self.assertEqual(answers[0][0][0].code, "inference.out_of_memory")
        self.assertNotIsInstance(answers[0][0][1], Fault)

    def test_a_lost_device_is_not_answered_item_by_item(self):
        def fail(tower, entries):
            raise RuntimeError("CUDA error: device-side assert triggered")

        with self.assertRaises(RuntimeError):
            run(Model(fail), [Call("embed", images=[picture(1)])])

    def test_no_numbers_that_are_none(self):
        model = Model()
        model.image = lambda pixels: torch.full((len(pixels), 2), float("nan"))
        self.assertEqual(run(model, [Call("embed", images=[picture(1)])])[0][0][0][0].code, "inference.not_finite")

    def test_a_batch_that_takes_too_long_is_answered_in_part(self):
        model = Model(lambda tower, entries: time.sleep(0.6))
        batcher = Batcher(model.towers(2), Settings(batch_seconds=1))
        images, texts = batcher.run([Call("embed", images=[picture(9)] * 6, texts=["a", "b", "c"])])[0][0]
        self.assertEqual([isinstance(entry, tuple) for entry in texts], [True, True, True])
        self.assertEqual({entry.code for entry in images}, {"inference.overloaded"})
        images, texts = batcher.run([Call("embed", images=[picture(9)] * 6, texts=["a", "b", "c"])])[0][0]
        self.assertEqual([isinstance(entry, Fault) for entry in images], [False] * 4 + [True] * 2)

    def test_more_than_one_chunk(self):
        model = Model()
        run(model, [Call("embed", images=[picture(value) for value in range(1, 6)])], max_batch=2)
        self.assertEqual([count for _, count in model.sizes], [2, 2, 1])


class Device(unittest.TestCase):
    def test_on_a_cpu(self):
        self.assertEqual(choose_device("-1").type, "cpu")
        self.assertEqual(choose_dtype("auto", torch.device("cpu")), torch.float32)
        self.assertEqual(choose_dtype("auto", torch.device("cuda", 0)), torch.float16)
        self.assertEqual(choose_dtype("bf16", torch.device("cpu")), torch.bfloat16)

    def test_which_errors_end_the_worker(self):
        self.assertTrue(broken_for_good(RuntimeError("CUDA error: an illegal memory access was encountered")))
        self.assertFalse(broken_for_good(RuntimeError("CUDA error: out of memory")))
        self.assertTrue(out_of_memory(type("OutOfMemoryError", (RuntimeError,), {})("x")))
        self.assertFalse(broken_for_good(ValueError("x")))

    def test_features_of_either_major_version(self):
        bare = torch.ones(1, 2)
        wrapped = type("Output", (), {"pooler_output": bare})()
        self.assertIs(tensor_of(bare), bare)
        self.assertIs(tensor_of(wrapped), bare)


class Vectors(unittest.TestCase):
    def test_unit_length(self):
        vectors = Model().towers().embed_pixels([np.full((2, 2, 3), 200, dtype=np.uint8)])
        self.assertAlmostEqual(float(np.linalg.norm(vectors[0])), 1, places=6)
