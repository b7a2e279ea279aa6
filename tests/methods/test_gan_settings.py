"""The settings published with each objective, and the optimisers that they mean."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.methods.gan_settings import gan_settings
from kgan.methods.objective import OBJECTIVES

# learning rate, critic steps, whether batch norm goes with it
TABLE = {"non_saturating": (2e-4, 1, True), "hinge": (2e-4, 5, True), "wgan_gp": (1e-4, 5, False),
         "wgan_clip": (5e-5, 5, True)}


def test_every_objective_has_its_own():
    assert set(TABLE) == set(OBJECTIVES)
    for name, expected in TABLE.items():
        found = gan_settings(name)
        assert (found.learning_rate, found.critic_steps, found.batch_norm) == expected
    assert OBJECTIVES["wgan_clip"].clip == 0.01 and OBJECTIVES["wgan_gp"].penalty_weight == 10.0


def test_what_is_given_stands_in_their_place():
    found = gan_settings("hinge", 3e-3, 2, spectral_norm=True)
    assert (found.learning_rate, found.critic_steps, found.batch_norm) == (3e-3, 2, False)


@pytest.mark.parametrize("name, betas", [("non_saturating", (0.5, 0.999)), ("hinge", (0.0, 0.9)),
                                         ("wgan_gp", (0.0, 0.9))])
def test_adam_and_its_betas(name, betas):
    optimizer = gan_settings(name).optimizer(0.01)
    assert type(optimizer) is keras.optimizers.Adam
    assert (optimizer.beta_1, optimizer.beta_2) == betas
    assert float(optimizer.learning_rate) == pytest.approx(0.01)


def test_rmsprop_moves_by_small_gradients_as_pytorchs_does():
    """v = 0.99 v + 0.01 g^2, w = w - lr g / (sqrt(v) + 1e-8), at gradients as small as those behind clipped weights."""
    optimizer, weight = gan_settings("wgan_clip").optimizer(5e-5), keras.Variable([0.0])
    optimizer.build([weight])
    square = expected = 0.0
    for slope in (1e-4, 3e-4, -2e-5):  # the moves do not cancel out
        optimizer.apply([tf.constant([slope])], [weight])
        square = 0.99 * square + 0.01 * slope**2
        expected -= 5e-5 * slope / (np.sqrt(square) + 1e-8)
        assert float(weight[0]) == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize("arguments, words", [
    (("wgan",), "objective must be one of non_saturating, hinge, wgan_gp, wgan_clip; received 'wgan'"),
    (("hinge", 0.0), "learning_rate must be a finite number above 0; received 0.0"),
])
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(InputError) as caught:
        gan_settings(*arguments)
    assert words in str(caught.value)
