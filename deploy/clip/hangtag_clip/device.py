"""Where and in which precision the towers run."""

import torch

_BY_NAME = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def choose_device(device_id):
    """`device_id`: DJL's property, -1 on a CPU."""
    if torch.cuda.is_available() and str(device_id) != "-1":
        return torch.device("cuda", int(device_id))
    return torch.device("cpu")


def choose_dtype(name, device):
    """fp16 keeps three more bits of a cosine than bf16 and runs on every GPU since the T4."""
    if name == "auto":
        name = "fp16" if device.type == "cuda" else "fp32"
    return _BY_NAME[name]


def dtype_name(dtype):
    return next(name for name, value in _BY_NAME.items() if value == dtype)


def out_of_memory(error):
    kind = type(error).__name__
    return kind in ("OutOfMemoryError", "MemoryError") or "out of memory" in str(error).lower()


def broken_for_good(error):
    """A CUDA error other than memory leaves the process unable to compute anything more."""
    return "CUDA error" in str(error) and not out_of_memory(error)
