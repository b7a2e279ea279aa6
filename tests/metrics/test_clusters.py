"""Clusters of images in the place of labels, against their definition."""

import numpy as np
import pytest
from picture_files import refused

from kgan.metrics.clusters import CLUSTERS, cluster


def groups(sizes, side=8, channels=3, spread=8, seed=0):
    """(images about a few pictures of noise, which picture each is about), in random order."""
    draw = np.random.default_rng(seed)
    pictures = draw.integers(40, 216, (len(sizes), side, side, channels))
    which = draw.permutation(np.repeat(np.arange(len(sizes)), sizes))
    noise = draw.integers(-spread, spread + 1, (len(which), side, side, channels))
    return (pictures[which] + noise).astype(np.uint8), which


@pytest.mark.parametrize("channels", [1, 3])
def test_separate_groups_are_found_whatever_their_size(channels):
    images, which = groups([70, 25, 45], channels=channels)
    found = cluster(images, most=3)
    assert found.dtype == np.int32 and found.shape == (140,)
    assert len({(one, other) for one, other in zip(found.tolist(), which.tolist(), strict=True)}) == 3


def test_each_image_is_nearest_to_the_mean_of_its_cluster():
    images = np.random.default_rng(3).integers(0, 256, (400, 8, 8, 1), np.uint8)
    found = cluster(images)
    assert sorted(set(found.tolist())) == list(range(CLUSTERS))
    points = images.reshape(400, 64).astype(float)
    means = np.stack([points[found == number].mean(axis=0) for number in range(CLUSTERS)])
    np.testing.assert_array_equal(((points[:, None] - means) ** 2).sum(-1).argmin(1), found)
    spread = ((points - means[found]) ** 2).sum(-1).mean()
    assert spread < 0.97 * ((points - points.mean(0)) ** 2).sum(-1).mean()


def test_large_images_are_looked_at_from_afar():
    small, which = groups([40, 40], side=8)
    fine = np.random.default_rng(1).choice([-30, 30], (80, 32, 32, 1))  # averages out at 8x8
    large = np.clip(small.repeat(4, axis=1).repeat(4, axis=2).astype(int) + fine, 0, 255).astype(np.uint8)
    found = cluster(large, most=2)
    assert (found == which).all() or (found == 1 - which).all()


@pytest.mark.parametrize(("num", "clusters"), [(5, 2), (59, 2), (60, 3), (199, 9), (400, 10)])
def test_few_images_make_few_clusters(num, clusters):
    images = np.random.default_rng(num).integers(0, 256, (num, 8, 8, 1), np.uint8)
    assert len(set(cluster(images).tolist())) == clusters


def test_the_seed_determines_the_clusters():
    images = np.random.default_rng(5).integers(0, 256, (300, 8, 8, 3), np.uint8)
    first = cluster(images, seed=1)
    np.testing.assert_array_equal(first, cluster(images.copy(), seed=1))
    assert (first != cluster(images, seed=2)).any()


def test_images_that_look_alike_make_no_clusters():
    assert "the 30 images look all alike" in refused(cluster, np.full((30, 16, 16, 3), 7, np.uint8))
