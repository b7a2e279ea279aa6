"""The cross entropies of k generators and one discriminator against values computed by hand."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.losses.collaborative import collaborative_discriminator_loss, collaborative_generator_loss

# Probabilities in eighths of "made by 0", "made by 1" and "real" for two images.
LOGITS = np.log(np.array([[1.0, 2.0, 5.0], [4.0, 3.0, 1.0]], "float32"))


@pytest.mark.parametrize("target, chosen", [(0, (1, 4)), (1, (2, 3)), (2, (5, 1))])
def test_the_discriminators_loss_is_the_mean_negative_log_probability_of_the_target(target, chosen):
    expected = -np.mean(np.log(np.array(chosen) / 8))
    assert float(collaborative_discriminator_loss(LOGITS, target)) == pytest.approx(expected, rel=1e-5)
    assert float(collaborative_discriminator_loss(LOGITS, tf.constant(target))) == pytest.approx(expected, rel=1e-5)
    assert float(collaborative_discriminator_loss(LOGITS + 500.0, target)) == pytest.approx(expected, rel=1e-3)


def test_the_generators_loss_is_that_of_the_last_class():
    assert float(collaborative_generator_loss(LOGITS)) == pytest.approx(-np.log(5 / 64) / 2, rel=1e-5)


def test_losses_stay_finite_for_large_logits():
    large = np.array([[300.0, -300.0, 0.0]], "float32")
    assert float(collaborative_discriminator_loss(large, 0)) == pytest.approx(0.0, abs=1e-6)
    assert float(collaborative_discriminator_loss(large, 1)) == pytest.approx(600.0)
    assert float(collaborative_generator_loss(large)) == pytest.approx(300.0)


def test_the_slope_is_probability_minus_target():
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = collaborative_discriminator_loss(logits, tf.constant(1))
    expected = (np.array([[1.0, 2.0, 5.0], [4.0, 3.0, 1.0]]) / 8 - np.array([0.0, 1.0, 0.0])) / 2
    np.testing.assert_allclose(tape.gradient(loss, logits), expected, rtol=1e-5, atol=1e-7)
