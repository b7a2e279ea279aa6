"""Similarity preservation's loss against sums over pairs of samples."""

import numpy as np
import pytest
from kd_checks import agrees, draw, value_and_slope

from kgan.losses.kd.similarity import similarity_loss


def similarities(features):
    rows = [row.ravel() for row in features]
    products = np.array([[np.sum(one * other) for other in rows] for one in rows])
    return np.array([row / max(np.sqrt(np.sum(row**2)), 1e-12) for row in products])


def by_numpy(student, teacher):
    return np.sum((similarities(student) - similarities(teacher)) ** 2) / len(student) ** 2


def test_two_samples_by_hand():
    # F F' = (4, 0; 0, 9), rows (1, 0) and (0, 1); the teacher's (9, 12; 12, 16), rows (.6, .8) both.
    student, teacher = np.array([[2.0, 0.0], [0.0, 3.0]]), np.array([[3.0], [4.0]])
    value, _ = value_and_slope(similarity_loss, student, teacher)
    assert value == pytest.approx((0.4**2 + 0.8**2 + 0.6**2 + 0.2**2) / 4, rel=1e-5)


@pytest.mark.parametrize("student, teacher", [((4, 4, 3), (2, 2, 5)), ((2, 2, 3), (4, 4, 3)), ((7,), (3, 1, 2))])
def test_value_and_gradient(student, teacher):
    agrees(similarity_loss, by_numpy, draw(5, *student), draw(5, *teacher, seed=1))


def test_equal_features_cost_nothing_whatever_their_scale():
    value, slope = value_and_slope(similarity_loss, draw(5, 2, 2, 3), 2.0 * draw(5, 2, 2, 3))
    assert value < 1e-12 and np.abs(slope).max() < 1e-6


def test_a_sample_of_zeros_has_a_row_of_zeros_and_a_small_gradient():
    student, teacher = draw(5, 2, 2, 3), draw(5, 4, 4, 3, seed=1)
    student[2] = 0.0
    value, slope = value_and_slope(similarity_loss, student, teacher)
    assert value == pytest.approx(by_numpy(student, teacher), rel=1e-5)
    assert np.isfinite(slope).all() and np.abs(slope).max() < 100.0 and slope[0].any()
