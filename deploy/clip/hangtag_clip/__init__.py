"""The CLIP endpoint of hangtag: images and texts in, unit vectors out."""

CONTRACT = 1
