"""Draws depend on seed, step and number alone."""

import numpy as np
import tensorflow as tf

from kgan.training.noise import StepNoise, fold_seed


def test_a_draw_is_determined_by_seed_step_and_its_number():
    first, again = StepNoise(3, 7), StepNoise(3, tf.constant(7, tf.int64))
    a, b = first.normal((4, 5)), first.normal((4, 5))
    np.testing.assert_array_equal(a, again.normal((4, 5)))
    np.testing.assert_array_equal(b, again.normal((4, 5)))
    assert not np.array_equal(a, b)
    assert not np.array_equal(a, StepNoise(3, 8).normal((4, 5)))
    assert not np.array_equal(a, StepNoise(4, 7).normal((4, 5)))


def test_draws_have_their_law():
    normal = StepNoise(0, 0).normal((20_000, 2)).numpy()
    uniform = StepNoise(0, 0).uniform((20_000, 2)).numpy()
    assert abs(normal.mean()) < 0.02 and abs(normal.std() - 1.0) < 0.02
    assert uniform.min() >= 0.0 and uniform.max() < 1.0 and abs(uniform.mean() - 0.5) < 0.01


def test_folded_seeds_differ_by_word_and_seed_and_fit_31_bits():
    seeds = {fold_seed(seed, word) for seed in range(20) for word in ("teacher", "students", "")}
    assert len(seeds) == 60
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert fold_seed(0, "teacher") == fold_seed(0, "teacher")
