"""A 3x3 convolution with a quarter of the multiplications: Winograd's F(4x4, 3x3), by products of matrices.

Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), section 4.3: of each tile of 6x6
places, which overlap by 2, 4x4 results are made by 36 products in the place of 144. Sums are taken in another order
than in the plain convolution, with factors up to 8: results agree to about 1e-5 of their size in float32.
"""

import numpy as np
import tensorflow as tf

_TILE = 4
_INTO = np.array([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0],
                  [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]], float)
_KERNEL = np.array([[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6],
                    [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]], float)
_OUT_OF = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], float)


def transformed_kernel(kernel):
    """A kernel [3, 3, C, K] as `winograd_convolution` takes it, [6, 1, 6, C, K]; its values are copied."""
    made = np.einsum("ui,ijck,vj->uvck", _KERNEL, np.asarray(kernel, np.float64), _KERNEL)
    return tf.constant(made.astype(np.float32)[:, None])


def winograd_convolution(maps, kernel):
    """A convolution of stride 1 whose results have the maps' size ("same").

    Args:
        maps: float32 [B, H, W, C], H and W known and multiples of 4.
        kernel: of `transformed_kernel`.

    Returns: [B, H, W, K].
    """
    _, height, width, channels = maps.shape
    batch, filters = tf.shape(maps)[0], kernel.shape[-1]
    rows, columns = height // _TILE, width // _TILE
    into_rows, into_columns = (tf.constant(_into_tiles(size)) for size in (height, width))
    out_of_rows, out_of_columns = (tf.constant(_out_of_tiles(size)) for size in (height, width))
    x = tf.transpose(maps, (1, 2, 0, 3))  # places first: what follows is one product of matrices a side
    x = tf.matmul(into_rows, tf.reshape(x, (height, -1)))
    x = tf.matmul(into_columns, tf.reshape(x, (6 * rows, width, -1)))
    x = tf.matmul(tf.reshape(x, (6, rows, 6, columns * batch, channels)), kernel)
    x = tf.matmul(out_of_columns, tf.reshape(x, (6 * rows, 6 * columns, -1)))
    x = tf.matmul(out_of_rows, tf.reshape(x, (6 * rows, -1)))
    return tf.transpose(tf.reshape(x, (height, width, batch, filters)), (2, 0, 1, 3))


def _into_tiles(size):
    """[6 tiles, size]: from the places of a side, with one of zeros on either end, to all tiles' six."""
    tiles = size // _TILE
    made = np.zeros((6, tiles, size), np.float32)
    for tile in range(tiles):
        for tap in range(6):
            place = _TILE * tile + tap - 1
            if 0 <= place < size:
                made[:, tile, place] = _INTO[:, tap]
    return made.reshape(6 * tiles, size)


def _out_of_tiles(size):
    """[size, 6 tiles]: from all tiles' six to the places of a side."""
    tiles = size // _TILE
    made = np.zeros((tiles, _TILE, 6, tiles), np.float32)
    for tile in range(tiles):
        made[tile, :, :, tile] = _OUT_OF
    return made.reshape(size, 6 * tiles)
