"""The entry point that DJL Serving calls: `handle(inputs)`.

DJL runs this file several times in each worker process, so nothing is loaded here. Weights are
loaded by the first call, which DJL makes with an empty input before it reports the model ready;
what is loaded lives in `hangtag_clip.worker`, once per process.
"""

from hangtag_clip import worker


def handle(inputs):
    """Answers one DJL input, which may be a batch: see README.md for the bodies."""
    return worker.handle(inputs)
