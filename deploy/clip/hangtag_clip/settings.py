"""The `option.*` lines of serving.properties, read once and checked, so that a typing error stops
the start with its name instead of changing a limit in silence."""

from dataclasses import dataclass, fields

DTYPES = ("auto", "fp32", "fp16", "bf16")
TEXT_RULES = ("auto", "as-is", "lower", "canonical")


@dataclass(frozen=True)
class Settings:
    model_id: str = ""  # empty: the weights lie beside model.py
    card_name: str = ""  # what `describe` calls the model; empty: taken from model_id
    revision: str = ""  # a hub revision; only read for a hub id
    dtype: str = "auto"  # auto: fp16 on a GPU, fp32 on a CPU
    text_rule: str = "auto"
    max_batch: int = 0  # images or texts in one forward pass; 0: 64 on a GPU, 16 on a CPU
    max_body_bytes: int = 32 * 1024 * 1024
    max_image_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 50_000_000
    max_images: int = 64  # in one call
    max_texts: int = 512  # in one call
    max_text_chars: int = 2000
    text_cache_entries: int = 20_000
    decode_threads: int = 4
    batch_seconds: int = 12  # what is not begun by then is answered inference.overloaded


def read_settings(properties):
    """`properties`: what DJL hands to the first call, names without `option.`."""
    values = {}
    for field in fields(Settings):
        text = str(properties.get(field.name, "")).strip()
        if text == "":
            continue
        values[field.name] = _whole_number(field.name, text) if field.type in (int, "int") else text
    settings = Settings(**values)
    _one_of("dtype", settings.dtype, DTYPES)
    _one_of("text_rule", settings.text_rule, TEXT_RULES)
    limit = str(properties.get("predict_timeout", "")).strip()
    if limit.isdigit() and settings.batch_seconds >= int(limit):
        raise ValueError("option.batch_seconds must be less than option.predict_timeout, which kills the worker")
    return settings


def _whole_number(name, text):
    if not text.isdigit():
        raise ValueError(f"option.{name} must be a whole number, not {text!r}")
    return int(text)


def _one_of(name, value, allowed):
    if value not in allowed:
        raise ValueError(f"option.{name} must be one of {', '.join(allowed)}, not {value!r}")
