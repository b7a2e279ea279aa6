import numpy as np
import pytest
from sklearn.datasets import load_digits

from kgan.data import digits, drawn_faces
from kgan.errors import InputError


def test_digits_are_scikit_learns():
    images = digits.load(image_size=10)  # 10x10 is the padded original, not resized
    raw = load_digits()
    np.testing.assert_array_equal(images.images[:, 1:-1, 1:-1, 0], np.rint(raw.images * 255 / 16))
    assert images.images[:, 0].max() == images.images[:, :, -1].max() == 0
    np.testing.assert_array_equal(images.labels, raw.target)
    assert images.class_names == tuple("0123456789")


def test_digits_sizes_and_channels():
    images = digits.load()
    assert images.images.shape == (1797, 32, 32, 1)
    assert images.images.max() == 255
    # a digit keeps its place and its mass: each source pixel covers 3.2 x 3.2
    small = digits.load(image_size=10)
    ratio = images.images.mean(dtype=float) / small.images.mean(dtype=float)
    assert ratio == pytest.approx(1.0, abs=0.02)
    colour = digits.load(image_size=16, channels=3).images
    assert colour.shape == (1797, 16, 16, 3)
    assert (colour[..., 0] == colour[..., 2]).all()
    with pytest.raises(InputError, match="channels"):
        digits.load(channels=4)


def test_few_digits_and_the_others():
    whole = digits.load(image_size=10)
    few, rest = (digits.load_few(split, image_size=10, per_class=3) for split in ("train", "test"))
    np.testing.assert_array_equal(np.bincount(few.labels), [3] * 10)
    np.testing.assert_array_equal(np.bincount(rest.labels), np.bincount(whole.labels) - 3)
    rows = [{image.tobytes() for image in part.images} for part in (few, rest, whole)]
    assert rows[0] | rows[1] == rows[2] and len(rows[0]) == 30
    np.testing.assert_array_equal(few.images, digits.load_few("train", image_size=10, per_class=3).images)
    assert digits.load_few("train", image_size=12, channels=3).images.shape == (100, 12, 12, 3)


@pytest.fixture(scope="module")
def faces():
    return drawn_faces.load(image_size=32, count=200, seed=1)


def test_drawn_faces_by_seed(faces):
    assert faces.images.shape == (200, 32, 32, 3)
    assert (faces.name, faces.num_classes) == ("drawn_faces", 4)
    first = drawn_faces.load(image_size=32, count=130, seed=1)
    np.testing.assert_array_equal(first.images, faces.images[:130])
    np.testing.assert_array_equal(first.labels, faces.labels[:130])
    assert (drawn_faces.load(image_size=32, count=130, seed=2).images != first.images).any()


def test_drawn_faces_vary_and_labels_are_balanced(faces):
    assert np.bincount(faces.labels, minlength=4).min() > 25
    assert len(np.unique(faces.images.reshape(200, -1), axis=0)) == 200
    assert faces.images.std(axis=0).min() > 10  # no pixel is always the same


def test_drawn_labels_say_what_is_drawn():
    draws = np.full((4, drawn_faces._NUM_DRAWS), 0.5, np.float32)
    draws[:, 0], draws[:, 1] = [0.9, 0.1, 0.9, 0.1], [0.9, 0.9, 0.1, 0.1]
    labels = 2 * drawn_faces._has_long_hair(draws).astype(int) + drawn_faces._smiles(draws)
    np.testing.assert_array_equal(labels, [0, 1, 2, 3])
    drawn = drawn_faces._draw(draws, 64).astype(int)
    smile = np.abs(drawn[1] - drawn[0]).sum(-1)  # only the mouth may change
    rows, columns = np.nonzero(smile)
    assert rows.min() > 36 and rows.max() < 46 and columns.min() > 22 and columns.max() < 42
    rows, columns = np.nonzero(np.abs(drawn[2] - drawn[0]).sum(-1))  # hair: beside the neck and the face
    assert rows.min() > 22 and (columns < 22).any() and (columns > 42).any()
    assert not ((abs(columns - 31.5) < 8) & (rows < 40)).any()


@pytest.mark.parametrize("wrong", [{"image_size": 8}, {"count": 0}, {"seed": -1}, {"count": 2.0}])
def test_drawn_faces_refuses(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        drawn_faces.load(**wrong)
