"""Classes for images without labels: k-means clusters of what the images look like from afar.

A classifier that learns to tell them apart has features and logits for measures to stand on where there is
neither a label nor an Inception. The clusters see colours and coarse shapes, not texture. Sources: Richardson
and Weiss, "On GANs and GMMs" (2018), whose NDB compares how many real and generated images fall into each of
k-means clusters of the real ones' pixels; Caron et al., "Deep Clustering for Unsupervised Learning of Visual
Features" (2018), who train networks on clusters as labels.
"""

import numpy as np

from kgan.data import image
from kgan.errors import InputError

CLUSTERS = 10
_SIDE = 8  # pixels of the images that are compared
_OF_EACH = 20  # images there are to be for a cluster, on average
_LOOKED_AT = 10_000  # images that the centres are found on
_ITERATIONS = 100
_CHUNK = 4096  # images in float64 at a time


def cluster(images, most=CLUSTERS, seed=0):
    """Which cluster each image belongs to: int32 [N], numbered from 0, every number in use.

    The images are resized to 8x8 with antialiasing; k-means of their pixels in all channels starts as k-means++
    does (Arthur and Vassilvitskii 2007) and ends when no image changes its cluster, or after 100 iterations.
    There are `most` clusters, or N / 20 where that is less, two at least.

    Args:
        images: uint8 [N, H, W, C].
        most: two or more.
        seed: whole number >= 0; with the images it determines the clusters.

    Raises:
        InputError: the images look all alike.
    """
    points = image.resize(images, _SIDE).reshape(len(images), -1)
    draw = np.random.default_rng(seed)
    looked_at = points[np.sort(draw.permutation(len(points))[:_LOOKED_AT])].astype(np.float64)
    centres = _first_centres(looked_at, max(2, min(most, len(points) // _OF_EACH)), draw)
    # Written out: scikit-learn's threads add up in any order, so that its clusters, and with them the measures'
    # classifier, might differ from run to run.
    for _ in range(_ITERATIONS):
        nearest = _nearest(looked_at, centres)
        moved = np.stack([looked_at[nearest == number].mean(axis=0) for number in np.unique(nearest)])
        if np.array_equal(moved, centres):
            break
        centres = moved
    chunks = (points[start : start + _CHUNK] for start in range(0, len(points), _CHUNK))
    found, clusters = np.unique(np.concatenate([_nearest(chunk.astype(np.float64), centres) for chunk in chunks]),
                                return_inverse=True)
    if len(found) < 2:
        raise InputError(f"the {len(points)} images look all alike at {_SIDE}x{_SIDE} pixels, so that no clusters of "
                         "them can stand in for labels: add other images")
    return clusters.astype(np.int32)


def _first_centres(points, num, draw):
    """At most `num` of the points [N, D]: each drawn with a chance that grows with its squared distance."""
    centres = [points[draw.integers(len(points))]]
    distance = ((points - centres[0]) ** 2).sum(axis=1)
    while len(centres) < num and distance.max() > 0:
        centres.append(points[draw.choice(len(points), p=distance / distance.sum())])
        distance = np.minimum(distance, ((points - centres[-1]) ** 2).sum(axis=1))
    return np.stack(centres)


def _nearest(points, centres):
    """The number of the centre [K, D] next to each point [N, D]: |x - c|^2 without |x|^2, which all share."""
    return ((centres**2).sum(axis=1) - 2.0 * points @ centres.T).argmin(axis=1)
