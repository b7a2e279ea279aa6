import numpy as np
import pytest

from kgan.errors import InputError
from kgan.metrics.kernel_distance import kernel_distance, possible_subset_size
from kgan.metrics.tfgan import tfgan_kernel_distance


def drawn(count, dim=5, seed=0, shift=0.0, scale=1.0):
    return (shift + scale * np.random.default_rng(seed).normal(size=(count, dim))).astype(np.float32)


def by_pairs(x, y):
    """Over all pairs one after the other, from the definition."""
    def mean(a, b, same):
        values = [(float(np.dot(p, q)) / len(p) + 1) ** 3
                  for i, p in enumerate(a) for j, q in enumerate(b) if not (same and i == j)]
        return sum(values) / len(values)

    x, y = x.astype(np.float64), y.astype(np.float64)
    return mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)


class OnlyRows:
    """What a file of features can do."""

    def __init__(self, features):
        self.features = features

    def __len__(self):
        return len(self.features)

    def __getitem__(self, chosen):
        assert isinstance(chosen, slice | np.ndarray)
        return self.features[chosen]


def test_two_by_two_by_hand():
    real, fake = np.array([[0.0], [2.0]]), np.array([[1.0], [-3.0]])
    # pairs of reals: 1; of fakes: (-3 + 1)^3 = -8; across: 1, 1, 27, (-6 + 1)^3 = -125
    assert kernel_distance(real, fake) == (pytest.approx(1 - 8 - 2 * (1 + 1 + 27 - 125) / 4, rel=1e-14), 0.0)


def test_the_whole_set_is_one_subset_and_agrees_with_tfgan():
    real, fake = drawn(40), drawn(40, seed=1, shift=0.3)
    mean, std = kernel_distance(real, fake, subset_size=40)
    assert mean == pytest.approx(by_pairs(real, fake), rel=1e-11)
    assert std == 0.0
    assert mean == pytest.approx(tfgan_kernel_distance(real, fake)[0], rel=1e-11)


def test_large_sets_are_summed_in_blocks_of_rows():
    real, fake = drawn(1200, 3), drawn(1200, 3, seed=1, scale=1.2)
    mean, _ = kernel_distance(real, fake, subset_size=5000)
    assert mean == pytest.approx(tfgan_kernel_distance(real, fake, block_size=5000)[0], rel=1e-9)


def test_subsets_are_drawn_without_replacement_by_seed():
    real, fake = drawn(60), drawn(45, seed=1, shift=0.4, scale=1.3)
    rng = np.random.default_rng(7)
    estimates = []
    for _ in range(6):
        x = real[rng.choice(60, 20, replace=False)]
        estimates.append(by_pairs(x, fake[rng.choice(45, 20, replace=False)]))
    found = kernel_distance(real, fake, subsets=6, subset_size=20, seed=7)
    assert found == (pytest.approx(np.mean(estimates), rel=1e-11), pytest.approx(np.std(estimates), rel=1e-9))
    assert kernel_distance(OnlyRows(real), OnlyRows(fake), subsets=6, subset_size=20, seed=7) == found
    assert kernel_distance(real, fake, subsets=6, subset_size=20, seed=8) != found


def test_the_smaller_set_bounds_the_subset():
    assert possible_subset_size(45, 60, 1000) == 45
    assert possible_subset_size(2000, 1500, 1000) == 1000
    real, fake = drawn(60), drawn(45, seed=1)
    found = kernel_distance(real, fake, subsets=4)
    assert found == kernel_distance(real, fake, subsets=4, subset_size=45)
    assert found[1] > 0  # the larger set's part still changes


def test_equal_distributions_are_at_no_distance_on_average():
    near, _ = kernel_distance(drawn(400), drawn(400, seed=1), subsets=50, subset_size=100)
    far, _ = kernel_distance(drawn(400), drawn(400, seed=1, shift=0.5), subsets=50, subset_size=100)
    assert abs(near) < 0.05 < 0.3 < far


@pytest.mark.parametrize(("real", "fake", "settings", "message"), [
    (drawn(5), drawn(1), {}, "received 5 real and 1 fake"),
    (drawn(5), drawn(5, 4), {}, "received 5 and 4"),
    (drawn(5), np.full((5, 5), np.nan), {}, "fake features are NaN"),
    (np.full((5, 5), np.inf), drawn(5), {}, "real features are NaN or inf"),
    (np.zeros(5), drawn(5), {}, r"\[N, D\]"),
    (drawn(5), drawn(5), {"subsets": 0}, "subsets must be"),
    (drawn(5), drawn(5), {"subset_size": 1}, "subset_size must be"),
    (drawn(5), drawn(5), {"seed": -1}, "seed must be"),
])
def test_wrong_input(real, fake, settings, message):
    with pytest.raises(InputError, match=message):
        kernel_distance(real, fake, **settings)
