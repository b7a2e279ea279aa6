"""TAKD's loss of a leg against numpy."""

import numpy as np
import pytest
from by_numpy import softmax
from kd_checks import agrees, draw, value_and_slope

from kgan.losses.kd.takd import takd_loss

LABELS = np.array([0, 3, 1, 1, 2])


def by_numpy(student, teacher, weight=0.5, temperature=10.0):
    hard = -np.mean(np.log(softmax(student)[np.arange(5), LABELS]))
    p, q = softmax(teacher / temperature), softmax(student / temperature)
    return (1 - weight) * hard + weight * temperature**2 * np.mean(np.sum(p * np.log(p / q), axis=1))


def test_value_and_gradient():
    agrees(lambda student, teacher: takd_loss(LABELS, student, teacher), by_numpy, 3 * draw(5, 4),
           3 * draw(5, 4, seed=1))


@pytest.mark.parametrize("weight, temperature", [(0.0, 10.0), (0.25, 2.0), (1.0, 5.0)])
def test_other_weights_and_temperatures(weight, temperature):
    student, teacher = 3 * draw(5, 4), 3 * draw(5, 4, seed=1)
    value, _ = value_and_slope(lambda s, t: takd_loss(LABELS, s, t, weight, temperature), student, teacher)
    assert value == pytest.approx(by_numpy(student, teacher, weight, temperature), rel=1e-5)
