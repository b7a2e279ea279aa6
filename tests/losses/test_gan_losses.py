"""Adversarial losses against values computed by hand, on asymmetric logits."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.losses import gan

REAL = np.array([[2.0], [-1.0], [0.5]], "float32")
FAKE = np.array([[-3.0], [1.5]], "float32")


def log_sigmoid(x):
    return -np.log1p(np.exp(-np.float64(x)))


def test_non_saturating_pair():
    # log D and log(1 - D) written out with the sigmoid, in float64.
    expected = -np.mean(log_sigmoid(REAL)) - np.mean(log_sigmoid(-FAKE))
    assert float(gan.non_saturating_discriminator_loss(REAL, FAKE)) == pytest.approx(expected, rel=1e-6)
    assert float(gan.non_saturating_generator_loss(FAKE)) == pytest.approx(-np.mean(log_sigmoid(FAKE)), rel=1e-6)
    # One logit by hand: -log(sigmoid(ln 3)) = ln(4 / 3).
    one = np.array([[np.log(3.0)]], "float32")
    assert float(gan.non_saturating_generator_loss(one)) == pytest.approx(0.2876820724, rel=1e-6)


def test_saturating_generator_loss():
    one = np.array([[np.log(3.0)]], "float32")  # log(1 - 3/4) = -ln 4
    assert float(gan.saturating_generator_loss(one)) == pytest.approx(-1.3862943611, rel=1e-6)
    assert float(gan.saturating_generator_loss(FAKE)) == pytest.approx(np.mean(log_sigmoid(-FAKE)), rel=1e-6)


def test_losses_stay_finite_for_large_logits():
    large = np.array([[200.0], [-200.0]], "float32")
    assert float(gan.non_saturating_discriminator_loss(large, large)) == pytest.approx(200.0)
    assert float(gan.saturating_generator_loss(large)) == pytest.approx(-100.0)


def test_wasserstein_pair():
    # means: real 0.5, fake -0.75
    assert float(gan.wasserstein_discriminator_loss(REAL, FAKE)) == pytest.approx(-1.25, rel=1e-6)
    assert float(gan.wasserstein_generator_loss(FAKE)) == pytest.approx(0.75, rel=1e-6)


def test_gradient_penalty_of_a_linear_critic_by_hand():
    # f(x) = sum of 2 x over four pixels: the gradient's norm is sqrt(4 * 2^2) = 4 everywhere.
    def critic(images):
        return tf.reduce_sum(2.0 * images, axis=(1, 2, 3))[:, None]

    real, fake = tf.ones((3, 2, 2, 1)), tf.zeros((3, 2, 2, 1))
    mix = tf.reshape([0.1, 0.5, 0.9], (3, 1, 1, 1))
    assert float(gan.gradient_penalty(critic, real, fake, mix)) == pytest.approx(9.0, rel=1e-5)
    assert float(gan.gradient_penalty(critic, real, fake, mix, target=0.0)) == pytest.approx(16.0, rel=1e-5)


def test_gradient_penalty_is_taken_between_real_and_fake():
    # f(x) = x^2 for one pixel: the gradient is 2 x at x = mix * 3 + (1 - mix) * 1, so 5 at mix 0.75 and 3 at 0.25.
    def critic(images):
        return tf.reshape(tf.square(images), (-1, 1))

    real, fake = tf.fill((2, 1, 1, 1), 3.0), tf.fill((2, 1, 1, 1), 1.0)
    mix = tf.reshape([0.75, 0.25], (2, 1, 1, 1))
    assert float(gan.gradient_penalty(critic, real, fake, mix)) == pytest.approx((4.0**2 + 2.0**2) / 2, rel=1e-5)


def test_the_penaltys_gradient_reaches_the_critics_weights():
    # penalty (|w| - 1)^2 for f(x) = w x: its derivative at w = 3 is 2 (3 - 1) = 4.
    critic = keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(3.0))
    critic.build((None, 1))
    images = tf.ones((2, 1, 1, 1))
    with tf.GradientTape() as tape:
        penalty = gan.gradient_penalty(lambda x: critic(tf.reshape(x, (-1, 1))), images, -images,
                                       tf.fill((2, 1, 1, 1), 0.3))
    assert float(tape.gradient(penalty, critic.kernel)[0, 0]) == pytest.approx(4.0, rel=1e-5)


def test_the_penalty_is_differentiable_where_the_gradient_is_zero():
    weight = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        penalty = gan.gradient_penalty(lambda x: tf.reshape(weight * x, (-1, 1)), tf.ones((1, 1, 1, 1)),
                                       tf.zeros((1, 1, 1, 1)), tf.fill((1, 1, 1, 1), 0.5))
    assert np.isfinite(float(tape.gradient(penalty, weight)))


def test_hinge_pair():
    # max(0, 1 - x) over 2, -1, 0.5: 0, 2, 0.5; max(0, 1 + x) over -3, 1.5: 0, 2.5.
    assert float(gan.hinge_discriminator_loss(REAL, FAKE)) == pytest.approx(2.5 / 3 + 1.25, rel=1e-6)
    assert float(gan.hinge_generator_loss(FAKE)) == pytest.approx(0.75, rel=1e-6)
