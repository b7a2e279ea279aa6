"""The distiller: one teacher pass, students independent of each other, the teacher untouched."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.losses.distillation import joint_discriminator_loss
from kgan.methods.compression import MSE, Distiller, Joint, latent_batches
from kgan.training.noise import StepNoise


def sgd():
    return keras.optimizers.SGD(0.01)


def distiller(names=("a",), objective=None, optimizer=sgd, ema_decay=0.9):
    keras.utils.set_random_seed(3)
    teacher = tiny.generator(5)
    students = {}
    for number, name in enumerate("abc"):  # always all three, so that a student's weights have no neighbours
        keras.utils.set_random_seed(number)
        if name in names:
            students[name] = tiny.generator(2 + number)
    joint = [name for name in names
             if isinstance(objective.get(name) if isinstance(objective, dict) else objective, Joint)]
    discriminators = {}
    for name in joint:
        keras.utils.set_random_seed(ord(name))
        discriminators[name] = tiny.discriminator()
    method = Distiller(teacher, students, objective, discriminators, ema_decay, seed=4)
    method.compile({name: optimizer() for name in students}, {name: optimizer() for name in joint})
    return method


def fit(method, steps=2, images=None):
    data = latent_batches(4) if images is None else images
    return method.fit(data, steps_per_epoch=steps, verbose=0, shuffle=False).history


def test_mse_moves_students_and_averages_and_leaves_the_teacher_bit_identical(untraced):
    method = distiller(("a", "b"))
    teacher = tiny.values(method.teacher.weights)
    before = {name: tiny.values(student.weights) for name, student in method.students.items()}
    averages = {name: tiny.values(average.model.weights) for name, average in method.averages.items()}
    history = fit(method, 3)
    assert not tiny.moved(teacher, tiny.values(method.teacher.weights))
    for name, student in method.students.items():
        assert tiny.all_moved(before[name], tiny.values(student.weights))
        assert tiny.all_moved(averages[name], tiny.values(method.averages[name].model.weights))
    assert set(history) == {"a/pixel_loss", "b/pixel_loss"}


def test_one_step_is_the_gradient_of_eq_3_written_out():
    method, reference = distiller(), distiller()
    method.train_step(tf.zeros((4, 0)))
    latents = StepNoise(4, 0).normal((4, tiny.LATENT_DIM))
    student = reference.students["a"]
    with tf.GradientTape() as tape:
        difference = reference.teacher(latents, training=False) - student(latents, training=True)
        loss = tf.reduce_sum(difference**2) / 4.0
    expected = tiny.descended(tape, loss, student.trainable_variables, 0.01)
    for variable, value in zip(method.students["a"].trainable_variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-5, atol=1e-7)


def test_a_student_ends_alike_alone_and_in_company(untraced):
    alone, company = distiller(("b",)), distiller(("a", "b", "c"))
    fit(alone, 3), fit(company, 3)
    for a, b in zip(alone.students["b"].weights, company.students["b"].weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


def test_the_teacher_runs_once_a_step_for_all_students():
    method = distiller(("a", "b", "c"))
    calls = []
    teacher = method.teacher
    method.teacher = lambda latents, training: calls.append(training) or teacher(latents, training=training)
    fit(method, 2)
    assert calls == [False]  # traced once, in inference mode


def test_joint_moves_its_discriminator_and_mse_beside_it_has_none(untraced):
    method = distiller(("a", "b"), {"a": Joint(alpha=0.5), "b": MSE()})
    before = tiny.values(method.discriminators["a"].weights)
    teacher = tiny.values(method.teacher.weights)
    images = tiny.data().batches(4, seed=0)
    history = fit(method, 2, images)
    assert tiny.all_moved(before, tiny.values(method.discriminators["a"].weights))
    assert not tiny.moved(teacher, tiny.values(method.teacher.weights))
    assert set(history) == {"a/pixel_loss", "b/pixel_loss", "a/discriminator_loss"}
    alone = distiller(("b",))
    fit(alone, 2)
    for a, b in zip(alone.students["b"].weights, method.students["b"].weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


def test_one_joint_step_is_eq_4_written_out():
    objective = Joint(alpha=0.3, mode="paper")
    method, reference = distiller(objective=objective), distiller(objective=objective)
    real = next(iter(tiny.data().batches(4, seed=0)))
    method.train_step(real)
    latents = StepNoise(4, 0).normal((4, tiny.LATENT_DIM))
    student, discriminator = reference.students["a"], reference.discriminators["a"]
    fake = student(latents, training=True)
    with tf.GradientTape() as tape:
        loss = joint_discriminator_loss(discriminator(real), discriminator(fake), 0.3, "paper")
    judge = discriminator.trainable_variables
    tiny.assign(judge, tiny.descended(tape, loss, judge, 0.01))
    with tf.GradientTape() as tape:
        fake = student(latents, training=True)
        pixel = tf.reduce_sum((reference.teacher(latents, training=False) - fake) ** 2) / 4.0
        probability = tf.sigmoid(discriminator(fake))
        loss = 0.3 * tf.reduce_mean(tf.math.log(1.0 - probability)) + 0.7 * pixel
    expected = tiny.descended(tape, loss, student.trainable_variables, 0.01)
    for variable, value in zip(method.students["a"].trainable_variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-6)
    for a, b in zip(method.discriminators["a"].weights, discriminator.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_students_learn():
    method = distiller(("a",), optimizer=lambda: keras.optimizers.Adam(1e-2))
    first = fit(method, 1)["a/pixel_loss"][0]
    assert fit(method, 150)["a/pixel_loss"][0] < 0.5 * first


@pytest.mark.parametrize("make, words", [
    (lambda t: Distiller(t, {}), "received none"),
    (lambda t: Distiller(t, {"s": tiny.generator(latent_dim=4)}), "latents of 4 values"),
    (lambda t: Distiller(t, {"s": tiny.generator(shape=(8, 8, 3))}), "(8, 8, 3)"),
    (lambda t: Distiller(t, {"s": tiny.generator()}, Joint()), "discriminator"),
    (lambda t: Distiller(t, {"s": tiny.generator()}, MSE(), {"s": tiny.discriminator()}), "discriminator"),
    (lambda t: Distiller(t, {"s": tiny.generator()}, Joint(), {"s": tiny.discriminator(shape=(16, 16, 1))}),
     "(16, 16, 1)"),
    (lambda t: Joint(alpha=1.5), "1.5"),
    (lambda t: Joint(mode="code"), "'code'"),
    (lambda t: MSE("none"), "'none'"),
    (lambda t: Distiller(t, {"s": tiny.generator()}, {"x": MSE()}), "['x']"),
])
def test_what_does_not_fit_is_refused_at_construction(make, words):
    with pytest.raises(InputError) as caught:
        make(tiny.generator())
    assert words in str(caught.value)
