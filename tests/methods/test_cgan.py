"""The class-conditional GAN's step: what moves, the written-out update, groups of batches, what is refused."""

import random

import keras
import labelled
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.losses import gan as losses
from kgan.methods.cgan import ConditionalGAN
from kgan.methods.objective import Objective
from kgan.networks.diff_augment import augmented
from kgan.training.noise import StepNoise


def sgd():
    return keras.optimizers.SGD(0.1)


def cgan(judge=None, **settings):
    keras.utils.set_random_seed(0)
    settings = {"critic_steps": 2, "ema_decay": 0.9, "ema_start": 2} | settings
    method = ConditionalGAN(labelled.class_generator(), judge or labelled.class_discriminator(), labelled.CLASSES,
                            **settings)
    method.compile(sgd(), sgd())
    return method


def restarted(method, seed):
    """The method at its start again, from weights that are always the same."""
    random.seed(0)
    method.restart({"generator": labelled.class_generator(), "discriminator": labelled.class_discriminator()}, seed)
    return method


def fit(method, steps, batch=None):
    batch = labelled.class_batch(6, method.critic_steps) if batch is None else batch
    logs = method.fit(labelled.endless(batch), steps_per_epoch=steps, verbose=0, shuffle=False).history
    return {name: value[0] for name, value in logs.items()}


@pytest.mark.parametrize("augment", [None, "flip"])
def test_a_step_moves_both_networks_and_the_average_copies_until_its_start(augment, request):
    if augment:  # the other one shows that the step compiles
        request.getfixturevalue("untraced")
    method = cgan(augment=augment)
    average = method.averages["generator"].model
    parts = [method.generator.weights, method.discriminator.weights, average.weights]
    before = [tiny.values(part) for part in parts]
    logs = fit(method, 1)
    assert set(logs) == {"generator_loss", "discriminator_loss"} and all(np.isfinite(list(logs.values())))
    for old, part in zip(before, parts, strict=True):
        assert tiny.moved(old, tiny.values(part))
    unmoved = [variable.path for variable, old in zip(parts[0] + parts[1], before[0] + before[1], strict=True)
               if np.array_equal(old, variable)]
    assert len(unmoved) == 1 and "bias" in unmoved[0]  # the last: it shifts real and fake scores alike
    assert not tiny.moved(tiny.values(parts[0]), tiny.values(parts[2]))
    fit(method, 1)
    assert tiny.all_moved(tiny.values(parts[0]), tiny.values(parts[2]))
    inputs = {"latents": tf.ones((2, tiny.LATENT_DIM)), "labels": tf.constant([0, 2])}
    np.testing.assert_array_equal(method(inputs), average(inputs, training=False))


