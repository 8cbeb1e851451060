"""What is done to a text before the tokenizer sees it, and the cache of finished text vectors.

SigLIP was trained on texts without punctuation and in lower case; its tokenizers do not all do that
by themselves, and a capital letter then costs accuracy in silence.
"""

import hashlib
import string
from collections import OrderedDict

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def apply_rule(rule, text):
    """`as-is`: only white space is collapsed; `lower`: and lower case; `canonical`: and no punctuation."""
    if rule == "canonical":
        text = text.translate(_NO_PUNCTUATION)
    if rule in ("canonical", "lower"):
        text = text.lower()
    return " ".join(text.split())


class TextCache:
    """The newest `limit` vectors by the hash of their text. One per worker process: workers share
    nothing, so a miss must only ever cost time."""

    def __init__(self, limit):
        self._limit = limit
        self._vectors = OrderedDict()

    @staticmethod
    def key(text):
        return hashlib.sha256(text.encode("utf-8")).digest()

    def get(self, key):
        found = self._vectors.get(key)
        if found is not None:
            self._vectors.move_to_end(key)
        return found

    def put(self, key, value):
        self._vectors[key] = value
        self._vectors.move_to_end(key)
        while len(self._vectors) > self._limit:
            self._vectors.popitem(last=False)

    def __len__(self):
        return len(self._vectors)
