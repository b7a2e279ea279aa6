import numpy as np
import pytest
from scipy.special import softmax

from kgan.errors import InputError
from kgan.metrics.inception_score import inception_score


def independent(logits):
    p = softmax(np.asarray(logits, np.float64), axis=1)
    return np.exp((p * np.log(p / p.mean(axis=0))).sum(axis=1).mean())


def test_one_split_by_an_independent_formula():
    logits = np.random.default_rng(0).normal(0, 3, (40, 5)).astype(np.float32)
    mean, std = inception_score(logits, splits=1)
    assert mean == pytest.approx(independent(logits), rel=1e-9)
    assert std == 0.0


def test_extremes_by_hand():
    sure = 1000.0 * np.eye(4)[np.arange(40) % 4]
    assert inception_score(sure, splits=1)[0] == pytest.approx(4.0, rel=1e-9)
    unsure = np.tile([[2.0, -1.0, 0.5]], (20, 1))
    assert inception_score(unsure, splits=2) == (pytest.approx(1.0, abs=1e-9), pytest.approx(0.0, abs=1e-9))
    skewed = 1000.0 * np.eye(2)[[0, 0, 0, 1]]  # exp(entropy of (3/4, 1/4))
    expected = np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    assert inception_score(skewed, splits=1)[0] == pytest.approx(expected, rel=1e-9)


def test_a_class_that_never_occurs_is_no_nan():
    logits = np.array([[0.0, 1.0, -5000.0], [1.0, 0.0, -4000.0]])
    mean, _ = inception_score(logits, splits=1)
    assert mean == pytest.approx(inception_score(logits[:, :2], splits=1)[0], rel=1e-9)


def test_splits_are_shuffled_by_seed_and_cover_all():
    ordered = 30.0 * np.eye(4)[np.repeat(np.arange(4), 25)]  # unshuffled, each of four splits scores 1
    mean, std = inception_score(ordered, splits=4, seed=0)
    assert mean > 3.5
    shuffled = ordered[np.random.default_rng(0).permutation(100)]
    scores = [independent(shuffled[i : i + 25]) for i in (0, 25, 50, 75)]
    assert mean == pytest.approx(np.mean(scores), rel=1e-6)
    assert std == pytest.approx(np.std(scores), rel=1e-6)
    assert inception_score(ordered, splits=4, seed=0) == (mean, std)
    assert inception_score(ordered, splits=4, seed=1) != (mean, std)


@pytest.mark.parametrize(
    ("logits", "splits", "message"),
    [
        (np.zeros((3, 2)), 4, "received 3"),
        (np.zeros((3, 2)), 0, "splits must be"),
        (np.zeros(3), 1, "shape"),
        (np.zeros((3, 1)), 1, "shape"),
        (np.array([[0.0, np.nan], [1.0, 2.0]]), 1, "NaN"),
        (np.array([[0.0, np.inf], [1.0, 2.0]]), 1, "infinite"),
    ],
)
def test_wrong_input(logits, splits, message):
    with pytest.raises(InputError, match=message):
        inception_score(logits, splits)
