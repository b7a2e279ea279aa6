"""Drawn needles at an angle: a stand-in for regression where no photographs are at hand.

Nothing here is a photograph. A needle turns about a hub on a shaded ground. Its angle is the label;
colours, light, thickness, length, the hub's place, two blots, a loose bar and noise are not.
"""

import numpy as np

from kgan.data import image
from kgan.data.folders import check_channels
from kgan.data.held import check_whole
from kgan.data.splits import check_split
from kgan.data.value_set import ValueSet

LOW, HIGH = -90.0, 90.0  # degrees from upright, clockwise
_STREAMS = {"train": 0, "test": 1}
_NUM_DRAWS = 48  # random numbers an image besides those of the noise; `_Draws` fails past them
_CHUNK_PIXELS = 128 * 64 * 64  # drawn at a time


def load(image_size=32, count=2000, split="train", channels=3, seed=0):
    """`count` drawn needles as a ValueSet in whole degrees, uniform from -90 (left) to 90 (right), 0 upright.

    Determined by (seed, split, image_size); the first images do not depend on `count`. The splits are drawn
    from streams of their own, so that no choice in a training touches what is tested on.

    Args:
        image_size: side in pixels, 16 or more.
        count: how many.
        split: "train" or "test".
        channels: 3, or 1 for the same images in grey.
        seed: whole number >= 0; the drawings' own, not a training's.

    Raises:
        InputError: an option out of its range.
    """
    size = check_whole("image_size", image_size, 16, image.MAX_SIZE)
    count, seed, channels = check_whole("count", count, 1), check_whole("seed", seed, 0), check_channels(channels)
    check_split(split, tuple(_STREAMS))
    rng, chunk = np.random.default_rng([seed, _STREAMS[split]]), max(1, _CHUNK_PIXELS // size**2)
    images, angles = np.empty((count, size, size, channels), np.uint8), np.empty([count], np.float32)
    for start in range(0, count, chunk):
        part = slice(start, min(start + chunk, count))
        draws = rng.random((part.stop - start, 1 + _NUM_DRAWS + 3 * size**2), np.float32)
        angles[part] = LOW + np.floor(draws[:, 0] * (HIGH - LOW + 1.0))
        images[part] = image.to_channels(_draw(draws[:, 1:], angles[part], size), channels)
    source = f"needles drawn by kgan, seed {seed}"
    return ValueSet("drawn_angles", images, angles, LOW, HIGH, "degrees", split, source)


class _Draws:
    """Hands out an image's random numbers one after another as arrays [N, 1, 1], beside the pixels' places."""

    def __init__(self, draws, size):
        self.draws, self.used, self.pixel = draws, 0, 2.0 / size
        centres = (np.arange(size, dtype=np.float32) + 0.5) * self.pixel - 1.0
        self.x, self.y = centres[None, None, :], centres[None, :, None]  # -1 to 1, y downwards

    def between(self, low, high):
        share = self.draws[:, self.used, None, None]
        self.used += 1
        return low + (high - low) * share

    def tint(self, brightness, spread):
        """A colour [N, 1, 1, 3] about a brightness [N, 1, 1]."""
        return np.stack([brightness + self.between(-spread, spread) for _ in range(3)], axis=-1)

    def cover(self, distance):
        """1 inside a shape, 0 outside, fading over one pixel."""
        return np.clip(0.5 - distance / self.pixel, 0.0, 1.0)

    def frame(self, angle, x, y):
        """Coordinates along and across a direction, in radians from upright and clockwise, through (x, y)."""
        sin, cos, dx, dy = np.sin(angle), np.cos(angle), self.x - x, self.y - y
        return sin * dx - cos * dy, cos * dx + sin * dy


def _draw(draws, angles, size):
    """Draws [N, 48 + 3 size^2] in [0, 1) and angles [N] in degrees -> uint8 images [N, size, size, 3]."""
    d = _Draws(draws[:, :_NUM_DRAWS], size)
    # The needle is darker or lighter than the ground by a quarter of the range or more, else it could not be seen.
    ground, lighter = d.between(80.0, 175.0), d.between(0.0, 1.0) < 0.5
    share = d.between(0.0, 1.0)
    needle = np.where(lighter, ground + 65.0 + share * (190.0 - ground), share * (ground - 65.0))
    along, _ = d.frame(d.between(-np.pi, np.pi), 0.0, 0.0)
    pixels = d.tint(ground, 35.0) + (d.between(0.0, 22.0) * along)[..., None]
    pixels = np.broadcast_to(pixels, (len(draws), size, size, 3))
    for _ in range(2):
        x, y, wide, high = d.between(-1.0, 1.0), d.between(-1.0, 1.0), d.between(0.1, 0.45), d.between(0.1, 0.45)
        blot = (np.hypot((d.x - x) / wide, (d.y - y) / high) - 1.0) * np.minimum(wide, high)
        pixels = _mix(pixels, d.tint(ground + d.between(-45.0, 45.0), 25.0), d.cover(blot))
    bar = d.frame(d.between(-np.pi, np.pi), d.between(-0.9, 0.9), d.between(-0.9, 0.9))
    across = np.maximum(np.abs(bar[0]) - d.between(0.15, 0.45), np.abs(bar[1]) - d.between(0.02, 0.06))
    pixels = _mix(pixels, d.tint(0.5 * (ground + needle), 30.0), 0.8 * d.cover(across))

    x, y, length = d.between(-0.2, 0.2), d.between(-0.05, 0.4), d.between(0.55, 1.0)
    thick, tail, hub = d.between(0.06, 0.13), d.between(0.0, 0.25), d.between(0.08, 0.16)
    along, across = d.frame(np.radians(angles)[:, None, None], x, y)
    taper = 1.0 - d.between(0.3, 0.8) * np.clip(along / length, 0.0, 1.0)
    outside = np.maximum(np.abs(across) - np.maximum(thick * taper, 0.6 * d.pixel), along - length)
    outside = np.maximum(outside, -along - tail)
    colour = d.tint(needle, 25.0)
    pixels = _mix(pixels, colour, np.maximum(d.cover(outside), d.cover(np.hypot(d.x - x, d.y - y) - hub)))
    noise = 2.0 * draws[:, _NUM_DRAWS:].reshape(pixels.shape) - 1.0
    pixels = pixels + d.between(4.0, 26.0)[..., None] * noise
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _mix(pixels, colour, alpha):
    """Cover with a colour [N, 1, 1, 3] by alpha [N, S, S]."""
    return pixels + alpha[..., None] * (colour - pixels)
