"""A worker that dies in the middle of a batch, and starts that must fail with a reason."""

import json
import os
import shutil
import signal
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from .pictures import encoded, scene
from .server import TINY, Server, b64, tarball

ENDPOINT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../deploy/clip")
HEAVY = {"task": "embed", "images": [{"file": b64(encoded(scene(5, 2400, 1800)))}] * 24}


def workers(server, tries=60):
    """The process ids that answer, as seen from outside."""
    answers = server.ask_together([{"task": "embed", "texts": ["a"]}] * 8)
    found = {answer["served"]["worker"] for answer in answers}
    for _ in range(tries):
        if len(found) >= 2:
            break
        found |= {a["served"]["worker"] for a in server.ask_together([{"task": "embed", "texts": ["a"]}] * 24)}
    return found


class Killed(unittest.TestCase):
    def setUp(self):
        self.server = Server(tarball("clip"))
        self.addCleanup(self.server.stop)
        self.assertTrue(self.server.wait(), self.server.log()[-3000:])

    def ping(self):
        status, _, body = self.server.raw(None, path="/ping", method="GET")
        return status, json.loads(body)["clip"]["status"]

    def until_healthy(self, seconds=90):
        until = time.time() + seconds
        while self.ping() != (200, "Healthy"):
            self.assertLess(time.time(), until, self.server.log()[-3000:])
            time.sleep(0.1)

    def test_a_worker_killed_in_the_middle_of_a_batch(self):
        before = workers(self.server)
        self.assertEqual(len(before), 2)
        body = json.dumps(HEAVY).encode()
        outcomes, stop = [], threading.Event()

        def light():
            while not stop.is_set():
                began = time.time()
                outcomes.append((self.server.raw(b'{"task":"embed","texts":["a"]}', "application/json")[0], began))

        with ThreadPoolExecutor(3) as pool:
            heavy = [pool.submit(self.server.raw, body, "application/json") for _ in range(2)]
            time.sleep(0.5)  # both workers are decoding now
            victim = sorted(before)[0]
            os.kill(victim, signal.SIGKILL)
            killed = time.time()
            pool.submit(light)
            statuses = sorted(future.result()[0] for future in heavy)
            self.until_healthy()
            recovered = time.time() - killed
            stop.set()
        self.assertEqual(statuses, [200, 503])
        lost = [began for status, began in outcomes if status != 200]
        print(f"killed: {len(outcomes)} requests while it recovered in {recovered:.1f} s, {len(lost)} of them not answered")
        self.assertGreater(len(outcomes), 0)
        self.assertEqual(lost, [])
        after = workers(self.server)
        self.assertEqual((len(after), victim in after), (2, False))

    def test_both_workers_killed(self):
        before = workers(self.server)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        # A death is noticed by the next request for that worker: each may cost one answer.
        statuses = []
        until = time.time() + 90
        while len(statuses) < 5 or statuses[-5:] != [200] * 5:
            statuses.append(self.server.raw(b'{"task":"embed","texts":["a"]}', "application/json")[0])
            self.assertLess(time.time(), until, self.server.log()[-3000:])
            time.sleep(0.05)
        self.assertTrue(set(statuses) <= {200, 400, 503}, statuses)
        self.until_healthy()
        after = workers(self.server)
        self.assertEqual((len(after), after & before), (2, set()))


class Start(unittest.TestCase):
    """Each of these must end the start, and say why in the log."""

    def started(self, lines, change=lambda folder: None, **env):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        model = os.path.join(folder, "clip")
        shutil.copytree(ENDPOINT, model, ignore=shutil.ignore_patterns("__pycache__"))
        with open(os.path.join(model, "serving.properties"), "a", encoding="utf-8") as file:
            file.write("\n" + "\n".join(lines) + "\n")
        change(model)
        server = Server(model, **env)
        self.addCleanup(server.stop)
        return server.wait(), server

    def test_a_model_by_its_folder(self):
        running, server = self.started([f"option.model_id={TINY}/tiny-clip", "option.card_name=shop", "option.max_batch=3"])
        self.assertTrue(running, server.log()[-3000:])
        card = server.ask({"task": "describe"})
        self.assertEqual((card["model"]["name"], card["max_batch"]), ("shop", 3))
        answer = server.ask({"task": "embed", "images": [{"file": b64(encoded(scene(1)))}] * 7})
        self.assertEqual(answer["served"]["forwards"]["image"], 3)

    def test_a_batch_that_takes_too_long_does_not_cost_the_worker(self):
        running, server = self.started([f"option.model_id={TINY}/tiny-clip", "option.batch_seconds=1", "option.decode_threads=1"])
        self.assertTrue(running, server.log()[-3000:])
        # As many as a call may have: several seconds of decoding in one thread, on any machine.
        answer = server.ask({**HEAVY, "images": HEAVY["images"][:1] * 64, "texts": ["a"]})
        codes = [entry.get("error", {}).get("code") for entry in answer["images"]]
        self.assertEqual((codes[0], codes[-1]), (None, "inference.overloaded"))
        self.assertIn("vector", answer["texts"][0])

    def test_no_weights(self):
        running, server = self.started([])
        self.assertEqual((running, "no weights lie beside model.py" in server.log()), (False, True))

    def test_a_prefix_that_was_not_downloaded(self):
        running, server = self.started(["option.model_id=s3://bucket/prefix/"])
        self.assertEqual((running, "was not downloaded by the server" in server.log()), (False, True))

    def test_an_option_that_is_no_number(self):
        running, server = self.started([f"option.model_id={TINY}/tiny-clip", "option.max_images=many"])
        self.assertEqual((running, "option.max_images must be a whole number" in server.log()), (False, True))

    def test_a_package_that_is_missing(self):
        def hide_transformers(model):
            with open(os.path.join(model, "transformers.py"), "w", encoding="utf-8") as file:
                file.write("raise ImportError('not installed')\n")

        running, server = self.started([f"option.model_id={TINY}/tiny-clip"], hide_transformers)
        self.assertEqual((running, "was requirements.txt installed?" in server.log()), (False, True))

    def test_weights_that_are_cut_off(self):
        def cut(model):
            weights = os.path.join(model, "weights")
            shutil.copytree(os.path.join(TINY, "tiny-clip"), weights)
            with open(os.path.join(weights, "model.safetensors"), "r+b") as file:
                file.truncate(os.path.getsize(file.name) // 2)

        running, server = self.started([], cut)
        self.assertFalse(running, server.log()[-3000:])
