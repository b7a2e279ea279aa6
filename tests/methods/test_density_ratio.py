"""The density-ratio network's step: what moves, the written-out update, what it learns, what is refused."""

import random

import keras
import labelled
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.losses.density_ratio import conditional_softplus_loss
from kgan.methods.density_ratio import DensityRatio
from kgan.training.noise import StepNoise


def parts(dropout=True):
    keras.utils.set_random_seed(0)
    ratio = labelled.ratio_network()
    if not dropout:
        next(layer for layer in ratio.layers if isinstance(layer, keras.layers.Dropout)).rate = 0.0
    return ratio, labelled.value_generator(), labelled.feature_network()


def density(optimizer=None, dropout=True, **settings):
    method = DensityRatio(*parts(dropout), **settings)
    method.compile(optimizer or keras.optimizers.SGD(0.1))
    return method


@pytest.mark.parametrize("augment", [None, "flip"])
def test_steps_move_the_ratio_network_alone(augment, untraced):
    method = density(keras.optimizers.Adam(1e-2, 0.5), augment=augment)
    frozen = [method.generator.variables, method.features.variables]
    before, own = [tiny.values(part) for part in frozen], tiny.values(method.ratio_network.weights)
    logs = method.fit(labelled.endless(labelled.value_batch()), steps_per_epoch=2, verbose=0, shuffle=False).history
    assert set(logs) == {"loss", "mean_fake_ratio"} and all(np.isfinite(value[0]) for value in logs.values())
    for old, part in zip(before, frozen, strict=True):
        assert not tiny.moved(old, tiny.values(part))
    assert tiny.all_moved(own, tiny.values(method.ratio_network.weights))
    assert set(method.state_groups()) == {"step", "network/ratio", "optimizer/ratio", "loss/loss",
                                          "loss/mean_fake_ratio"}


def test_one_step_is_the_written_out_update():
    """The fakes are of the real images' labels; the decay of 0.3 is in the gradient."""
    method, reference = (density(dropout=False, penalty=2.0, l2=0.3, seed=4) for _ in range(2))
    images, labels = labelled.value_batch(5)
    logs = method.train_step((images, labels))
    latents = StepNoise(4, 0).normal((5, tiny.LATENT_DIM))
    fakes = reference.generator({"latents": latents, "labels": labels}, training=False)
    network, features = reference.ratio_network, reference.features
    variables = network.trainable_variables
    with tf.GradientTape() as tape:
        real, fake = (network({"features": features(x, training=False)["features"], "labels": labels})
                      for x in (images, fakes))
        loss = conditional_softplus_loss(real, fake, 2.0)
        whole = loss + 0.15 * tf.add_n([tf.reduce_sum(tf.square(variable.value)) for variable in variables])
    tiny.assign(variables, tiny.descended(tape, whole, variables, 0.1))
    assert float(logs["loss"]) == pytest.approx(float(loss), rel=1e-5)
    assert float(logs["mean_fake_ratio"]) == pytest.approx(float(np.mean(fake)), rel=1e-5)
    for a, b in zip(method.ratio_network.weights, network.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_it_tells_real_from_fake_and_is_determined_by_its_seed():
    batch, ends = labelled.value_batch(16), []
    method = density(keras.optimizers.Adam(2e-2, 0.5))
    for seed in (1, 1, 2):
        random.seed(0)
        method.restart({"ratio": labelled.ratio_network()}, seed)
        method.fit(labelled.endless(batch), steps_per_epoch=60, verbose=0, shuffle=False)
        ends.append(tiny.values(method.ratio_network.weights))
    assert not tiny.moved(ends[0], ends[1]) and tiny.moved(ends[0], ends[2])
    images, labels = batch
    fakes = method.generator({"latents": StepNoise(9, 9).normal((16, tiny.LATENT_DIM)), "labels": labels})
    real, fake = (np.mean(method({"features": method.features(x)["features"], "labels": labels}))
                  for x in (images, fakes))
    assert real > 2 * fake


def build(ratio=None, generator=None, features=None, **settings):
    own = parts()
    return DensityRatio(ratio or own[0], generator or own[1], features or own[2], **settings)


@pytest.mark.parametrize("make, words", [
    (lambda: build(generator=tiny.generator()), "'latents', 'labels'"),
    (lambda: build(features=labelled.feature_network((16, 16, 1))), "(16, 16, 1)"),
    (lambda: build(features=labelled.classifier()), "'features'"),
    (lambda: build(ratio=labelled.value_discriminator()), "'features', 'labels'"),
    (lambda: build(penalty=-1.0), "penalty must be"),
    (lambda: build(l2=float("inf")), "l2 must be"),
    (lambda: build(augment="turn"), "'turn'"),
])
def test_what_does_not_fit_is_refused_at_construction(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
