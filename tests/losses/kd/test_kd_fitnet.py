"""FitNet's loss against values computed by hand."""

import numpy as np
import pytest
from kd_checks import agrees, draw, value_and_slope

from kgan.errors import InputError
from kgan.losses.kd.fitnet import hint_loss


def test_the_hint_is_the_mean_square_by_hand():
    student = np.array([[1.0, -2.0, 3.0], [0.0, 4.0, 1.0]]).reshape(2, 1, 1, 3)
    teacher = np.array([[0.0, 0.0, 3.0], [2.0, 4.0, -2.0]]).reshape(2, 1, 1, 3)
    value, slope = value_and_slope(hint_loss, student, teacher)
    assert value == pytest.approx((1 + 4 + 0 + 4 + 0 + 9) / 6, rel=1e-6)
    np.testing.assert_allclose(slope, 2 / 6 * (student - teacher), rtol=1e-6)


def test_value_and_gradient_on_maps():
    agrees(hint_loss, lambda f, g: np.mean((f - g) ** 2), draw(5, 4, 2, 3), draw(5, 4, 2, 3, seed=1))


def test_equal_features_cost_nothing():
    value, slope = value_and_slope(hint_loss, draw(5, 2, 2, 3), draw(5, 2, 2, 3))
    assert value == 0.0 and not slope.any()


def test_unlike_shapes_are_refused():
    with pytest.raises(InputError, match=r"\(4, 4, 3\).*\(4, 4, 1\).*connector"):
        hint_loss(draw(5, 4, 4, 3), draw(5, 4, 4, 1))
