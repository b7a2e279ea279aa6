import itertools

import numpy as np
import pytest
from picture_files import refused

from kgan.data.image_set import ImageSet
from kgan.data.processed import ProcessedWriter
from kgan.data.processed_set import ProcessedSet
from kgan.data.union import union_batches, union_labels
from kgan.data.value_set import ValueSet


def pixels(colours):
    return np.array(colours, np.uint8).repeat(8).reshape(-1, 2, 4, 1)


def samples(folder, colours, labels):
    """Kept samples of these colours, over two shards, with one dropped at the end of each."""
    labels = np.asarray(labels)
    writer = ProcessedWriter(folder, {}, 2)
    for number, half in enumerate((slice(0, 2), slice(2, None))):
        of_shard = np.append(labels[half], labels[:1])
        count = len(of_shard)
        writer.write(number, {
            "images": pixels([*colours[half], 255]), "assigned_labels": of_shard, "final_labels": of_shard,
            "errors": np.zeros(count, np.float32), "density_ratios": np.ones(count, np.float32),
            "dropped": np.array([0] * (count - 1) + [2], np.uint8),
        }, {"labels": labels[:1], "proposed": np.array([9]), "accepted": np.array([3])})
    writer.finish()
    return ProcessedSet(folder)


REAL = {10: 0, 11: 2, 12: 1, 13: 2}
FAKE = {100: 1, 101: 0, 102: 2, 103: 2, 104: 1}


@pytest.fixture
def classes(tmp_path):
    real = ImageSet("birds", pixels(list(REAL)), np.array(list(REAL.values()), np.int32), ("a", "b", "c"))
    return real, samples(tmp_path, list(FAKE), np.array(list(FAKE.values()), np.int32))


def seen(dataset, steps):
    batches = list(itertools.islice(dataset.as_numpy_iterator(), steps))
    images = np.stack([images for images, _ in batches])
    assert images.dtype == np.float32 and (images == images[:, :, :1, :1, :1]).all()
    return np.rint((images[:, :, 0, 0, 0] + 1) * 127.5).astype(int), np.stack([labels for _, labels in batches])


def test_real_and_processed_are_one_set_shuffled_each_epoch(classes):
    dataset = union_batches(*classes, 3, seed=1)
    assert dataset.element_spec[0].shape == (3, 2, 4, 1)
    colours, labels = seen(dataset, 9)
    epochs = colours.reshape(3, 9)
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), [10, 11, 12, 13, 100, 101, 102, 103, 104])
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert any(batch.min() < 50 < batch.max() for batch in colours)  # mixed within a batch
    np.testing.assert_array_equal(labels, np.vectorize((REAL | FAKE).get)(colours))
    assert labels.dtype == np.int32


def test_start_step_goes_on_exactly(classes):
    whole, _ = seen(union_batches(*classes, 4, seed=5), 12)  # two steps an epoch, one sample left out
    for start_step in (1, 2, 7):
        resumed, labels = seen(union_batches(*classes, 4, seed=5, start_step=start_step), 4)
        np.testing.assert_array_equal(resumed, whole[start_step : start_step + 4])
        np.testing.assert_array_equal(labels, np.vectorize((REAL | FAKE).get)(resumed))
    assert (seen(union_batches(*classes, 4, seed=6), 12)[0] != whole).any()


def test_rows_number_the_real_images_then_the_samples(classes):
    labels_of_rows = union_labels(*classes)
    np.testing.assert_array_equal(labels_of_rows, [0, 2, 1, 2, 1, 0, 2, 2, 1])
    assert labels_of_rows.dtype == np.int32
    colours = np.array([*REAL, *FAKE])
    dataset = union_batches(*classes, 4, seed=5, start_step=1, with_rows=True)
    for images, labels, rows in itertools.islice(dataset.as_numpy_iterator(), 5):
        assert rows.dtype == np.int32 and rows.shape == (4,)
        np.testing.assert_array_equal(np.rint((images[:, 0, 0, 0] + 1) * 127.5), colours[rows])
        np.testing.assert_array_equal(labels, labels_of_rows[rows])


def test_values_become_targets(tmp_path):
    real = ValueSet("dials", pixels([10, 11, 12]), np.float32([-90, 0, 45]), -90.0, 90.0)
    fake = samples(tmp_path, [100, 101, 102], np.float32([90, -45, 9]))
    colours, targets = seen(union_batches(real, fake, 3, seed=0), 4)
    expected = {10: 0.0, 11: 0.5, 12: 0.75, 100: 1.0, 101: 0.25, 102: 0.55}
    np.testing.assert_allclose(targets, np.vectorize(expected.get)(colours), atol=1e-6)
    assert targets.dtype == np.float32 and set(colours.ravel()) == set(expected)
    np.testing.assert_allclose(union_labels(real, fake), list(expected.values()), atol=1e-6)


def test_what_does_not_fit_is_refused(classes, tmp_path):
    real, fake = classes
    few = ImageSet("birds", real.images[:3], np.array([0, 1, 1], np.int32), ("a", "b"))
    assert "classes 0 to 2, but image set 'birds' has 2 classes" in refused(union_batches, few, fake, 2, seed=0)
    bare = ImageSet("birds", real.images, None)
    assert "no labels" in refused(union_batches, bare, fake, 2, seed=0)
    big = ImageSet("birds", np.zeros((4, 4, 4, 1), np.uint8), real.labels, real.class_names)
    assert "(4, 4, 1)" in refused(union_batches, big, fake, 2, seed=0)
    dials = ValueSet("dials", real.images, np.float32([1, 2, 3, 4]), 0.0, 5.0)
    assert "labelled with values" in refused(union_batches, dials, fake, 2, seed=0)
    valued = samples(tmp_path / "v", [1, 2, 3], np.float32([1, 2, 9]))
    assert "labelled with classes" in refused(union_batches, real, valued, 2, seed=0)
    assert "values must lie in 0 to 5; number 2 is 9" in refused(union_batches, dials, valued, 2, seed=0)
    assert "9 images, fewer than one batch of 10" in refused(union_batches, real, fake, 10, seed=0)
