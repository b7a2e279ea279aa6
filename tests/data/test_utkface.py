import h5py
import numpy as np
import pytest
from picture_files import refused, save

from kgan.data import image, utkface

# age -> how many; 80% of 5, 10, 1, 3 is 4, 8, 1 (the least), 2
AGES = {7: 5, 23: 10, 60: 1, 1: 3}
TRAIN = {7: 4, 23: 8, 60: 1, 1: 2}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "UTKFace"
    for age, count in AGES.items():
        for number in range(count):
            save(root / f"part{number % 2}" / f"{age}_1_0_2017010{number}.jpg.chip.jpg", (age, number, 200))
    for age in (0, 61, 116):
        save(root / f"{age}_0_2017.jpg", (age, 0, 100))  # without a race, as some files of the set
    return root


def test_ages_from_names(folder):
    faces = utkface.load(folder, 4, "all")
    assert (faces.name, faces.unit, faces.low, faces.high) == ("utkface", "years", 0.0, 60.0)
    assert faces.images.shape == (19, 4, 4, 3) and faces.values.dtype == np.float32
    np.testing.assert_array_equal(faces.values, faces.images[:, 0, 0, 0])
    assert (faces.images[:, 0, 0, 2] == 200).all()  # 1 to 60 alone
    np.testing.assert_allclose(faces.targets, faces.images[:, 0, 0, 0] / 60, atol=1e-6)


def count_by_age(faces):
    ages, counts = np.unique(faces.values, return_counts=True)
    return dict(zip(ages.tolist(), counts.tolist(), strict=True))


def test_80_percent_of_each_age_for_training(folder):
    train, test = (utkface.load(folder, 4, split, seed=2) for split in ("train", "test"))
    assert count_by_age(train) == TRAIN
    assert count_by_age(test) == {7: 1, 23: 2, 1: 1}
    both = np.concatenate([train.images, test.images])[:, 0, 0]
    assert len(np.unique(both, axis=0)) == 19
    chosen = {tuple(utkface.load(folder, 4, "test", seed=seed).images[:, 0, 0, 1]) for seed in range(6)}
    assert len(chosen) > 3


def write_h5(path, images, labels, names=("images", "labels")):
    with h5py.File(path, "w") as file:
        for name, array in zip(names, (images, labels), strict=True):
            file[name] = array


@pytest.mark.parametrize("channels_first", [True, False])
def test_ages_from_an_h5_file(tmp_path, channels_first):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (21, 8, 10, 3), np.uint8)
    labels = np.array([3] * 10 + [59] * 9 + [0, 61], np.float64)
    write_h5(tmp_path / "faces.h5", pixels.transpose(0, 3, 1, 2) if channels_first else pixels, labels)
    every = utkface.load(tmp_path / "faces.h5", 8, "all")
    np.testing.assert_array_equal(every.images, image.centre_crop(pixels[:19], 8))
    np.testing.assert_array_equal(every.values, labels[:19])
    train = utkface.load(tmp_path / "faces.h5", 4, "train")
    assert count_by_age(train) == {3: 8, 59: 7} and train.images.shape == (15, 4, 4, 3)


def test_what_does_not_fit_is_refused(folder, tmp_path):
    load = utkface.load
    message = refused(load, tmp_path / "none")
    assert utkface.URL in message and str(tmp_path / "none") in message
    (tmp_path / "empty").mkdir()
    assert "no image with an age from 1 to 60" in refused(load, tmp_path / "empty")
    save(folder / "face_12.jpg", 1)
    message = refused(load, folder)
    assert "cannot read an age" in message and str(folder / "face_12.jpg") in message
    (folder / "face_12.jpg").unlink()
    (folder / "12_0_0_1.jpg").write_bytes(b"torn")
    assert "12_0_0_1.jpg" in refused(load, folder, 4, "all")
    only = tmp_path / "only"
    save(only / "9_0_0_1.jpg", 9)
    assert "split 'test'" in refused(load, only, 4, "test")
    assert "split must be one of" in refused(load, folder, 4, "valid")


@pytest.mark.parametrize(("images", "labels", "text"), [
    (np.zeros((2, 8, 8, 4), np.uint8), [3, 4], "[N, 3, H, W]"),
    (np.zeros((2, 8, 8, 3), np.float32), [3, 4], "float32"),
    (np.zeros((2, 8, 8, 3), np.uint8), [3, 4, 5], "2 ages"),
    (np.zeros((2, 8, 8, 3), np.uint8), [3.0, np.nan], "not a number"),
])
def test_h5_files_of_another_form_are_refused(tmp_path, images, labels, text):
    write_h5(tmp_path / "faces.h5", images, np.array(labels))
    message = refused(utkface.load, tmp_path / "faces.h5")
    assert text in message and "faces.h5" in message


def test_files_that_are_no_h5_are_refused(tmp_path):
    (tmp_path / "faces.h5").write_bytes(b"no h5")
    assert "faces.h5" in refused(utkface.load, tmp_path / "faces.h5")
    write_h5(tmp_path / "other.h5", np.zeros((2, 8, 8, 3), np.uint8), np.array([3, 4]), names=("images", "ages"))
    assert '"images" and "labels"' in refused(utkface.load, tmp_path / "other.h5")
