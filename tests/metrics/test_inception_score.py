import numpy as np
import pytest
from scipy.special import softmax

from kgan.errors import InputError
from kgan.metrics.inception_score import ScoreParts, inception_score
from kgan.metrics.tfgan import classifier_metrics


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


def test_each_part_scores_as_by_tfgan():
    logits = np.random.default_rng(3).normal(0, 4, (1500, 6)).astype(np.float32)
    logits[:700, 2] += 3.0
    shuffled = logits[np.random.default_rng(5).permutation(1500)].astype(np.float64)
    score = classifier_metrics().classifier_score_from_logits
    scores = [float(score(part)) for part in np.array_split(shuffled, 7)]  # parts of 214 and 215
    mean, std = inception_score(logits, splits=7, seed=5)
    assert mean == pytest.approx(np.mean(scores), rel=1e-12)
    assert std == pytest.approx(np.std(scores), rel=1e-9)


def test_the_split_into_batches_does_not_matter():
    logits = np.random.default_rng(4).normal(0, 2, (53, 4)).astype(np.float32)
    logits[10:30, 1] += 4.0
    whole = inception_score(logits, splits=5, seed=2)
    for ends in ([1], [52], [10, 11, 40]):
        parts = ScoreParts(53, splits=5, seed=2)
        for batch in np.split(logits, ends):
            parts.update(batch)
        assert parts.result() == (pytest.approx(whole[0], rel=1e-13), pytest.approx(whole[1], rel=1e-11))


def test_gaps_of_any_size_are_no_nan():
    largest = float(np.finfo(np.float64).max)
    logits = np.array([[largest, -largest, 0.0], [-largest, largest, 0.0]])
    assert inception_score(logits, splits=1)[0] == pytest.approx(2.0, rel=1e-12)


def test_parts_that_are_not_filled_rightly():
    parts = ScoreParts(4, splits=2)
    parts.update(np.zeros((3, 2)))
    with pytest.raises(InputError, match="4 samples has received 3"):
        parts.result()
    with pytest.raises(InputError, match=r"\[b, 2\]"):
        parts.update(np.zeros((1, 3)))
    with pytest.raises(InputError, match="4 samples received 5"):
        parts.update(np.zeros((2, 2)))
    with pytest.raises(InputError, match="infinite among samples 3 to 3"):
        parts.update(np.array([[0.0, np.inf]]))
    parts.update(np.zeros((1, 2)))
    assert parts.result() == (1.0, 0.0)
    with pytest.raises(InputError, match="num must be"):
        ScoreParts(0)
    with pytest.raises(InputError, match="seed must be"):
        ScoreParts(20, seed=-1)


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
