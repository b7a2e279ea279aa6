"""Augmentation of real images, read back from images whose pixels tell where they come from."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.methods.augmentation import (
    AUGMENTATIONS,
    augmentation_of,
    augmentation_parts,
    crop_and_flip,
    flip,
    resized_crop_and_flip,
)
from kgan.training.noise import StepNoise


def noise(step=0):
    return StepNoise(3, step)


class Given:
    """Draws that a test chooses, one after the other."""

    def __init__(self, *draws):
        self.draws = list(draws)

    def uniform(self, shape):
        return tf.broadcast_to(tf.constant(self.draws.pop(0), tf.float32), shape)


def images(num=300, size=8):
    return np.random.default_rng(0).uniform(-0.9, 1, (num, size, size, 2)).astype("float32")


def test_flip_mirrors_about_half_of_the_images():
    x = images()
    out = np.array(flip(tf.constant(x), noise()))
    same = [np.array_equal(a, b) for a, b in zip(out, x, strict=True)]
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(out, x, strict=True)]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert 0.4 < np.mean(mirrored) < 0.6
    np.testing.assert_array_equal(out, flip(tf.constant(x), noise()))
    assert not np.array_equal(out, flip(tf.constant(x), noise(1)))


def test_a_crop_is_a_part_of_the_image_in_a_black_frame():
    x = images(2)
    frame = np.full((2, 16, 16, 2), -1.0, "float32")
    frame[:, 4:12, 4:12] = x
    # rows from floor(0.99 * 9) = 8, columns from floor(0.2 * 9) = 1; no mirror
    out = crop_and_flip(tf.constant(x), Given(0.99, 0.2, 0.7))
    np.testing.assert_array_equal(out, frame[:, 8:16, 1:9])
    out = crop_and_flip(tf.constant(x), Given(0.0, 0.5, 0.3))
    np.testing.assert_array_equal(out, frame[:, 0:8, 4:12][:, :, ::-1])
    many = np.array(crop_and_flip(tf.constant(images()), noise()))
    dark = (many[..., 0] == -1.0).all(axis=2)
    tops = {int(rows[:5].sum()) for rows in dark} | {-int(rows[3:].sum()) for rows in dark}
    assert tops == set(range(-4, 5))


def test_a_resized_crop_of_everything_is_the_image():
    x = images(3)
    out = resized_crop_and_flip(tf.constant(x), Given(1.0, 0.5, 0.4, 0.7))  # area 1, form 1
    np.testing.assert_allclose(out, x, atol=1e-5)


def test_a_resized_crop_stretches_a_part_bilinearly():
    """On a ramp the values are places: pixel i of the part comes from top + side (i + 1/2) - 1/2."""
    row, column = np.mgrid[0:8, 0:8].astype("float32")
    ramp = np.stack([row, column], axis=-1)[None]
    # area 0.08 + 0.92 / 2 = 0.54, form (4/3)^(2 * 0.75 - 1) = sqrt(4/3): wider than high
    height, width = np.sqrt(0.54 / np.sqrt(4 / 3)), np.sqrt(0.54 * np.sqrt(4 / 3))
    out = np.array(resized_crop_and_flip(tf.constant(ramp), Given(0.5, 0.75, 0.25, 0.7)))[0]
    places = np.arange(8) + 0.5
    expected = [8 * 0.25 * (1 - side) + side * places - 0.5 for side in (height, width)]
    np.testing.assert_allclose(out[:, 3, 0], np.clip(expected[0], 0, 7), atol=1e-4)
    np.testing.assert_allclose(out[3, :, 1], np.clip(expected[1], 0, 7), atol=1e-4)


def test_a_part_that_does_not_fit_is_passed_over_and_without_any_the_image_stays():
    ramp = np.mgrid[0:8, 0:8][0].astype("float32")[None, :, :, None]
    # area 1 of any form but 1 does not fit; the fourth try, of area 0.54 and form 1, does
    areas, forms = np.ones((1, 10), "float32"), np.ones((1, 10), "float32")
    areas[0, 3], forms[0, 3] = 0.5, 0.5
    out = np.array(resized_crop_and_flip(tf.constant(ramp), Given(areas, forms, 0.0, 0.7)))
    np.testing.assert_allclose(out[0, :, 0, 0], np.maximum(np.sqrt(0.54) * (np.arange(8) + 0.5) - 0.5, 0), atol=1e-4)
    out = resized_crop_and_flip(tf.constant(ramp), Given(1.0, 1.0, 0.4, 0.7))
    np.testing.assert_allclose(out, ramp, atol=1e-5)


def test_resized_crops_stay_within_the_image_and_differ():
    x = images(50)
    out = np.array(resized_crop_and_flip(tf.constant(x), noise()))
    assert out.shape == x.shape and out.min() >= x.min() - 1e-5 and out.max() <= x.max() + 1e-5
    assert np.abs(out - x).max(axis=(1, 2, 3)).min() > 0.1


def test_names():
    assert augmentation_of("flip") is flip
    x = images(2)
    assert augmentation_of(None)(x, None) is x
    with pytest.raises(InputError, match="'crop'"):
        augmentation_of("crop")


@pytest.mark.parametrize("name", [None, *AUGMENTATIONS])
def test_parts_in_the_other_order_are_the_whole(name):
    x, draws = tf.constant(images(20)), noise()
    mirror, cut = augmentation_parts(name)
    np.testing.assert_array_equal(mirror(cut(x, draws), draws), augmentation_of(name)(x, noise()))
    mirrored = np.array(mirror(x, Given(0.1)))
    np.testing.assert_array_equal(mirrored, x[:, :, ::-1] if name else x)


def test_parts_of_an_unknown_name():
    with pytest.raises(InputError, match="'crop'"):
        augmentation_parts("crop")
