import hashlib

import numpy as np
import pytest
from picture_files import refused, save
from PIL import Image

from kgan.data import image
from kgan.data.image_set import ImageSet
from kgan.data.pictures import of_image_set, open_pictures


def noise(num, shape=(5, 7, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (num, *shape), np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Nine random 5x7 PNGs: 0.png to 5.png in b, 6.png to 8.png in a/deep."""
    root = tmp_path / "birds"
    for number, pixels in enumerate(noise(9)):
        place = root / ("b" if number < 6 else "a/deep")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number}.png")
    return root


IN_ORDER = [6, 7, 8, 0, 1, 2, 3, 4, 5]


def whole(pictures, size=4):
    return np.concatenate(list(pictures.chunks(size)))


def test_a_folder_is_read_in_the_order_of_its_names(folder):
    pictures = open_pictures(folder)
    assert (pictures.name, pictures.image_shape, len(pictures)) == ("birds", (5, 7, 3), 9)
    assert str(folder) in pictures.where
    assert pictures.class_names == ("a", "b") and pictures.labels.dtype == np.int32
    np.testing.assert_array_equal(pictures.labels, [0] * 3 + [1] * 6)
    for size, lengths in ((4, [4, 4, 1]), (3, [3, 3, 3]), (1, [1] * 9), (100, [9])):
        chunks = list(pictures.chunks(size))
        assert [len(chunk) for chunk in chunks] == lengths and all(chunk.dtype == np.uint8 for chunk in chunks)
        np.testing.assert_array_equal(np.concatenate(chunks), noise(9)[IN_ORDER])
    save(folder / "stray.png", 0, size=(5, 7))
    assert open_pictures(folder).labels is None and len(open_pictures(folder)) == 10
    assert open_pictures(folder / "a").labels is None  # one folder alone tells nothing apart


def test_a_reader_may_stop_halfway_and_is_not_far_behind_the_decoding(folder, monkeypatch):
    pictures, decoded = open_pictures(folder), []
    decode = image.decode
    monkeypatch.setattr(image, "decode", lambda path: decoded.append(path) or decode(path))
    chunks = pictures.chunks(2)
    np.testing.assert_array_equal(next(chunks), noise(9)[IN_ORDER[:2]])
    chunks.close()
    assert 2 <= len(decoded) <= 4


def test_images_are_brought_to_a_size_and_to_channels(tmp_path):
    wide = np.zeros((4, 12, 3), np.uint8)
    wide[:, 4:8] = (200, 100, 50)
    save(tmp_path / "a.png", wide, size=(4, 12))
    Image.fromarray(np.full((6, 6), 77, np.uint8)).save(tmp_path / "b.jpg")
    pictures = open_pictures(tmp_path, image_size=2, channels=3)
    assert pictures.image_shape == (2, 2, 3)
    np.testing.assert_array_equal(whole(pictures), np.stack([np.full((2, 2, 3), (200, 100, 50)),
                                                             np.full((2, 2, 3), 77)]))
    grey = open_pictures(tmp_path, image_size=2, channels=1)
    expected = round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    np.testing.assert_array_equal(whole(grey)[:, 0, 0, 0], [expected, 77])
    assert "mixes sizes: a.png has 4x12 pixels and b.jpg 6x6" in refused(open_pictures, tmp_path, channels=3)
    message = refused(open_pictures, tmp_path, image_size=2)
    assert "mixes grey and colour: b.jpg is grey and a.png is not" in message and "channels" in message
    np.save(tmp_path / "wide.npy", np.stack([wide, 255 - wide]))
    array = whole(open_pictures(tmp_path / "wide.npy", image_size=2, channels=1))
    assert array.shape == (2, 2, 2, 1) and (array[0] == expected).all()


def test_a_photograph_turned_by_its_exif_data_has_the_shape_it_is_decoded_to(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    for name in ("a.jpg", "b.jpg"):
        Image.fromarray(noise(1)[0]).save(tmp_path / name, exif=exif)
    pictures = open_pictures(tmp_path)
    assert pictures.image_shape == (7, 5, 3) and whole(pictures).shape == (2, 7, 5, 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_npy_file_and_memory_give_the_same(tmp_path, channels):
    images = noise(7, (4, 6, channels))
    np.save(tmp_path / "fakes.npy", images)
    on_disk, held = open_pictures(tmp_path / "fakes.npy"), of_image_set(images, "mine")
    assert (on_disk.name, held.name) == ("fakes", "mine")
    assert on_disk.labels is None and held.labels is None
    for pictures in (on_disk, held):
        assert pictures.image_shape == (4, 6, channels) and len(pictures) == 7
        assert [len(chunk) for chunk in pictures.chunks(3)] == [3, 3, 1]
        assert all(type(chunk) is np.ndarray for chunk in pictures.chunks(3))
        np.testing.assert_array_equal(whole(pictures), images)
    assert on_disk.sha256() == held.sha256() == hashlib.sha256(
        f"(7, 4, 6, {channels})\0".encode() + images.tobytes()).hexdigest()


def test_an_image_set_keeps_its_labels():
    labels = np.array([2, 0, 1, 1, 0, 2, 2], np.int32)
    images = ImageSet("tiny", noise(7), labels, ("x", "y", "z"))
    pictures = of_image_set(images)
    assert (pictures.name, pictures.class_names) == ("tiny", ("x", "y", "z")) and "tiny" in pictures.where
    np.testing.assert_array_equal(pictures.labels, labels)
    few = pictures.take(4, seed=1)
    for row, label in zip(whole(few), few.labels, strict=True):
        assert label == labels[(images.images == row).all((1, 2, 3))].item()
    relabelled = ImageSet("tiny", noise(7), labels[::-1].copy(), ("x", "y", "z"))
    assert of_image_set(relabelled).sha256() != pictures.sha256()


def test_some_are_drawn_without_replacement_and_stay_in_order(folder):
    pictures, images = open_pictures(folder), noise(9)[IN_ORDER]
    few = pictures.take(5, seed=3)
    places = [np.flatnonzero((images == row).all((1, 2, 3))).item() for row in whole(few)]
    assert len(few) == 5 and places == sorted(set(places))
    np.testing.assert_array_equal(few.labels, pictures.labels[places])
    np.testing.assert_array_equal(whole(pictures.take(5, seed=3)), whole(few))
    assert any((whole(pictures.take(5, seed=seed)) != whole(few)).any() for seed in (4, 5))
    np.testing.assert_array_equal(whole(pictures.take(9, seed=0)), images)
    assert len(few.take(2, seed=0)) == 2
    assert "has 9 images, but 10 are asked for" in refused(pictures.take, 10, 0)
    assert "received 1" in refused(pictures.take, 1, 0)


def test_the_hash_is_of_names_and_bytes_in_order(folder):
    pictures = open_pictures(folder)
    digest = hashlib.sha256()
    for number in IN_ORDER:
        name = f"a/deep/{number}.png" if number > 5 else f"b/{number}.png"
        content = (folder / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    digest.update(np.array([0] * 3 + [1] * 6, "<i4").tobytes())
    assert pictures.sha256() == digest.hexdigest() == open_pictures(folder, image_size=3).sha256()
    assert pictures.take(8, 0).sha256() != pictures.sha256() == pictures.take(9, 0).sha256()
    (folder / "b" / "0.png").rename(folder / "b" / "00.png")
    assert open_pictures(folder).sha256() != pictures.sha256()


def test_what_cannot_be_measured_is_refused_before_anything_is_read(folder, tmp_path):
    one = tmp_path / "one"
    assert str(one) in refused(open_pictures, one)
    one.mkdir()
    assert f"folder {one} has no image" in refused(open_pictures, one)
    save(one / "a.png", 3)
    assert f"folder {one} has 1 image;" in refused(open_pictures, one)
    assert "neither a folder of images nor a .npy file" in refused(open_pictures, one / "a.png")
    torn = folder / "b" / "3.png"
    content = torn.read_bytes()
    for damaged in (content[:-30], content[:60] + bytes([content[60] ^ 1]) + content[61:], b"no image", b""):
        torn.write_bytes(damaged)
        assert str(torn) in refused(open_pictures, folder)
    for options, text in (({"image_size": 0}, "image size"), ({"channels": 2}, "channels")):
        assert text in refused(open_pictures, folder, **options)
    for size in (0, True, 2.5):
        assert "size must be a whole number" in refused(of_image_set(noise(3)).chunks, size)


@pytest.mark.parametrize(("array", "text"), [
    (noise(4).astype(np.float32), "received float32"), (noise(4)[..., 0], "shape (4, 5, 7)"),
    (noise(4, (5, 7, 4)), "1 or 3 channels"), (noise(1), "has 1 image;"), (noise(0), "has no images;"),
    (np.array([{}], object), "cannot read"),
])
def test_an_array_of_another_kind_is_refused(tmp_path, array, text):
    np.save(tmp_path / "a.npy", array)
    message = refused(open_pictures, tmp_path / "a.npy")
    assert text in message and str(tmp_path / "a.npy") in message
    if array.dtype != object:
        assert text in refused(of_image_set, array)


def test_a_torn_npy_file_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", noise(4))
    content = (tmp_path / "a.npy").read_bytes()
    for torn in (content[:-1], content[:40], b""):
        (tmp_path / "a.npy").write_bytes(torn)
        assert f"cannot read {tmp_path / 'a.npy'}" in refused(open_pictures, tmp_path / "a.npy")


def test_damage_that_only_decoding_shows_names_the_file(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        Image.fromarray(noise(1, (40, 40, 3))[0]).save(tmp_path / name)
    torn = tmp_path / "b.jpg"
    torn.write_bytes(torn.read_bytes()[:700])
    pictures = open_pictures(tmp_path)
    assert str(torn) in refused(whole, pictures)
    save(torn, 9, size=(3, 3))
    assert f"{torn} decodes to (3, 3, 3), but (40, 40, 3) was expected" in refused(whole, pictures)
    torn.unlink()
    assert str(torn) in refused(whole, pictures)
    assert str(torn) in refused(pictures.sha256)
