import numpy as np
import pytest
from scipy.spatial.distance import cdist

from kgan.errors import InputError
from kgan.metrics.manifold import density_coverage, manifold, nearest_others, precision_recall


def drawn(count, dim=6, seed=0, shift=0.0, scale=1.0):
    return (shift + scale * np.random.default_rng(seed).normal(size=(count, dim))).astype(np.float32)


def by_whole_matrices(real, fake, k_precision, k_density):
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    across = cdist(real, fake)

    def reach(x, k):
        return np.sort(cdist(x, x), axis=1)[:, k]  # column 0 is the point itself

    inside = across <= reach(real, k_density)[:, None]
    return {"precision": (across <= reach(real, k_precision)[:, None]).any(axis=0).mean(),
            "recall": (across <= reach(fake, k_precision)).any(axis=1).mean(),
            "density": inside.sum(axis=0).mean() / k_density, "coverage": inside.any(axis=1).mean()}


class OnlySlices:
    """What a file of features can do; keeps the largest piece asked for."""

    def __init__(self, features):
        self.features, self.largest = features, 0

    def __len__(self):
        return len(self.features)

    def __getitem__(self, chosen):
        assert isinstance(chosen, slice)
        self.largest = max(self.largest, len(self.features[chosen]))
        return self.features[chosen]


def test_points_on_a_line_by_hand():
    # distances to the nearest: 1, 1, 2 and 6; to the second: 3, 2, 3 and 8
    real = np.array([[0.0], [1.0], [3.0], [9.0]])
    # to the nearest: 0.5, 0.5, 16
    fake = np.array([[3.5], [4.0], [20.0]])
    # balls of the reals with k = 1: [-1, 1], [0, 2], [1, 5], [3, 15]: the first two fakes lie in two each
    # balls of the fakes: [3, 4], [3.5, 4.5], [4, 36]: the reals 3 (on the edge) and 9 lie in one
    assert precision_recall(real, fake, 1) == (pytest.approx(2 / 3), 0.5)
    assert density_coverage(real, fake, 1) == (pytest.approx(4 / 3), 0.5)
    # k = 2: [-3, 3], [-1, 3], [0, 6], [1, 17]
    assert density_coverage(real, fake, 2) == (pytest.approx(4 / 3 / 2), 0.5)


@pytest.mark.parametrize("far", [0.0, 1e4])
def test_blocks_against_whole_matrices(far):
    """More rows than one block, of unequal numbers, far from the origin too."""
    real, fake = drawn(1100, shift=far), drawn(700, seed=1, shift=far + 0.3, scale=0.8)
    expected = by_whole_matrices(real, fake, 3, 5)
    assert manifold(real, fake) == pytest.approx(expected, rel=1e-12)
    assert 0.1 < expected["recall"] < expected["precision"] < 1.0
    assert precision_recall(real, fake, 4) == pytest.approx(
        tuple(by_whole_matrices(real, fake, 4, 5)[name] for name in ("precision", "recall")), rel=1e-12)
    assert density_coverage(real, fake, 2) == pytest.approx(
        tuple(by_whole_matrices(real, fake, 3, 2)[name] for name in ("density", "coverage")), rel=1e-12)


def test_one_pass_gives_what_two_give_and_reads_little_at_a_time():
    real, fake = OnlySlices(drawn(1300)), OnlySlices(drawn(600, seed=2, shift=0.2))
    both = manifold(real, fake, precision_recall=2, density_coverage=7)
    assert (both["precision"], both["recall"]) == precision_recall(real, fake, 2)
    assert (both["density"], both["coverage"]) == density_coverage(real, fake, 7)
    assert 0 < real.largest <= 512 and 0 < fake.largest <= 512


def test_the_reals_neighbours_may_be_given():
    real, fake = drawn(700), drawn(600, seed=2, shift=0.2)
    for ks in ({"precision_recall": 2, "density_coverage": 4}, {"precision_recall": 3, "density_coverage": None}):
        given = nearest_others(OnlySlices(real), max(k or 0 for k in ks.values()))
        assert manifold(real, fake, nearest_reals=given, **ks) == manifold(real, fake, **ks)
        assert manifold(real, fake, nearest_reals=4.0 * given, **ks) != manifold(real, fake, **ks)
    np.testing.assert_allclose(nearest_others(np.array([[0.0], [1.0], [3.0], [9.0]]), 2),
                               [[1, 9], [1, 4], [4, 9], [36, 64]])


def test_a_set_against_itself_in_another_order():
    """Every point lies on the edge of its k-th neighbour's reach or within: nothing may hang on rounding."""
    real = drawn(600, dim=40, shift=5.0)
    found = manifold(real, real[::-1].copy())
    assert found == {"precision": 1.0, "recall": 1.0, "density": pytest.approx(6 / 5, rel=1e-12), "coverage": 1.0}


def test_a_collapsed_generator_and_repeated_images():
    real = drawn(50)
    one = np.tile(real[:1], (20, 1))  # all balls of the fakes have no extent and hold one real
    precision, recall = precision_recall(real, one)
    assert (precision, recall) == (1.0, 1 / 50)
    _, coverage = density_coverage(real, one)
    assert 1 / 50 <= coverage <= 0.4
    away = manifold(real, one + 100)
    assert away == {"precision": 0.0, "recall": 0.0, "density": 0.0, "coverage": 0.0}


@pytest.mark.parametrize(("real", "fake", "settings", "message"), [
    (drawn(5), drawn(9), {}, "5 nearest neighbours need 6 samples or more; received 5 real"),
    (drawn(9), drawn(3), {}, "3 nearest neighbours need 4 samples or more; received 3 fake"),
    (drawn(9), drawn(0), {"precision_recall": None}, "received 0 fake"),
    (drawn(9), drawn(9, 4), {}, "received 6 and 4"),
    (drawn(9), np.full((9, 6), np.nan), {}, "fake features are NaN or infinite among rows 0 to 8"),
    (np.full((9, 6), np.inf), drawn(9), {}, "real features are NaN"),
    (np.zeros(9), drawn(9), {}, r"\[N, D\]"),
    (drawn(9), drawn(9), {"precision_recall": 0}, "precision_recall takes"),
    (drawn(9), drawn(9), {"density_coverage": 2.0}, "density_coverage takes"),
    (drawn(9), drawn(9), {"precision_recall": None, "density_coverage": None}, "asked for nothing"),
    (drawn(9), drawn(9), {"nearest_reals": np.ones((9, 3))}, r"must be \[9, 5\]; received \(9, 3\)"),
])
def test_wrong_input(real, fake, settings, message):
    with pytest.raises(InputError, match=message):
        manifold(real, fake, **settings)
