"""Batch norms by one kernel against Keras's own: outputs, gradients, moving statistics, and what stays Keras's."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.training import batch_norm
from kgan.training.batch_norm import fuse_batch_norms


def network(shape=(3, 5, 4), **settings):
    images = keras.Input(shape)
    made = keras.Model(images, keras.layers.BatchNormalization(**settings)(images))
    draw = np.random.default_rng(1)
    made.set_weights([draw.uniform(0.5, 2.0, weight.shape) for weight in made.get_weights()])
    return made


def passed(made, shape=(6, 3, 5, 4), steps=2):
    """Outputs, gradients of a steep loss for inputs and weights, then all weights, after some steps in a graph."""
    draw = np.random.default_rng(2)

    @tf.function
    def step(inputs, slopes):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = made(inputs, training=True)
            loss = tf.reduce_sum(slopes * outputs**2)
        return outputs, tape.gradient(loss, [inputs, *made.trainable_variables])

    found = []
    for _ in range(steps):
        values = draw.normal(3.0, 2.0, shape), draw.normal(size=shape)
        found += tf.nest.flatten(step(*(tf.constant(value, tf.float32) for value in values)))
    return [np.array(value) for value in (*found, *made.weights)]


@pytest.mark.parametrize("settings", [
    {"momentum": 0.9, "epsilon": 1e-5, "synchronized": True}, {"momentum": 0.3, "center": False, "scale": False},
])
def test_it_is_kerass_batch_norm(settings, monkeypatch):
    expected, made = passed(network(**settings)), network(**settings)
    fuse_batch_norms(made)
    monkeypatch.setattr(keras.layers.BatchNormalization, "_moments", lambda *_: pytest.fail("Keras's own was used"))
    for a, b in zip(passed(made), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4)
    assert not np.allclose(expected[-1], network(**settings).get_weights()[-1])  # the statistics did move


def test_a_call_without_state_gives_the_statistics_back():
    made, plain = network(), network()
    fuse_batch_norms(made)
    images = tf.constant(np.random.default_rng(0).normal(size=(6, 3, 5, 4)).astype("float32"))
    before = tiny.values(made.weights)
    found, expected = (tf.nest.flatten(each.stateless_call(
        [tf.constant(value) for value in tiny.values(each.trainable_variables)],
        [tf.constant(value) for value in tiny.values(each.non_trainable_variables)], images, training=True))
        for each in (made, plain))
    assert len(found) == 3 and not tiny.moved(before, tiny.values(made.weights))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_inference_and_frozen_layers_take_the_moving_statistics():
    made, plain = network(), network()
    fuse_batch_norms(made)
    images = tf.constant(np.random.default_rng(0).normal(size=(4, 3, 5, 4)).astype("float32"))
    np.testing.assert_array_equal(made(images), plain(images))
    made.trainable = False
    before = tiny.values(made.weights)
    np.testing.assert_array_equal(made(images, training=True), plain(images))
    assert not tiny.moved(before, tiny.values(made.weights))


@pytest.mark.parametrize("case", ["rows", "axis", "strategy", "half"])
def test_all_else_is_left_to_keras(case, monkeypatch):
    monkeypatch.setattr(batch_norm.tf.raw_ops, "FusedBatchNormV3", lambda **_: pytest.fail("the kernel was used"))
    settings = {"axis": {"axis": 1}, "half": {"dtype": "mixed_bfloat16"}}.get(case, {})
    shape = (4,) if case == "rows" else (3, 5, 4)
    with tf.distribute.OneDeviceStrategy("cpu").scope() if case == "strategy" else tf.device("cpu"):
        made = network(shape, **settings)
        fuse_batch_norms(made)
        before = tiny.values(made.weights)
        made(np.random.default_rng(0).normal(size=(6, *shape)).astype("float32"), training=True)
    assert tiny.moved(before, tiny.values(made.weights))


def test_what_is_saved_and_copied_is_kerass_layer(tmp_path):
    made = network()
    fuse_batch_norms(made)
    made.save(tmp_path / "made.keras")
    for copy in (keras.models.load_model(tmp_path / "made.keras"), keras.models.clone_model(made)):
        assert [type(layer) for layer in copy.layers] == [type(layer) for layer in made.layers]
        assert "call" not in vars(copy.layers[-1])
