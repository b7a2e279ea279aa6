"""Adam and SGD by TensorFlow's kernels against Keras's own, and what is left to Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.training.updates import apply_gradients, with_l2

SHAPES = [(3, 2), (4,), ()]


def trained(step, optimizer, steps=4):
    """Variables and the optimiser's after some updates by uneven gradients."""
    generator = np.random.default_rng(0)
    variables = [keras.Variable(generator.normal(size=shape).astype("float32")) for shape in SHAPES]
    optimizer.build(variables)

    @tf.function
    def update(gradients):
        step(optimizer, gradients, variables)

    for number in range(steps):
        update([tf.constant(generator.normal(size=shape) * (number + 0.5), tf.float32) for shape in SHAPES])
    return variables + list(optimizer.variables)


def by_keras(optimizer, gradients, variables):
    optimizer.apply(gradients, variables)


@pytest.mark.parametrize("settings", [
    {"learning_rate": 0.03}, {"learning_rate": 0.1, "beta_1": 0.0, "beta_2": 0.9, "epsilon": 1e-3},
    {"learning_rate": keras.optimizers.schedules.CosineDecay(0.2, 5), "beta_1": 0.5, "beta_2": 0.99},
])
def test_plain_adam_is_kerass_adam_slots_and_count_of_steps_included(settings, monkeypatch):
    expected, other = (trained(by_keras, make) for make in (
        keras.optimizers.Adam(**settings), keras.optimizers.Adam(0.5)))
    assert float(np.abs(np.array(expected[0]) - np.array(other[0])).max()) > 1e-2
    monkeypatch.setattr(keras.optimizers.Adam, "apply", lambda *_: pytest.fail("Keras's own was used"))
    found = trained(apply_gradients, keras.optimizers.Adam(**settings))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("settings", [
    {"learning_rate": 0.3}, {"learning_rate": 0.1, "momentum": 0.9},
    {"learning_rate": keras.optimizers.schedules.PiecewiseConstantDecay([2], [0.1, 0.03]), "momentum": 0.7,
     "nesterov": True},
])
def test_plain_sgd_is_kerass_sgd_slots_and_count_of_steps_included(settings, monkeypatch):
    expected = trained(by_keras, keras.optimizers.SGD(**settings))
    monkeypatch.setattr(keras.optimizers.SGD, "apply", lambda *_: pytest.fail("Keras's own was used"))
    found = trained(apply_gradients, keras.optimizers.SGD(**settings))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [
    lambda: keras.optimizers.SGD(0.1, momentum=0.5, clipnorm=0.1), lambda: keras.optimizers.Adam(0.1, amsgrad=True),
    lambda: keras.optimizers.Adam(0.1, clipnorm=0.1), lambda: keras.optimizers.AdamW(0.1),
])
def test_all_else_is_left_to_keras(make):
    for a, b in zip(trained(apply_gradients, make()), trained(by_keras, make()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_l2_is_added_to_the_gradient_and_goes_through_the_momentum():
    """By hand: w = 2, gradients 1 and 3, l2 = 0.5, rate 0.1, momentum 0.9; the bias decays too."""
    weight, bias = keras.Variable([2.0]), keras.Variable([-4.0])
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build([weight, bias])
    for slope in (1.0, 3.0):
        gradients = [tf.constant([slope]), tf.constant([0.0])]
        apply_gradients(optimizer, with_l2(gradients, [weight, bias], 0.5), [weight, bias])
    # w: -0.1 * (1 + 1) = -0.2 -> 1.8; 0.9 * -0.2 - 0.1 * (3 + 0.9) = -0.57 -> 1.23
    np.testing.assert_allclose(weight, [1.23], rtol=1e-5)
    # b: 0.2 -> -3.8; 0.9 * 0.2 + 0.1 * 1.9 = 0.37 -> -3.43
    np.testing.assert_allclose(bias, [-3.43], rtol=1e-5)


def test_l2_reaches_every_row_of_a_table_and_no_variable_without_gradient():
    table, other = keras.Variable([[1.0], [2.0], [4.0]]), keras.Variable([5.0])
    rows = tf.IndexedSlices(tf.constant([[10.0]]), tf.constant([1]), tf.constant([3, 1]))
    found = with_l2([rows, None], [table, other], 0.1)
    np.testing.assert_allclose(found[0], [[0.1], [10.2], [0.4]], rtol=1e-6)
    assert found[1] is None
    gradients = [rows, None]
    assert with_l2(gradients, [table, other], 0.0) is gradients
