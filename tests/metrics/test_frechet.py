import numpy as np
import pytest
import scipy.linalg

from kgan.errors import InputError
from kgan.metrics.frechet import frechet_distance


def with_moments(mean, covariance, count, seed):
    """`count` samples with exactly this sample mean and unbiased sample covariance."""
    x = np.random.default_rng(seed).normal(size=(count, len(mean)))
    x -= x.mean(axis=0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    return x @ np.linalg.cholesky(np.asarray(covariance, float)).T + np.asarray(mean, float)


def independent(real, fake):
    c, c_w = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = scipy.linalg.sqrtm(c @ c_w).real
    return np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.trace(c + c_w - 2 * root)


def test_one_dimension_by_hand():
    real = np.array([[0.0], [2.0], [4.0]])  # mean 2, variance 4
    fake = np.array([[4.0], [5.0], [6.0]])  # mean 5, variance 1
    assert frechet_distance(real, fake) == pytest.approx(9 + 4 + 1 - 2 * 2, rel=1e-9)


def test_diagonal_covariances_by_hand():
    real = with_moments([1, 2, 3], np.diag([4.0, 9.0, 1.0]), 30, 0)
    fake = with_moments([1, 0, 3.5], np.diag([1.0, 16.0, 0.25]), 17, 1)
    expected = 4 + 0.25 + (2 - 1) ** 2 + (3 - 4) ** 2 + (1 - 0.5) ** 2
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-9)


def test_covariances_that_commute_not():
    real = with_moments([0.5, -1], [[2.0, 1.2], [1.2, 1.0]], 25, 2)
    fake = with_moments([0, 1], [[1.0, -0.7], [-0.7, 3.0]], 40, 3)
    # for 2x2: Tr sqrt(A B) = sqrt(Tr(A B) + 2 sqrt(det A det B)), Tr(A B) = 2 - 0.84 - 0.84 + 3
    root = np.sqrt(3.32 + 2 * np.sqrt(0.56 * 2.51))
    assert frechet_distance(real, fake) == pytest.approx(0.25 + 4 + 3 + 4 - 2 * root, rel=1e-9)


def test_against_scipy_and_symmetric():
    rng = np.random.default_rng(4)
    real = rng.normal(size=(200, 8)) @ rng.normal(size=(8, 8))
    fake = 0.3 + rng.normal(size=(150, 8)) @ rng.normal(size=(8, 8))
    assert frechet_distance(real, fake) == pytest.approx(independent(real, fake), rel=1e-7)
    assert frechet_distance(real, fake) == pytest.approx(frechet_distance(fake, real), rel=1e-9)


def test_same_set_and_dead_features():
    real = np.random.default_rng(5).normal(size=(50, 6)).astype(np.float32)
    real[:, 2] = 0.0  # a unit that never fires: a singular covariance
    assert frechet_distance(real, real) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(real, real + np.float32(2.0)) == pytest.approx(6 * 4.0, rel=1e-5)


def test_float32_features_are_computed_in_float64():
    real = (1000.0 + np.random.default_rng(6).normal(size=(64, 3))).astype(np.float32)
    fake = (1000.0 + 2 * np.random.default_rng(7).normal(size=(64, 3))).astype(np.float32)
    expected = independent(real.astype(np.float64), fake.astype(np.float64))
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.zeros((1, 2)), np.zeros((3, 2)), "1 real"),
        (np.zeros((3, 2)), np.zeros((1, 2)), "1 fake"),
        (np.zeros((3, 2)), np.zeros((3, 4)), "received 2 and 4"),
        (np.zeros((3, 2)), np.full((3, 2), np.nan), "fake features are NaN"),
        (np.full((3, 2), np.inf), np.zeros((3, 2)), "real features are NaN or inf"),
        (np.zeros(3), np.zeros((3, 2)), "shape"),
    ],
)
def test_wrong_input(real, fake, message):
    with pytest.raises(InputError, match=message):
        frechet_distance(real, fake)
