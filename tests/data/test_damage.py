import io

import numpy as np
import pytest
from picture_files import refused
from PIL import Image

from kgan.data.damage import gaussian_blur, gaussian_noise, jpeg, missing_classes


def random_images(num=5, shape=(9, 7, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (num, *shape), np.uint8)


def test_blur_is_a_convolution_with_a_gaussian():
    images, sigma = random_images(), 0.8
    reach = int(4 * sigma + 0.5)
    kernel = np.exp(-np.arange(-reach, reach + 1.0) ** 2 / (2 * sigma**2))
    kernel /= kernel.sum()
    padded = np.pad(images.astype(float), [(0, 0), (reach, reach), (reach, reach), (0, 0)], "symmetric")
    expected = np.zeros(images.shape)
    for y, down in enumerate(kernel):
        for x, right in enumerate(kernel):
            expected += down * right * padded[:, y : y + 9, x : x + 7]
    blurred = gaussian_blur(images, sigma)
    assert blurred.dtype == np.uint8 and abs(blurred - expected).max() <= 0.5 + 1e-3
    flat = np.full((2, 8, 8, 1), 93, np.uint8)
    np.testing.assert_array_equal(gaussian_blur(flat, 20.0), flat)


def test_noise_has_the_std_and_depends_on_the_seed_alone():
    grey = np.full((700, 8, 8, 3), 120, np.uint8)
    noisy = gaussian_noise(grey, 12.0, seed=3)
    added = noisy.astype(float) - 120
    # 134,400 draws: the std of their mean is 12 / 367, that of their std 12 / 518; rounding adds a variance of 1/12.
    assert abs(added.mean()) < 0.14 and abs(added.std() - np.sqrt(144 + 1 / 12)) < 0.1
    assert abs(np.corrcoef(added[:-1].ravel(), added[1:].ravel())[0, 1]) < 0.012
    np.testing.assert_array_equal(noisy, gaussian_noise(grey, 12.0, seed=3))
    assert (noisy != gaussian_noise(grey, 12.0, seed=4)).mean() > 0.9
    np.testing.assert_array_equal(noisy[:100], gaussian_noise(grey[:100], 12.0, seed=3))
    black = gaussian_noise(np.zeros((40, 8, 8, 1), np.uint8), 30.0)
    assert black.min() == 0 and 0.45 < (black == 0).mean() < 0.55 and black.max() > 60


def test_what_remains_fills_the_places_of_missing_classes():
    labels = np.repeat([3, 5, 8, 9], [4, 6, 2, 3])[np.random.default_rng(1).permutation(15)]
    images = np.broadcast_to(np.arange(15, dtype=np.uint8)[:, None, None, None], (15, 2, 2, 1)).copy()
    gone_before = set()
    for missing in (1, 2, 3):
        rows = missing_classes(images, labels, missing, seed=2)[:, 0, 0, 0]
        there = set(labels[rows])
        gone = {3, 5, 8, 9} - there
        assert len(rows) == 15 and len(gone) == missing and gone > gone_before
        stays = np.isin(labels, list(there))
        np.testing.assert_array_equal(rows[stays], np.flatnonzero(stays))
        counts = np.bincount(rows, minlength=15)
        assert set(counts[~stays]) == {0} and np.ptp(counts[stays]) <= 1
        gone_before = gone
    np.testing.assert_array_equal(*(missing_classes(images, labels, 2, seed=2) for _ in range(2)))
    assert len({missing_classes(images, labels, 1, seed=seed).tobytes() for seed in range(6)}) > 2


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_what_pillow_writes_and_reads(channels):
    images = gaussian_blur(random_images(6, (16, 24, channels)), 1.5)
    damaged = jpeg(images, 40)
    for before, after in zip(images, damaged, strict=True):
        file = io.BytesIO()
        picture = Image.fromarray(before[..., 0] if channels == 1 else before)
        picture.save(file, "JPEG", quality=40, subsampling=2)
        np.testing.assert_array_equal(after, np.asarray(Image.open(file)).reshape(before.shape))
    errors = [abs(jpeg(images, quality).astype(int) - images).mean() for quality in (95, 50, 10)]
    assert 0 < errors[0] < errors[1] < errors[2] < 60


def test_no_more_than_a_block_at_a_time_makes_no_difference(monkeypatch):
    images = random_images(8, (8, 8, 1))
    damages = (lambda: gaussian_blur(images, 1.0), lambda: gaussian_noise(images, 9.0), lambda: jpeg(images, 30))
    before = [damage() for damage in damages]
    monkeypatch.setattr("kgan.data.damage._BLOCK", 3)
    for expected, damage in zip(before, damages, strict=True):
        np.testing.assert_array_equal(damage(), expected)
    np.testing.assert_array_equal(images, random_images(8, (8, 8, 1)))


@pytest.mark.parametrize(("damage", "arguments", "text"), [
    (gaussian_blur, (0.0,), "sigma must be above 0"), (gaussian_blur, (np.nan,), "sigma must be a number"),
    (gaussian_noise, (-1,), "std must be above 0"), (gaussian_noise, (1.0, -1), "seed"),
    (jpeg, (0,), "quality must be a whole number from 1 to 95"), (jpeg, (96,), "quality"),
    (missing_classes, ([0, 1, 1, 0, 1], 2), "missing must be a whole number from 1 to 1; received 2"),
    (missing_classes, ([0, 1, 1, 0, 1], 0), "received 0"), (missing_classes, ([1] * 5, 1), "the labels hold 1"),
    (missing_classes, ([0, 1], 1), "whole numbers [5]"), (missing_classes, ([0.0] * 5, 1), "received float64"),
])
def test_strengths_out_of_range_are_refused(damage, arguments, text):
    assert text in refused(damage, random_images(), *arguments)


@pytest.mark.parametrize("images", [random_images().astype(np.float32), random_images()[0], random_images(0),
                                    random_images(2, (4, 4, 2)), None])
def test_what_is_no_images_is_refused(images):
    assert "uint8 images [N, H, W, C]" in refused(gaussian_blur, images, 1.0)
