import itertools

import numpy as np
import pytest

from kgan.data.value_set import ValueSet
from kgan.errors import InputError

VALUES = np.array([10, 12, 12, 20, 20, 20, 20, 15], np.float32)


def numbered(values=VALUES, **options):
    """Image i holds the value i everywhere."""
    count = len(values)
    images = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 2, 3, 1)).copy()
    return ValueSet("numbered", images, np.asarray(values, np.float32), **{"low": 10.0, "high": 20.0} | options)


def seen(dataset, steps):
    """The numbers of the images and the targets of the first batches, [steps, B] each."""
    batches = list(itertools.islice(dataset.as_numpy_iterator(), steps))
    images = np.stack([images for images, _ in batches])
    return np.rint((images[:, :, 0, 0, 0] + 1) * 127.5).astype(int), np.stack([targets for _, targets in batches])


def test_targets_are_normalised_values_and_back():
    values = numbered(unit="degrees")
    np.testing.assert_allclose(values.targets, [0, 0.2, 0.2, 1, 1, 1, 1, 0.5], atol=1e-7)
    assert values.targets.dtype == np.float32
    np.testing.assert_allclose(values.to_values([0.25, -1.0, 1.5]), [12.5, 10.0, 20.0], atol=1e-6)
    np.testing.assert_allclose(values.to_values(values.targets), VALUES, atol=1e-5)
    np.testing.assert_allclose(values.to_targets([17.5]), [0.75], atol=1e-7)


def test_the_ends_of_a_range_that_float32_does_not_hold():
    ends = numbered([-88.13, 97.92, 0.0], low=-88.13, high=97.92)
    assert ends.targets[0] == 0.0 and ends.targets[1] == 1.0
    assert ends.targets[2] == pytest.approx(88.13 / 186.05, abs=1e-6)


def test_epochs_are_permutations_and_carry_their_targets():
    images, targets = seen(numbered().batches(4, seed=3), 6)
    assert targets.dtype == np.float32
    for epoch in images.reshape(3, 8):
        np.testing.assert_array_equal(np.sort(epoch), np.arange(8))
    np.testing.assert_allclose(targets, (VALUES[images] - 10) / 10, atol=1e-7)
    bare = next(numbered().batches(4, seed=3, with_labels=False).as_numpy_iterator())
    assert bare.shape == (4, 2, 3, 1) and bare.dtype == np.float32


@pytest.mark.parametrize("draw", ["epochs", "replacement", "balanced"])
def test_start_step_goes_on_exactly(draw):
    whole = seen(numbered().batches(3, seed=9, draw=draw), 20)  # epochs have two steps
    for start_step in (1, 12):
        resumed = seen(numbered().batches(3, seed=9, draw=draw, start_step=start_step), 6)
        for part, all_of in zip(resumed, whole, strict=True):
            np.testing.assert_array_equal(part, all_of[start_step : start_step + 6])
    other = seen(numbered().batches(3, seed=10, draw=draw), 20)
    assert (other[0] != whole[0]).any()


def within(count, total, probability, sigmas=4.5):
    """Whether a binomial count lies within so many standard deviations of its mean."""
    spread = np.sqrt(total * probability * (1 - probability))
    return abs(count - total * probability) < sigmas * spread


@pytest.mark.parametrize(("draw", "probabilities"), [
    ("replacement", [1 / 8] * 8),
    # four distinct values: 10 (once), 12 (twice), 20 (four times), 15 (once)
    ("balanced", [1 / 4, 1 / 8, 1 / 8, 1 / 16, 1 / 16, 1 / 16, 1 / 16, 1 / 4]),
])
def test_draws_have_their_probabilities(draw, probabilities):
    images, targets = seen(numbered().batches(200, seed=5, draw=draw), 40)  # batches greater than the set
    counts = np.bincount(images.ravel(), minlength=8)
    for count, probability in zip(counts, probabilities, strict=True):
        assert within(count, images.size, probability)
    np.testing.assert_allclose(targets, (VALUES[images] - 10) / 10, atol=1e-7)
    assert within((images[:, 0] == images[:, 1]).sum(), 40, np.square(probabilities).sum())  # drawn independently


def test_parts_keep_values_and_range():
    values = numbered()
    first = values.take(3)
    np.testing.assert_array_equal(first.values, [10, 12, 12])
    assert (first.low, first.high, first.split) == (10.0, 20.0, "train[first 3]")
    rest, part = values.split_off(0.25, seed=1)
    assert (len(rest), len(part)) == (6, 2)
    np.testing.assert_array_equal(part.values, VALUES[part.images[:, 0, 0, 0]])
    both = np.concatenate([rest.images, part.images])[:, 0, 0, 0]
    np.testing.assert_array_equal(np.sort(both), np.arange(8))


@pytest.mark.parametrize(("values", "options", "text"), [
    ([10, 21], {}, "values must lie in 10 to 20; number 1 is 21"),
    ([9.5, 12], {"unit": "years"}, "values must lie in 10 to 20 years; number 0 is 9.5"),
    ([10, np.nan], {}, "number 1 is nan"),
    ([10, 12], {"low": 20.0}, "low must be below high"),
    ([10, 12], {"high": float("inf")}, "high must be a number"),
    ([10, 12], {"low": "ten"}, "low must be a number; received 'ten'"),
])
def test_what_is_no_value_is_refused(values, options, text):
    with pytest.raises(InputError) as caught:
        numbered(values, **options)
    assert text in str(caught.value) and "'numbered'" in str(caught.value)


def test_other_faults_are_refused():
    images = numbered().images
    with pytest.raises(InputError, match="values must be a float32 array"):
        ValueSet("x", images, VALUES.astype(np.float64), 10.0, 20.0)
    with pytest.raises(InputError, match="8 images but 7 values"):
        ValueSet("x", images, VALUES[:7], 10.0, 20.0)
    with pytest.raises(InputError, match="value set 'x': images must be a uint8 array"):
        ValueSet("x", images / 255, VALUES, 10.0, 20.0)
    with pytest.raises(InputError, match="draw must be one of"):
        numbered().batches(2, seed=0, draw="sometimes")
    with pytest.raises(InputError, match="8 images, fewer than one batch of 9"):
        numbered().batches(9, seed=0)
    for draw in ("epochs", "balanced"):
        with pytest.raises(InputError, match="seed"):
            numbered().batches(2, seed=-1, draw=draw)
        with pytest.raises(InputError, match="start_step"):
            numbered().batches(2, seed=1, draw=draw, start_step=-1)
    with pytest.raises(ValueError, match="read-only"):
        numbered().values[0] = 1
