"""SimKD's loss against its mean by hand and numpy."""

import numpy as np
import pytest
from kd_checks import agrees, draw, value_and_slope

from kgan.errors import InputError
from kgan.losses.kd.simkd import simkd_loss


def test_by_hand():
    value, slope = value_and_slope(simkd_loss, np.array([[1.0, 2.0], [0.0, 5.0]]), np.array([[0.0, 4.0], [3.0, 5.0]]))
    assert value == pytest.approx((1 + 4 + 9) / 4, rel=1e-6)
    np.testing.assert_allclose(slope, [[0.5, -1.0], [-1.5, 0.0]], rtol=1e-6)


def test_value_and_gradient():
    agrees(simkd_loss, lambda student, teacher: np.mean((student - teacher) ** 2), draw(5, 2, 3, 4),
           draw(5, 2, 3, 4, seed=1))


def test_maps_that_would_be_stretched_are_refused():
    with pytest.raises(InputError, match=r"SimKD.*\(4, 4, 3\).*\(1, 1, 3\)"):
        simkd_loss(np.zeros((2, 4, 4, 3), "float32"), np.zeros((2, 1, 1, 3), "float32"))
