"""Students compared on features: the step written out, one pass for all of them, the networks left as they are."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.methods.compression import MSE, Distiller, latent_batches
from kgan.methods.features import Features, weighted_layers
from kgan.training.noise import StepNoise

RATE = 1e-3


def onlooker(seed=9, shape=tiny.SHAPE):
    """Images -> one logit, with batch norm whose statistics are no batch's, and dropout."""
    keras.utils.set_random_seed(seed)
    images = keras.Input(shape)
    x = keras.layers.Conv2D(2, 3, 2, "same", name="maps")(images)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.LeakyReLU(0.2, name="stage")(x)
    x = keras.layers.Dropout(0.5, name="dropped")(x)
    x = keras.layers.Dense(4, name="vector")(keras.layers.Flatten()(x))
    network = keras.Model(images, keras.layers.Dense(1, name="logit")(x))
    network.get_layer("norm").set_weights([np.float32(values) for values in (
        [1.5, -0.5], [0.1, 0.2], [0.3, -0.4], [0.5, 2.0])])
    return network


def distiller(objectives, networks=None):
    networks = {"eyes": onlooker()} if networks is None else networks
    keras.utils.set_random_seed(3)
    teacher = tiny.generator(5)
    students = {}
    for number, name in enumerate("abc"):
        keras.utils.set_random_seed(number)  # a student's weights have no neighbours
        if name in objectives:
            students[name] = tiny.generator(2 + number)
    method = Distiller(teacher, students, objectives, ema_decay=0.5, seed=4, feature_networks=networks)
    method.compile({name: keras.optimizers.SGD(RATE) for name in students})
    return method


def step(method):
    return method.train_step(tf.zeros((4, 0)))


def fit(method, steps):
    return method.fit(latent_batches(4), steps_per_epoch=steps, verbose=0, shuffle=False).history


@pytest.mark.parametrize("norm, reduction", [("l1", "mean"), ("l2", "sum")])
def test_one_step_is_the_weighted_sum_written_out(norm, reduction):
    objective = {"a": Features("eyes", {"stage": 0.5, "vector": 3.0}, norm, reduction, pixel_weight=0.25)}
    method, reference, eyes = distiller(objective), distiller(objective), onlooker()
    logs = step(method)
    seen = keras.Model(eyes.input, [eyes.get_layer(name).output for name in ("stage", "vector")])
    latents, student = StepNoise(4, 0).normal((4, tiny.LATENT_DIM)), reference.students["a"]
    target = reference.teacher(latents, training=False)
    wanted = seen(target, training=False)

    def over(distances):
        return tf.reduce_sum(distances) / 4.0 if reduction == "sum" else tf.reduce_mean(distances)

    with tf.GradientTape() as tape:
        images = student(latents, training=True)
        pixel_loss = over((images - target) ** 2)
        feature_loss = 0.0
        for weight, one, other in zip((0.5, 3.0), seen(images, training=False), wanted, strict=True):
            feature_loss += weight * over(tf.abs(one - other) if norm == "l1" else (one - other) ** 2)
        loss = 0.25 * pixel_loss + feature_loss
    expected = tiny.descended(tape, loss, student.trainable_variables, RATE)
    for variable, value in zip(method.students["a"].trainable_variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-6)
    assert float(feature_loss) > 0.01
    assert float(logs["a/feature_loss"]) == pytest.approx(float(feature_loss), rel=1e-4)
    assert float(logs["a/pixel_loss"]) == pytest.approx(float(pixel_loss), rel=1e-4)


def test_students_move_and_the_network_that_looks_at_them_stays_bit_identical():
    eyes = onlooker()
    method = distiller({"a": Features("eyes", {"vector": 1.0}), "b": MSE()}, {"eyes": eyes})
    before = {name: tiny.values(student.weights) for name, student in method.students.items()}
    fixed = tiny.values(eyes.weights), tiny.values(method.teacher.weights)
    history = fit(method, 2)
    assert set(history) == {"a/pixel_loss", "b/pixel_loss", "a/feature_loss"}
    for name, student in method.students.items():
        assert tiny.all_moved(before[name], tiny.values(student.weights))
    assert not tiny.moved(fixed[0], tiny.values(eyes.weights)) and eyes.trainable_variables == []
    assert not tiny.moved(fixed[1], tiny.values(method.teacher.weights))


def test_a_student_ends_alike_alone_and_in_company(untraced):
    own = {"b": Features("eyes", {"vector": 2.0}, "l1")}
    others = {"a": Features("eyes", {"stage": 1.0, "vector": 0.1}, pixel_weight=0.0),
              "c": Features("glass", {"stage": 1.0})}
    alone = distiller(own)
    company = distiller({"a": others["a"], **own, "c": others["c"]}, {"eyes": onlooker(), "glass": onlooker(8)})
    pixels = distiller({"b": MSE()})
    for method in (alone, company, pixels):
        fit(method, 3)
    for a, b in zip(alone.students["b"].weights, company.students["b"].weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    assert tiny.moved(tiny.values(alone.students["b"].weights), tiny.values(pixels.students["b"].weights))


def test_the_teachers_images_are_looked_at_once_a_step_and_all_students_in_one_pass():
    method = distiller({name: Features("eyes", {"stage": 1.0}) for name in "abc"})
    calls, views = [], method.feature_networks.views
    view = views["eyes"]

    def counted(images, training):
        calls.append((images.shape[0], training))
        return view(images, training=training)

    views["eyes"] = counted
    step(method)
    assert calls == [(4, False), (12, False)]


def test_weights_of_layers():
    assert weighted_layers(("stage2", "stage3"), (0.5,)) == {"stage2": 0.5, "stage3": 0.5}
    assert weighted_layers(("stage2", "stage3"), (0.5, 2.0)) == {"stage2": 0.5, "stage3": 2.0}


def nested():
    images, inner = keras.Input(tiny.SHAPE), keras.Input(tiny.SHAPE)
    x = keras.Model(inner, keras.layers.Conv2D(2, 3)(inner), name="within")(images)
    return keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(x)))


@pytest.mark.parametrize("make, words", [
    (lambda: Features("eyes", {}), "received none"),
    (lambda: Features("eyes", {"stage": 0.0}), "the weight of layer stage must be a finite number above 0"),
    (lambda: Features("eyes", {"stage": 1.0}, pixel_weight=-1.0), "pixel_weight must be a finite number of at least 0"),
    (lambda: Features("eyes", {"stage": 1.0}, "l3"), "'l3'"),
    (lambda: Features("eyes", {"stage": 1.0}, "l1", "max"), "'max'"),
    (lambda: weighted_layers(("a", "b"), (1.0, 2.0, 3.0)), "the layers a, b and the weights 1.0, 2.0, 3.0"),
    (lambda: weighted_layers(("a", "a"), (1.0,)), "the layers a, a"),
    (lambda: distiller({"a": Features("ears", {"stage": 1.0})}), "features of 'ears', but feature_networks has eyes"),
    (lambda: distiller({"a": Features("eyes", {"stages": 1.0})}), "'eyes' has no layer 'stages'; it has "),
    (lambda: distiller({"a": Features("eyes", {"stage": 1.0})}, {"eyes": onlooker(shape=(16, 16, 1))}),
     "images (8, 8, 1); it takes (None, 16, 16, 1)"),
    (lambda: distiller({"a": Features("eyes", {"within": 1.0})}, {"eyes": nested()}), "that is itself a model"),
])
def test_what_does_not_fit_is_refused_at_construction(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
