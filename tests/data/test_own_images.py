"""Anybody's folder or zip of images: what is read, what is left out, and what is refused in one line."""

import io
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from picture_files import refused, save
from PIL import Image

from kgan.data import image, own_images
from kgan.data.image_files import classes_of, common_folder, plain_name, some_of


@pytest.fixture
def folder(tmp_path):
    """Colours 10..13 in b and below it, 100..102 in a; all 6 high and 8 wide, in the order of the names."""
    root = tmp_path / "My Birds-2"
    for number in range(3):
        save(root / "a" / f"{number}.PNG", 100 + number)
        save(root / "b" / f"{number}.jpg", 10 + number)
    save(root / "b" / "deep" / "er.webp", 13)
    save(root / "b" / ".hidden.png", 1)
    save(root / ".thumbs" / "0.png", 2)
    (root / "notes.txt").write_text("no image")
    return root


IN_ORDER = [100, 101, 102, 10, 11, 12, 13]


def zipped(folder, path, around=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, around + file.relative_to(folder).as_posix())
    return path


def colours(images):
    assert (images.images == images.images[:, :1, :1]).all()
    return images.images[:, 0, 0, 0].tolist()


def content(path, kind="PNG", side=40):
    """Writes noise, so that half of the file is half of the image; returns the pixels."""
    pixels = np.random.default_rng(len(path.name)).integers(0, 256, (side, side, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, kind)
    return pixels


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_folder_and_what_lies_below_it(folder):
    images = own_images.load(folder, 4)
    assert (images.name, images.images.shape, images.split) == ("my_birds_2", (7, 4, 4, 3), "all")
    assert colours(images) == IN_ORDER
    assert images.class_names == ("a", "b") and images.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert images.left_out == () and images.source == f"7 of 7 image files in folder {folder.resolve()}"
    assert own_images.load(folder, 4, class_folders=False).labels is None
    assert own_images.load(folder / "b", 4).labels is None  # a single folder beside files
    save(folder / "stray.png", 50)
    stray = own_images.load(folder, 4)
    assert stray.labels is None and stray.class_names == () and colours(stray) == [*IN_ORDER, 50]


@pytest.mark.parametrize("around", ["", "photographs/of/birds/"])
def test_a_zip_gives_what_its_folder_gives(folder, tmp_path, around):
    path = zipped(folder, tmp_path / "Birds.ZIP", around)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/a/._0.png", b"a Mac's shadow")
        archive.writestr("__MACOSX/a/0.png", b"and another")
    images, same = own_images.load(path, 4), own_images.load(folder, 4)
    assert images.name == "birds" and images.left_out == ()
    np.testing.assert_array_equal(images.images, same.images)
    np.testing.assert_array_equal(images.labels, same.labels)
    assert images.class_names == same.class_names
    assert list((tmp_path / ".kgan_cache").glob("birds_*.npz"))


def test_the_central_square_is_resized(tmp_path):
    wide = np.zeros((4, 12, 3), np.uint8)
    wide[:, 4:8] = (200, 100, 50)
    save(tmp_path / "a.png", wide, size=(4, 12))
    images = own_images.load(tmp_path, 2)
    assert images.images.shape == (1, 2, 2, 3) and (images.images == (200, 100, 50)).all()


@pytest.fixture
def damaged(tmp_path):
    """Twelve images of noise, of which a JPEG and a PNG are cut in half and one is text."""
    root = tmp_path / "mixed"
    pixels = [content(root / f"{number:02d}{'x' * number}.png") for number in range(12)]
    content(root / "03xxx.png", "JPEG")  # its header is whole
    cut(root / "03xxx.png")
    cut(root / "07xxxxxxx.png")
    (root / "09xxxxxxxxx.png").write_text("no image at all")
    return root, np.stack([pixels[number] for number in (0, 1, 2, 4, 5, 6, 8, 10, 11)])


def test_what_cannot_be_read_is_counted_named_and_left_out(damaged, monkeypatch):
    root, whole = damaged
    images = own_images.load(root, 40)
    np.testing.assert_array_equal(images.images, whole)
    assert images.left_out == ("03xxx.png", "07xxxxxxx.png", "09xxxxxxxxx.png")
    assert images.source == f"9 of 12 image files in folder {root.resolve()}"
    assert images.take(2).left_out == images.left_out

    def fail(source, **options):
        raise AssertionError("read once more")

    monkeypatch.setattr(image, "decode", fail)
    monkeypatch.setattr(image, "shape_of", fail)
    again = own_images.load(root, 40)
    np.testing.assert_array_equal(again.images, whole)
    assert again.left_out == images.left_out
    for changed in ({"image_size": 39}, {"channels": 1}, {"enlarge": True}):
        with pytest.raises(AssertionError, match="once more"):
            own_images.load(root, **{"image_size": 40} | changed)


def test_a_damaged_member_of_a_zip_is_left_out(damaged, tmp_path):
    root, whole = damaged
    path = zipped(root, tmp_path / "birds.zip")
    data, member = bytearray(path.read_bytes()), (root / "05xxxxx.png").read_bytes()
    data[bytes(data).index(member) + len(member) // 2] ^= 0xFF
    path.write_bytes(data)
    images = own_images.load(path, 40)
    np.testing.assert_array_equal(images.images, np.delete(whole, 4, axis=0))
    assert images.left_out == ("03xxx.png", "05xxxxx.png", "07xxxxxxx.png", "09xxxxxxxxx.png")
    assert images.source == f"8 of 12 image files in zip {path.resolve()}"


def test_a_class_whose_images_are_all_left_out_is_none(folder):
    for number in range(3):
        (folder / "a" / f"{number}.PNG").write_bytes(b"\x89PNG")
    save(folder / "c" / "0.png", 60)
    images = own_images.load(folder, 4)
    assert images.class_names == ("b", "c") and images.labels.tolist() == [0, 0, 0, 0, 1]
    assert images.left_out == ("a/0.PNG", "a/1.PNG", "a/2.PNG")


def test_grey_and_colour_are_brought_together_as_asked(tmp_path):
    save(tmp_path / "a.png", (200, 100, 50))
    Image.fromarray(np.full((6, 6), 77, np.uint8)).save(tmp_path / "b.jpg")
    Image.fromarray(np.full((6, 6), 0x3456, np.uint16)).save(tmp_path / "c.png")
    message = refused(own_images.load, tmp_path, 4)
    assert "mixes grey and colour: 2 images are grey, such as b.jpg, and 1 are not, such as a.png" in message
    assert "channels=1 or channels=3" in message
    assert own_images.load(tmp_path, 4, channels=1).images[:, 1, 2].tolist() == [[124], [77], [0x34]]
    assert own_images.load(tmp_path, 4, channels=3).images[:, 1, 2].tolist() == [
        [200, 100, 50], [77] * 3, [0x34] * 3]
    assert own_images.channels_of(tmp_path) == 3
    (tmp_path / "a.png").write_text("damaged")
    assert own_images.channels_of(tmp_path) == 1
    assert own_images.load(tmp_path, 4).image_shape == (4, 4, 1)


def test_small_images_are_refused_or_enlarged(tmp_path):
    save(tmp_path / "a.png", 10, size=(9, 8))
    for number, size in enumerate([(7, 20), (20, 7), (5, 5), (7, 7)]):
        save(tmp_path / f"b{number}.png", 20 + number, size=size)
    message = refused(own_images.load, tmp_path, 8)
    assert "4 of 5 images are smaller than 8x8: b0.png (20x7), b1.png (7x20), b2.png (5x5) and 1 more" in message
    assert "enlarge=true" in message
    assert colours(own_images.load(tmp_path, 8, enlarge=True)) == [10, 20, 21, 22, 23]
    assert colours(own_images.load(tmp_path, 5)) == [10, 20, 21, 22, 23]


def test_places_without_images_are_refused(tmp_path, folder):
    assert f"{tmp_path / 'none'} is not there: give a folder or a zip" in refused(own_images.load, tmp_path / "none")
    (tmp_path / "birds.tar").write_text("something else")
    assert "is neither a folder nor a zip" in refused(own_images.load, tmp_path / "birds.tar")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert f"folder {empty.resolve()} has no image: there is no .png, .jpg" in refused(own_images.load, empty)
    for name in ("0.png", "1.png"):
        (empty / name).write_text("no image")
    for call in (own_images.load, own_images.channels_of):
        assert "none of its 2 image files can be read; 0.png: cannot read " in refused(call, empty)
    content(empty / "0.png", "JPEG")
    cut(empty / "0.png")
    assert "none of its 2 image files can be read; 0.png: cannot read " in refused(own_images.load, empty, 40)
    assert refused(own_images.load, "") == "the path of the images is empty: give a folder or a zip of images"


def test_zips_that_cannot_be_read_are_refused(tmp_path, folder):
    for call in (own_images.load, own_images.channels_of):
        path = zipped(folder, tmp_path / "birds.zip")
        data = bytearray(path.read_bytes())
        path.write_bytes(data[: len(data) // 2])
        assert f"cannot read {path.resolve()} as a zip (" in refused(call, path)
        for entry in re.finditer(b"PK\x01\x02", bytes(data)):
            data[entry.start() + 8] |= 1
        path.write_bytes(data)
        assert f"{path.resolve()} is encrypted" in refused(call, path)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("notes.txt", "no image")
        assert f"zip {path.resolve()} has no image" in refused(call, path)


def locked(function, ending):
    """`function` of a path, which is denied where the path ends so."""
    def call(path, *args, **options):
        if str(path).endswith(ending):
            raise PermissionError(13, "Permission denied", str(path))
        return function(path, *args, **options)

    return call


def test_what_may_not_be_read_is_refused_or_left_out(folder, monkeypatch):
    deep = folder.resolve() / "b" / "deep"
    # Not to be listed; to be listed, but not to be entered.
    for place, name, ending in ((os, "scandir", "deep"), (Path, "is_file", "er.webp")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, locked(getattr(place, name), ending))
            message = refused(own_images.load, folder, 4)
        assert message in (f"cannot look at {path} (Permission denied): check who may read it"
                           for path in (deep, deep / "er.webp"))
    path = zipped(folder, folder.parent / "birds.zip")
    monkeypatch.setattr("builtins.open", locked(open, "1.jpg"))
    assert own_images.load(folder, 4).left_out == ("b/1.jpg",)
    monkeypatch.setattr("zipfile.ZipFile", locked(zipfile.ZipFile, "birds.zip"))
    assert refused(own_images.load, path) == f"cannot read {path.resolve()} (Permission denied): check who may read it"


def test_options_out_of_range_are_refused(folder):
    assert "image size" in refused(own_images.load, folder, 0)
    assert "channels must be 1 or 3; received 2" in refused(own_images.load, folder, 4, 2)
    (folder.parent / "blocked").write_text("in the way")
    assert "cache_dir" in refused(own_images.load, folder, 4, cache_dir=folder.parent / "blocked" / "cache")


def test_a_shape_is_that_of_what_is_decoded(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((5, 7, 3), np.uint8)).save(buffer, "PNG", exif=exif)
    assert image.shape_of(buffer.getvalue()) == image.decode(buffer.getvalue()).shape == (7, 5, 3)
    deep = np.array([[0, 255, 256], [0x1234, 0xFF00, 0xFFFF]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(image.decode(tmp_path / "deep.png")[..., 0], [[0, 0, 1], [0x12, 0xFF, 0xFF]])
    assert image.shape_of(tmp_path / "deep.png") == (2, 3, 1)


@pytest.mark.parametrize(("mode", "channels"), [("1", 1), ("LA", 1), ("P", 3), ("RGBA", 3)])
def test_grey_is_what_has_no_colour(mode, channels, tmp_path):
    Image.fromarray(np.array([[0, 255, 0]] * 4, np.uint8)).convert(mode).save(tmp_path / "a.png")
    decoded = image.decode(tmp_path / "a.png")
    assert image.shape_of(tmp_path / "a.png") == decoded.shape == (4, 3, channels)
    assert (decoded == np.array([0, 255, 0]).reshape(1, 3, 1)).all()


def test_values_without_a_known_range_are_not_read(tmp_path):
    Image.fromarray(np.full((6, 6), 0.5, np.float32)).save(tmp_path / "a.tif")
    for call in (image.shape_of, image.decode):
        assert "a.tif as an image (its pixels have 32 bits and no known range)" in refused(call, tmp_path / "a.tif")


def test_names():
    assert [plain_name(text) for text in ("My Birds-2", "été", "--", "a_b")] == ["my_birds_2", "t", "images", "a_b"]
    assert plain_name("b" * 39 + " " + "c" * 9) == "b" * 39
    assert common_folder(["a/b/1.png", "a/b/2.png"]) == "a/b/" and common_folder(["a/b/1.png", "a/2.png"]) == "a/"
    assert common_folder(["a/1.png", "b/1.png"]) == "" and common_folder(["1.png", "a/1.png"]) == ""
    labels, names = classes_of(["y/1.png", "x/deep/2.png", "y/3.png"])
    assert labels.tolist() == [1, 0, 1] and names == ("x", "y")
    assert classes_of(["x/1.png", "2.png", "y/3.png"]) == classes_of(["x/1.png", "x/2.png"]) == (None, ())
    assert some_of(["a", "b", "c"]) == "a, b, c" and some_of(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
