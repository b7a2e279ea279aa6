"""Recorded pairs: which image belongs to which latent, from any form of files, and the order of training."""

import itertools

import numpy as np
import pytest
from picture_files import refused, save
from PIL import Image

from kgan.data.pair_set import PairSet
from kgan.data.pairs import load, natural_order
from kgan.errors import InputError

NUM = 12
LATENTS = np.arange(NUM, dtype=np.float32)[:, None] + np.array([0.25, 0.5], np.float32)  # row i begins with i


@pytest.fixture
def latents(tmp_path):
    np.save(tmp_path / "z.npy", LATENTS)
    return tmp_path / "z.npy"


@pytest.fixture
def folder(tmp_path):
    """0.png to 11.png; image i has the grey value 10 i."""
    for number in range(NUM):
        save(tmp_path / "made" / f"{number}.png", 10 * number)
    return tmp_path / "made"


def of_array(tmp_path, array):
    np.save(tmp_path / "x.npy", array)
    return tmp_path / "x.npy"


def test_numbers_in_names_count_as_numbers(latents, folder):
    found = load(latents, folder)
    np.testing.assert_array_equal(found.latents, LATENTS)
    assert found.images.shape == (NUM, 6, 8, 3) and found.images.dtype == np.uint8
    np.testing.assert_array_equal(found.images[:, 2, 3, 0], 10 * np.arange(NUM))
    assert natural_order(["b2", "a10.png", "a9.png", "10", "2", "a9b1", "007", "8"]) == [
        "2", "007", "8", "10", "a9.png", "a9b1", "a10.png", "b2"]


@pytest.mark.parametrize("scale, offset, image_range, dtype", [
    (1.0, 0.0, "auto", np.uint8), (2 / 255, -1.0, "auto", np.float32), (1 / 255, 0.0, "auto", np.float64),
    (1.0, 0.0, "0,255", np.float16), (1.0, 0.0, "auto", np.float32)])
def test_arrays_of_every_range_give_the_same_pixels(tmp_path, latents, scale, offset, image_range, dtype):
    pixels = np.random.default_rng(1).integers(0, 256, (NUM, 5, 4, 1))
    pixels[0, 0, 0], pixels[0, 1, 1] = 0, 255
    found = load(latents, of_array(tmp_path, (pixels * scale + offset).astype(dtype)), image_range=image_range)
    np.testing.assert_array_equal(found.images, pixels)


def test_latents_of_other_frameworks_and_labels(tmp_path, folder):
    np.save(tmp_path / "z.npy", LATENTS.astype(np.float64)[:, :, None, None])
    np.save(tmp_path / "y.npy", np.arange(NUM) % 3)
    found = load(tmp_path / "z.npy", folder, tmp_path / "y.npy")
    assert found.latents.shape == (NUM, 2) and found.latents.dtype == np.float32
    np.testing.assert_array_equal(found.labels, np.arange(NUM) % 3)
    assert found.labels.dtype == np.int32 and (found.latent_dim, found.num_classes) == (2, 3)
    images = found.image_set(5)
    assert images.num_classes == 5
    np.testing.assert_array_equal(images.labels, found.labels)


def numbered(num=10, labels=False):
    latents = np.arange(num, dtype=np.float32)[:, None] * np.array([1.0, -1.0], np.float32)
    images = np.broadcast_to(np.arange(num, dtype=np.uint8)[:, None, None, None], (num, 2, 3, 1)).copy()
    return PairSet("numbered", latents, images, (np.arange(num) % 3).astype(np.int32) if labels else None)


def numbers(dataset, steps):
    """The numbers of the pairs in the first batches [steps, B]; latents and images must tell the same."""
    found = []
    for inputs, images in itertools.islice(dataset.as_numpy_iterator(), steps):
        drawn = inputs["latents"] if isinstance(inputs, dict) else inputs
        rows = np.rint((images[:, 1, 2, 0] + 1.0) * 127.5).astype(int)
        np.testing.assert_array_equal(drawn, np.stack([rows, -rows], axis=1))
        if isinstance(inputs, dict):
            np.testing.assert_array_equal(inputs["labels"], rows % 3)
        found.append(rows)
    return np.stack(found)


def test_batches_keep_pairs_together_and_pass_over_all():
    pairs = numbered(labels=True)
    seen = numbers(pairs.batches(5, seed=3), 6).reshape(3, 10)
    for epoch in seen:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(10))
    assert len({tuple(epoch) for epoch in seen}) == 3
    spec = pairs.batches(5, seed=3).element_spec
    assert spec[1].shape == (5, 2, 3, 1)


