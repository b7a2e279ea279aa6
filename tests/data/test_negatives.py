import itertools

import numpy as np
import tensorflow as tf
from picture_files import refused

from kgan.data.image_set import ImageSet
from kgan.data.negatives import _draw_others, num_negatives, with_negatives

LABELS = np.array([7, 2, 2, 7, 4, 2, 7, 4, 2, 2, 7], np.int32)  # 5 of class 2, 4 of 7, 2 of 4


def fixed(rows, labels):
    """Batches of the same rows again and again, with empty images."""
    rows = np.asarray(rows, np.int32)
    return tf.data.Dataset.from_tensors((np.zeros((len(rows), 0), np.float32), labels[rows], rows)).repeat()


def drawn(dataset, steps):
    return np.stack([draws for *_, draws in itertools.islice(dataset.as_numpy_iterator(), steps)])


def numbered(labels):
    """Image i holds the value i everywhere."""
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None, None].repeat(2, axis=1)
    return ImageSet("numbered", images, labels)


def training(start_step=0, seed=3):
    data = numbered(LABELS)
    batches = data.batches(4, seed=8, start_step=start_step, with_labels=True, with_rows=True)
    return with_negatives(batches, data.labels, 4, seed=seed, start_step=start_step)


def test_a_row_comes_first_and_then_others_of_other_classes():
    dataset = training()
    assert dataset.element_spec[2] == tf.TensorSpec([4, 5], tf.int32)
    for images, labels, draws in itertools.islice(dataset.as_numpy_iterator(), 12):
        np.testing.assert_array_equal(np.rint((images[:, 0, 0, 0] + 1) * 127.5), draws[:, 0])
        np.testing.assert_array_equal(labels, LABELS[draws[:, 0]])
        assert (LABELS[draws[:, 1:]] != labels[:, None]).all()
        assert (np.diff(draws[:, 1:]) > 0).all()  # ascending, so distinct


def test_start_step_goes_on_exactly():
    whole = drawn(training(), 9)
    for start_step in (1, 2, 5):
        np.testing.assert_array_equal(drawn(training(start_step), 4), whole[start_step : start_step + 4])
    other = drawn(training(seed=4), 9)
    np.testing.assert_array_equal(other[..., 0], whole[..., 0])
    assert (other[..., 1:] != whole[..., 1:]).any()


def test_every_set_of_a_few_others_is_equally_likely():
    labels = np.array([1, 0, 1, 1, 0, 1, 1], np.int32)
    draws = drawn(with_negatives(fixed([1] * 500, labels), labels, 2, seed=0), 6).reshape(-1, 3)
    sets, counts = np.unique(draws[:, 1:], axis=0, return_counts=True)
    assert sets.tolist() == [list(pair) for pair in itertools.combinations([0, 2, 3, 5, 6], 2)]
    chi_square = ((counts - 300) ** 2 / 300).sum()
    assert 0.97 < chi_square < 29.7  # 0.05 % on either side, 9 degrees of freedom


def test_many_others_are_uniform_and_independent_from_place_to_place_and_step_to_step():
    labels = (np.arange(300) % 3).astype(np.int32)  # 200 others, of which 40
    draws = drawn(with_negatives(fixed([4] * 500, labels), labels, 40, seed=1), 4)
    chosen = np.zeros((4, 500, 300))
    np.put_along_axis(chosen, draws[..., 1:], 1, axis=2)
    counts = chosen.sum((0, 1))
    assert not counts[1::3].any()
    others = counts[np.arange(300) % 3 != 1]
    chi_square = 199 / 200 * ((others - 400) ** 2 / (2000 * 0.2 * 0.8)).sum()
    assert 133 < chi_square < 282  # about 0.01 % on either side, 199 degrees of freedom
    places, steps = (chosen[:, 1:] * chosen[:, :-1]).sum(2), (chosen[1:] * chosen[:-1]).sum(2)
    np.testing.assert_allclose([places.mean(), steps.mean()], 8.0, atol=0.25)  # 40 * 40 / 200, +- 4 deviations


def test_all_others_of_the_largest_class_can_be_taken():
    assert (num_negatives(LABELS), num_negatives(LABELS, 6), num_negatives(LABELS, 5)) == (6, 6, 5)
    assert num_negatives(np.arange(20000)) == 16384
    draws = drawn(with_negatives(fixed([5, 4, 9], LABELS), LABELS, 6, seed=0), 2)
    np.testing.assert_array_equal(draws[:, [0, 2]], [[[5, 0, 3, 4, 6, 7, 10], [9, 0, 3, 4, 6, 7, 10]]] * 2)
    assert set(draws[:, 1, 1:].ravel()) <= {0, 1, 2, 3, 5, 6, 8, 9, 10}  # 6 of the 9 that are not of class 4


def test_too_few_marked_are_drawn_again():
    class Unlucky:
        """First numbers that mark no row; those of a generator from then on."""

        def __init__(self):
            self.rng, self.calls = np.random.default_rng(0), 0
            self.choice = self.rng.choice

        def integers(self, low, high, size, dtype):
            self.calls += 1
            return np.full(size, high - 1, dtype) if self.calls == 1 else self.rng.integers(low, high, size, dtype)

    rng, groups = Unlucky(), np.arange(300) % 3
    rows = _draw_others(rng, groups, 2, 40, 200)
    assert rng.calls == 2
    assert len(set(rows)) == 40 and set(groups[rows]) == {0, 1}


def test_what_does_not_fit_is_refused():
    same = np.full(4, 3, np.int32)
    message = "all 4 images are of class 3: give data of two classes or more"
    assert message in refused(num_negatives, same)
    assert message in refused(with_negatives, fixed([0], same), same, 1, seed=0)
    assert "received float32 of shape (2,)" in refused(num_negatives, np.float32([1, 2]))
    assert "received int32 of shape (0,)" in refused(num_negatives, same[:0])
    assert "most must be" in refused(num_negatives, LABELS, 0)
    batches = fixed([0, 1], LABELS)
    assert "num must be at most 6" in refused(with_negatives, batches, LABELS, 7, seed=0)
    assert "num must be a whole number" in refused(with_negatives, batches, LABELS, 0, seed=0)
    assert "seed" in refused(with_negatives, batches, LABELS, 2, seed=-1)
    assert "start_step" in refused(with_negatives, batches, LABELS, 2, seed=0, start_step=-1)
    bare = numbered(LABELS).batches(2, seed=0, with_labels=True)
    assert "make them with with_rows=True" in refused(with_negatives, bare, LABELS, 2, seed=0)
