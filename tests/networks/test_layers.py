"""Spectral norm against numpy's singular values, and self-attention against a case worked out by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.export.fold import fold
from kgan.networks.layers import SelfAttention, SpectralConv2D, SpectralConv2DTranspose, SpectralDense


def built(kind):
    """(layer, input [2, ...]) with a kernel of uneven singular values."""
    generator = np.random.default_rng(3)
    shape = (2, 5) if kind is SpectralDense else (2, 6, 6, 3)
    layer = kind(4) if kind is SpectralDense else kind(4, 4, 2, "same")
    layer.build(shape)
    layer.kernel.assign(generator.normal(size=layer.kernel.shape) * 0.7)
    layer.bias.assign([0.5, -1.0, 2.0, 0.25])
    return layer, generator.normal(size=shape).astype("float32")


KINDS = [SpectralConv2D, SpectralConv2DTranspose, SpectralDense]


def largest_singular_value(layer):
    return np.linalg.svd(np.array(layer.kernel).reshape(-1, layer.kernel.shape[-1]), compute_uv=False)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_after_some_iterations_the_kernel_has_norm_one(kind):
    layer, _ = built(kind)
    for _ in range(60):
        layer.power_iteration()
    expected = np.array(layer.kernel) / largest_singular_value(layer)
    np.testing.assert_allclose(layer.normalised_kernel(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_one_iteration_is_one_step_of_the_textbook(kind):
    layer, _ = built(kind)
    matrix, u = np.array(layer.kernel).reshape(-1, layer.kernel.shape[-1]), np.array(layer.u)
    expected = matrix.T @ (matrix @ u)
    layer.power_iteration()
    np.testing.assert_allclose(layer.u, expected / np.linalg.norm(expected), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_calls_leave_the_layer_alone_and_use_the_normalised_kernel(kind):
    layer, x = built(kind)
    before = [np.array(weight) for weight in layer.weights]
    once, again = layer(x), layer(x)
    np.testing.assert_array_equal(once, again)
    for old, weight in zip(before, layer.weights, strict=True):
        np.testing.assert_array_equal(old, weight)
    plain = kind.plain.from_config(layer.get_config())
    plain.build(x.shape)
    plain.set_weights([np.array(layer.normalised_kernel()), before[1]])
    np.testing.assert_allclose(once, plain(x), rtol=1e-5, atol=1e-6)
    assert np.abs(np.array(once) - 0.0).max() > 0.1


def test_the_gradient_flows_through_sigma_with_u_held():
    """d/dW of f(W / sigma) is (G - <G, W / sigma> u_left u') / sigma (Miyato et al., eq. 12)."""
    layer, x = built(SpectralDense)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(x)))
    found = tape.gradient(loss, layer.kernel.value)
    kernel, u = np.array(layer.kernel, np.float64), np.array(layer.u, np.float64)
    u /= np.linalg.norm(u)
    sigma = np.linalg.norm(kernel @ u)
    left, unit = kernel @ u / sigma, kernel / sigma
    outputs = x @ unit + np.array(layer.bias)
    gradient = x.T @ (2 * outputs)
    expected = (gradient - np.sum(gradient * unit) * np.outer(left, u)) / sigma
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS[:2])
def test_folding_puts_a_plain_layer_of_the_same_outputs_in_its_place(kind, tmp_path):
    layer, x = built(kind)
    inputs = keras.Input(x.shape[1:])
    y = keras.layers.BatchNormalization()(layer(inputs))
    model = keras.Model(inputs, keras.layers.ReLU()(y))
    model.layers[2].set_weights([np.array(value, "float32") for value in (
        [1.5, 0.5, 2.0, 1.0], [0.1, -0.2, 0.3, 0.0], [0.2, 0.4, -0.5, 0.1], [0.5, 2.0, 1.5, 0.3])])
    folded = fold(model)
    kinds = [type(part) for part in folded.layers]
    assert kind.plain in kinds
    assert kind not in kinds
    assert keras.layers.BatchNormalization not in kinds
    np.testing.assert_allclose(folded(x), model(x, training=False), rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x, training=False), model(x, training=False))


def test_attention_equals_a_case_worked_out_by_hand():
    """Two places with two channels; f, g, h are chosen so that every number can be followed."""
    layer = SelfAttention(reduction=2)
    layer.build((None, 1, 2, 2))
    layer.set_weights([
        np.array([[1.0], [0.0]]), np.array([0.0]),  # f(x) = x[0]
        np.array([[0.0], [1.0]]), np.array([np.log(2.0)]),  # g(x) = x[1] + log 2
        np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([0.0, 1.0]),  # h(x) = (x[0], 3 x[1] + 1)
        np.array(0.5),
    ])
    a, b = np.array([1.0, 0.0]), np.array([3.0, -np.log(2.0)])
    # g(a) = log 2, g(b) = 0; f(a) = 1, f(b) = 3: the scores of place a are log 2 and 3 log 2, those of b 0, 0.
    weights_a, weights_b = np.array([2.0, 8.0]) / 10.0, np.array([0.5, 0.5])
    h = np.array([[1.0, 1.0], [3.0, 1.0 - 3.0 * np.log(2.0)]])
    expected = np.stack([0.5 * weights_a @ h + a, 0.5 * weights_b @ h + b])
    found = layer(np.stack([a, b]).reshape(1, 1, 2, 2).astype("float32"))
    np.testing.assert_allclose(np.array(found).reshape(2, 2), expected, rtol=1e-5)


def test_attention_starts_as_the_identity():
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 8)).astype("float32")
    np.testing.assert_array_equal(SelfAttention()(x), x)
