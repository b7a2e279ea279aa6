"""Known damage to real images, to see which measures notice it: blur, noise, missing classes, JPEG.

Each function takes uint8 images [N, H, W, C], C = 1 or 3, and gives new ones of the same shape. The larger the
strength (for JPEG the lower the quality), the worse the damage. What is random depends on the seed alone.
"""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from kgan.data.held import check_number, check_whole, kind
from kgan.errors import InputError

_BLOCK = 512  # images at a time, so that the float copies stay small
_MOST_QUALITY = 95  # above it Pillow leaves out parts of the compression


def gaussian_blur(images, sigma):
    """Each channel convolved with a Gaussian of standard deviation `sigma` in pixels, rounded.

    The kernel is cut at four sigma and sums to 1; beyond the edge the image is mirrored, its outermost pixels
    repeated (d c b a | a b c d).
    """
    from scipy.ndimage import gaussian_filter

    _check_images(images)
    sigma = _above_zero("sigma", sigma)
    blurred = np.empty_like(images)
    for block in _blocks(len(images)):
        floats = gaussian_filter(images[block].astype(np.float32), (0, sigma, sigma, 0), mode="reflect", truncate=4.0)
        blurred[block] = np.clip(np.rint(floats), 0, 255)
    return blurred


def gaussian_noise(images, std, seed=0):
    """Independent N(0, std^2) added to every value of every pixel, `std` in grey values of 255; rounded, clipped."""
    _check_images(images)
    std, draws = _above_zero("std", std), np.random.default_rng(check_whole("seed", seed, 0))
    noisy = np.empty_like(images)
    for block in _blocks(len(images)):
        floats = images[block] + std * draws.standard_normal(images[block].shape)
        noisy[block] = np.clip(np.rint(floats), 0, 255)
    return noisy


def missing_classes(images, labels, missing, seed=0):
    """As many images, none of them of `missing` classes.

    Which classes go is determined by the seed; those that go for a smaller number go for a larger one, too.
    In the place of each image of a class that is missing stands one of those that remain. These are drawn in
    a random order, all of them once before any a second time: without copies, there would be fewer images.

    Args:
        images: uint8 [N, H, W, C].
        labels: whole numbers [N], two classes or more.
        missing: number of classes, one or more and fewer than `labels` holds.
        seed: whole number >= 0.
    """
    _check_images(images)
    labels = np.asarray(labels)
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"labels must be whole numbers [{len(images)}], one an image; received {kind(labels)}")
    classes = np.unique(labels)
    if len(classes) < 2:
        raise InputError(f"classes can be missing among two or more; the labels hold {len(classes)}")
    missing = check_whole("missing", missing, 1, len(classes) - 1)
    draws = np.random.default_rng(check_whole("seed", seed, 0))
    gone = np.isin(labels, draws.permutation(classes)[:missing])
    remaining, holes = np.flatnonzero(~gone), np.flatnonzero(gone)
    rounds = -(-len(holes) // len(remaining))
    rows = np.arange(len(images))
    rows[holes] = np.concatenate([draws.permutation(remaining) for _ in range(rounds)])[: len(holes)]
    return images[rows]


def jpeg(images, quality):
    """Each image written as JPEG of a `quality` from 1 (worst) to 95 and read again.

    Pillow's encoder with its own tables; the colour planes of RGB images are halved in both directions (4:2:0).
    """
    from PIL import Image

    _check_images(images)
    quality = check_whole("quality", quality, 1, _MOST_QUALITY)
    grey = images.shape[-1] == 1
    damaged = np.empty_like(images)

    def write_and_read(row):
        file = io.BytesIO()
        pixels = images[row, ..., 0] if grey else images[row]
        Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
        with Image.open(file) as picture:
            damaged[row] = np.asarray(picture).reshape(images.shape[1:])

    with ThreadPoolExecutor(2) as pool:
        for block in _blocks(len(images)):
            for _ in pool.map(write_and_read, range(block.start, block.stop)):
                pass
    return damaged


def _blocks(num):
    return [slice(start, min(start + _BLOCK, num)) for start in range(0, num, _BLOCK)]


def _check_images(images):
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4 \
            or 0 in images.shape or images.shape[-1] not in (1, 3):
        raise InputError("damage is done to uint8 images [N, H, W, C], one or more with 1 or 3 channels; "
                         f"received {kind(images)}")


def _above_zero(name, value):
    value = check_number(name, value)
    if value <= 0:
        raise InputError(f"{name} must be above 0; received {value}")
    return value