def test_a_training_goes_on_exactly():
    whole = numbers(numbered(11).batches(4, seed=9), 6)  # an epoch has 2 steps
    np.testing.assert_array_equal(numbers(numbered(11).batches(4, seed=9, start_step=3), 3), whole[3:])
    assert (whole[:2] != numbers(numbered(11).batches(4, seed=8), 2)).any()


def test_what_is_held_out_is_not_learned_from():
    rest, part = numbered(20, labels=True).split_off(0.25, 0)
    assert (len(rest), len(part)) == (15, 5)
    assert not set(rest.latents[:, 0]) & set(part.latents[:, 0])
    np.testing.assert_array_equal(part.images[:, 0, 0, 0], part.latents[:, 0])
    np.testing.assert_array_equal(part.labels, part.latents[:, 0] % 3)
    seen = numbers(rest.batches(5, seed=0), 9)
    assert set(seen.ravel()) == set(rest.latents[:, 0].astype(int))


def test_unequal_numbers_are_named_before_an_image_is_decoded(latents, folder):
    (folder / "0.png").write_text("no image")
    (folder / "11.png").unlink()
    assert "has 12 latents, but the folder" in refused(load, latents, folder)
    assert "has 11 .jpg, .jpeg, .png files" in refused(load, latents, folder)
    save(folder / "11.png", 110)
    assert "0.png" in refused(load, latents, folder)  # one that cannot be read


def test_unlike_images_are_named(latents, folder):
    save(folder / "7.png", 70, size=(6, 9))
    assert "0.png has 6x8x3, 7.png has 6x9x3" in refused(load, latents, folder)
    Image.fromarray(np.zeros((6, 8), np.uint8)).save(folder / "7.png")
    assert "7.png has 6x8x1" in refused(load, latents, folder)


@pytest.mark.parametrize("array, words", [
    (np.zeros((NUM, 3, 5, 4), np.uint8), "bring the channels to the end, array.transpose(0, 2, 3, 1)"),
    (np.zeros((NUM, 5, 4), np.uint8), "must be [N, H, W, C]"), (np.zeros((NUM - 1, 5, 4, 1), np.uint8), "11 images"),
    (np.zeros((NUM, 5, 4, 1), np.int32), "must be uint8 or floats"),
    (np.full((NUM, 5, 4, 1), np.nan, np.float32), "NaN"), (np.full((NUM, 5, 4, 1), -7.0), "which is none of")])
def test_arrays_that_are_no_images(tmp_path, latents, array, words):
    assert words in refused(load, latents, of_array(tmp_path, array))


@pytest.mark.parametrize("array, words", [
    (np.zeros(NUM, np.float32), "must be floats [N, z]"), (np.zeros((NUM, 2), np.int64), "must be floats [N, z]"),
    (np.zeros((NUM, 2, 2), np.float32), "must be floats [N, z]"),
    (np.where(np.arange(NUM)[:, None] == 4, np.nan, LATENTS), "(row 4)")])
def test_arrays_that_are_no_latents(tmp_path, folder, array, words):
    np.save(tmp_path / "z.npy", array)
    assert words in refused(load, tmp_path / "z.npy", folder)


@pytest.mark.parametrize("array, words", [
    (np.arange(NUM - 1), "[12], one for each latent"), (np.arange(NUM) / 2.0, "whole numbers"),
    (np.arange(NUM) - 1, "from -1")])
def test_arrays_that_are_no_labels(tmp_path, latents, folder, array, words):
    np.save(tmp_path / "y.npy", array)
    assert words in refused(load, latents, folder, tmp_path / "y.npy")


def test_files_that_are_not_there_or_hold_something_else(tmp_path, latents, folder):
    assert "no file" in refused(load, tmp_path / "none.npy", folder)
    assert "is not there" in refused(load, latents, tmp_path / "none")
    (tmp_path / "x.npy").write_bytes(b"no array")
    assert "numpy.save" in refused(load, latents, tmp_path / "x.npy")
    np.savez(tmp_path / "several", a=LATENTS)
    (tmp_path / "several.npz").rename(tmp_path / "several.npy")
    assert "several arrays" in refused(load, tmp_path / "several.npy", folder)
    assert "is neither a folder of images nor a .npy file" in refused(load, latents, folder / "0.png")


def test_a_set_of_its_own_checks_what_it_is_given():
    images = np.zeros((3, 2, 2, 1), np.uint8)
    for latents, labels, words in (
            (np.zeros((2, 1), np.float32), None, "2 latents but 3 images"), (np.zeros((3, 1)), None, "float32 array"),
            (np.full((3, 1), np.inf, np.float32), None, "infinity"),
            (np.zeros((3, 1), np.float32), np.array([0, -1, 0], np.int32), "received -1")):
        with pytest.raises(InputError, match=words):
            PairSet("pairs", latents, images, labels)
