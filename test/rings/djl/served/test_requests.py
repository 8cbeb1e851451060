"""Batches, poison, limits and nonsense, on one served tiny CLIP."""

import json
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from .pictures import encoded, scene, vector
from .server import Server, b64, tarball


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(tarball("clip"))
        cls.addClassCleanup(cls.server.stop)
        assert cls.server.wait(), cls.server.log()[-3000:]
        cls.files = [encoded(scene(seed)) for seed in range(8)]
        answer = cls.server.ask({"task": "embed", "images": [{"file": b64(file)} for file in cls.files]})
        cls.alone = [vector(entry) for entry in answer["images"]]
        cls.heavy = encoded(scene(99, 8000, 6000))
        cls.fingerprint = answer["fingerprint"]

    def same(self, entry, number):
        self.assertLess(float(np.abs(vector(entry) - self.alone[number]).max()), 2e-6)

    def keep_busy(self, pool):
        """Gives both workers something to chew on, so that what comes next queues up and is batched."""
        busy = [pool.submit(self.server.raw, self.heavy, "image/jpeg") for _ in range(2)]
        time.sleep(0.15)
        return busy

    def test_one_pass_for_a_mixed_batch(self):
        kinds = []
        for number, file in enumerate(self.files):
            kinds.append((file, {"content_type": "image/jpeg", "attributes": "task=embed"}, number))
            kinds.append(({"task": "embed", "images": [{"file": b64(file)}], "texts": ["dress", f"t{number}"]}, {}, number))
            kinds.append(({"image": b64(file), "prompt": ["dress", "hat"]}, {}, None))
        with ThreadPoolExecutor(40) as pool:
            busy = self.keep_busy(pool)
            answers = list(pool.map(lambda kind: self.server.ask(kind[0], **kind[1]), kinds))
            self.assertEqual([future.result()[0] for future in busy], [200, 200])
        batches = []
        for (_, _, number), answer in zip(kinds, answers):
            if number is None:
                self.assertEqual(np.shape(answer), (1, 2))
                continue
            self.same(answer["images"][0], number)
            batches.append(answer["served"]["batch"])
            self.assertEqual(answer["served"]["forwards"]["image"], 1)
            self.assertLessEqual(answer["served"]["forwards"]["text"], 1)
        print(f"mixed: {len(kinds)} requests, the largest batch had {max(batches)}")
        self.assertGreaterEqual(max(batches), 4)

    def test_poison_in_one_call(self):
        images = [{"file": b64(self.files[0])}, {"file": b64(self.files[1][:900])}, {"file": "@@"}, {"pixels": "AAAA"},
                  {"file": b64(b"GIF89a" + bytes(50))}, {}, {"file": b64(self.files[2])}]
        answer = self.server.ask({"task": "embed", "images": images, "texts": ["dress", "", 7, "hat"]})
        codes = [entry.get("error", {}).get("code") for entry in answer["images"]]
        self.assertEqual(codes, [None, "image.unreadable", "image.malformed", "image.pixels_size",
                                 "image.unsupported", "image.malformed", None])
        self.same(answer["images"][0], 0)
        self.same(answer["images"][6], 2)
        codes = [entry.get("error", {}).get("code") for entry in answer["texts"]]
        self.assertEqual(codes, [None, "text.malformed", "text.malformed", None])

    def test_poison_in_a_batch_leaves_the_neighbours(self):
        poison = [b"{", b"", b'{"task":"embed","images":[{"file":"AAAA"}]}', b'{"task":"nothing"}', b"null",
                  b'{"image":"AAAA","prompt":["a"]}', b'{"image":1}', b"\xff\xd8\xff" + bytes(100)]
        with ThreadPoolExecutor(40) as pool:
            self.keep_busy(pool)
            bad = [pool.submit(self.server.raw, body, None, "batch_size=2" if n % 2 else None) for n, body in enumerate(poison)]
            good = [pool.submit(self.server.ask, file, content_type="image/jpeg") for file in self.files]
            for number, future in enumerate(good):
                self.same(future.result()["images"][0], number)
            for future in bad:
                status, headers, body = future.result()
                self.assertEqual((status, headers.get("Content-type")), (200, "application/json"))
                answer = json.loads(body)
                fault = answer.get("error") or answer["images"][0]["error"]
                self.assertRegex(fault["code"], r"^(request|image)\.[a-z_]+$")

    def test_too_large(self):
        code = lambda body, **options: self.server.ask(body, **options)["error"]["code"]
        self.assertEqual(code(b'{"task":"embed","texts":["' + b"x" * (33 << 20) + b'"]}'), "request.too_large")
        self.assertEqual(code({"task": "embed", "texts": ["x"] * 513}), "request.too_many")
        self.assertEqual(code({"task": "embed", "images": [{"file": ""}] * 65}), "request.too_many")
        self.assertEqual(code(b"\xff\xd8\xff" + bytes(21 << 20), content_type="image/jpeg"), "image.too_large")
        self.assertEqual(self.server.raw(bytes(65 << 20), "image/jpeg")[0], 413)
        wide = encoded(Image.new("L", (9000, 6000)), "PNG")
        entries = self.server.ask({"task": "embed", "images": [{"file": b64(wide)}], "texts": ["x" * 2001]})
        self.assertEqual(entries["images"][0]["error"]["code"], "image.too_many_pixels")
        self.assertEqual(entries["texts"][0]["error"]["code"], "text.too_long")
        self.same(self.server.ask(self.files[0], content_type="image/jpeg")["images"][0], 0)

    def test_bad_requests(self):
        for body, code in [(b"{not json", "request.malformed"), (b"[]", "request.malformed"), (b"", "request.malformed"),
                           (b'{"task":"tag"}', "request.task_unknown"), (b'{"task":"embed"}', "request.empty")]:
            fault = self.server.ask(body, content_type="application/json")["error"]
            self.assertEqual((fault["code"], fault["retry"]), (code, False))

    def test_another_model_is_refused(self):
        named = {"task": "embed", "texts": ["a"], "fingerprint": "sha256:" + "0" * 64}
        self.assertEqual(self.server.ask(named)["error"]["code"], "model.changed")
        self.assertIn("vector", self.server.ask({**named, "fingerprint": self.fingerprint})["texts"][0])
        raw = {"content_type": "image/jpeg", "attributes": "fingerprint=sha256:0"}
        self.assertEqual(self.server.ask(self.files[0], **raw)["error"]["code"], "model.changed")

    def test_pixels_of_another_size(self):
        options = {"content_type": "application/octet-stream", "attributes": "task=embed;size=224"}
        self.assertEqual(self.server.ask(bytes(224 * 224 * 3), **options)["error"]["code"], "image.pixels_size")

    def test_the_handler_cannot_be_replaced(self):
        self.assertEqual(self.server.raw(b"{}", "application/json", "handler=os")[0], 400)

    def test_a_sample_call_without_a_type_and_with_a_bad_image(self):
        body = json.dumps({"image": b64(self.files[0]), "prompt": ["a dress", "a hat"]}).encode()
        self.assertEqual(np.shape(self.server.ask(body)), (1, 2))
        self.assertEqual(self.server.ask({"image": "AAAA", "prompt": ["a"]})["error"]["code"], "image.unsupported")

    def test_texts_are_computed_once_in_each_worker(self):
        texts = [f"a text that nobody sent before {number}" for number in range(40)]
        seen, vectors = {}, set()
        for _ in range(12):
            answer = self.server.ask({"task": "embed", "texts": texts})
            worker, cost = answer["served"]["worker"], answer["served"]["text_cache"]
            self.assertEqual(cost, {"hits": 40, "misses": 0} if worker in seen else {"hits": 0, "misses": 40})
            seen[worker] = True
            vectors.add(answer["texts"][0]["vector"])
        self.assertEqual(len(vectors), 1)

    def test_the_body_holds_no_stack_and_no_path(self):
        status, _, body = self.server.raw(b'{"task":"embed","images":[{"file":"AAAA"}]}', "application/json")
        self.assertNotIn(b"Traceback", body)
        self.assertNotIn(b".py", body)
        self.assertNotIn(b"\n", body)
