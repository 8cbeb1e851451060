"""The real Input and Output of DJL against our items and bodies."""

import json
import unittest

from djl_python import Input, Output
from hangtag_clip.envelope import attributes_of, items_of, pack


def single(properties, body):
    inputs = Input()
    inputs.properties.update(properties)
    inputs.content.add(key="data", value=bytearray(body))
    return inputs


class Envelope(unittest.TestCase):
    def test_one_request(self):
        self.assertEqual(items_of(single({"Content-Type": "x"}, b"abc")), [({"content-type": "x"}, b"abc")])

    def test_a_batch(self):
        inputs = Input()
        inputs.properties.update({"batch_size": "2", "batch_000.Task": "a", "batch_001.Task": "b"})
        inputs.content.add(key="batch_000.data", value=bytearray(b"one"))
        inputs.content.add(key="batch_001.data", value=bytearray(b"two"))
        self.assertEqual(items_of(inputs), [({"task": "a"}, b"one"), ({"task": "b"}, b"two")])

    def test_a_caller_cannot_pretend_to_be_a_batch(self):
        items = items_of(single({"batch_size": "2"}, b"abc"))
        self.assertEqual([body for _, body in items], [b"abc"])

    def test_attributes_from_the_header_and_from_djl(self):
        header = {"x-amzn-sagemaker-custom-attributes": "task=embed; size = 4;broken;=x"}
        self.assertEqual(attributes_of(header), {"task": "embed", "size": "4", "": "x"})
        self.assertEqual(attributes_of({"task": " embed "}), {"task": "embed"})

    def test_one_entry_for_each_item_of_a_batch(self):
        output = pack(Output(), [{"a": 1}, {"b": 2}], batched=True)
        self.assertEqual(output.get_property("content-type"), "application/json")
        self.assertEqual(output.content.get_keys(), ["batch_0.data", "batch_1.data"])
        self.assertEqual(json.loads(output.content.value_at(1)), {"b": 2})
        self.assertEqual(pack(Output(), [[0.5]], batched=False).content.value_at(0), b"[0.5]")
