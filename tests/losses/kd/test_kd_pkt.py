"""PKT's loss against sums over pairs of samples."""

import numpy as np
import pytest
from kd_checks import agrees, draw, value_and_slope

from kgan.losses.kd.pkt import pkt_loss


def probabilities(rows):
    rows = [row.ravel() / (np.sqrt(np.sum(row**2)) + 1e-7) for row in rows]
    kernel = np.array([[(np.sum(one * other) + 1) / 2 for other in rows] for one in rows])
    return kernel / kernel.sum(1)[:, None]


def by_numpy(student, teacher):
    found, wanted = probabilities(student), probabilities(teacher)
    return np.mean(wanted * np.log((wanted + 1e-7) / (found + 1e-7)))


def test_two_samples_by_hand():
    # Cosines 0 and 0.6: kernels (1, .5) and (1, .8), over their sums.
    student, teacher = np.array([[2.0, 0.0], [0.0, 5.0]]), np.array([[1.0, 0.0, 0.0], [6.0, 0.0, 8.0]])
    expected = (1 / 1.8 * np.log(1.5 / 1.8) + 0.8 / 1.8 * np.log(0.8 / 1.8 * 3)) / 2
    value, _ = value_and_slope(pkt_loss, student, teacher)
    assert value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("student, teacher", [((4,), (7,)), ((3,), (3,)), ((2, 2, 3), (6,))])
def test_value_and_gradient(student, teacher):
    agrees(pkt_loss, by_numpy, draw(5, *student), draw(5, *teacher, seed=1))


def test_equal_features_cost_nothing_whatever_their_scale():
    value, slope = value_and_slope(pkt_loss, draw(5, 6), 3.0 * draw(5, 6))
    assert abs(value) < 1e-6 and np.abs(slope).max() < 1e-6


def test_a_row_of_zeros_is_as_near_to_all():
    student, teacher = draw(5, 4), draw(5, 6, seed=1)
    student[2] = 0.0
    value, slope = value_and_slope(pkt_loss, student, teacher)
    assert value == pytest.approx(by_numpy(student, teacher), rel=1e-5)
    assert np.isfinite(slope).all() and slope[0].any()
    teacher[4] = 0.0
    assert value_and_slope(pkt_loss, student, teacher)[0] == pytest.approx(by_numpy(student, teacher), rel=1e-5)
