"""Starts serve.sh on a free port, talks HTTP to it, and stops it with all its workers."""

import base64
import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
RING = os.path.dirname(HERE)
TINY = os.environ["HANGTAG_TINY"]
PACKAGED = os.environ["HANGTAG_PACKAGED"]


def tarball(kind):
    """The packed endpoint with the tiny model of that kind inside."""
    name = next(name for name in sorted(os.listdir(os.path.join(PACKAGED, kind))) if name.endswith(".tar.gz"))
    return os.path.join(PACKAGED, kind, name)


class Server:
    def __init__(self, model, **env):
        self.log_file = tempfile.NamedTemporaryFile("w+", suffix=".log", delete=False)
        self.process = subprocess.Popen(
            [os.path.join(RING, "serve.sh"), model, "0"],
            stdout=self.log_file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **env}, start_new_session=True,
        )
        self.port = None

    def wait(self, seconds=180):
        """Returns True once it listens, False if it ended before."""
        until = time.time() + seconds
        while time.time() < until:
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.log())
            if found:
                self.port = int(found.group(1))
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.2)
        raise TimeoutError("the server did not start:\n" + self.log()[-4000:])

    def log(self):
        with open(self.log_file.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(15)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.unlink(self.log_file.name)

    def raw(self, body, content_type=None, attributes=None, path="/invocations", method="POST"):
        """Returns (status, headers, bytes)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": content_type} if content_type else {}
        if attributes:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = attributes
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def ask(self, body, **options):
        """A JSON or bytes body that must be answered 200; returns the parsed answer."""
        if not isinstance(body, bytes):
            body, options = json.dumps(body).encode(), {"content_type": "application/json", **options}
        status, _, text = self.raw(body, **options)
        if status != 200:
            raise AssertionError(f"{status}: {text[:300]!r}")
        return json.loads(text)

    def ask_together(self, bodies, **options):
        with ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(lambda body: self.ask(body, **options), bodies))


def b64(data):
    return base64.b64encode(data).decode()


def held_out(kind):
    """[(png bytes, noun)] that the tiny model has not seen."""
    folder = os.path.join(TINY, f"held-out-{kind}")
    entries = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            entries.append((file.read(), name.split(".")[1]))
    return entries
