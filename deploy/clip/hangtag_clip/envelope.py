"""DJL's Input and Output against our own view of them: a list of items in, a list of bodies out.

An item is `(properties, body)`: header names and the pairs of CustomAttributes in lower case, and
the bytes of the body. One request is one item; a dynamic batch is several.
"""

import json

ATTRIBUTES_HEADER = "x-amzn-sagemaker-custom-attributes"


def items_of(inputs):
    """Splits a batch. A caller can send `batch_size=2` in CustomAttributes and so make a single
    request look like a batch: only one whose content keys are numbered is believed."""
    keys = inputs.get_content().get_keys()
    numbered = all(str(key).startswith("batch_") for key in keys)
    parts = inputs.get_batches() if inputs.is_batch() and numbered else [inputs]
    return [(_lowered(part.get_properties()), _body(part)) for part in parts]


def _lowered(properties):
    return {str(key).lower(): str(value) for key, value in properties.items()}


def _body(part):
    content = part.get_content()
    if content.is_empty():
        return b""
    data = content.get("data")
    return bytes(data if data is not None else content.value_at(0))


def attributes_of(properties):
    """`task=embed;size=224` as a mapping. DJL splits the header into properties of its own; the
    header itself is read too, so that a front which does not split it behaves the same."""
    found = {}
    for pair in properties.get(ATTRIBUTES_HEADER, "").split(";"):
        key, equals, value = pair.partition("=")
        if equals:
            found[key.strip().lower()] = value.strip()
    for key in ("task", "count", "size", "fingerprint"):
        if key not in found and key in properties:
            found[key] = properties[key].strip()
    return found


def pack(output, bodies, batched):
    """Puts one JSON body per item into DJL's Output, always with status 200."""
    output.add_property("content-type", "application/json")
    for index, body in enumerate(bodies):
        text = json.dumps(body, separators=(",", ":"), allow_nan=False)
        if batched:
            output.add(text, key="data", batch_index=index)
        else:
            output.add(text)
    return output
