"""What a distiller's students learn from: a teacher with classes or another law, or recorded pairs without one."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.data.pair_set import PairSet
from kgan.errors import InputError
from kgan.losses.distillation import joint_discriminator_loss
from kgan.methods.compression import MSE, Distiller, Joint, latent_batches
from kgan.training.noise import StepNoise


def sgd():
    return keras.optimizers.SGD(0.01)


def pairs(labels=False, num=12):
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (num, *tiny.SHAPE)).astype(np.uint8)
    latents = rng.normal(size=(num, tiny.LATENT_DIM)).astype(np.float32)
    return PairSet("pairs", latents, images, (np.arange(num) % 3).astype(np.int32) if labels else None)


def recorded(make=tiny.generator, objective=None, discriminators=None):
    keras.utils.set_random_seed(2)
    method = Distiller(None, {"a": make(2)}, objective, discriminators, ema_decay=0.0, seed=4)
    method.compile({"a": sgd()}, {name: sgd() for name in discriminators or {}})
    return method


def test_a_step_on_recorded_pairs_is_eq_3_with_their_images():
    method, reference = recorded(tiny.conditional_generator), recorded(tiny.conditional_generator)
    data = next(iter(pairs(labels=True).batches(4, seed=0)))
    method.train_step(data)
    inputs, target = data
    student = reference.students["a"]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((target - student(inputs, training=True)) ** 2) / 4.0
    wanted = tiny.descended(tape, loss, student.trainable_variables, 0.01)
    for variable, value in zip(method.students["a"].trainable_variables, wanted, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-5, atol=1e-7)


def joint_step(method, data, real, inputs):
    """The discriminator after one step on these real images, computed from copies, and as the step left it."""
    student, judge = method.students["a"], method.discriminators["a"]
    with tf.GradientTape() as tape:
        loss = joint_discriminator_loss(judge(real), judge(student(inputs, training=True)), 0.3)
    wanted = tiny.descended(tape, loss, judge.trainable_variables, 0.01)
    method.train_step(data)
    return zip(judge.trainable_variables, wanted, strict=True)


def without_batch_norm(filters):
    """A student in which nothing moves when it is looked at in training."""
    latents = keras.Input((tiny.LATENT_DIM,))
    x = keras.layers.Reshape((4, 4, filters))(keras.layers.Dense(16 * filters)(latents))
    return keras.Model(latents, keras.layers.Conv2DTranspose(1, 4, 2, "same", activation="tanh")(x))


def test_without_real_images_the_teachers_stand_for_them():
    objective = Joint(alpha=0.3)
    method = recorded(without_batch_norm, objective, {"a": tiny.discriminator()})
    data = next(iter(pairs().batches(4, seed=0)))
    for variable, value in joint_step(method, data, data[1], data[0]):
        np.testing.assert_allclose(variable, value, rtol=1e-5, atol=1e-7)
    keras.utils.set_random_seed(3)
    teacher = tiny.generator(5)
    method = Distiller(teacher, {"a": without_batch_norm(2)}, objective, {"a": tiny.discriminator()}, 0.0, seed=4)
    method.compile({"a": sgd()}, {"a": sgd()})
    latents = StepNoise(4, 0).normal((4, tiny.LATENT_DIM))
    data = next(iter(latent_batches(4)))
    for variable, value in joint_step(method, data, teacher(latents, training=False), latents):
        np.testing.assert_allclose(variable, value, rtol=1e-5, atol=1e-7)


def test_a_teacher_with_classes_teaches_all_of_them():
    keras.utils.set_random_seed(3)
    teacher, students = tiny.conditional_generator(4), {"a": tiny.conditional_generator(2)}
    before = tiny.values(teacher.weights)
    method = Distiller(teacher, students, MSE(), ema_decay=0.0, seed=4)
    method.compile({"a": sgd()})
    seen = []
    method.teacher = lambda inputs, training: seen.append(inputs) or teacher(inputs, training=training)
    copy = keras.models.clone_model(students["a"])
    copy.set_weights(students["a"].get_weights())
    method.train_step(tf.zeros((4, 0)))
    (inputs,) = seen
    noise = StepNoise(4, 0)
    np.testing.assert_array_equal(inputs["latents"], noise.normal((4, tiny.LATENT_DIM)))
    np.testing.assert_array_equal(inputs["labels"], np.floor(np.array(noise.uniform((4,))) * 3))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((teacher(inputs, training=False) - copy(inputs, training=True)) ** 2) / 4.0
    wanted = tiny.descended(tape, loss, copy.trainable_variables, 0.01)
    for variable, value in zip(students["a"].trainable_variables, wanted, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-6)
    assert not tiny.moved(before, tiny.values(teacher.weights))


@pytest.mark.parametrize("make, words", [
    (lambda: Distiller(tiny.conditional_generator(), {"s": tiny.generator()}), "'s' takes no labels, the teacher does"),
    (lambda: Distiller(tiny.generator(), {"s": tiny.conditional_generator()}),
     "'s' takes labels, the teacher does not"),
    (lambda: Distiller(None, {}), "received none"),
    (lambda: Distiller(None, {"s": tiny.generator(), "t": tiny.generator(latent_dim=4)}),
     "'t' takes latents of 4 values, student 's' of 3"),
    (lambda: Distiller(None, {"s": tiny.generator()}, Joint(), {"s": tiny.discriminator(shape=(16, 16, 1))}),
     r"\(16, 16, 1\)")])
def test_what_does_not_fit_is_refused_at_construction(make, words):
    with pytest.raises(InputError, match=words):
        make()
