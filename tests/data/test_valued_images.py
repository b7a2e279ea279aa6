import numpy as np
import pytest
from picture_files import refused, save

from kgan.data import valued_images

VALUES = [3.5, -2.0, 8.0, 0.25, 6.0, 1.0, 7.5, 2.0, 4.0, 5.0]


@pytest.fixture
def listed(tmp_path):
    """Ten images of colours 0, 10, ... 90 with VALUES, one in a subfolder with a comma in its name."""
    names = [f"{number}.png" for number in range(9)] + ["sub/a, b.jpg"]
    for number, name in enumerate(names):
        save(tmp_path / name, 10 * number)
    return write(tmp_path, [f"{name},{value}" for name, value in zip(names[:9], VALUES[:9], strict=True)]
                 + ['"sub/a, b.jpg",5'])


def write(folder, lines):
    path = folder / "widths.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_values_go_with_their_files(listed):
    images = valued_images.load(listed, 4, "all", unit="mm")
    assert (images.name, images.unit, images.low, images.high) == ("widths", "mm", -2.0, 8.0)
    np.testing.assert_array_equal(images.values, np.float32(VALUES))
    np.testing.assert_array_equal(images.images[:, 0, 0, 0], np.arange(0, 100, 10))
    np.testing.assert_allclose(images.targets, (np.array(VALUES) + 2) / 10, atol=1e-6)
    grey = valued_images.load(listed, 4, "all", channels=1, low=-10, high=20.0)
    assert grey.images.shape == (10, 4, 4, 1) and (grey.low, grey.high) == (-10.0, 20.0)


def test_header_blank_lines_and_byte_order_mark(listed):
    text = listed.read_text()
    listed.write_text("\ufeff" + "File, Value\n\n" + text, encoding="utf-8")
    np.testing.assert_array_equal(valued_images.load(listed, 4, "all").values, np.float32(VALUES))


def test_split_by_seed_and_range_of_the_whole_file(listed):
    train, test = (valued_images.load(listed, 4, split, test_size=3, seed=1) for split in ("train", "test"))
    assert (len(train), len(test)) == (7, 3)
    np.testing.assert_array_equal(np.sort(np.concatenate([train.values, test.values])), np.sort(np.float32(VALUES)))
    for part in (train, test):
        assert (part.low, part.high) == (-2.0, 8.0)
        np.testing.assert_array_equal(part.values, np.float32(VALUES)[part.images[:, 0, 0, 0] // 10])


@pytest.mark.parametrize(("line", "parts"), [
    ("0.png,wide", ["value must be a number", "'wide'"]),
    ("0.png,nan", ["value must be a number", "'nan'"]),
    ("0.png,1e39", ["value must be a number"]),
    ("0.png,", ["value must be a number", "''"]),
    ("gone.png,3", ["gone.png", "no such image"]),
    ("0.png", ["must be file,value", "'0.png'"]),
    ("0.png,3,4", ["must be file,value", "'0.png,3,4'"]),
    ("0.png,9", ["9 lies out of the range -2 to 8"]),
    ("0.png,-2.5", ["-2.5 lies out of the range -2 to 8"]),
])
def test_wrong_lines_are_named(listed, line, parts):
    listed.write_text(listed.read_text() + line + "\n")
    message = refused(valued_images.load, listed, low=-2, high=8)
    for part in ("line 11 of", str(listed), *parts):
        assert part in message


def test_other_faults_are_refused(listed, tmp_path):
    load = valued_images.load
    assert str(tmp_path / "none.csv") in refused(load, tmp_path / "none.csv")
    assert "low must be below high" in refused(load, write(tmp_path, ["0.png,3", "1.png,3"]))
    assert "names no image" in refused(load, write(tmp_path, ["file,value"]))
    (tmp_path / "latin.csv").write_bytes("0.png,3 µm".encode("latin-1"))
    assert "latin.csv" in refused(load, tmp_path / "latin.csv")
    (tmp_path / "torn.png").write_bytes(b"torn")
    assert "torn.png" in refused(load, write(tmp_path, ["0.png,3", "torn.png,4"]), 4, "all")
    assert "low must be a number" in refused(load, write(tmp_path, ["0.png,3", "1.png,4"]), low="least")


def test_files_may_lie_elsewhere_than_their_list(listed, tmp_path):
    moved = tmp_path / "lists" / "widths.csv"
    moved.parent.mkdir()
    listed.rename(moved)
    images = valued_images.load(moved, 4, "all", folder=tmp_path)
    np.testing.assert_array_equal(images.images[:, 0, 0, 0], np.arange(0, 100, 10))
    np.testing.assert_array_equal(images.values, np.float32(VALUES))
    assert f"no such image in {moved.parent}" in refused(valued_images.load, moved, 4, "all")
    assert "there is no folder" in refused(valued_images.load, moved, 4, "all", folder=tmp_path / "gone")
