"""Factor transfer's two losses against numpy."""

import numpy as np
import pytest
from kd_checks import agrees, attention, averaged, draw, value_and_slope

from kgan.errors import InputError
from kgan.losses.kd.factor import factor_loss, paraphraser_loss


def by_numpy(student, teacher):
    size = np.minimum(student.shape[1:3], teacher.shape[1:3])
    return np.mean(np.abs(attention(averaged(student, size)) - attention(averaged(teacher, size))))


def test_two_places_by_hand():
    student = np.array([1.0, -7.0, 2.0, 2.0]).reshape(1, 1, 2, 2)  # Q = 25, 4
    teacher = np.array([3.0, -4.0]).reshape(1, 1, 2, 1)  # Q = 9, 16
    first, second = 25 / np.sqrt(641.0) - 9 / np.sqrt(337.0), 16 / np.sqrt(337.0) - 4 / np.sqrt(641.0)
    value, _ = value_and_slope(factor_loss, student, teacher)
    assert value == pytest.approx((first + second) / 2, rel=1e-5)


@pytest.mark.parametrize("student, teacher", [
    ((4, 4, 3), (4, 4, 2)), ((4, 4, 3), (2, 2, 5)), ((2, 2, 3), (4, 4, 2)), ((3, 5, 2), (2, 2, 3)),
])
def test_value_and_gradient(student, teacher):
    agrees(factor_loss, by_numpy, draw(5, *student), draw(5, *teacher, seed=1))


def test_equal_factors_cost_nothing():
    value, slope = value_and_slope(factor_loss, draw(5, 2, 2, 3), draw(5, 2, 2, 3))
    assert value == 0.0 and not slope.any()


def test_factors_of_zero_have_a_finite_gradient():
    student, teacher = draw(5, 2, 2, 3), draw(5, 2, 2, 3, seed=1)
    student[3] = 0.0
    value, slope = value_and_slope(factor_loss, student, teacher)
    assert value == pytest.approx(by_numpy(student, teacher), rel=1e-5)
    assert np.isfinite(slope).all() and not slope[3].any() and slope[0].any()


def test_the_paraphraser_gives_features_back():
    agrees(paraphraser_loss, lambda f, g: np.mean((f - g) ** 2), draw(5, 2, 4, 3), draw(5, 2, 4, 3, seed=1))
    with pytest.raises(InputError, match=r"\(2, 4, 3\).*\(4, 2, 3\)"):
        paraphraser_loss(draw(5, 2, 4, 3), draw(5, 4, 2, 3))
