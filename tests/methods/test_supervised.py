"""Classifiers and regressors: what moves, the written-out update, schedules, what is refused."""

import keras
import labelled
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.methods.supervised import Supervised


def regressor(shape=tiny.SHAPE):
    images = keras.Input(shape)
    return keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(images)))


def supervised(network=None, optimizer=None, seed=0, **settings):
    keras.utils.set_random_seed(0)
    network = labelled.classifier() if network is None else network()
    method = Supervised(network, seed=seed, **settings)
    method.compile(optimizer or keras.optimizers.SGD(0.1))
    return method


def fit(method, steps, batch):
    logs = method.fit(labelled.endless(batch), steps_per_epoch=steps, verbose=0, shuffle=False).history
    return {name: value[0] for name, value in logs.items()}


@pytest.mark.parametrize("network", [labelled.classifier, labelled.feature_network])
@pytest.mark.parametrize("settings", [{}, {"augment": "crop_flip"}])
def test_steps_move_the_network(network, settings, request):
    if network is labelled.feature_network or "augment" not in settings:  # the fullest shows that the step compiles
        request.getfixturevalue("untraced")
    method = supervised(network, keras.optimizers.SGD(0.1, momentum=0.9), l2=5e-4, **settings)
    before = tiny.values(method.network.weights)
    logs = fit(method, 2, labelled.class_batch(6))
    assert set(logs) == {"loss", "accuracy"} and np.isfinite(logs["loss"])
    assert tiny.all_moved(before, tiny.values(method.network.weights))
    assert set(method.state_groups()) == {"step", "network/network", "optimizer/network", "loss/loss", "loss/accuracy"}


def written_out(loss_of, reference, images):
    """One step of plain descent with 0.3 / 2 ||w||^2 added; returns the loss without it."""
    variables = reference.network.trainable_variables
    with tf.GradientTape() as tape:
        loss = loss_of(reference.network(images, training=True))
        whole = loss + 0.15 * tf.add_n([tf.reduce_sum(tf.square(variable.value)) for variable in variables])
    tiny.assign(variables, tiny.descended(tape, whole, variables, 0.1))
    return float(loss)


def test_one_classifying_step_is_the_written_out_update():
    method, reference = supervised(l2=0.3), supervised(l2=0.3)
    images, labels = labelled.class_batch(6)
    given = {}

    def loss_of(logits):
        given["accuracy"] = np.mean(np.argmax(logits, -1) == np.array(labels))
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


@pytest.mark.parametrize("settings, words", [
    ({"loss": "hinge"}, "'hinge'"),
    ({"network": regressor}, "(None, 1)"),
    ({"loss": "mse"}, "(None, 3)"),
    ({"network": labelled.feature_network, "loss": "mse"}, "features, logits"),
    ({"l2": -1e-4}, "l2 must be"),
    ({"augment": "crop"}, "'crop'"),
])
def test_what_does_not_fit_is_refused_at_construction(settings, words):
    with pytest.raises(InputError) as caught:
        supervised(**settings)
    assert words in str(caught.value)
