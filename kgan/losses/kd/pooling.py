"""Maps of two networks brought to one size: the larger is averaged down to the smaller."""

import numpy as np
from keras import ops

from kgan.errors import InputError


def pool_to_smaller(student, teacher):
    """Student's and teacher's maps, [B, h, w, C] and [B, h, w, C'], h and w the smaller height and width of both."""
    for maps in (student, teacher):
        if len(maps.shape) != 4:
            raise InputError(f"only maps [B, H, W, C] can be pooled; received features of shape {tuple(maps.shape)}")
    size = tuple(min(sides) for sides in zip(student.shape[1:3], teacher.shape[1:3], strict=True))
    return adaptive_average_pool(student, size), adaptive_average_pool(teacher, size)


def adaptive_average_pool(maps, size):
    """Means over h x w windows that cover the map, PyTorch's `adaptive_avg_pool2d`.

    Window i of h along a side of H goes from floor(i H / h) up to, without, ceil((i + 1) H / h). Where h does not
    divide H the windows overlap.

    Args:
        maps: [B, H, W, C], H and W known.
        size: (h, w).

    Returns: [B, h, w, C].
    """
    before = tuple(maps.shape[1:3])
    if before == tuple(size):
        return maps
    if all(large % small == 0 for large, small in zip(before, size, strict=True)):
        windows = tuple(large // small for large, small in zip(before, size, strict=True))
        return ops.average_pool(maps, windows, windows, "valid", data_format="channels_last")
    rows, columns = (ops.cast(window_means(large, small), maps.dtype)
                     for large, small in zip(before, size, strict=True))
    return ops.einsum("iy,byxc,jx->bijc", rows, maps, columns)


def window_means(large, small):
    """The matrix [small, large] that takes the mean of each window along one side."""
    means = np.zeros((small, large), "float32")
    for i in range(small):
        start, end = i * large // small, -(-(i + 1) * large // small)
        means[i, start:end] = 1.0 / (end - start)
    return means
