import numpy as np
import pytest
from PIL import Image

from kgan.data import crops, image
from kgan.errors import InputError


def coded(number, height, width):
    """Every pixel tells its photograph and its place."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[..., 0] = number
    pixels[..., 1], pixels[..., 2] = np.arange(height)[:, None], np.arange(width)[None]
    return pixels


def save(pixels, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "bridges"
    save(coded(1, 40, 50), root / "a.png")
    save(coded(2, 30, 24), root / "deep" / "er" / "b.PNG")
    save(coded(3, 24, 60), root / "c.png")
    (root / "._a.png").write_bytes(b"a Mac's shadow of a.png")
    (root / "notes.txt").write_text("no photograph")
    return root


def place(crop):
    """The photograph and the corner that a crop tells, once it is seen to be a piece in one part."""
    number, top, left = crop[0, 0].tolist()
    height, width = crop.shape[:2]
    np.testing.assert_array_equal(crop, coded(number, 256, 256)[top : top + height, left : left + width])
    return number, top, left


def test_crops_are_pieces_of_every_photograph_alike(folder):
    images = crops.load(folder, crop_size=16, count=100, seed=1)
    assert (images.name, images.images.shape, images.labels) == ("bridges_crops", (100, 16, 16, 3), None)
    places = np.array([place(crop) for crop in images.images])
    assert sorted(np.bincount(places[:, 0], minlength=4)[1:]) == [33, 33, 34]
    for number, height, width in ((1, 40, 50), (2, 30, 24), (3, 24, 60)):  # every corner that fits, to the last
        _, top, left = places[places[:, 0] == number].T
        assert top.min() <= 1 and left.min() <= 4
        assert height - 16 - 2 <= top.max() <= height - 16 and width - 16 - 4 <= left.max() <= width - 16
    assert len(np.unique(places, axis=0)) > 90
    assert len(set(places[:3, 0])) == 3  # each once before any twice


def test_crops_reach_every_edge(tmp_path):
    save(coded(9, 16, 17), tmp_path / "a.png")
    images = crops.load(tmp_path, crop_size=16, count=20)
    assert {place(crop) for crop in images.images} == {(9, 0, 0), (9, 0, 1)}


def test_crops_by_seed_and_prefix(folder, tmp_path):
    first = crops.load(folder, 8, 20, seed=1, cache_dir=tmp_path / "1").images
    np.testing.assert_array_equal(crops.load(folder, 8, 20, seed=1, cache_dir=tmp_path / "2").images, first)
    np.testing.assert_array_equal(crops.load(folder, 8, 35, seed=1).images[:20], first)
    other = crops.load(folder, 8, 20, seed=2).images
    assert (other[:, 0, 0, 0] != first[:, 0, 0, 0]).any()  # other photographs
    assert (other[:, 0, 0, 1:] != first[:, 0, 0, 1:]).any(axis=-1).mean() > 0.8  # other places


def test_subfolders_are_classes(tmp_path):
    for number, name in ((5, "moss/x/a.png"), (6, "crack/b.png"), (7, "crack/c.png")):
        save(coded(number, 20, 20), tmp_path / "walls" / name)
    for _ in range(2):  # cut, and from the cache
        images = crops.load(tmp_path / "walls", 8, 30)
        assert images.class_names == ("crack", "moss")
        np.testing.assert_array_equal(images.labels, images.images[:, 0, 0, 0] == 5)
        assert images.labels.dtype == np.int32
    save(coded(8, 20, 20), tmp_path / "walls" / "d.png")  # one photograph beside the subfolders
    assert crops.load(tmp_path / "walls", 8, 30).labels is None


def test_grey_and_orientation(tmp_path):
    grey = np.full((20, 30), 77, np.uint8)
    save(grey, tmp_path / "grey.jpeg")
    assert (crops.load(tmp_path, 8, 2).images == 77).all()
    exif = Image.Exif()
    exif[0x0112] = 6
    save(coded(4, 16, 40), tmp_path / "turned" / "a.png", exif=exif)
    crop = crops.load(tmp_path / "turned", 16, 1).images[0]
    assert place(np.rot90(crop))[:2] == (4, 0)  # the photograph stands upright, its crops too


def test_second_load_decodes_nothing_and_changes_cut_anew(folder, monkeypatch):
    decoded = []
    decode = image.decode
    monkeypatch.setattr(image, "decode", lambda path, **options: decoded.append(path) or decode(path, **options))
    first = crops.load(folder, 8, 20)
    assert len(decoded) == 3  # once each, for 20 crops
    again = crops.load(folder, 8, 20)
    assert len(decoded) == 3
    np.testing.assert_array_equal(again.images, first.images)
    assert len(list((folder / ".kgan_cache").iterdir())) == 1
    for options in ({"crop_size": 9}, {"count": 21}, {"seed": 1}):
        decoded.clear()
        crops.load(folder, **{"crop_size": 8, "count": 20, "seed": 0} | options)
        assert decoded, options
    decoded.clear()
    save(coded(10, 41, 50), folder / "a.png")
    assert 10 in crops.load(folder, 8, 20).images[:, 0, 0, 0] and len(decoded) == 3
    save(coded(11, 40, 40), folder / "new.png")
    assert 11 in crops.load(folder, 8, 20).images[:, 0, 0, 0]


def test_damaged_cache_is_cut_anew(folder):
    first = crops.load(folder, 8, 5)
    (file,) = (folder / ".kgan_cache").iterdir()
    whole = file.read_bytes()
    for damaged in (whole[:100], b"", whole[:400] + b"\0\1" + whole[402:]):
        file.write_bytes(damaged)
        np.testing.assert_array_equal(crops.load(folder, 8, 5).images, first.images)
        assert len(file.read_bytes()) == len(whole)


def refused(*args, **options):
    with pytest.raises(InputError) as caught:
        crops.load(*args, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_does_not_fit_is_refused(folder, tmp_path):
    assert str(tmp_path / "none") in refused(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "no photograph" in refused(tmp_path / "empty") and ".jpeg" in refused(tmp_path / "empty")
    # the first by name, whichever thread comes first
    assert f"{folder / 'c.png'} is 60x24 pixels, smaller than a crop of 25x25" in refused(folder, crop_size=25)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    message = refused(folder, 8, 5, cache_dir=blocked / "cache")
    assert "cache_dir" in message and str(blocked / "cache") in message
    (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    assert "torn.jpg" in refused(folder, 8, 5)
    assert not list((folder / ".kgan_cache").iterdir())


@pytest.mark.parametrize(
    "wrong", [{"crop_size": 0}, {"crop_size": 5000}, {"count": 0}, {"count": 2.0}, {"seed": -1}, {"seed": True}]
)
def test_options_out_of_range_are_refused(folder, wrong):
    (name, value), = wrong.items()
    message = refused(folder, **wrong)
    assert message.startswith(name) and message.endswith(f"received {value!r}")