def test_one_step_is_the_written_out_update():
    """Two updates of the discriminator, each with latents and uniform classes of its own, then the generator's."""
    method, reference = cgan(ema_decay=0.0), cgan(ema_decay=0.0)
    images, labels = labelled.class_batch(6, 2)
    logs = method.train_step((images, labels))
    noise, generator, judge = StepNoise(0, 0), reference.generator, reference.discriminator

    def drawn():
        classes = tf.cast(noise.uniform((6,)) * labelled.CLASSES, tf.int32)
        return {"latents": noise.normal((6, tiny.LATENT_DIM)), "labels": classes}

    makers, judging = generator.trainable_variables, judge.trainable_variables
    spectral, found = [layer for layer in judge.layers if hasattr(layer, "power_iteration")], []
    for step in range(2):
        inputs = drawn()
        fake = generator(inputs, training=True)
        with tf.GradientTape() as tape:
            loss = losses.hinge_discriminator_loss(judge({"images": images[:, step], "labels": labels[:, step]}),
                                                   judge({"images": fake, "labels": inputs["labels"]}))
        tiny.assign(judging, tiny.descended(tape, loss, judging, 0.1))
        for layer in spectral:
            layer.power_iteration()
        found.append(float(loss))
    inputs = drawn()
    with tf.GradientTape() as tape:
        fake = generator(inputs, training=True)
        loss = -tf.reduce_mean(judge({"images": fake, "labels": inputs["labels"]}))
    tiny.assign(makers, tiny.descended(tape, loss, makers, 0.1))
    for layer in spectral:
        layer.power_iteration()
    assert float(logs["discriminator_loss"]) == pytest.approx(np.mean(found), rel=1e-5)
    assert float(logs["generator_loss"]) == pytest.approx(float(loss), rel=1e-5)
    for network, written in ((method.generator, generator), (method.discriminator, judge)):
        for a, b in zip(network.weights, written.weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_each_critic_step_sees_its_own_images_and_labels(untraced):
    images, labels = labelled.class_batch(6, 2)
    method, ends = cgan(), []
    for batch in ((images, labels), (images, labels[:, ::-1]), (tf.stack([images[:, 1]] * 2, 1), labels),
                  (tf.stack([images[:, 1]] * 2, 1), tf.stack([labels[:, 1]] * 2, 1)), (images[:, 1], labels[:, 1])):
        restarted(method, 0).train_step(batch)
        ends.append(tiny.values(method.discriminator.weights))
    assert tiny.moved(ends[0], ends[1]) and tiny.moved(ends[0], ends[2]) and tiny.moved(ends[2], ends[3])
    assert not tiny.moved(ends[3], ends[4])  # a plain batch serves every critic step


def test_fake_classes_are_uniform():
    method = cgan()
    drawn = np.array(method._classes(3000, StepNoise(0, 0)))
    assert sorted(set(drawn)) == [0, 1, 2]
    assert np.all(np.abs(np.bincount(drawn) / 1000 - 1) < 0.1)


def test_a_training_is_determined_by_its_seed(untraced):
    method, ends = cgan(augment="flip"), []
    for seed in (1, 1, 2):
        fit(restarted(method, seed), 2)
        ends.append(tiny.values(method.generator.weights))
    assert not tiny.moved(ends[0], ends[1])
    assert tiny.moved(ends[0], ends[2])


def test_a_step_draws_the_augmentation_of_an_augmented_discriminator_once_a_call(untraced):
    judge = augmented(labelled.class_discriminator(), seed=3)
    method = cgan(judge=judge, objective="non_saturating")
    before = tiny.values(method.generator.trainable_variables)
    fit(method, 1)
    assert tiny.all_moved(before, tiny.values(method.generator.trainable_variables))
    # two updates on real and fake images together, and the generator's
    np.testing.assert_array_equal(judge.get_layer("diff_augment").seed_generator.state, [3, 3 * 7])


def build(generator=None, judge=None, classes=3, **settings):
    return ConditionalGAN(generator or labelled.class_generator(), judge or labelled.class_discriminator(), classes,
                          **settings)


@pytest.mark.parametrize("make, words", [
    (lambda: build(objective="wgan_gp"), "gradient penalty"),
    (lambda: build(objective=Objective(None, None, 1.0)), "gradient penalty"),
    (lambda: build(objective="hinged"), "'hinged'"),
    (lambda: build(classes=1), "received 1"),
    (lambda: build(critic_steps=0), "received 0"),
    (lambda: build(augment="mirror"), "'mirror'"),
    (lambda: build(ema_start=-5), "-5"),
    (lambda: build(generator=tiny.generator()), "'latents', 'labels'"),
    (lambda: build(judge=tiny.discriminator()), "'images', 'labels'"),
    (lambda: build(judge=labelled.class_discriminator((16, 16, 1))), "(16, 16, 1)"),
])
def test_what_does_not_fit_is_refused_at_construction(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)


def test_groups_that_do_not_match_the_critic_steps_are_refused():
    with pytest.raises(InputError, match="3 groups"):
        cgan().train_step(labelled.class_batch(4, 3))
