"""Clipped weights and spectral norm: what a step of the methods with a discriminator does to them, what is refused."""

import itertools

import keras
import labelled
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.losses import gan as losses
from kgan.methods.cgan import ConditionalGAN
from kgan.methods.gan import GAN, Objective
from kgan.methods.gan_settings import gan_settings
from kgan.methods.okd import OKD, ring
from kgan.networks.layers import SpectralConv2D
from kgan.training.noise import StepNoise

BOUND = 0.25
CLIPPED = Objective(losses.wasserstein_discriminator_loss, losses.wasserstein_generator_loss, clip=BOUND)


def sgd():
    return keras.optimizers.SGD(0.1)


def images(num=4):
    return next(iter(tiny.data().batches(num, seed=0)))


def largest(network):
    return max(np.abs(value).max() for value in tiny.values(network.trainable_variables))


def spectral_discriminator():
    inputs = keras.Input(tiny.SHAPE)
    x = keras.layers.LeakyReLU(0.2)(SpectralConv2D(3, 4, 2, "same", name="conv")(inputs))
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(x)))


def conditional_discriminator():
    inputs = {"images": keras.Input(tiny.SHAPE, name="images"), "labels": keras.Input((), name="labels", dtype="int32")}
    one_hot = keras.layers.CategoryEncoding(labelled.CLASSES, "one_hot")(inputs["labels"])
    x = keras.layers.Concatenate()([keras.layers.Flatten()(inputs["images"]), one_hot])
    return keras.Model(inputs, keras.layers.Dense(1)(x))


def test_each_update_of_the_discriminator_is_followed_by_clipping():
    """Two critic steps written out: the second starts from clipped weights, and so does the generator's update."""
    method, reference = (tiny.gan(optimizer=sgd, objective=CLIPPED, critic_steps=2, ema_decay=0.0) for _ in range(2))
    first, second = images(8)[:4], images(8)[4:]
    method.train_step(tf.stack([first, second], axis=1))
    noise, generator, judge = StepNoise(0, 0), reference.generator, reference.discriminator
    judging, makers = judge.trainable_variables, generator.trainable_variables
    for real in (first, second):
        latents = noise.normal((4, tiny.LATENT_DIM))
        fake = generator(latents, training=True)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(judge(fake)) - tf.reduce_mean(judge(real))
        moved = tiny.descended(tape, loss, judging, 0.1)
        tiny.assign(judging, [np.minimum(np.maximum(value, -BOUND), BOUND) for value in moved])
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(judge(generator(latents, training=True)))
    tiny.assign(makers, tiny.descended(tape, loss, makers, 0.1))
    for a, b in zip(method.discriminator.trainable_variables + method.generator.trainable_variables, judging + makers,
                    strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    sizes = np.concatenate([np.abs(value).ravel() for value in tiny.values(method.discriminator.trainable_variables)])
    assert sizes.max() == BOUND and 0.1 < np.mean(sizes < BOUND) < 1.0
    assert largest(method.generator) > BOUND


def test_okd_clips_discriminators_and_connectors_and_no_generator(untraced):
    method = OKD({name: tiny.generator() for name in "ab"}, {name: tiny.discriminator() for name in "ab"},
                 {edge: tiny.discriminator() for edge in ring(2)}, "wgan_clip", ema_decay=0.0)
    method.compile(sgd, sgd, sgd)
    method.train_step(images())
    for name, network in method.networks.items():
        assert (largest(network) == np.float32(0.01)) == (not name.startswith("generator")), name


def test_a_conditional_gan_clips_its_discriminator(untraced):
    method = ConditionalGAN(labelled.class_generator(), conditional_discriminator(), labelled.CLASSES, "wgan_clip",
                            critic_steps=1, ema_decay=0.0)
    method.compile(sgd(), sgd())
    method.train_step(labelled.class_batch(4))
    assert largest(method.discriminator) == np.float32(0.01) < largest(method.generator)


@pytest.mark.parametrize("objective", ["hinge", "wgan_gp"])
def test_with_spectral_norm_its_estimate_follows_every_update_of_the_discriminator(objective, untraced):
    keras.utils.set_random_seed(0)
    method = GAN(tiny.generator(), spectral_discriminator(), objective, critic_steps=3, ema_decay=0.0)
    method.compile(sgd(), sgd())
    layer = method.discriminator.get_layer("conv")
    iterate, kernels = layer.power_iteration, [np.array(layer.kernel)]

    def power_iteration():
        kernels.append(np.array(layer.kernel))
        iterate()

    layer.power_iteration = power_iteration
    logs = method.train_step(images())
    assert len(kernels) == 4
    assert all(not np.array_equal(before, after) for before, after in itertools.pairwise(kernels))
    assert all(np.isfinite(float(value)) for value in logs.values())


@pytest.mark.parametrize("make, words", [
    (lambda: GAN(tiny.generator(), spectral_discriminator(), "wgan_clip"), "exclude each other"),
    (lambda: OKD({"a": tiny.generator()}, {"a": spectral_discriminator()}, objective="wgan_clip"),
     "exclude each other"),
    (lambda: ConditionalGAN(labelled.class_generator(), labelled.class_discriminator(), 3, "wgan_clip"),
     "exclude each other"),
    (lambda: gan_settings("wgan_clip", spectral_norm=True), "exclude each other"),
    (lambda: Objective(None, None, 10.0, 0.01), "penalty_weight=10.0 and clip=0.01"),
    (lambda: Objective(None, None, clip=-0.01), "clip must be a finite number of at least 0; received -0.01"),
    (lambda: Objective(None, None, penalty_weight=float("nan")), "received nan"),
])
def test_what_makes_no_sense_together_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
