"""Adaptive average pooling against means of windows, and which of two maps is pooled."""

import numpy as np
import pytest
import tensorflow as tf
from kd_checks import averaged, draw

from kgan.errors import InputError
from kgan.losses.kd.pooling import adaptive_average_pool, pool_to_smaller


def test_windows_that_do_not_divide_overlap():
    column = np.array([1.0, 2.0, 4.0, 8.0, 16.0], "float32").reshape(1, 5, 1, 1)
    found = adaptive_average_pool(column, (3, 1))  # places 0-1, 1-3, 3-4
    np.testing.assert_allclose(np.ravel(found), [1.5, 14 / 3, 12.0], rtol=1e-6)
    found = adaptive_average_pool(column[:, :2], (3, 1))  # places 0, 0-1, 1
    np.testing.assert_allclose(np.ravel(found), [1.0, 1.5, 2.0], rtol=1e-6)


@pytest.mark.parametrize("before, size", [
    ((4, 4), (2, 2)), ((6, 4), (2, 4)), ((5, 3), (1, 1)), ((7, 5), (3, 2)), ((4, 5), (2, 2)), ((3, 2), (5, 2)),
])
def test_every_window_is_averaged_and_gets_its_share_of_the_gradient(before, size):
    maps, weights = draw(2, *before, 3), draw(2, *size, 3, seed=1)
    variable = tf.constant(maps, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        pooled = adaptive_average_pool(variable, size)
        value = tf.reduce_sum(pooled * tf.constant(weights, tf.float32))
    np.testing.assert_allclose(pooled, averaged(maps, size), rtol=1e-5, atol=1e-6)
    slope = np.array(tape.gradient(value, variable))
    # Pooling is linear: the slope at a place is the pooled picture of that place alone, weighted.
    for place in ((0, 0, 0, 2), (1, before[0] - 1, before[1] // 2, 0)):
        alone = np.zeros_like(maps)
        alone[place] = 1.0
        assert slope[place] == pytest.approx(np.sum(averaged(alone, size) * weights), rel=1e-5, abs=1e-6)


def test_the_larger_map_is_pooled_and_the_smaller_left():
    large, small = draw(2, 4, 6, 3).astype("float32"), draw(2, 2, 3, 5, seed=1).astype("float32")
    pooled, kept = pool_to_smaller(large, small)
    np.testing.assert_allclose(pooled, averaged(large, (2, 3)), rtol=1e-5, atol=1e-6)
    assert kept is small
    kept, pooled = pool_to_smaller(small, large)
    np.testing.assert_allclose(pooled, averaged(large, (2, 3)), rtol=1e-5, atol=1e-6)
    assert kept is small
    assert pool_to_smaller(small, small)[0] is small


def test_the_batch_may_be_unknown():
    @tf.function(input_signature=[tf.TensorSpec((None, 5, 4, 3)), tf.TensorSpec((None, 2, 4, 1))])
    def pool(one, other):
        return pool_to_smaller(one, other)

    maps = draw(3, 5, 4, 3)
    found, _ = pool(tf.constant(maps, tf.float32), tf.zeros((3, 2, 4, 1)))
    np.testing.assert_allclose(found, averaged(maps, (2, 4)), rtol=1e-5, atol=1e-6)


def test_vectors_are_refused():
    with pytest.raises(InputError, match=r"\(2, 5\)"):
        pool_to_smaller(np.ones((2, 4, 4, 3), "float32"), np.ones((2, 5), "float32"))
