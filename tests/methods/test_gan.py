"""The GAN's step: which variables move, by how much, on which images."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.losses import gan as losses
from kgan.methods.gan import GAN, OBJECTIVES
from kgan.training.noise import StepNoise


def sgd():
    return keras.optimizers.SGD(0.1)


def images(num=4):
    return next(iter(tiny.data().batches(num, seed=0)))


@pytest.mark.parametrize("objective", list(OBJECTIVES))
@pytest.mark.parametrize("critic_steps", [1, 2])
def test_two_steps_move_every_weight_of_both_networks_and_the_average(objective, critic_steps, request):
    if critic_steps == 1 or objective == "non_saturating":  # the tests of the loop compile that one
        request.getfixturevalue("untraced")
    method = tiny.gan(objective=objective, critic_steps=critic_steps)
    judge = method.discriminator.weights
    if objective != "non_saturating":
        judge = judge[:-1]  # the last bias shifts real and fake scores alike, and has no gradient
    parts = [method.generator.weights, judge, method.averages["generator"].model.weights]
    before = [tiny.values(part) for part in parts]
    logs = method.fit(tiny.data().batches(4, seed=0), steps_per_epoch=2, verbose=0, shuffle=False).history
    for old, part in zip(before, parts, strict=True):
        assert tiny.all_moved(old, tiny.values(part))
    assert all(np.isfinite(value[0]) for value in logs.values())
    assert method.steps_done == 2


def test_one_step_is_the_written_out_update():
    """Discriminator first on images shared with the generator, then the generator against the new one."""
    method, reference = tiny.gan(optimizer=sgd, ema_decay=0.0), tiny.gan(optimizer=sgd, ema_decay=0.0)
    real = images()
    method.train_step(real)
    latents = StepNoise(0, 0).normal((4, tiny.LATENT_DIM))
    generator, discriminator = reference.generator, reference.discriminator
    with tf.GradientTape() as tape:
        fake = generator(latents, training=True)
        loss = losses.non_saturating_discriminator_loss(discriminator(real), discriminator(tf.stop_gradient(fake)))
    judge, makers = discriminator.trainable_variables, generator.trainable_variables
    tiny.assign(judge, tiny.descended(tape, loss, judge, 0.1))
    with tf.GradientTape() as tape:
        loss = losses.non_saturating_generator_loss(discriminator(generator(latents, training=True)))
    tiny.assign(makers, tiny.descended(tape, loss, makers, 0.1))
    for a, b in zip(method.discriminator.trainable_variables + method.generator.trainable_variables,
                    judge + makers, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_each_critic_step_sees_its_own_images():
    first, second = images(8)[:4], images(8)[4:]
    grouped = tf.stack([first, second], axis=1)
    ends = []
    for batch in (grouped, tf.stack([second, second], axis=1), second):
        method = tiny.gan(optimizer=sgd, critic_steps=2)
        method.train_step(batch)
        ends.append(tiny.values(method.discriminator.weights))
    assert tiny.moved(ends[0], ends[1])
    assert not tiny.moved(ends[1], ends[2])  # a plain batch serves every critic step


def test_a_training_is_determined_by_its_seed(untraced):
    ends = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(0)
        method = GAN(tiny.generator(), tiny.discriminator(), seed=seed)
        method.compile(sgd(), sgd())
        method.fit(tiny.data().batches(4, seed=0), steps_per_epoch=2, verbose=0, shuffle=False)
        ends.append(tiny.values(method.generator.weights))
    assert not tiny.moved(ends[0], ends[1])
    assert tiny.moved(ends[0], ends[2])


def test_calling_it_samples_the_average(untraced):
    method = tiny.gan()
    method.fit(tiny.data().batches(4, seed=0), steps_per_epoch=3, verbose=0, shuffle=False)
    latents = StepNoise(9, 9).normal((2, tiny.LATENT_DIM))
    average = method.averages["generator"].model
    np.testing.assert_array_equal(method(latents), average(latents, training=False))
    assert tiny.moved([np.array(method(latents))], [np.array(method.generator(latents, training=False))])


@pytest.mark.parametrize("make, words", [
    (lambda: GAN(tiny.generator(), tiny.discriminator(), objective="hinge_"), "'hinge_'"),
    (lambda: GAN(tiny.generator(), tiny.discriminator(), critic_steps=0), "received 0"),
    (lambda: GAN(tiny.generator(), tiny.discriminator(shape=(16, 16, 1))), "(16, 16, 1)"),
    (lambda: GAN(tiny.generator(), tiny.discriminator(batch_norm=True), objective="wgan_gp"), "batch norm"),
    (lambda: GAN(tiny.generator(), tiny.discriminator(), ema_decay=1.5), "1.5"),
])
def test_what_does_not_fit_is_refused_at_construction(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)


def test_groups_that_do_not_match_the_critic_steps_are_refused():
    with pytest.raises(InputError, match="3 groups"):
        tiny.gan(critic_steps=2).train_step(tf.zeros((4, 3, *tiny.SHAPE)))
