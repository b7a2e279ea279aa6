"""The conditional Softplus loss by hand, and where it is smallest."""

import numpy as np
import pytest

from kgan.losses.density_ratio import conditional_softplus_loss

REAL = np.array([[0.0], [np.log(3.0)]], "float32")
FAKE = np.array([[np.log(3.0)], [0.0], [2.0]], "float32")


def test_by_hand():
    # s(ln 3) = 3/4, sp(ln 3) = ln 4; s(0) = 1/2, sp(0) = ln 2; s(2) = 0.8807970780, sp(2) = 2.1269280110
    terms = [0.75 * np.log(3) - np.log(4), -np.log(2), 2 * 0.8807970780 - 2.1269280110]
    mean = (np.log(3) + 2) / 3
    for penalty in (0.0, 0.01, 5.0):
        expected = np.mean(terms) - (0.5 + 0.75) / 2 + penalty * (mean - 1) ** 2
        assert float(conditional_softplus_loss(REAL, FAKE, penalty)) == pytest.approx(expected, rel=1e-5)
        assert float(conditional_softplus_loss(REAL[:, 0], FAKE[:, 0], penalty)) == pytest.approx(expected, rel=1e-5)


def test_without_penalty_it_is_smallest_at_the_true_ratio():
    """Two images: real with probabilities 0.8 and 0.2, fake with 0.5 and 0.5; the ratios are 1.6 and 0.4."""
    def loss(a, b):
        real, fake = [a] * 8 + [b] * 2, [a] * 5 + [b] * 5
        return float(conditional_softplus_loss(np.array(real), np.array(fake), 0.0))

    least = loss(1.6, 0.4)
    for step in (-0.3, 0.3):
        assert loss(1.6 + step, 0.4) > least + 1e-4
        assert loss(1.6, 0.4 + step) > least + 1e-4


def test_the_penalty_is_on_the_mean_of_the_whole_batch():
    # 0.5 and 1.5 have the mean 1: nothing is added, though neither is 1.
    fake = np.array([[0.5], [1.5]], "float32")
    plain, punished = (float(conditional_softplus_loss(REAL, fake, weight)) for weight in (0.0, 100.0))
    assert plain == pytest.approx(punished, abs=1e-6)
