"""Classifiers and regressors: what moves, the written-out update, the teacher, schedules, what is refused."""

import keras
import labelled
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.losses import supervised as losses
from kgan.methods.supervised import Supervised


def regressor(shape=tiny.SHAPE):
    images = keras.Input(shape)
    return keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(images)))


def supervised(network=None, optimizer=None, seed=0, **settings):
    keras.utils.set_random_seed(0)
    network = labelled.classifier() if network is None else network()
    if "teacher" in settings:
        settings["teacher"] = settings["teacher"]()
    method = Supervised(network, seed=seed, **settings)
    method.compile(optimizer or keras.optimizers.SGD(0.1))
    return method


def fit(method, steps, batch):
    logs = method.fit(labelled.endless(batch), steps_per_epoch=steps, verbose=0, shuffle=False).history
    return {name: value[0] for name, value in logs.items()}


@pytest.mark.parametrize("network", [labelled.classifier, labelled.feature_network])
@pytest.mark.parametrize("settings", [
    {}, {"teacher": lambda: labelled.classifier(filters=5), "mode": "paper", "augment": "crop_flip"},
    {"teacher": labelled.feature_network},
])
def test_steps_move_the_network_and_never_the_teacher(network, settings, request):
    if network is labelled.feature_network or "augment" not in settings:  # the fullest shows that the step compiles
        request.getfixturevalue("untraced")
    method = supervised(network, keras.optimizers.SGD(0.1, momentum=0.9), l2=5e-4, **settings)
    before, taught = tiny.values(method.network.weights), method.teacher.variables if method.teacher else []
    told = tiny.values(taught)
    logs = fit(method, 2, labelled.class_batch(6))
    assert set(logs) == {"loss", "accuracy"} and np.isfinite(logs["loss"])
    assert tiny.all_moved(before, tiny.values(method.network.weights))
    assert not tiny.moved(told, tiny.values(taught))
    assert set(method.state_groups()) == {"step", "network/network", "optimizer/network", "loss/loss", "loss/accuracy"}


def written_out(loss_of, reference, images):
    """One step of plain descent with 0.3 / 2 ||w||^2 added; returns the loss without it."""
    variables = reference.network.trainable_variables
    with tf.GradientTape() as tape:
        loss = loss_of(reference.network(images, training=True))
        whole = loss + 0.15 * tf.add_n([tf.reduce_sum(tf.square(variable.value)) for variable in variables])
    tiny.assign(variables, tiny.descended(tape, whole, variables, 0.1))
    return float(loss)


@pytest.mark.parametrize("mode", [None, "code", "paper"])
def test_one_classifying_step_is_the_written_out_update(mode):
    settings = {"l2": 0.3}
    if mode:
        settings |= {"teacher": lambda: labelled.classifier(filters=5), "mode": mode, "temperature": 3.0,
                     "ce_weight": 0.4, "kd_weight": 0.6}
    method, reference = supervised(**settings), supervised(**settings)
    images, labels = labelled.class_batch(6)
    given = {}

    def loss_of(logits):
        given["accuracy"] = np.mean(np.argmax(logits, -1) == np.array(labels))
        if mode:
            told = reference.teacher(images, training=False)
            return losses.student_loss(labels, logits, told, 0.4, 0.6, 3.0, mode)
        return tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))

    logs = method.train_step((images, labels))
    assert float(logs["loss"]) == pytest.approx(written_out(loss_of, reference, images), rel=1e-5)
    assert float(logs["accuracy"]) == pytest.approx(given["accuracy"])
    for a, b in zip(method.network.weights, reference.network.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_one_regressing_step_is_the_written_out_update():
    method, reference = (supervised(regressor, loss="mse", l2=0.3) for _ in range(2))
    images, labels = labelled.value_batch(6)
    error = np.mean(np.abs(np.array(reference.network(images))[:, 0] - np.array(labels)))
    logs = method.train_step((images, labels))
    loss = written_out(lambda out: tf.reduce_mean(tf.square(out[:, 0] - labels)), reference, images)
    assert float(logs["loss"]) == pytest.approx(loss, rel=1e-5)
    assert float(logs["mean_absolute_error"]) == pytest.approx(error, rel=1e-5)
    for a, b in zip(method.network.weights, reference.network.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_the_rate_falls_in_steps():
    """A network that gives its bias b, under the loss b^2: from b = 1 it falls by twice the step's rate."""
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.5, 0.05])
    network = regressor((1, 1, 1))
    method = Supervised(network, "mse")
    method.compile(keras.optimizers.SGD(schedule))
    batch, bias, found = (tf.zeros((1, 1, 1, 1)), tf.constant([0.0])), network.layers[-1].bias, []
    for _ in range(3):
        bias.assign([1.0])
        method.train_step(batch)
        found.append(1.0 - float(bias[0]))
    np.testing.assert_allclose(found, [1.0, 1.0, 0.1], rtol=1e-5)


def test_augmentation_is_drawn_from_the_step_and_the_seed():
    batch, ends = labelled.class_batch(6), []
    for seed, augment in ((1, "crop_flip"), (1, "crop_flip"), (2, "crop_flip"), (1, None), (2, None)):
        method = supervised(seed=seed, augment=augment)
        method.train_step(batch)
        ends.append(tiny.values(method.network.weights))
    assert not tiny.moved(ends[0], ends[1]) and not tiny.moved(ends[3], ends[4])
    assert tiny.moved(ends[0], ends[2]) and tiny.moved(ends[0], ends[3])


def test_the_teacher_sees_what_the_student_sees():
    seen = []

    class Seeing(keras.layers.Layer):
        def call(self, x):
            seen.append(np.array(x))
            return x

        def compute_output_shape(self, shape):
            return shape

    def network():
        images = keras.Input(tiny.SHAPE)
        return keras.Model(images, keras.layers.Dense(3)(keras.layers.Flatten()(Seeing()(images))))

    method = supervised(network, teacher=network, augment="flip")
    batch = labelled.class_batch(6)
    method.train_step(batch)
    assert len(seen) == 2
    np.testing.assert_array_equal(*seen)
    assert tiny.moved([seen[0]], [np.array(batch[0])])


@pytest.mark.parametrize("settings, words", [
    ({"loss": "hinge"}, "'hinge'"),
    ({"network": regressor}, "(None, 1)"),
    ({"loss": "mse"}, "(None, 3)"),
    ({"network": labelled.feature_network, "loss": "mse"}, "features, logits"),
    ({"teacher": lambda: labelled.classifier(classes=4)}, "4 classes, the student 3"),
    ({"teacher": lambda: labelled.classifier(shape=(16, 16, 1))}, "(16, 16, 1)"),
    ({"network": regressor, "loss": "mse", "teacher": regressor}, "no teacher"),
    ({"mode": "print"}, "'print'"),
    ({"temperature": 0}, "temperature must be"),
    ({"kd_weight": -0.1}, "kd_weight must be"),
    ({"ce_weight": None}, "ce_weight must be"),
    ({"l2": -1e-4}, "l2 must be"),
    ({"augment": "crop"}, "'crop'"),
])
def test_what_does_not_fit_is_refused_at_construction(settings, words):
    with pytest.raises(InputError) as caught:
        supervised(**settings)
    assert words in str(caught.value)
