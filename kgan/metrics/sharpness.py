"""Variance of the Laplacian: how sharp an image is; a blurred image has little of it.

Source: J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000; the measure of
sharpness in Aguinaldo et al., "Compressing GANs using Knowledge Distillation", figure 10.
"""

import numpy as np

from kgan.data import image
from kgan.errors import InputError

_CHUNK = 256  # images at a time, so that the float64 copies stay small


def variance_of_laplacian(images):
    """uint8 [N, H, W, C] -> float64 [N], in squared grey values.

    Grey is 0.299 R + 0.587 G + 0.114 B in 0..255 and not rounded (OpenCV's `cvtColor` rounds it: colour
    images differ a little from `cv2.Laplacian(grey, cv2.CV_64F).var()`, grey ones agree). The kernel is
    [[0, 1, 0], [1, -4, 1], [0, 1, 0]]; beyond the border the image is mirrored without its edge repeated,
    OpenCV's default (reflect 101). The variance is over all H x W values, ddof 0.

    Raises:
        InputError: not uint8 [N, H, W, C], or a side of less than two pixels.
    """
    shape = tuple(getattr(images, "shape", ()))
    if len(shape) != 4 or min(shape[1:3]) < 2:
        raise InputError(f"variance_of_laplacian needs images [N, H, W, C] of 2x2 or more; received {shape}")
    variances = np.empty(len(images), np.float64)
    for start in range(0, len(images), _CHUNK):
        grey = image.grey(images[start : start + _CHUNK])
        x = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="reflect")
        laplacian = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:] - 4.0 * grey
        variances[start : start + _CHUNK] = laplacian.var(axis=(1, 2))
    return variances
