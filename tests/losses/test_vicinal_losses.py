"""Soft and hard vicinal losses against values computed by hand."""

import numpy as np
import pytest

from kgan.losses import vicinal

LABELS = np.array([0.5, 0.2, 0.9], "float32")
TARGETS = np.array([0.5, 0.3, 0.7], "float32")
REAL = np.array([[0.25], [3.0], [-1.0]], "float32")  # hinges 0.75, 0, 2
FAKE = np.array([[-2.0], [0.5], [-0.5]], "float32")  # hinges 0, 1.5, 0.5


def test_soft_weights_fall_with_the_squared_distance():
    # distances 0, 0.1, 0.2 at nu = 50: exponents 0, -0.5, -2
    found = vicinal.soft_vicinity_weights(LABELS, TARGETS, 50.0)
    np.testing.assert_allclose(found, [1.0, 0.6065306597, 0.1353352832], rtol=1e-5)


@pytest.mark.parametrize("kappa, expected", [(0.15, [1, 1, 0]), (0.1, [1, 1, 0]), (0.09, [1, 0, 0]), (0.2, [1, 1, 1])])
def test_hard_weights_are_one_up_to_the_border(kappa, expected):
    np.testing.assert_array_equal(vicinal.hard_vicinity_weights(LABELS, TARGETS, kappa), expected)


@pytest.mark.parametrize("shape", [(3, 1), (3,)])
def test_the_weights_multiply_each_hinge_and_are_not_normalised(shape):
    real, fake = np.array([1.0, 0.5, 0.1], "float32"), np.array([0.2, 0.4, 0.6], "float32")
    expected = (0.75 * 1.0 + 2.0 * 0.1) / 3 + (1.5 * 0.4 + 0.5 * 0.6) / 3
    found = vicinal.vicinal_discriminator_loss(REAL.reshape(shape), FAKE.reshape(shape), real, fake)
    assert float(found) == pytest.approx(expected, rel=1e-6)
    doubled = vicinal.vicinal_discriminator_loss(REAL.reshape(shape), FAKE.reshape(shape), 2 * real, 2 * fake)
    assert float(doubled) == pytest.approx(2 * expected, rel=1e-6)


def test_the_generators_loss_is_the_negative_mean_score():
    assert float(vicinal.vicinal_generator_loss(FAKE)) == pytest.approx(2.0 / 3, rel=1e-6)
