"""Pictures against Pillow's own arithmetic, and files that must be refused before they cost anything."""

import io
import os
import struct
import unittest
import zlib
from dataclasses import replace

import numpy as np
from PIL import Image
from hangtag_clip.calls import Picture
from hangtag_clip.faults import Fault
from hangtag_clip.pictures import pixels_of
from hangtag_clip.preprocessing import Preprocessing

CROP = Preprocessing(32, "crop", 40, "bicubic", "floor", 1 / 255, (0.5,) * 3, (0.5,) * 3)
NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (101, 64, 3), dtype=np.uint8))


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def seen(data, rule=CROP, limit=10_000_000):
    return pixels_of(Picture(data, prepared=False), rule, limit)


def flat_png(width, height):
    """A valid header for any size, in a few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    parts = [struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data)) for tag, data in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


class Fit(unittest.TestCase):
    def test_crop(self):
        resized = NOISE.resize((40, int(40 * 101 / 64)), Image.Resampling.BICUBIC)  # 40 x 63
        self.assertTrue((seen(encoded(NOISE)) == np.asarray(resized)[15:47, 4:36]).all())

    def test_crop_rounds_as_the_library_does(self):
        up = np.asarray(NOISE.resize((40, 63), Image.Resampling.BICUBIC))
        self.assertTrue((seen(encoded(NOISE), replace(CROP, crop_offset="round")) == up[16:48, 4:36]).all())

    def test_squash(self):
        rule = replace(CROP, fit="squash", resize_to=32)
        self.assertTrue((seen(encoded(NOISE), rule) == np.asarray(NOISE.resize((32, 32), Image.Resampling.BICUBIC))).all())

    def test_pad(self):
        pixels = seen(encoded(NOISE), replace(CROP, fit="pad", resize_to=32, fill=(9, 9, 9)))
        self.assertTrue((pixels[:, :6] == 9).all() and (pixels[:, -6:] == 9).all() and pixels[:, 8:24].std() > 9)

    def test_prepared_pixels_are_taken_as_they_are(self):
        pixels = os.urandom(32 * 32 * 3)
        self.assertEqual(pixels_of(Picture(pixels, prepared=True), CROP, 1).tobytes(), pixels)

    def test_lying_pictures_are_set_upright(self):
        exif = Image.Exif()
        exif[0x0112] = 6
        turned = encoded(NOISE.transpose(Image.Transpose.ROTATE_90), exif=exif)
        self.assertTrue((seen(turned) == seen(encoded(NOISE))).all())

    def test_what_is_transparent_lies_on_white(self):
        for image in (Image.new("RGBA", (50, 50), (0, 0, 0, 0)), Image.new("LA", (50, 50), (0, 0))):
            self.assertTrue((seen(encoded(image)) == 255).all())

    def test_other_modes(self):
        self.assertTrue((seen(encoded(Image.new("L", (50, 50), 7))) == 7).all())
        self.assertEqual(seen(encoded(Image.new("CMYK", (50, 50)), "JPEG")).shape, (32, 32, 3))
        sixteen = Image.fromarray(np.full((50, 50), 0x8040, dtype=np.uint16))
        self.assertTrue((seen(encoded(sixteen)) == 0x80).all())
        self.assertEqual(seen(encoded(NOISE, "WEBP")).shape, (32, 32, 3))


class Refused(unittest.TestCase):
    def code(self, data, limit=10_000_000):
        with self.assertRaises(Fault) as caught:
            seen(data, limit=limit)
        return caught.exception.code

    def test_damage(self):
        whole = encoded(NOISE, "JPEG")
        self.assertEqual(self.code(whole[: len(whole) // 2]), "image.unreadable")
        self.assertEqual(self.code(flat_png(64, 64)), "image.unreadable")
        for cut in range(3, len(whole), 97):
            with self.subTest(cut=cut):
                self.assertIn(self.code(whole[:cut]), ("image.unreadable", "image.unsupported"))

    def test_other_formats(self):
        for data in (encoded(NOISE, "GIF"), encoded(NOISE, "TIFF"), b"%PDF-1.4", b"<svg/>", os.urandom(500)):
            self.assertEqual(self.code(data), "image.unsupported")

    def test_size_is_refused_before_decoding(self):
        self.assertEqual(self.code(flat_png(8000, 8000), limit=50_000_000), "image.too_many_pixels")
        self.assertEqual(self.code(flat_png(65000, 65000), limit=50_000_000), "image.too_many_pixels")

    def test_a_line_is_not_a_picture(self):
        self.assertEqual(self.code(encoded(Image.new("RGB", (60_000, 1)))), "image.too_narrow")
