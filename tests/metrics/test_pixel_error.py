import numpy as np
import pytest

from kgan.errors import InputError
from kgan.metrics.pixel_error import pixel_mse


def test_the_mean_square_in_units_of_minus_one_to_one():
    one = np.zeros((2, 1, 3, 1), np.uint8)
    other = np.array([[[[255], [0], [51]]], [[[0], [102], [0]]]], np.uint8)  # differences 2, 0, 0.4 and 0, 0.8, 0
    assert pixel_mse(one, other) == pytest.approx((4.0 + 0.16 + 0.64) / 6)
    assert pixel_mse(other, one) == pixel_mse(one, other) and pixel_mse(other, other) == 0.0
    assert pixel_mse(np.zeros((1, 2, 2, 3), np.uint8), np.full((1, 2, 2, 3), 255, np.uint8)) == pytest.approx(4.0)


@pytest.mark.parametrize("shapes, dtype, words", [
    (((2, 4, 4, 1), (3, 4, 4, 1)), np.uint8, r"\(3, 4, 4, 1\)"), (((0, 4, 4, 1),) * 2, np.uint8, r"\(0, 4, 4, 1\)"),
    (((4, 4, 1),) * 2, np.uint8, r"\(4, 4, 1\)"), (((2, 4, 4, 1),) * 2, np.float32, "float32")])
def test_what_cannot_be_compared(shapes, dtype, words):
    with pytest.raises(InputError, match=words):
        pixel_mse(*(np.zeros(shape, dtype) for shape in shapes))
