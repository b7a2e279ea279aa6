import itertools
import json

import numpy as np
import pytest
from picture_files import refused

from kgan.data import processed
from kgan.data.processed import ProcessedWriter, shard_path
from kgan.data.processed_set import ProcessedSet

SETTINGS = {"rho": 0.9, "generator": "biggan", "zeta": None}
# shard -> (assigned labels, dropped codes); sample i of a shard s holds the colour 50 s + i
SHARDS = {0: ([2, 0, 2, 1], [0, 0, 2, 1]), 1: ([], []), 2: ([1, 1, 0, 2, 0], [0, 2, 0, 0, 1])}
KEPT = [0, 1, 100, 102, 103]


def columns(number, dtype=np.int32):
    assigned, dropped = SHARDS[number]
    colours = np.arange(len(assigned), dtype=np.uint8) + np.uint8(50 * number)
    labels = np.array(assigned, dtype)
    return {
        "images": np.broadcast_to(colours[:, None, None, None], (len(labels), 3, 2, 1)).copy(),
        "assigned_labels": labels,
        "final_labels": labels if dtype == np.int32 else labels + np.float32(0.25),
        "errors": colours.astype(np.float32) / 8,
        "density_ratios": colours.astype(np.float32) / 2,
        "dropped": np.array(dropped, np.uint8),
    }


def tallies(number, dtype=np.int32):
    proposed, accepted = np.array([10, 20 * number]), np.array([5, number])
    return {"labels": np.array([0, 2], dtype), "proposed": proposed, "accepted": accepted}


def written(folder, numbers=(0, 1, 2), dtype=np.int32, finish=True):
    writer = ProcessedWriter(folder, SETTINGS, 3)
    for number in numbers:
        writer.write(number, columns(number, dtype), tallies(number, dtype))
    if finish:
        writer.finish()
    return folder


def test_an_interrupted_run_goes_on(tmp_path):
    writer = ProcessedWriter(tmp_path / "samples", SETTINGS, 3)
    assert writer.missing() == [0, 1, 2]
    writer.write(1, columns(1), tallies(1))
    (tmp_path / "samples" / ".shard-00002.npz.x.part").write_bytes(b"killed within")
    again = ProcessedWriter(tmp_path / "samples", dict(SETTINGS), 3)
    assert again.missing() == [0, 2]
    assert sorted(path.name for path in again.folder.iterdir()) == ["index.json", "shard-00001.npz"]
    assert "2 of 3 shards are missing, the first is shard-00000.npz" in refused(again.finish)
    assert "not complete" in refused(ProcessedSet, again.folder)
    for number in again.missing():
        again.write(number, columns(number), tallies(number))
    assert again.missing() == []
    again.finish()
    assert len(ProcessedSet(again.folder)) == 5


def test_other_settings_are_refused(tmp_path):
    written(tmp_path, finish=False)
    message = refused(ProcessedWriter, tmp_path, SETTINGS | {"rho": 0.8}, 3)
    assert "rho was 0.9, is 0.8" in message and "generator" not in message and str(tmp_path) in message
    assert "num_shards was 3, is 4" in refused(ProcessedWriter, tmp_path, SETTINGS, 4)
    assert "teacher was null" in refused(ProcessedWriter, tmp_path, SETTINGS | {"teacher": "x"}, 3)
    (tmp_path / "index.json").unlink()
    assert "shards but no index.json" in refused(ProcessedWriter, tmp_path, SETTINGS, 3)


def test_the_index_tells_counts_and_rates(tmp_path):
    index = json.loads((written(tmp_path) / "index.json").read_text())
    assert index["settings"] == SETTINGS and index["num_shards"] == 3 and index["complete"] is True
    assert index["dropped_codes"] == {"0": "kept", "1": "rejected by M1", "2": "dropped by M2"}
    assert index["num_kept"] == 5
    assert index["counts_by_assigned_label"] == [
        {"label": 0, "kept": 2, "rejected by M1": 1, "dropped by M2": 0},
        {"label": 1, "kept": 1, "rejected by M1": 1, "dropped by M2": 1},
        {"label": 2, "kept": 2, "rejected by M1": 0, "dropped by M2": 1}]
    assert index["acceptance_by_label"] == [
        {"label": 0, "proposed": 30, "accepted": 15, "rate": 0.5},
        {"label": 2, "proposed": 60, "accepted": 3, "rate": 0.05}]


def test_numpy_alone_reads_a_shard(tmp_path):
    path = written(tmp_path) / "shard-00002.npz"
    with np.load(path, allow_pickle=False) as shard:
        assert set(shard.files) == {*json.loads((tmp_path / "index.json").read_text())["columns"],
                                    "labels", "proposed", "accepted"}
        np.testing.assert_array_equal(shard["images"][:, 0, 0, 0], [100, 101, 102, 103, 104])
        assert (shard["images"].dtype, shard["images"].shape) == (np.uint8, (5, 3, 2, 1))
        np.testing.assert_array_equal(shard["assigned_labels"], [1, 1, 0, 2, 0])
        np.testing.assert_array_equal(shard["dropped"], [0, 2, 0, 0, 1])


