"""Pictures as the model sees them: an encoded file or prepared pixels in, `size x size x 3` bytes
of RGB out (numpy uint8, HWC). The size in pixels is checked before anything is decompressed.
"""

import io
import logging

import numpy as np
from PIL import Image, ImageOps

from .faults import Fault
from .preprocessing import BACKGROUND

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_RATIO = 50  # a picture one pixel high would be enlarged to gigabytes before the centre is cut out
Image.MAX_IMAGE_PIXELS = None  # our own limit is checked below, before decoding


def pixels_of(picture, preprocessing, max_pixels):
    """Returns the pixels; raises Fault, and only Fault, for whatever the bytes hold."""
    size = preprocessing.size
    if picture.prepared:
        return np.frombuffer(picture.data, dtype=np.uint8).reshape(size, size, 3)
    try:
        return np.asarray(_fitted(_opened(picture.data, max_pixels), preprocessing), dtype=np.uint8)
    except Fault:
        raise
    except MemoryError:
        raise Fault("inference.out_of_memory", "no memory to decode this image") from None
    except Exception as error:  # a damaged file can raise nearly anything inside a decoder
        logging.info("image refused: %s", type(error).__name__)
        raise Fault("image.unreadable", "the image is damaged or cut off") from None


def _opened(data, max_pixels):
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.UnidentifiedImageError:
        raise Fault("image.unsupported", f"not one of {', '.join(FORMATS)}") from None
    width, height = image.size
    if width * height > max_pixels:
        raise Fault("image.too_many_pixels", f"{width}x{height}, at most {max_pixels} pixels")
    return ImageOps.exif_transpose(image)


def _fitted(image, rule):
    image = _opaque(image)
    kernel = getattr(Image.Resampling, rule.kernel.upper())
    width, height = image.size
    if rule.fit == "squash":
        return image.resize((rule.size, rule.size), kernel)
    if rule.fit == "pad":
        ratio = rule.size / max(width, height)
        image = image.resize((max(1, round(width * ratio)), max(1, round(height * ratio))), kernel)
        canvas = Image.new("RGB", (rule.size, rule.size), rule.fill)
        canvas.paste(image, ((rule.size - image.width) // 2, (rule.size - image.height) // 2))
        return canvas
    short, long = min(width, height), max(width, height)
    if long > MAX_RATIO * short:
        raise Fault("image.too_narrow", f"{width}x{height}: sides of more than 1 to {MAX_RATIO}")
    other = int(rule.resize_to * long / short)
    target = (rule.resize_to, other) if width <= height else (other, rule.resize_to)
    image = image.resize(target, kernel)
    left, top = (_offset(side - rule.size, rule.crop_offset) for side in image.size)
    return image.crop((left, top, left + rule.size, top + rule.size))


def _offset(left_over, rounding):
    return left_over // 2 if rounding == "floor" else int(round(left_over / 2))


def _opaque(image):
    """RGB; what shows through lies on white, as a shop shows it, and not on black."""
    if image.mode.startswith("I"):  # 16 bits per channel: keep the upper 8
        image = Image.fromarray((np.asarray(image, dtype=np.uint32) >> 8).astype(np.uint8))
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        canvas = Image.new("RGB", image.size, BACKGROUND)
        canvas.paste(image, mask=image.getchannel("A"))
        return canvas
    return image.convert("RGB")
