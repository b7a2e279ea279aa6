import numpy as np
import pytest
from picture_files import refused, save

from kgan.data import class_folders, image


@pytest.fixture
def folder(tmp_path):
    """Class b holds 10 images of colours 10..19, class a 6 of 100..105, one of them deeper."""
    root = tmp_path / "birds"
    for number in range(10):
        save(root / "b" / f"{number}.jpg", 10 + number)
    for number in range(5):
        save(root / "a" / f"{number}.png", 100 + number)
    save(root / "a" / "deep" / "er.JPEG", 105)
    (root / "a" / "notes.txt").write_text("no image")
    (root / "b" / "._0.jpg").write_bytes(b"a Mac's shadow")
    (root / ".git").mkdir()
    return root


def colours(images):
    return images.images[:, 0, 0, 0]


def test_folders_are_classes(folder):
    images = class_folders.load(folder, 4, "all")
    assert (images.name, images.class_names, images.images.shape) == ("birds", ("a", "b"), (16, 4, 4, 3))
    np.testing.assert_array_equal(images.labels, colours(images) < 100)
    np.testing.assert_array_equal(np.sort(colours(images)), [*range(10, 20), *range(100, 106)])
    assert (images.images == images.images[:, :1, :1]).all()
    grey = class_folders.load(folder, 4, "all", channels=1)
    np.testing.assert_array_equal(grey.images[..., 0], images.images[..., 0])


def test_the_split_is_by_seed(folder):
    train, test = (class_folders.load(folder, 4, split, test_size=5, seed=3) for split in ("train", "test"))
    assert (len(train), len(test)) == (11, 5)
    np.testing.assert_array_equal(np.sort(np.concatenate([colours(train), colours(test)])),
                                  [*range(10, 20), *range(100, 106)])
    np.testing.assert_array_equal(test.labels, colours(test) < 100)
    again = class_folders.load(folder, 4, "test", test_size=5, seed=3, cache_dir=folder.parent / "cache")
    np.testing.assert_array_equal(colours(again), colours(test))
    assert (colours(class_folders.load(folder, 4, "test", test_size=5, seed=4)) != colours(test)).any()
    assert len(class_folders.load(folder, 4, "train", test_size=0)) == 16
    assert len(class_folders.load(folder, 4, "test", test_size=0.25)) == 4


def test_the_central_square_is_resized(tmp_path):
    wide = np.zeros((4, 12, 3), np.uint8)
    wide[:, 4:8] = (200, 100, 50)
    (tmp_path / "one").mkdir()
    save(tmp_path / "one" / "a.png", wide, size=(4, 12))
    images = class_folders.load(tmp_path, 2, "all")
    assert (images.images == (200, 100, 50)).all() and images.images.shape == (1, 2, 2, 3)


def test_second_load_decodes_nothing(folder, monkeypatch):
    first = class_folders.load(folder, 4, "test", test_size=5)

    def fail(path, **options):
        raise AssertionError(f"decoded {path}")

    monkeypatch.setattr(image, "decode", fail)
    again = class_folders.load(folder, 4, "test", test_size=5)
    np.testing.assert_array_equal(again.images, first.images)
    for changed in ({"image_size": 5}, {"seed": 1}, {"test_size": 6}, {"channels": 1}):
        with pytest.raises(AssertionError, match="decoded"):
            class_folders.load(folder, **{"image_size": 4, "split": "test", "test_size": 5} | changed)


def test_what_does_not_fit_is_refused(folder, tmp_path):
    load = class_folders.load
    assert str(tmp_path / "none") in refused(load, tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "has no folder for a class" in refused(load, tmp_path / "empty")
    (folder / "c").mkdir()
    message = refused(load, folder)
    assert "class" in message and str(folder / "c") in message and ".jpeg" in message
    save(folder / "c" / "only.png", 200)
    lost = [seed for seed in range(12) if 200 in colours(load(folder, 4, "test", test_size=5, seed=seed))]
    assert 0 < len(lost) < 12
    message = refused(load, folder, 4, "train", test_size=5, seed=lost[0])
    assert "class 'c'" in message and "no image for training" in message
    save(folder / "stray.png", 1)
    assert f"{folder / 'stray.png'} stands in no class folder" in refused(load, folder)
    (folder / "stray.png").unlink()
    (folder / "a" / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    assert str(folder / "a" / "torn.jpg") in refused(load, folder, 4, "all")
    blocked = tmp_path / "blocked"
    blocked.write_text("in the way")
    assert "cache_dir" in refused(load, folder, cache_dir=blocked / "cache")


@pytest.mark.parametrize(("options", "text"), [
    ({"image_size": 0}, "image size"), ({"channels": 2}, "channels"), ({"channels": True}, "channels"),
    ({"split": "valid"}, "split"), ({"test_size": 16}, "test_size"), ({"seed": -1}, "seed"),
])
def test_options_out_of_range_are_refused(folder, options, text):
    assert text in refused(class_folders.load, folder, **options)


def test_classes_may_be_chosen(folder):
    save(folder / "c" / "0.png", 200)
    assert class_folders.names_of(folder) == ["a", "b", "c"]
    images = class_folders.load(folder, 4, "all", classes=("c", "a"))
    assert images.class_names == ("a", "c")
    np.testing.assert_array_equal(colours(images)[images.labels == 1], [200])
    np.testing.assert_array_equal(np.sort(colours(images)[images.labels == 0]), range(100, 106))
    for classes, text in ((("a", "d"), "no class folder 'd'; it has a, b, c"), (("a",), "two or more different names"),
                          (("a", "b", "a"), "two or more different names; received a, b, a")):
        assert text in refused(class_folders.load, folder, 4, "all", classes=classes)
