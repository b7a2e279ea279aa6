"""Spectrally normalised tables, conditional batch norm and pooled attention against numpy."""

import by_numpy as by
import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.export.fold import fold
from kgan.networks.blocks import one_hot
from kgan.networks.conditional import (
    Doubling,
    GatedResidual,
    Modulation,
    SpectralEmbedding,
    conditional_batch_norm,
    pooled_self_attention,
)
from kgan.networks.initializers import normal

LABELS = np.array([2, 0, 2, 1], "int32")


def table(classes=3, width=5):
    layer = SpectralEmbedding(classes, width)
    layer.build((None,))
    layer.embeddings.assign(np.random.default_rng(1).normal(size=(classes, width)) * 0.8)
    return layer


def test_a_table_is_divided_by_its_largest_singular_value():
    layer = table()
    for _ in range(80):
        layer.power_iteration()
    values = np.array(layer.embeddings)
    expected = (values / np.linalg.svd(values, compute_uv=False)[0])[LABELS]
    np.testing.assert_allclose(layer(LABELS), expected, rtol=1e-4, atol=1e-6)


def test_a_tables_iteration_is_the_textbooks_and_calls_leave_it_alone():
    layer = table()
    values, u = np.array(layer.embeddings), np.array(layer.u)
    layer(LABELS, training=True)
    np.testing.assert_array_equal(layer.u, u)
    assert layer.u.shape == (5,)
    layer.power_iteration()
    expected = values.T @ (values @ u)
    np.testing.assert_allclose(layer.u, expected / np.linalg.norm(expected), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(layer.embeddings, values)


def test_a_tables_gradient_is_dense_and_reaches_all_rows_through_sigma():
    layer = table()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(np.array([1, 1]))))
    gradient = tape.gradient(loss, layer.embeddings.value)
    assert isinstance(gradient, tf.Tensor)
    assert np.abs(gradient).max(axis=1).min() > 1e-4


def test_a_table_folds_to_a_plain_one_and_is_saved_with_its_estimate(tmp_path):
    layer = table()
    labels = keras.Input((), dtype="int32", name="labels")
    model = keras.Model(labels, layer(labels))
    layer.power_iteration()
    folded = fold(model)
    assert [type(part) for part in folded.layers][1:] == [keras.layers.Embedding]
    np.testing.assert_allclose(folded(LABELS), layer(LABELS), rtol=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.layers[1].u, layer.u)
    np.testing.assert_array_equal(again(LABELS), model(LABELS))


def test_modulation_by_hand():
    x = np.array([[[[1.0, 2.0], [3.0, -1.0]]], [[[0.5, 4.0], [2.0, 1.0]]]], "float32")  # [2, 1, 2, 2]
    gamma, beta = np.array([[1.0, 0.0], [-0.5, 2.0]], "float32"), np.array([[0.5, -1.0], [0.0, 3.0]], "float32")
    expected = [[[[2.5, 1.0], [6.5, -2.0]]], [[[0.25, 15.0], [1.0, 6.0]]]]
    np.testing.assert_allclose(Modulation()([x, gamma, beta]), expected, rtol=1e-6)


def norm_by_class(momentum):
    x, labels = keras.Input((2, 2, 4), name="x"), keras.Input((), dtype="int32", name="labels")
    y = conditional_batch_norm(x, one_hot(labels, 3), "cbn", momentum, lambda: normal(1.0))
    return keras.Model({"x": x, "labels": labels}, y)


def test_batch_norm_of_a_class_takes_its_rows_of_two_tables():
    network = norm_by_class(0.75)
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == 2 * 3 * 4
    gamma, beta = (np.array(network.get_layer(f"cbn_{part}").kernel) for part in ("gamma", "beta"))
    assert gamma.shape == (3, 4) and np.abs(gamma - beta).min() > 1e-4
    x = np.random.default_rng(0).normal(2.0, 3.0, (4, 2, 2, 4)).astype("float32")
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    scaled = (x - mean) / np.sqrt(variance + 1e-5)
    expected = scaled * (1 + gamma[LABELS])[:, None, None] + beta[LABELS][:, None, None]
    np.testing.assert_allclose(network({"x": x, "labels": LABELS}, training=True), expected, rtol=1e-3, atol=1e-4)
    norm = network.get_layer("cbn_bn")
    np.testing.assert_allclose(norm.moving_mean, 0.25 * mean, rtol=1e-4)
    scaled = by.batch_norm(x, norm)  # in inference by the moving statistics
    expected = scaled * (1 + gamma[LABELS])[:, None, None] + beta[LABELS][:, None, None]
    np.testing.assert_allclose(network({"x": x, "labels": LABELS}), expected, rtol=1e-3, atol=1e-4)


def test_batch_norm_of_an_embedding_maps_it_without_biases():
    x, h = keras.Input((2, 2, 3), name="x"), keras.Input((5,), name="h")
    network = by.unsettle(keras.Model({"x": x, "h": h}, conditional_batch_norm(x, h, "cbn")))
    rng = np.random.default_rng(0)
    maps, condition = rng.normal(size=(4, 2, 2, 3)), rng.normal(size=(4, 5))
    gamma, beta = (condition @ np.array(network.get_layer(f"cbn_{part}").kernel) for part in ("gamma", "beta"))
    expected = by.batch_norm(maps, network.get_layer("cbn_bn")) * (1 + gamma)[:, None, None] + beta[:, None, None]
    found = network({"x": maps.astype("float32"), "h": condition.astype("float32")})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert len(network.trainable_weights) == 2


def test_pooled_attention_equals_numpys():
    inputs = keras.Input((4, 6, 16))
    network = keras.Model(inputs, pooled_self_attention(inputs, "attention"))
    x = 3.0 * np.random.default_rng(0).normal(size=(2, 4, 6, 16))
    np.testing.assert_array_equal(network(x.astype("float32")), x.astype("float32"))  # sigma starts at 0
    by.unsettle(network)
    found, expected = network(x.astype("float32")), by.pooled_attention(x, network, "attention")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert np.abs(expected - x).mean() > 0.1
    widths = {part: network.get_layer(f"attention_{part}").filters for part in ("theta", "phi", "g", "out")}
    assert widths == {"theta": 2, "phi": 2, "g": 8, "out": 16}
    np.testing.assert_allclose(fold(network)(x.astype("float32")), expected, rtol=1e-4, atol=1e-4)


def test_doubling_repeats_every_value_in_a_square():
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype("float32")
    np.testing.assert_array_equal(Doubling()(x), by.twice(x))
    assert Doubling().compute_output_shape((None, 3, 5, 4)) == (None, 6, 10, 4)


@pytest.mark.parametrize("kind, inputs", [
    (GatedResidual, [(2, 3, 3, 4), (2, 3, 3, 4)]),
    (Modulation, [(2, 3, 3, 4), (2, 4), (2, 4)]),
])
def test_shapes_are_those_of_the_first_input(kind, inputs):
    assert kind().compute_output_shape(inputs) == inputs[0]