def test_kept_samples_in_the_order_of_the_shards(tmp_path):
    samples = ProcessedSet(written(tmp_path, numbers=(2, 0, 1)))
    assert (len(samples), samples.image_shape) == (5, (3, 2, 1))
    np.testing.assert_array_equal(samples.labels, [2, 0, 1, 0, 2])
    assert samples.labels.dtype == np.int32
    np.testing.assert_array_equal(samples.errors, np.array(KEPT) / 8)
    np.testing.assert_array_equal(samples.density_ratios, np.array(KEPT) / 2)
    images = samples.images([4, 0, 3, 3])
    assert images.dtype == np.uint8 and images.shape == (4, 3, 2, 1)
    np.testing.assert_array_equal(images, np.zeros((4, 3, 2, 1)) + np.array([103, 0, 102, 102])[:, None, None, None])


def test_images_stay_on_the_disk(tmp_path):
    samples = ProcessedSet(written(tmp_path))
    assert all(isinstance(stored, np.memmap) for stored in (samples._stored[0], samples._stored[2]))


def test_values_before_and_after(tmp_path):
    samples = ProcessedSet(written(tmp_path, dtype=np.float32))
    assert samples.labels.dtype == np.float32
    np.testing.assert_array_equal(samples.assigned_labels, [2, 0, 1, 0, 2])
    np.testing.assert_array_equal(samples.labels, [2.25, 0.25, 1.25, 0.25, 2.25])
    assert "values, not classes" in refused(samples.take_per_class, 1, seed=0)


def test_parts(tmp_path):
    samples = ProcessedSet(written(tmp_path))
    part = samples.take(3, seed=1)
    assert len(part) == 3 and (np.diff(part.density_ratios) > 0).all()
    np.testing.assert_array_equal(part.images(range(3))[:, 0, 0, 0] / 2, part.density_ratios)
    assert len({tuple(samples.take(3, seed=seed).density_ratios) for seed in range(12)}) > 4
    one = samples.take_per_class(1, seed=2)
    assert sorted(one.labels) == [0, 1, 2] and (np.diff(one.density_ratios) > 0).all()
    assert "received 6" in refused(samples.take, 6, seed=0)
    assert "1 kept samples of class 1; received 2" in refused(samples.take_per_class, 2, seed=0)


def seen(dataset, steps):
    batches = list(itertools.islice(dataset.as_numpy_iterator(), steps))
    images = np.stack([images for images, _ in batches])[:, :, 0, 0, 0]
    return np.rint((images + 1) * 127.5).astype(int), np.stack([labels for _, labels in batches])


def test_batches_are_epochs_and_go_on_exactly(tmp_path):
    samples = ProcessedSet(written(tmp_path))
    colours, labels = seen(samples.batches(2, seed=3), 20)
    assert labels.dtype == np.int32
    of_colour = dict(zip(KEPT, [2, 0, 1, 0, 2], strict=True))
    np.testing.assert_array_equal(labels, np.vectorize(of_colour.get)(colours))
    for epoch in colours.reshape(10, 4):  # two batches of two, one of the five left out
        assert len(set(epoch)) == 4
    assert set(colours.ravel()) == set(KEPT)
    for start in (1, 2, 7):
        resumed, _ = seen(samples.batches(2, seed=3, start_step=start), 4)
        np.testing.assert_array_equal(resumed, colours[start : start + 4])


@pytest.mark.parametrize(("change", "text"), [
    ({"dropped": None}, "a shard takes the columns"),
    ({"errors": np.zeros(3, np.float32)}, "of one length; received images 4"),
    ({"errors": np.zeros(4)}, "column errors must be float32"),
    ({"images": np.zeros((4, 2, 2, 1), np.float32)}, "column images must be uint8"),
    ({"assigned_labels": np.zeros(4), "final_labels": np.zeros(4)}, "labels int32 or float32"),
    ({"final_labels": np.zeros(4, np.float32)}, "column final_labels must be int32"),
])
def test_columns_that_do_not_fit_are_refused(tmp_path, change, text):
    writer = ProcessedWriter(tmp_path, SETTINGS, 1)
    wrong = {name: value for name, value in (columns(0) | change).items() if value is not None}
    assert text in refused(writer.write, 0, wrong, tallies(0))
    assert writer.missing() == [0]


def test_other_faults_are_refused(tmp_path):
    writer = ProcessedWriter(tmp_path / "a", SETTINGS, 2)
    assert "shards 0 to 1; received 2" in refused(writer.write, 2, columns(0), tallies(0))
    assert "num_shards" in refused(ProcessedWriter, tmp_path / "b", SETTINGS, 0)
    assert "no processed samples" in refused(ProcessedSet, tmp_path / "none")
    folder = written(tmp_path / "c")
    path = shard_path(folder, 0)
    whole = path.read_bytes()
    path.write_bytes(whole[:200])
    assert str(path) in refused(ProcessedSet, folder)
    with np.load(shard_path(folder, 2)) as shard:
        np.savez_compressed(path, **{name: shard[name] for name in shard.files})
    assert "compressed" in refused(ProcessedSet, folder)
    path.unlink()
    assert "shard-00000.npz" in refused(ProcessedSet, folder)
    nothing = ProcessedWriter(tmp_path / "d", SETTINGS, 1)
    nothing.write(0, columns(0) | {"dropped": np.full(4, processed.DROPPED_BY_M2, np.uint8)}, tallies(0))
    nothing.finish()
    assert "no kept sample" in refused(ProcessedSet, tmp_path / "d")
    (tmp_path / "d" / "index.json").write_text('{"format": 99}')
    assert "format 99" in refused(ProcessedSet, tmp_path / "d")
