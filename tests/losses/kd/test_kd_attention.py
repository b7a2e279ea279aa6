"""Attention transfer's loss against numpy, with maps of equal and of unlike sizes."""

import numpy as np
import pytest
from kd_checks import agrees, attention, averaged, draw, value_and_slope

from kgan.errors import InputError
from kgan.losses.kd.attention import attention_loss


def by_numpy(student, teacher):
    size = np.minimum(student.shape[1:3], teacher.shape[1:3])
    return np.mean((attention(averaged(student, size)) - attention(averaged(teacher, size))) ** 2)


def test_two_places_by_hand():
    # Q: (1 + 49) / 2 = 25 and (4 + 4) / 2 = 4; the teacher's one channel gives 9 and 16.
    student = np.array([1.0, -7.0, 2.0, 2.0]).reshape(1, 1, 2, 2)
    teacher = np.array([3.0, -4.0]).reshape(1, 1, 2, 1)
    one, other = np.array([25.0, 4.0]) / np.sqrt(641.0), np.array([9.0, 16.0]) / np.sqrt(337.0)
    value, _ = value_and_slope(attention_loss, student, teacher)
    assert value == pytest.approx(np.sum((one - other) ** 2) / 2, rel=1e-5)


@pytest.mark.parametrize("student, teacher", [
    ((4, 4, 3), (4, 4, 2)), ((4, 4, 3), (2, 2, 5)), ((2, 2, 3), (4, 4, 2)), ((5, 4, 3), (3, 2, 1)),
    ((2, 3, 2), (5, 3, 4)),
])
def test_value_and_gradient(student, teacher):
    agrees(attention_loss, by_numpy, draw(5, *student), draw(5, *teacher, seed=1))


def test_equal_features_cost_nothing_whatever_their_scale():
    value, slope = value_and_slope(attention_loss, draw(5, 4, 4, 3), 4.0 * draw(5, 4, 4, 3))
    assert value < 1e-12 and np.abs(slope).max() < 1e-7


def test_a_map_of_zeros_costs_the_teachers_share_and_has_no_gradient():
    student, teacher = draw(5, 4, 4, 3), draw(5, 4, 4, 3, seed=1)
    student[1] = 0.0
    value, slope = value_and_slope(attention_loss, student, teacher)
    assert value == pytest.approx(by_numpy(student, teacher), rel=1e-5)
    assert np.isfinite(slope).all() and not slope[1].any() and slope[0].any()


def test_vectors_are_refused():
    with pytest.raises(InputError, match="maps"):
        attention_loss(draw(5, 3), draw(5, 3))
