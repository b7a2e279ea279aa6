import numpy as np
import pytest

from kgan.errors import InputError
from kgan.metrics.moments import Moments


def drawn(count=70, dim=5, seed=0, far=3.0):
    rng = np.random.default_rng(seed)
    return (far + rng.normal(size=(count, dim)) @ rng.normal(size=(dim, dim))).astype(np.float32)


def in_batches(features, *ends):
    moments = Moments(features.shape[1])
    for batch in np.split(features, ends):
        moments.update(batch)
    return moments


def test_three_rows_by_hand():
    moments = in_batches(np.array([[0.0, 1.0], [2.0, 5.0], [4.0, 0.0]]), 1)
    assert moments.num == 3
    np.testing.assert_allclose(moments.mean, [2, 2], rtol=1e-15)
    np.testing.assert_allclose(moments.covariance, [[4, -1], [-1, 7]], rtol=1e-14)


@pytest.mark.parametrize("far", [0.5, 1e4])
def test_the_split_into_batches_does_not_matter(far):
    features = drawn(far=far)
    expected = np.cov(features.astype(np.float64), rowvar=False)
    for ends in ([], [1], [69], [7, 8, 30], range(1, 70)):
        moments = in_batches(features, *ends)
        np.testing.assert_allclose(moments.mean, features.astype(np.float64).mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(moments.covariance, expected, rtol=1e-10, atol=1e-12 * expected.max())
        np.testing.assert_array_equal(moments.covariance, moments.covariance.T)


def test_a_first_batch_far_from_the_rest_costs_no_digits():
    rest = np.random.default_rng(1).normal(size=(60, 2))
    features = np.concatenate([np.zeros((1, 2)), 1e7 + rest, np.zeros((1, 2))])
    moments = in_batches(features, 1, 20, 61)
    np.testing.assert_allclose(moments.covariance, np.cov(features, rowvar=False), rtol=1e-12)


def test_of_takes_whole_arrays_of_many_chunks():
    features = np.random.default_rng(2).normal(2, 1, (2500, 3)).astype(np.float32)
    moments = Moments.of(features)
    assert moments.num == 2500
    np.testing.assert_allclose(moments.covariance, np.cov(features.astype(np.float64), rowvar=False), rtol=1e-11)


def test_wide_features_give_a_whole_symmetric_matrix():
    features = np.random.default_rng(3).normal(2, 1, (40, 600)).astype(np.float32)
    covariance = Moments.of(features).covariance
    np.testing.assert_allclose(covariance, np.cov(features.astype(np.float64), rowvar=False), atol=1e-13)
    np.testing.assert_array_equal(covariance, covariance.T)


def test_given_moments_go_on_like_their_own():
    features = drawn()
    first = Moments.of(features[:40])
    again = Moments.given(first.num, first.mean, first.covariance)
    np.testing.assert_allclose(again.covariance, first.covariance, rtol=1e-14)
    again.update(features[40:])
    np.testing.assert_allclose(again.covariance, np.cov(features.astype(np.float64), rowvar=False), rtol=1e-10)
    assert again.num == 70


def test_what_is_given_out_is_the_callers_own():
    moments = Moments.of(drawn())
    moments.mean[:] = 0.0
    moments.covariance[:] = 0.0
    assert moments.mean.min() > 0 and moments.covariance.max() > 0


def test_wrong_features():
    moments = Moments(2)
    with pytest.raises(InputError, match="no mean"):
        _ = moments.mean
    moments.update(np.ones((1, 2)))
    with pytest.raises(InputError, match="received 1"):
        _ = moments.covariance
    for wrong in (np.ones((3, 4)), np.ones(2), np.ones((0, 2))):
        with pytest.raises(InputError, match=r"\[b, 2\]"):
            moments.update(wrong)
    for value in (np.nan, np.inf, -np.inf):
        batch = np.ones((4, 2), np.float32)
        batch[2, 1] = value
        with pytest.raises(InputError, match="NaN or infinite among rows 1 to 4"):
            moments.update(batch)
    assert moments.num == 1  # a refused batch leaves no trace
    for wrong in (0, 2.0, True):
        with pytest.raises(InputError, match="dim must be"):
            Moments(wrong)
    for wrong in (np.ones((0, 2)), np.ones(3)):
        with pytest.raises(InputError, match="N >= 1"):
            Moments.of(wrong)


@pytest.mark.parametrize(("num", "mean", "covariance", "message"), [
    (1, [0.0], [[1.0]], "num=1"),
    (5, [0.0, 1.0], [[1.0]], "received"),
    (5, [np.nan], [[1.0]], "NaN"),
    (5, [0.0], [[np.inf]], "infinite"),
    (5, [0.0], [[-1.0]], "negative variance"),
    (5, [0.0, 0.0], [[1.0, 0.5], [0.25, 1.0]], "not symmetric"),
])
def test_wrong_moments_given(num, mean, covariance, message):
    with pytest.raises(InputError, match=message):
        Moments.given(num, mean, covariance)
