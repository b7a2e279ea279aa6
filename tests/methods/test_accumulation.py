"""Gradients that Keras's optimisers gather over several batches: weights, average, learning rates, checkpoints."""

import random

import keras
import labelled
import numpy as np
import tensorflow as tf
import tiny

from kgan.losses import gan as losses
from kgan.methods.cgan import ConditionalGAN
from kgan.training.checkpoint import restore_checkpoint, save_checkpoint
from kgan.training.noise import StepNoise

RATES = [0.1, 0.02]  # of the generator, up to step 2 and behind it


def networks():
    return {"generator": labelled.class_generator(), "discriminator": labelled.class_discriminator()}


def cgan():
    """Two batches an update; the average is a copy before its second update."""
    keras.utils.set_random_seed(0)
    method = ConditionalGAN(*networks().values(), labelled.CLASSES, critic_steps=1, ema_decay=0.75, ema_start=2)
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([2], RATES)
    method.compile(*(keras.optimizers.SGD(rate, gradient_accumulation_steps=2) for rate in (schedule, 0.1)))
    return method


def gradients(tape, loss, variables):
    found = tape.gradient(loss, [variable.value for variable in variables])
    return [tf.convert_to_tensor(gradient) for gradient in found]


def descend(variables, gathered, rate):
    """Plain descent along the mean of two batches' gradients."""
    for variable, first, second in zip(variables, *gathered, strict=True):
        variable.assign(variable - rate * (first + second) / 2)


def written_out(method, images, labels, step, gathered, rate):
    """A step: `gathered` takes (the generator's, the discriminator's) gradients; every second batch both move."""
    noise, generator, judge = StepNoise(0, step), method.generator, method.discriminator
    spectral = [layer for layer in judge.layers if hasattr(layer, "power_iteration")]
    for place in (1, 0):
        classes = tf.cast(noise.uniform((6,)) * labelled.CLASSES, tf.int32)
        latents = noise.normal((6, tiny.LATENT_DIM))
        variables = (generator, judge)[place].trainable_variables
        with tf.GradientTape() as tape:
            fake = generator({"latents": latents, "labels": classes}, training=True)
            score = judge({"images": fake, "labels": classes})
            loss = -tf.reduce_mean(score) if place == 0 else losses.hinge_discriminator_loss(
                judge({"images": images, "labels": labels}), score)
        gathered[place].append(gradients(tape, loss, variables))
        if step % 2:
            descend(variables, gathered[place], (rate, 0.1)[place])
            gathered[place].clear()
        for layer in spectral:
            layer.power_iteration()


def test_two_batches_make_one_update_by_their_mean_gradient():
    method, reference = cgan(), cgan()
    generator, gathered = reference.generator, ([], [])
    followed = tiny.values(generator.weights)
    for step in range(4):
        images, labels = labelled.class_batch(6, seed=step)
        before = [tiny.values(network.trainable_variables) for network in method.networks.values()]
        statistics = tiny.values(method.generator.non_trainable_variables)
        method.train_step((images, labels))
        written_out(reference, images, labels, step, gathered, RATES[step // 2])
        for old, network in zip(before, method.networks.values(), strict=True):
            assert tiny.moved(old, tiny.values(network.trainable_variables)) == (step % 2 == 1)
        assert tiny.moved(statistics, tiny.values(method.generator.non_trainable_variables))  # with every batch
        for network, written in zip(method.networks.values(), reference.networks.values(), strict=True):
            for a, b in zip(network.weights, written.weights, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
        if step % 2:
            share = (1.0, 0.25)[step // 2]
            followed = [old + share * (np.array(new) - old)
                        for old, new in zip(followed, generator.weights, strict=True)]
        for a, b in zip(method.averages["generator"].model.weights, followed, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_checkpoints_and_restarts_know_what_is_gathered(tmp_path):
    method = cgan()

    def fit(steps):
        method.fit(labelled.endless(labelled.class_batch(6)), steps_per_epoch=steps, verbose=0, shuffle=False)
        return tiny.values([*method.generator.weights, *method.discriminator.weights,
                            *method.averages["generator"].model.weights])

    third = fit(3)
    save_checkpoint(tmp_path, method)
    random.seed(0)
    method.restart(networks(), seed=0)
    whole = fit(4)
    assert tiny.moved(third, whole)
    assert restore_checkpoint(tmp_path, method) == 3
    again = fit(1)
    assert not tiny.moved(whole, again)
