import numpy as np
import pytest
import scipy.ndimage

from kgan.errors import InputError
from kgan.metrics.sharpness import variance_of_laplacian


def test_two_by_three_by_hand():
    x = np.array([[10, 20, 60], [0, 50, 30]], np.uint8)
    # reflect 101: above row 0 lies row 1, left of column 0 lies column 1
    laplacian = np.array(
        [
            [0 + 0 + 20 + 20 - 40, 50 + 50 + 10 + 60 - 80, 30 + 30 + 20 + 20 - 240],
            [10 + 10 + 50 + 50 - 0, 20 + 20 + 0 + 30 - 200, 60 + 60 + 50 + 50 - 120],
        ]
    )
    assert laplacian.tolist() == [[0, 90, -140], [120, -130, 100]]
    mean = 40 / 6
    expected = sum((v - mean) ** 2 for v in laplacian.ravel()) / 6
    measured = variance_of_laplacian(x[None, :, :, None])
    assert measured.dtype == np.float64 and measured.shape == (1,)
    assert measured[0] == pytest.approx(expected, rel=1e-12)


def test_colour_against_scipy():
    x = np.random.default_rng(0).integers(0, 256, (3, 9, 7, 3), np.uint8)
    kernel = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    expected = []
    for red, green, blue in np.moveaxis(x.astype(float), -1, 1):
        grey = 0.299 * red + 0.587 * green + 0.114 * blue
        expected.append(np.var(scipy.ndimage.convolve(grey, kernel, mode="mirror")))
    np.testing.assert_allclose(variance_of_laplacian(x), expected, rtol=1e-10)


def test_flat_is_zero_and_chunks_agree():
    assert variance_of_laplacian(np.full((1, 4, 4, 3), 77, np.uint8))[0] == pytest.approx(0.0, abs=1e-18)
    x = np.random.default_rng(1).integers(0, 256, (260, 4, 4, 1), np.uint8)
    np.testing.assert_array_equal(variance_of_laplacian(x)[250:], variance_of_laplacian(x[250:]))


def test_wrong_input():
    for bad in (np.zeros((4, 4, 1), np.uint8), np.zeros((2, 1, 4, 1), np.uint8), [1, 2]):
        with pytest.raises(InputError, match="needs images"):
            variance_of_laplacian(bad)
    with pytest.raises(InputError, match="float32"):
        variance_of_laplacian(np.zeros((1, 4, 4, 1), np.float32))
