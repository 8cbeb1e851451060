"""One worker process: loads at the first call, then answers batches. DJL calls it from one thread."""

import logging
import os

from djl_python import Output

from . import envelope
from .calls import Call, read_call
from .faults import Fault

_state = None


class _State:
    def __init__(self, properties):
        from .batch import Batcher
        from .loading import load

        self.loaded = load(properties)
        self.batcher = Batcher(self.loaded.towers, self.loaded.settings)
        self.answered = 0


def handle(inputs):
    global _state
    if _state is None:
        # DJL's first call is empty and decides whether the worker is ready: what fails here must raise.
        _state = _State(inputs.get_properties())
        if inputs.is_empty():
            return None
    items = envelope.items_of(inputs)
    return envelope.pack(Output(), _bodies(items), batched=inputs.is_batch() and len(items) > 1)


def _bodies(items):
    from .answers import answer

    loaded, size = _state.loaded, _state.loaded.towers.preprocessing.size
    calls = [_read(item, loaded, size) for item in items]
    try:
        answers, cost = _state.batcher.run(calls)
        _state.answered += len(items)
        served = {"worker": os.getpid(), "answered": _state.answered, "batch": len(items), **cost}
        return [answer(call, images, texts, loaded, served) for call, (images, texts) in zip(calls, answers)]
    except Exception as error:
        from .device import broken_for_good

        if broken_for_good(error):
            logging.critical("the device is lost, this worker ends and is started anew", exc_info=True)
            os._exit(70)
        logging.exception("a batch of %d failed", len(items))
        fault = Fault("inference.failed", "the batch could not be answered")
        return [{"error": (call.fault or fault).wire()} for call in calls]


def _read(item, loaded, size):
    try:
        return read_call(*item, loaded.settings, size, loaded.fingerprint)
    except Exception:
        logging.exception("an item could not be read")
        return Call(task="none", fault=Fault("request.malformed", "the request could not be read"))
