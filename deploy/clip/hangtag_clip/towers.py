"""The two towers of a loaded model, whatever library loaded them.

A loader (`towers_transformers`, `towers_open_clip`) fills in a `Towers`; this file adds what is the
same for all: pixels to floats on the device, unit length, chunks, and less at once if memory is short.
"""

import logging
import time
from dataclasses import dataclass
from typing import Callable, List, Optional

import numpy as np
import torch

from . import device as on
from .preprocessing import Preprocessing


@dataclass
class TextInput:
    """`rule` goes before the tokenizer, the rest is done by it."""

    rule: str
    context_length: int
    padding: str  # max_length or longest
    tokenize: Callable  # list of texts -> whatever `text_features` takes
    lengths: Callable  # list of texts -> tokens of each before cutting, special ones included
    folds_case: bool  # "A" and "a" are the same text, by the rule or by the tokenizer itself


@dataclass
class Towers:
    library: str
    architecture: str
    dim: int
    logit_scale: float
    logit_bias: Optional[float]
    preprocessing: Preprocessing
    text: TextInput
    image_features: Callable  # float tensor [n, 3, size, size] -> [n, dim]
    text_features: Callable  # tokenize()'s value -> [n, dim]
    weights: List[str]
    device: torch.device
    dtype: torch.dtype
    attention: str
    max_batch: int = 16

    def __post_init__(self):
        rule = self.preprocessing
        self._mean = torch.tensor(rule.mean, device=self.device).view(1, 3, 1, 1)
        self._std = torch.tensor(rule.std, device=self.device).view(1, 3, 1, 1)
        self.forwards = {"image": 0, "text": 0}

    def embed_pixels(self, pixels, until=float("inf")):
        """`pixels`: list of uint8 arrays [size, size, 3]. Returns float32 [n, dim], unit rows; fewer
        rows than pixels if `until` (on the monotonic clock) came first, but at least one chunk."""
        return self._chunked(pixels, self._image_forward, until)

    def embed_texts(self, texts, until=float("inf")):
        """`texts`: after `text.rule`. Returns as `embed_pixels` does."""
        return self._chunked(texts, self._text_forward, until)

    def cut_off(self, texts):
        """For each text, whether it has more tokens than the model reads."""
        return [length > self.text.context_length for length in self.text.lengths(texts)]

    def _image_forward(self, pixels):
        self.forwards["image"] += 1
        batch = torch.from_numpy(np.stack(pixels)).to(self.device).permute(0, 3, 1, 2).float()
        batch = (batch * self.preprocessing.scale - self._mean) / self._std
        return self.image_features(batch.to(self.dtype))

    def _text_forward(self, texts):
        self.forwards["text"] += 1
        return self.text_features(self.text.tokenize(texts))

    def _chunked(self, entries, forward, until):
        rows = []
        size = self.max_batch
        start = 0
        while start < len(entries) and (start == 0 or time.monotonic() < until):
            try:
                with torch.inference_mode():
                    features = forward(entries[start : start + size]).float()
                    features = features / features.norm(dim=-1, keepdim=True).clamp_min(1e-12)
                    rows.append(features.cpu().numpy())
                start += size
            except Exception as error:
                if not on.out_of_memory(error) or size == 1:
                    raise
                size = max(1, size // 2)
                logging.warning("out of memory: %d at once from here on in this batch", size)
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), dtype=np.float32)


def tensor_of(features):
    """transformers 5 wraps what transformers 4 returned bare."""
    return features if isinstance(features, torch.Tensor) else features.pooler_output
