"""What a body is read as, and every way in which it can be wrong."""

import base64
import json
import unittest

from hangtag_clip.calls import read_call
from hangtag_clip.envelope import ATTRIBUTES_HEADER
from hangtag_clip.faults import Fault
from hangtag_clip.settings import Settings

SIZE, MARK = 4, "sha256:aa"
SETTINGS = Settings(max_body_bytes=4000, max_image_bytes=1000, max_images=3, max_texts=2, max_text_chars=20)
PIXELS = bytes(range(SIZE * SIZE * 3))


def b64(data):
    return base64.b64encode(data).decode()


def read(body, attributes=None, **properties):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    headers = {key.replace("_", "-"): value for key, value in properties.items()}
    if attributes:
        headers[ATTRIBUTES_HEADER] = attributes
    return read_call(headers, body, SETTINGS, SIZE, MARK)


class Embed(unittest.TestCase):
    def test_images_and_texts_in_order(self):
        call = read({"task": "embed", "images": [{"file": b64(b"abc")}, {"pixels": b64(PIXELS)}], "texts": ["a", "b"]})
        self.assertIsNone(call.fault)
        self.assertEqual([(image.data, image.prepared) for image in call.images], [(b"abc", False), (PIXELS, True)])
        self.assertEqual(call.texts, ["a", "b"])

    def test_the_task_may_stand_in_the_attributes(self):
        self.assertEqual(read({"texts": ["a"]}, "task=embed").texts, ["a"])

    def test_the_task_of_the_body_wins(self):
        self.assertEqual(read({"task": "describe"}, "task=embed").task, "describe")

    def test_describe_needs_no_body(self):
        self.assertEqual(read(b"", "task=describe").task, "describe")

    def test_the_named_model_must_be_ours(self):
        self.assertIsNone(read({"task": "embed", "fingerprint": MARK, "texts": ["a"]}).fault)
        self.assertEqual(read({"task": "embed", "fingerprint": "sha256:bb", "texts": ["a"]}).fault.code, "model.changed")

    def test_faults_of_the_whole_call(self):
        cases = [
            (b"{", "request.malformed"),
            (b"", "request.malformed"),
            (b"[1]", "request.malformed"),
            (b"\xff\xfe", "request.malformed"),
            (b"[" * 3000, "request.malformed"),
            (b" " * 4001, "request.too_large"),
            ({}, "request.task_unknown"),
            ({"task": "tag"}, "request.task_unknown"),
            ({"task": ["embed"]}, "request.task_unknown"),
            ({"task": "embed"}, "request.empty"),
            ({"task": "embed", "texts": "a"}, "request.malformed"),
            ({"task": "embed", "images": {"file": ""}}, "request.malformed"),
            ({"task": "embed", "texts": ["a"] * 3}, "request.too_many"),
            ({"task": "embed", "images": [{}] * 4}, "request.too_many"),
        ]
        for body, code in cases:
            with self.subTest(body=str(body)[:40]):
                self.assertEqual(read(body).fault.code, code)

    def test_faults_of_one_item_leave_the_others(self):
        images = [
            ({"file": "!"}, "image.malformed"),
            ({"file": ""}, "image.unreadable"),
            ({"file": 7}, "image.malformed"),
            ({"file": b64(b"x" * 1001)}, "image.too_large"),
            ({"file": "A" * 3000}, "image.too_large"),
            ({"pixels": b64(PIXELS[:-1])}, "image.pixels_size"),
            ({"file": "AAAA", "pixels": "AAAA"}, "image.malformed"),
            ("AAAA", "image.malformed"),
            (None, "image.malformed"),
        ]
        for image, code in images:
            with self.subTest(image=str(image)[:40]):
                call = read({"task": "embed", "images": [{"pixels": b64(PIXELS)}, image], "texts": ["a"]})
                self.assertIsNone(call.fault)
                self.assertEqual(call.images[0].data, PIXELS)
                self.assertEqual(call.images[1].code, code)
        for text, code in [("", "text.malformed"), (" \n", "text.malformed"), (3, "text.malformed"),
                           ("x" * 21, "text.too_long"), ("\ud800", "text.malformed")]:
            with self.subTest(text=repr(text)):
                call = read({"task": "embed", "texts": ["a", text]})
                self.assertEqual((call.texts[0], call.texts[1].code), ("a", code))


class Raw(unittest.TestCase):
    def test_an_image_by_its_type_or_its_first_bytes(self):
        jpeg = b"\xff\xd8\xff\xe0rest"
        for properties in ({"content_type": "image/jpeg"}, {"content_type": "image/jpeg; q=1"}, {}):
            call = read_call({key.replace("_", "-"): v for key, v in properties.items()}, jpeg, SETTINGS, SIZE, MARK)
            self.assertEqual((call.task, call.images[0].data, call.images[0].prepared), ("embed", jpeg, False))

    def test_pixels_of_several_images(self):
        call = read(PIXELS * 3, "task=embed;size=4;count=3", content_type="application/octet-stream")
        self.assertEqual([image.data for image in call.images], [PIXELS] * 3)
        self.assertTrue(all(image.prepared for image in call.images))

    def test_pixels_that_do_not_fit(self):
        for body, attributes, code in [
            (PIXELS, "size=5", "image.pixels_size"),
            (PIXELS + b"x", "size=4", "image.pixels_size"),
            (b"", "size=4", "image.pixels_size"),
            (PIXELS * 2, "size=4;count=3", "image.pixels_size"),
            (PIXELS * 4, "size=4", "request.too_many"),
            (PIXELS, "size=4;fingerprint=sha256:bb", "model.changed"),
            (PIXELS, "size=4;task=describe", "request.task_unknown"),
        ]:
            with self.subTest(attributes=attributes):
                self.assertEqual(read(body, attributes, content_type="application/octet-stream").fault.code, code)

    def test_json_sent_as_bytes_is_json(self):
        self.assertEqual(read({"task": "embed", "texts": ["a"]}, content_type="application/octet-stream").texts, ["a"])


class Sample(unittest.TestCase):
    def test_the_first_contract(self):
        call = read({"image": b64(b"abc"), "prompt": ["a", "b"]})
        self.assertEqual((call.task, call.images[0].data, call.texts), ("sample", b"abc", ["a", "b"]))

    def test_one_prompt_as_a_string(self):
        self.assertEqual(read({"image": b64(b"abc"), "prompt": "a"}).texts, ["a"])

    def test_line_breaks_in_base64(self):
        self.assertEqual(read({"image": "YW\nJj\n", "prompt": ["a"]}).images[0].data, b"abc")

    def test_what_is_missing(self):
        self.assertEqual(read({"image": b64(b"abc")}).fault.code, "request.malformed")
        self.assertEqual(read({"image": b64(b"abc"), "prompt": []}).fault.code, "request.malformed")
        self.assertEqual(read({"prompt": ["a"]}).fault.code, "image.malformed")


class Faults(unittest.TestCase):
    def test_only_memory_is_worth_another_try(self):
        self.assertTrue(Fault("inference.out_of_memory", "").wire()["retry"])
        self.assertFalse(Fault("image.unreadable", "").wire()["retry"])
