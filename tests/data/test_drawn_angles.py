import numpy as np
import pytest
from picture_files import refused

from kgan.data import drawn_angles, image


@pytest.fixture(scope="module")
def needles():
    return drawn_angles.load(image_size=32, count=300, seed=1)


def test_named_as_what_it_is(needles):
    assert (needles.name, needles.source, needles.unit) == ("drawn_angles", "needles drawn by kgan, seed 1", "degrees")
    assert (needles.low, needles.high, needles.images.shape) == (-90.0, 90.0, (300, 32, 32, 3))


def test_first_images_by_seed_and_split_alone(needles):
    for count in (1, 200):
        first = drawn_angles.load(32, count, seed=1)
        np.testing.assert_array_equal(first.images, needles.images[:count])
        np.testing.assert_array_equal(first.values, needles.values[:count])
    big = drawn_angles.load(64, 130, seed=1)  # more than a chunk of 128
    np.testing.assert_array_equal(big.images[:3], drawn_angles.load(64, 3, seed=1).images)
    test = drawn_angles.load(32, 300, "test", seed=1)
    assert test.split == "test"
    assert len(np.unique(np.concatenate([needles.images, test.images]).reshape(600, -1), axis=0)) == 600
    assert (drawn_angles.load(32, 5, seed=2).images != needles.images[:5]).any()


def test_angles_are_whole_and_uniform():
    angles = drawn_angles.load(16, 4000, seed=3).values
    assert (angles == np.rint(angles)).all()
    assert angles.min() >= -90 and angles.max() <= 90 and len(np.unique(angles)) == 181
    assert angles.mean() == pytest.approx(0, abs=4.5 * np.sqrt((181**2 - 1) / 12 / 4000))
    assert angles.std() == pytest.approx(np.sqrt((181**2 - 1) / 12), rel=0.04)


def test_the_nuisances_vary(needles):
    assert needles.images.std(axis=0).min() > 15
    colours = needles.images.reshape(300, -1, 3).mean(axis=1)
    assert (colours.std(axis=0) > 10).all() and np.abs(colours[:, 0] - colours[:, 2]).max() > 20


def drawn(angle, count=40, size=32):
    """Images that differ in nothing but the needle's angle."""
    draws = np.random.default_rng(5).random((count, drawn_angles._NUM_DRAWS + 3 * size**2), np.float32)
    return drawn_angles._draw(draws, np.full(count, angle, np.float32), size).astype(float)


def test_the_label_says_where_the_needle_points():
    upright, half = drawn(0.0), drawn(40.0)
    centres = (np.arange(32) + 0.5) / 16 - 1
    for angle in (-90.0, -60.0, 60.0, 90.0):
        # What a turn adds lies in the new direction from where the upright needle stands, on the average.
        change = np.abs(drawn(angle) - half).sum(axis=-1)
        common = np.abs(upright - half).sum(axis=-1)
        new = (change > 60) & (common < 20)
        x, y = (new * centres[None, None, :]).sum() / new.sum(), (new * centres[None, :, None]).sum() / new.sum()
        pointed = np.degrees(np.arctan2(x, -(y - 0.175)))  # the hub's mean place is (0, 0.175)
        assert abs(pointed - angle) < 12
    assert (np.abs(drawn(3.0) - drawn(0.0)).max(axis=(1, 2, 3)) > 20).all()  # three degrees are seen in each


def test_grey_is_the_same_image():
    colour, grey = drawn_angles.load(16, 9, seed=4), drawn_angles.load(16, 9, channels=1, seed=4)
    np.testing.assert_array_equal(grey.images, image.to_channels(colour.images, 1))
    np.testing.assert_array_equal(grey.values, colour.values)


@pytest.mark.parametrize(("options", "text"), [
    ({"image_size": 8}, "image_size"), ({"count": 0}, "count"), ({"split": "all"}, "split must be one of train, test;"),
    ({"channels": 2}, "channels"), ({"seed": -1}, "seed"),
])
def test_options_out_of_range_are_refused(options, text):
    assert text in refused(drawn_angles.load, **options)
