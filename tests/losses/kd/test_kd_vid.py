"""VID's loss and both its gradients against numpy."""

import numpy as np
import pytest
import tensorflow as tf
from kd_checks import agrees, differences, draw, value_and_slope

from kgan.errors import InputError
from kgan.losses.kd.vid import starting_alpha, vid_loss

ALPHA = np.array([-2.0, 0.5, 4.0])


def by_numpy(mean, teacher, alpha):
    variance = np.log(1 + np.exp(alpha)) + 1e-5
    total = 0.0
    for channel in range(len(alpha)):
        squares = (mean[..., channel] - teacher[..., channel]) ** 2
        total += np.sum(0.5 * (squares / variance[channel] + np.log(variance[channel])))
    return total / mean.size


def test_one_place_by_hand():
    # alpha with ln(1 + e^alpha) = 2 - 1e-5 makes v = 2.
    mean, teacher = np.array([3.0]).reshape(1, 1, 1, 1), np.array([1.0]).reshape(1, 1, 1, 1)
    value, slope = value_and_slope(vid_loss, mean, teacher, np.log(np.expm1([2 - 1e-5])))
    assert value == pytest.approx(0.5 * (4 / 2 + np.log(2)), rel=1e-5)
    assert slope.item() == pytest.approx(1.0, rel=1e-5)


def test_value_and_gradient():
    agrees(vid_loss, by_numpy, draw(5, 4, 2, 3), draw(5, 4, 2, 3, seed=1), ALPHA)


def test_the_gradient_of_alpha():
    mean, teacher = draw(5, 2, 4, 3), draw(5, 2, 4, 3, seed=1)
    alpha = tf.Variable(ALPHA, dtype=tf.float32)
    with tf.GradientTape() as tape:
        value = vid_loss(mean, teacher, alpha)
    expected = differences(lambda point: by_numpy(mean, teacher, point), ALPHA)
    np.testing.assert_allclose(tape.gradient(value, alpha), expected, rtol=1e-5)


def test_equal_features_leave_the_variances_logarithm():
    value, slope = value_and_slope(vid_loss, draw(5, 2, 2, 3), draw(5, 2, 2, 3), ALPHA)
    assert value == pytest.approx(0.5 * np.mean(np.log(np.log1p(np.exp(ALPHA)) + 1e-5)), rel=1e-5)
    assert not slope.any()


def test_a_vanishing_variance_stays_above_its_least():
    value, slope = value_and_slope(vid_loss, np.full((1, 1, 1, 1), 2.0), np.full((1, 1, 1, 1), 1.0), np.array([-200.0]))
    assert value == pytest.approx(0.5 * (1e5 + np.log(1e-5)), rel=1e-5)
    assert slope.item() == pytest.approx(1e5, rel=1e-5)


def test_the_first_alpha_gives_the_variance_asked_for():
    assert np.log1p(np.exp(starting_alpha())) + 1e-5 == pytest.approx(5.0, rel=1e-12)
    assert np.log1p(np.exp(starting_alpha(0.3))) + 1e-5 == pytest.approx(0.3, rel=1e-12)


def test_unlike_shapes_are_refused():
    with pytest.raises(InputError, match=r"VID.*\(4, 4, 3\).*\(2, 2, 3\)"):
        vid_loss(draw(5, 4, 4, 3), draw(5, 2, 2, 3), ALPHA)
