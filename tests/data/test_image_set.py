import itertools

import numpy as np
import pytest

from kgan.data.image_set import ImageSet
from kgan.errors import InputError


def numbered(count, name="numbered"):
    """Image i holds the value i everywhere and has the label i % 3."""
    images = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 2, 3, 1)).copy()
    return ImageSet(name, images, (np.arange(count) % 3).astype(np.int32), ("a", "b", "c"))


def numbers(dataset, steps):
    """The first batches as the numbers of their images, [steps, B]."""
    batches = list(itertools.islice(dataset.as_numpy_iterator(), steps))
    return np.rint((np.stack(batches)[:, :, 0, 0, 0] + 1.0) * 127.5).astype(int)


def test_batches_are_scaled_static_and_whole():
    dataset = numbered(10).batches(4, seed=0)
    assert dataset.element_spec.shape == (4, 2, 3, 1)
    batch = next(dataset.as_numpy_iterator())
    assert batch.dtype == np.float32
    ids = numbers(dataset, 1)[0]
    expected = np.broadcast_to((ids / 127.5 - 1.0)[:, None, None, None], (4, 2, 3, 1))
    np.testing.assert_allclose(batch, expected, atol=1e-6)


def test_every_epoch_is_another_permutation():
    seen = numbers(numbered(12).batches(4, seed=3), 9).reshape(3, 12)
    for epoch in seen:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(12))
    assert len({tuple(epoch) for epoch in seen}) == 3


def test_the_incomplete_batch_is_dropped():
    seen = numbers(numbered(11).batches(4, seed=3), 6).reshape(3, 8)
    assert all(len(set(epoch)) == 8 for epoch in seen)
    assert len(set(seen.ravel())) == 11  # each epoch leaves others out


def test_order_depends_on_the_seed_alone():
    first = numbers(numbered(12).batches(3, seed=5), 8)
    np.testing.assert_array_equal(first, numbers(numbered(12).batches(3, seed=5), 8))
    assert (first != numbers(numbered(12).batches(3, seed=6), 8)).any()


@pytest.mark.parametrize("start_step", [0, 1, 2, 3, 5, 6, 7, 17, 18])  # an epoch has 3 steps
def test_start_step_goes_on_exactly(start_step):
    whole = numbers(numbered(14).batches(4, seed=9), 24)
    resumed = numbers(numbered(14).batches(4, seed=9, start_step=start_step), 6)
    np.testing.assert_array_equal(resumed, whole[start_step : start_step + 6])


def test_start_step_costs_no_reading():
    far = numbered(100).batches(10, seed=1, start_step=10**12 + 3)
    assert numbers(far, 1).shape == (1, 10)  # would never end if the steps were produced


def test_labels_go_with_their_images():
    dataset = numbered(12).batches(5, seed=2, with_labels=True)
    for images, labels in itertools.islice(dataset.as_numpy_iterator(), 4):
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(np.rint((images[:, 0, 0, 0] + 1) * 127.5) % 3, labels)


def test_rows_go_with_their_images():
    dataset = numbered(12).batches(5, seed=2, with_labels=True, with_rows=True)
    assert [spec.shape.as_list() for spec in dataset.element_spec[1:]] == [[5], [5]]
    plain = numbers(numbered(12).batches(5, seed=2), 4)
    for number, (images, labels, rows) in enumerate(itertools.islice(dataset.as_numpy_iterator(), 4)):
        assert rows.dtype == np.int32
        np.testing.assert_array_equal(np.rint((images[:, 0, 0, 0] + 1) * 127.5), rows)
        np.testing.assert_array_equal(rows % 3, labels)
        np.testing.assert_array_equal(rows, plain[number])  # the order is the same with rows and without


def test_the_pixels_are_not_in_the_graph():
    images = np.random.default_rng(0).integers(0, 256, (500, 16, 16, 3), np.uint8)
    dataset = ImageSet("noise", images, None).batches(10, seed=0)
    while not hasattr(dataset, "_map_func"):  # below the prefetch and the options
        dataset = dataset._input_dataset
    function = dataset._map_func.function
    assert function.graph.as_graph_def().ByteSize() < images.nbytes / 10


def test_errors_of_batches():
    small = numbered(5)
    with pytest.raises(InputError, match="5 images, fewer than one batch of 6"):
        small.batches(6, seed=0)
    for bad in (0, -1, 2.0, True):
        with pytest.raises(InputError, match="batch_size"):
            small.batches(bad, seed=0)
    with pytest.raises(InputError, match="seed"):
        small.batches(2, seed=-1)
    with pytest.raises(InputError, match="start_step"):
        small.batches(2, seed=0, start_step=-4)
    with pytest.raises(InputError, match="no labels"):
        ImageSet("bare", small.images, None).batches(2, seed=0, with_labels=True)
    with pytest.raises(InputError, match="ask for with_labels=True"):
        small.batches(2, seed=0, with_rows=True)


