"""Answers all calls of one dynamic batch with one pass through each tower.

Pictures of all calls go through the image tower together; of the texts, those that no cache entry
has, each once. Whatever fails, fails for the picture or text it belongs to.
"""

import logging
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from . import device as on
from .faults import Fault
from .pictures import pixels_of
from .texts import TextCache, apply_rule


class Batcher:
    def __init__(self, towers, settings):
        self._towers = towers
        self._settings = settings
        self._cache = TextCache(settings.text_cache_entries)
        self._decoders = ThreadPoolExecutor(max_workers=max(1, settings.decode_threads))

    def run(self, calls):
        """Returns, for each call, `(images, texts)`: lists of a vector, `(vector, cut_off)` or a
        Fault, in the call's own order; and what the batch cost, for `served`."""
        before = dict(self._towers.forwards)
        until = time.monotonic() + self._settings.batch_seconds
        texts, hits, misses = self._texts([text for call in calls for text in call.texts], until)
        images = self._images([image for call in calls for image in call.images], until)
        answers, image_at, text_at = [], 0, 0
        for call in calls:
            image_to, text_to = image_at + len(call.images), text_at + len(call.texts)
            answers.append((images[image_at:image_to], texts[text_at:text_to]))
            image_at, text_at = image_to, text_to
        after = self._towers.forwards
        forwards = {tower: after[tower] - before[tower] for tower in after}
        return answers, {"forwards": forwards, "text_cache": {"hits": hits, "misses": misses}}

    def _images(self, pictures, until):
        pixels = list(self._decoders.map(lambda picture: self._decode(picture, until), pictures))
        good = [index for index, entry in enumerate(pixels) if not isinstance(entry, Fault)]
        vectors = _guarded(self._towers.embed_pixels, [pixels[index] for index in good], until)
        found = list(pixels)
        for index, vector in zip(good, vectors):
            found[index] = vector
        return found

    def _decode(self, picture, until):
        if isinstance(picture, Fault):
            return picture
        if time.monotonic() > until:
            return _overloaded()
        try:
            return pixels_of(picture, self._towers.preprocessing, self._settings.max_pixels)
        except Fault as fault:
            return fault

    def _texts(self, texts, until):
        ruled = [text if isinstance(text, Fault) else self._ruled(text) for text in texts]
        keys = [None if isinstance(text, Fault) else TextCache.key(text) for text in ruled]
        known = {key: self._cache.get(key) for key in keys if key is not None}
        missing = {key: text for key, text in zip(keys, ruled) if key is not None and known[key] is None}
        hits = sum(1 for key in keys if key is not None and key not in missing)
        wanted = list(missing.values())
        cuts = self._towers.cut_off(wanted) if wanted else []
        for key, vector, cut in zip(missing, _guarded(self._towers.embed_texts, wanted, until), cuts):
            known[key] = vector if isinstance(vector, Fault) else (vector, cut)
            if not isinstance(vector, Fault):
                self._cache.put(key, known[key])
        return [text if key is None else known[key] for key, text in zip(keys, ruled)], hits, len(missing)

    def _ruled(self, text):
        ruled = apply_rule(self._towers.text.rule, text)
        return ruled or Fault("text.malformed", "nothing is left of the text after the model's text rule")


def _guarded(embed, entries, until):
    """One vector or Fault per entry. If all together fail, each is tried alone, while there is time."""
    if not entries:
        return []
    try:
        vectors = [_finite(vector) for vector in embed(entries, until)]
        return vectors + [_overloaded() for _ in entries[len(vectors) :]]
    except Exception as error:
        if on.broken_for_good(error):
            raise
        logging.exception("a forward pass over %d failed", len(entries))
        if len(entries) == 1:
            return [_fault_of(error)]
    return [_guarded(embed, [e], until)[0] if time.monotonic() < until else _overloaded() for e in entries]


def _overloaded():
    return Fault("inference.overloaded", "the batch took too long: send less at once, or try again")


def _finite(vector):
    if np.isfinite(vector).all():
        return vector
    return Fault("inference.not_finite", "the model gave no finite vector for this item")


def _fault_of(error):
    if on.out_of_memory(error):
        return Fault("inference.out_of_memory", "no memory left on the device")
    return Fault("inference.failed", "the model failed on this item")
