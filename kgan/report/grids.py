"""Strips of images as PNG data URIs, enlarged by repeating pixels so that every pixel stays visible."""

import base64
import io

import numpy as np
from PIL import Image

_TARGET_SIDE = 48  # px of an image in a strip, reached by a whole factor
_GAP = 2  # px between images, transparent


def strip(images: np.ndarray) -> str:
    """uint8 images [n, H, W, C] (C 1 or 3) side by side in a row, as a PNG data URI.

    Images smaller than 48 px are enlarged by a whole factor (nearest neighbour), those larger than 64 px
    are reduced by one (mean of blocks, a border that does not fill a block is cut).
    """
    shown = [resize(image) for image in images]
    height, width = shown[0].shape[:2]
    channels = images.shape[-1]
    canvas = np.zeros((height, len(shown) * (width + _GAP) - _GAP, channels + 1), np.uint8)
    for index, image in enumerate(shown):
        left = index * (width + _GAP)
        canvas[:, left:left + width, :channels] = image
        canvas[:, left:left + width, channels] = 255
    return _png(canvas)


def resize(image: np.ndarray) -> np.ndarray:
    """uint8 [H, W, C] enlarged or reduced by a whole factor, as `strip` says; uint8 [H', W', C]."""
    side = max(image.shape[:2])
    if side > 64:
        factor = -(-side // 64)
        height, width = (max(extent // factor, 1) for extent in image.shape[:2])
        cut = image[:height * factor, :width * factor].astype(np.float64)
        blocks = cut.reshape(height, cut.shape[0] // height, width, cut.shape[1] // width, -1)
        return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
    factor = max(-(-_TARGET_SIDE // side), 1)
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def columns_within(budget: int, rows: int, shape: tuple[int, ...], most: int = 10) -> int:
    """How many images a strip may hold, 2 to `most`, so that `rows` strips stay within `budget` bytes.

    `shape` is [H, W, C] of one image. Enlarging hardly adds to a PNG, so the pixels before it count.
    """
    side = max(shape[:2])
    factor = -(-side // 64)
    size = max(shape[0] // factor, 1) * max(shape[1] // factor, 1) * shape[2]
    return int(np.clip(budget // max(size * rows, 1), 2, most))


def _png(canvas: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(canvas).save(file, format="PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