def test_construction_is_validated():
    good, labels = np.zeros((3, 4, 4, 1), np.uint8), np.zeros(3, np.int32)
    with pytest.raises(InputError, match="float32"):
        ImageSet("x", good.astype(np.float32), None)
    with pytest.raises(InputError, match="shape"):
        ImageSet("x", good[0], None)
    with pytest.raises(InputError, match="channels"):
        ImageSet("x", np.zeros((3, 4, 4, 2), np.uint8), None)
    with pytest.raises(InputError, match="images must be some"):
        ImageSet("x", good[:0], None)
    with pytest.raises(InputError, match="int64"):
        ImageSet("x", good, labels.astype(np.int64))
    with pytest.raises(InputError, match="3 images but 2 labels"):
        ImageSet("x", good, labels[:2])
    with pytest.raises(InputError, match="from 0 to 2"):
        ImageSet("x", good, np.array([0, 2, 1], np.int32), ("a", "b"))


def test_properties_and_read_only():
    images = numbered(7)
    assert (len(images), images.image_shape, images.num_classes) == (7, (2, 3, 1), 3)
    assert images.batches_per_epoch(3) == 2
    assert ImageSet("bare", images.images, None).num_classes == 0
    assert ImageSet("unnamed", images.images, images.labels).num_classes == 3
    with pytest.raises(ValueError, match="read-only"):
        images.images[0] = 1


def test_split_off_parts_without_loss():
    whole = numbered(20)
    rest, part = whole.split_off(0.25, seed=4)
    assert (len(rest), len(part)) == (15, 5)
    both = np.concatenate([rest.images[:, 0, 0, 0], part.images[:, 0, 0, 0]])
    np.testing.assert_array_equal(np.sort(both), np.arange(20))
    np.testing.assert_array_equal(part.labels, part.images[:, 0, 0, 0] % 3)
    np.testing.assert_array_equal(part.images, whole.split_off(0.25, seed=4)[1].images)
    assert (part.images != whole.split_off(0.25, seed=5)[1].images).any()
    assert "5 held out" in part.split
    with pytest.raises(InputError, match="fraction"):
        whole.split_off(1.0, seed=0)


def test_take():
    first = numbered(9).take(4)
    np.testing.assert_array_equal(first.images[:, 0, 0, 0], [0, 1, 2, 3])
    np.testing.assert_array_equal(first.labels, [0, 1, 2, 0])
    assert len(numbered(9).take(40)) == 9
    with pytest.raises(InputError, match="take"):
        numbered(9).take(0)


def test_few_per_class_takes_exactly_that_many_and_leaves_the_rest():
    images = numbered(20)  # classes of 7, 7 and 6
    few, rest = images.few_per_class(3, seed=4)
    np.testing.assert_array_equal(np.bincount(few.labels), [3, 3, 3])
    np.testing.assert_array_equal(np.bincount(rest.labels), [4, 4, 3])
    chosen, left = few.images[:, 0, 0, 0], rest.images[:, 0, 0, 0]
    np.testing.assert_array_equal(np.sort(np.concatenate([chosen, left])), np.arange(20))
    for part, numbers_of in ((few, chosen), (rest, left)):
        np.testing.assert_array_equal(part.labels, numbers_of % 3)
        assert (np.diff(numbers_of.astype(int)) > 0).all()
    np.testing.assert_array_equal(chosen, images.few_per_class(3, seed=4)[0].images[:, 0, 0, 0])
    others = {tuple(images.few_per_class(3, seed=seed)[0].images[:, 0, 0, 0]) for seed in range(8)}
    assert len(others) == 8
    assert set(np.concatenate([list(other) for other in others])) == set(range(20))
    assert (few.split, few.class_names) == ("train[3 of each class, seed 4]", ("a", "b", "c"))


def test_few_per_class_refuses():
    images = numbered(20)
    with pytest.raises(InputError, match="has 6 images of class 'c', but few_per_class asks for 7"):
        images.few_per_class(7, seed=0)
    with pytest.raises(InputError, match="2 images of each class and no more"):
        numbered(6).few_per_class(2, seed=0)
    four = ImageSet("x", images.images, images.labels, ("a", "b", "c", "d"))
    with pytest.raises(InputError, match="has 0 images of class 'd'"):
        four.few_per_class(1, seed=0)
    with pytest.raises(InputError, match="no labels"):
        ImageSet("bare", images.images, None).few_per_class(1, seed=0)
    for bad in (0, 1.0, True):
        with pytest.raises(InputError, match="per_class"):
            images.few_per_class(bad, seed=0)
    with pytest.raises(InputError, match="seed"):
        images.few_per_class(1, seed=-1)


def test_the_order_of_batches_is_what_it_always_was():
    """Written down from an independent computation: argsort of Philox keys of (seed, epoch)."""
    import tensorflow as tf

    for epoch in range(2):
        keys = tf.random.stateless_uniform([10], tf.constant([7, epoch], tf.int64), None, None, tf.int64, alg="philox")
        expected = np.argsort(keys.numpy(), kind="stable")[:8].reshape(2, 4)
        np.testing.assert_array_equal(numbers(numbered(10).batches(4, seed=7, start_step=2 * epoch), 2), expected)
