"""Drawn concrete with defects: a stand-in for CODEBRIM where its photographs are not at hand.

Nothing here is a photograph. A wall is noise of several scales with a tint, sometimes with pores or the
lines of the formwork; on it lies one of five defects, each a few masks made of distances and noise, lit
from the upper left where it has depth.
"""

from functools import cache

import numpy as np

from kgan.data import crops, image
from kgan.data.codebrim import CLASS_NAMES
from kgan.data.image_set import ImageSet

_WALL_DRAWS, _DEFECT_DRAWS = 2800, 5200  # random numbers an image, besides one a pixel; `take` fails past them
_CHUNK_PIXELS = 128 * 64 * 64  # drawn at a time
_KNOTS, _REACH = 48, 1.5  # a crack's random walk runs from -1.5 to 1.5, past the corners at 1.41
_LIGHT = (0.55, 0.83)  # where it goes, (x, y) with y downwards


def load(image_size=64, count=2642, seed=0):
    """`count` drawn pieces of concrete as an ImageSet with three channels, CODEBRIM's five classes at random.

    Determined by (seed, image_size); the first images do not depend on `count`.

    Args:
        image_size: side in pixels, 16 or more.
        count: how many.
        seed: whole number >= 0.

    Raises:
        InputError: an option out of its range.
    """
    size = crops.check_whole("image_size", image_size, 16, image.MAX_SIZE)
    count, seed = crops.check_whole("count", count, 1), crops.check_whole("seed", seed, 0)
    rng, chunk = np.random.default_rng(seed), max(1, _CHUNK_PIXELS // size**2)
    images, labels = np.empty((count, size, size, 3), np.uint8), np.empty([count], np.int32)
    for start in range(0, count, chunk):
        part = slice(start, min(start + chunk, count))
        draws = rng.random((part.stop - start, 1 + _DEFECT_DRAWS + _WALL_DRAWS + size**2), np.float32)
        labels[part] = (draws[:, 0] * len(CLASS_NAMES)).astype(np.int32)
        images[part] = _draw(draws[:, 1:], labels[part], size)
    return ImageSet("drawn_concrete", images, labels, CLASS_NAMES, "all", f"drawn by kgan, seed {seed}")


def _draw(draws, labels, size):
    """Draws [N, 8000 + size**2] in [0, 1) and labels [N] -> uint8 images [N, size, size, 3]."""
    pixels = _concrete(_Draws(draws[:, _DEFECT_DRAWS:], size))
    for label, paint in enumerate((_crack, _spallation, _efflorescence, _exposed_bars, _corrosion_stain)):
        rows = np.flatnonzero(labels == label)
        if len(rows):
            pixels[rows] = paint(_Draws(draws[rows, :_DEFECT_DRAWS], size), pixels[rows])
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


class _Draws:
    """Hands out an image's random numbers one after another, as arrays with a first axis of N images."""

    def __init__(self, draws, size):
        self.draws, self.size, self.used = draws, size, 0
        centres = (np.arange(size, dtype=np.float32) + 0.5) * (2.0 / size) - 1.0
        self.x, self.y = centres[None, None, :], centres[None, :, None]  # -1 to 1, y downwards
        self.pixel = 2.0 / size

    def take(self, *shape):
        """Numbers in [0, 1) [N, *shape]."""
        count = int(np.prod(shape))
        taken = self.draws[:, self.used : self.used + count]
        self.used += count
        return taken.reshape(len(self.draws), *shape)

    def between(self, low, high):
        """One number an image, [N, 1, 1]."""
        return low + (high - low) * self.take(1, 1)

    def chance(self, probability):
        return (self.take(1, 1) < probability).astype(np.float32)

    def field(self, rows, columns, rare=0.0):
        """Smooth noise [N, S, S] over rows x columns nodes, in -1 to 1; but 0 to 1 where nodes above `rare` > 0."""
        nodes = 2.0 * self.take(rows, columns) - 1.0
        nodes = np.maximum(nodes - rare, 0.0) / (1.0 - rare) if rare else nodes
        return _weights(self.size, rows) @ nodes @ _weights(self.size, columns).T

    def noise(self, *nodes):
        """Noise of several scales, the finer the weaker, about -1 to 1."""
        total = sum(self.field(n, n) / 2**i for i, n in enumerate(nodes))
        return total * (1.6 / (2.0 - 2.0 ** (1 - len(nodes))))  # a mean of scales varies less: 1.6 makes up

    def frame(self, angle, x, y):
        """Coordinates along and across a direction through (x, y)."""
        cos, sin, dx, dy = np.cos(angle), np.sin(angle), self.x - x, self.y - y
        return cos * dx + sin * dy, cos * dy - sin * dx


@cache
def _weights(size, nodes):
    """[size, nodes]: each pixel's smooth weights of the two nodes beside it."""
    place = (np.arange(size) + 0.5) / size * (nodes - 1)
    left = np.minimum(place.astype(int), nodes - 2)
    step = _smooth(place - left)[:, None]
    both = np.eye(nodes, dtype=np.float32)
    return ((1.0 - step) * both[left] + step * both[left + 1]).astype(np.float32)


def _smooth(x):
    """0 below 0, 1 above 1, without a kink between."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def _mix(pixels, colour, alpha):
    """Cover with a colour [3], or with pixels, by alpha [N, S, S]."""
    return pixels + alpha[..., None] * (np.asarray(colour, np.float32) - pixels)


def _tint(pixels, factors, alpha):
    """Multiply the channels by factors [3] where alpha [N, S, S] is 1."""
    return pixels * (1.0 + alpha[..., None] * (np.asarray(factors, np.float32) - 1.0))


def _lit(height, size):
    """Brightness of a relief of `height` [N, S, S] (1 = half the image), 1 where it is flat."""
    down, right = np.gradient(height, 2.0 / size, axis=(1, 2))
    return np.clip(1.0 + _LIGHT[0] * right + _LIGHT[1] * down, 0.35, 1.45)[..., None]


def _concrete(d):
    """A plain wall, float32 [N, S, S, 3]."""
    colour = _mix(np.array([172, 169, 163], np.float32), [168, 148, 122], d.take(1, 1))  # from grey to brown
    light = d.between(0.62, 1.2) * (1.0 + d.between(-0.12, 0.12) * d.x + d.between(-0.12, 0.12) * d.y)
    grain = 0.10 * d.noise(3, 5, 9) + 0.06 * d.noise(17, 33) + 0.05 * (2.0 * d.take(d.size, d.size) - 1.0)
    light *= 1.0 + d.between(0.5, 1.4) * grain
    # formwork: a groove every so often, and boards that differ a little
    place = (np.where(d.chance(0.5), d.x, d.y) + d.between(1.0, 2.0)) / d.between(0.45, 1.0)
    board = np.rint(place)
    groove = np.clip(1.2 - 0.7 * np.abs(place - board) / d.pixel, 0.0, 1.0)
    light *= 1.0 - d.chance(0.35) * (0.30 * groove + 0.07 * np.sin(12.9 * board + 6.3 * d.take(1, 1)))
    light *= 1.0 - 0.6 * d.chance(0.6) * d.field(26, 26, rare=0.95)  # pores
    warm = d.noise(3, 5, 9)[..., None] * np.array([4.0, 0.0, -6.0], np.float32)
    return colour * light[..., None] + warm


def _crack(d, pixels):
    """A dark thin random walk across the image, with branches."""
    along, across = d.frame(d.between(0.0, np.pi), d.between(-0.35, 0.35), d.between(-0.35, 0.35))
    step = 2.0 * _REACH / (_KNOTS - 1)

    def walk():
        drift = np.repeat(d.take(_KNOTS // 6), 6, axis=1) - 0.5
        return np.cumsum((1.1 * drift + 1.6 * (d.take(_KNOTS) - 0.5)) * step, axis=1)

    main = walk()
    main -= main[:, _KNOTS // 2, None]  # through the origin of the frame
    width = np.maximum(d.between(0.02, 0.055), d.pixel) * (0.85 + 0.3 * d.field(9, 9))
    cover = _line(main, along, across, width, d.pixel)
    knots = np.linspace(-_REACH, _REACH, _KNOTS, dtype=np.float32)
    for chance, low, high in ((0.85, -0.6, 0.1), (0.5, -0.1, 0.6)):
        start, side = d.between(low, high), 2.0 * d.chance(0.5) - 1.0
        slope, length = side * d.between(0.5, 1.1), d.between(0.5, 1.3)
        off = np.maximum(knots[None] - start[:, 0], 0.0)
        # the branch's own walk fades in where it leaves, or there would be a jump
        branch = main + off * slope[:, 0] + 0.5 * _smooth(off / 0.3) * walk()
        taper = np.clip(1.0 - (along - start) / length, 0.0, 1.0) * (along > start)
        cover = np.maximum(cover, d.chance(chance) * _line(branch, along, across, 0.7 * width * taper, d.pixel))
    return _tint(pixels, [0.26, 0.24, 0.23], _smooth(cover) * d.between(0.75, 1.0))


def _line(knots, along, across, width, pixel):
    """Cover [N, S, S] by the graph of `knots` [N, K] over -1.5 to 1.5, `width` wide."""
    place = (along + _REACH) * ((_KNOTS - 1) / (2.0 * _REACH))
    left = np.clip(place.astype(int), 0, _KNOTS - 2)
    flat = left.reshape(len(left), -1)
    low = np.take_along_axis(knots, flat, axis=1).reshape(left.shape)
    rise = np.take_along_axis(knots, flat + 1, axis=1).reshape(left.shape) - low
    slope = rise * ((_KNOTS - 1) / (2.0 * _REACH))
    distance = np.abs(across - low - (place - left) * rise) / np.hypot(1.0, slope)
    return np.clip((0.5 * width - distance) / pixel + 0.5, 0.0, 1.0) * np.clip(width / pixel, 0.0, 1.0)


def _broken(d, pixels, along, across, long, short):
    """Breaks the concrete out of a rough ellipse; gives the pixels and how deep it is there, 0 to 1."""
    outside = (np.hypot(along / long, across / short) - 1.0) * np.minimum(long, short) + 0.16 * d.noise(5, 9, 17, 33)
    inside = _smooth(0.35 - outside / 0.14)
    height = inside * (0.045 * d.noise(9, 17, 33) - d.between(0.09, 0.15))
    stones = 0.3 * _smooth(4.0 * d.field(17, 17) - 1.4) * inside
    pixels = _mix(pixels, pixels.mean(axis=(1, 2), keepdims=True), 0.8 * inside)  # no groove, no pore
    pixels = _tint(pixels, [0.70, 0.64, 0.58], inside * d.between(0.7, 1.1))
    return pixels * (1.0 + stones[..., None]) * _lit(height, d.size), inside


def _spallation(d, pixels):
    frame = d.frame(d.between(0.0, np.pi), d.between(-0.3, 0.3), d.between(-0.3, 0.3))
    return _broken(d, pixels, *frame, d.between(0.5, 0.8), d.between(0.35, 0.6))[0]


def _exposed_bars(d, pixels):
    """A broken patch with one or two rusty bars along it."""
    angle = 0.5 * np.pi * d.chance(0.5) + d.between(-0.3, 0.3)
    along, across = d.frame(angle, d.between(-0.2, 0.2), d.between(-0.2, 0.2))
    two, thick, gap = d.chance(0.5), d.between(0.07, 0.12), d.between(0.20, 0.32)
    pixels, inside = _broken(d, pixels, along, across, d.between(0.8, 1.2), d.between(0.35, 0.45) + 0.6 * gap * two)
    pixels = _tint(pixels, [0.92, 0.72, 0.52], _smooth(0.5 + d.noise(5, 9)) * inside * 0.7)
    rust, patina = d.noise(5, 9, 17)[..., None], d.noise(17, 33)
    bright, rib, lean = d.between(0.8, 1.15), d.between(26.0, 34.0), d.between(-0.6, 0.6)
    for side, shown in ((-1.0, 1.0), (1.0, two)):
        offset = across - side * gap * two + 0.05 * np.sin(1.5 * along)
        seen = shown * _smooth(3.0 * inside - 0.9)
        shadow = np.clip((1.25 * thick - np.abs(offset - 0.5 * thick)) / 0.05, 0.0, 1.0)
        pixels = _tint(pixels, [0.5, 0.46, 0.44], shadow * seen)
        cover = np.clip((thick - np.abs(offset)) / d.pixel + 0.5, 0.0, 1.0) * seen
        round_ = np.clip(offset / thick, -1.0, 1.0)
        ribs = 1.0 + 0.12 * np.sin(rib * (along + lean * offset))
        light = bright * ribs * (1.12 - 0.45 * round_ - 0.45 * round_ * round_ + 0.12 * patina)
        colour = np.array([126, 76, 50], np.float32) + rust * np.array([48, 26, 10], np.float32)
        pixels = _mix(pixels, colour * light[..., None], cover)
    return pixels


def _efflorescence(d, pixels):
    """Whitish crust along an edge, running down in streaks."""
    top = d.between(-0.85, -0.25) + d.between(-0.25, 0.25) * d.x + 0.12 * d.noise(5, 9)
    below = d.y - top
    envelope = np.exp(-(((d.x - d.between(-0.4, 0.4)) / d.between(0.35, 0.9)) ** 2))
    streaks = 0.6 * d.field(3, 17) + 0.5 * d.field(3, 33) + 0.25 * d.noise(9, 17)
    length = d.between(0.5, 1.3) * (1.0 + 0.7 * d.field(2, 17))
    fade = np.clip(1.15 - below / np.maximum(length, 0.2), 0.0, 1.0) * _smooth(below / 0.10 + 0.5)
    run = _smooth((0.45 + streaks) * 1.3) * fade
    crust = np.exp(-((below / 0.13) ** 2)) * _smooth(0.7 + 1.6 * d.noise(9, 17, 33))
    alpha = np.clip(np.maximum(run, crust) * envelope * d.between(0.85, 1.1), 0.0, 0.93)
    pixels = _tint(pixels, [0.74, 0.72, 0.70], _smooth(0.4 - np.abs(below - 0.1) * 0.6) * envelope)  # wet
    texture = d.noise(17, 33)
    white = np.array([232, 230, 222], np.float32) * (1.0 + 0.08 * texture)[..., None]
    return _mix(pixels, white, alpha) * _lit(0.028 * alpha * (1.0 + texture), d.size)


def _corrosion_stain(d, pixels):
    """One or two brown-orange stains, diffuse, running down from a spot."""
    streaks, mottle, waver = d.field(3, 17) + 0.5 * d.field(3, 33), d.noise(5, 9, 17), 0.12 * d.field(5, 3)
    core = 0.0
    for shown in (1.0, d.chance(0.45)):
        x, y = d.between(-0.6, 0.6), d.between(-0.8, 0.0)
        below = d.y - y
        sideways = np.exp(-(((d.x - x - waver) / (d.between(0.2, 0.36) * (1.0 + 0.35 * np.maximum(below, 0.0)))) ** 2))
        fade = _smooth(below / 0.6 + 0.6) * np.exp(-np.maximum(below, 0.0) / d.between(0.8, 1.9))
        core = np.maximum(core, shown * sideways * fade)
    stain = np.clip(core * (1.05 + 0.45 * streaks + 0.55 * mottle), 0.0, 1.0) * d.between(0.85, 1.0)
    pixels = _tint(pixels, [0.84, 0.62, 0.40], np.minimum(1.4 * stain, 1.0))
    return _tint(pixels, [0.66, 0.58, 0.54], _smooth(1.7 * stain - 0.6))
