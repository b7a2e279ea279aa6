"""Drawn faces: a stand-in for CelebA where the photographs are not at hand. Nothing here is a photograph.

A face is some twenty ellipses, boxes and one curve, laid over each other from back to front, each with
edges that fade over one pixel. Thirty random numbers an image set the colours, the sizes and the pose.
"""

import numpy as np

from kgan.data import image
from kgan.data.image_set import ImageSet
from kgan.errors import InputError

# label = 2 * long hair + smiling
CLASS_NAMES = (
    "short hair, not smiling", "short hair, smiling", "long hair, not smiling", "long hair, smiling",
)  # fmt: skip

_SKIN = np.array(
    [[255, 224, 196], [240, 200, 165], [224, 172, 130], [190, 135, 95], [141, 95, 62], [95, 62, 42]]
)
_HAIR = np.array(
    [[28, 22, 20], [70, 44, 28], [120, 78, 44],
     [170, 120, 60], [222, 188, 120], [150, 60, 30], [170, 170, 172]]
)
_IRIS = np.array([[80, 50, 30], [60, 100, 150], [70, 120, 80], [110, 110, 110]])
_NUM_DRAWS = 30
_CHUNK = 128  # images drawn at a time


def load(image_size=64, count=2000, seed=0):
    """`count` drawn faces as an ImageSet with three channels, labels `2 * long hair + smiling`.

    Determined by (seed, image_size); the first images do not depend on `count`.

    Args:
        image_size: side in pixels, 16 or more.
        count: how many.
        seed: whole number >= 0.
    """
    image.check_size(image_size)
    if image_size < 16:
        raise InputError(f"drawn faces need an image_size of at least 16; received {image_size}")
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise InputError(f"{name} must be a whole number of at least {least}; received {value!r}")
    draws = np.random.default_rng(seed).random((count, _NUM_DRAWS), np.float32)  # a row an image
    images = np.empty((count, image_size, image_size, 3), np.uint8)
    for start in range(0, count, _CHUNK):
        images[start : start + _CHUNK] = _draw(draws[start : start + _CHUNK], image_size)
    labels = 2 * _has_long_hair(draws).astype(np.int32) + _smiles(draws).astype(np.int32)
    return ImageSet("drawn_faces", images, labels, CLASS_NAMES, "all", f"drawn by kgan, seed {seed}")


def _smiles(draws):
    return draws[:, 0] < 0.5


def _has_long_hair(draws):
    return draws[:, 1] < 0.5


class _Canvas:
    """A stack of images [N, S, S, 3] that takes shapes; coordinates from -1 to 1, y downwards.

    Positions and sizes are arrays [N] (or plain numbers) in the face's own frame, which is shifted,
    scaled and turned against the image's.
    """

    def __init__(self, pixels, size, shift_x, shift_y, scale, angle):
        self.pixels, self.pixel = pixels, _column(2.0 / (size * scale))  # a pixel's width in the frame
        centres = (np.arange(size, dtype=np.float32) + 0.5) * (2.0 / size) - 1.0
        x, y = centres[None, None, :] - _column(shift_x), centres[None, :, None] - _column(shift_y)
        cos, sin, scale = _column(np.cos(angle)), _column(np.sin(angle)), _column(scale)
        self.x, self.y = (cos * x + sin * y) / scale, (cos * y - sin * x) / scale

    def paint(self, distance, colour, where=None):
        """Cover what lies inside (`distance` < 0, in the frame's units) with `colour` [N, 3]."""
        cover = np.clip(0.5 - distance / self.pixel, 0.0, 1.0)
        if where is not None:
            cover *= _column(where)
        self.pixels += cover[..., None] * (colour[:, None, None, :] - self.pixels)

    def ellipse(self, x, y, radius_x, radius_y):
        radius_x, radius_y = _column(radius_x), _column(radius_y)
        dx, dy = (self.x - _column(x)) / radius_x, (self.y - _column(y)) / radius_y
        return (np.sqrt(dx * dx + dy * dy) - 1.0) * np.minimum(radius_x, radius_y)

    def box(self, x, y, half_width, half_height):
        across = np.abs(self.x - _column(x)) - _column(half_width)
        return np.maximum(across, np.abs(self.y - _column(y)) - _column(half_height))

    def bow(self, y, half_width, bend, half_height):
        """A band along a parabola: its middle lies `bend` below y, its ends `bend` above."""
        along = self.x / _column(half_width)
        middle = _column(y) + _column(bend) * (1.0 - 2.0 * along * along)
        across = np.abs(self.y - middle) - _column(half_height)
        return np.maximum(across, np.abs(self.x) - _column(half_width))


def _draw(draws, size):
    """Draws [N, 30] in [0, 1) -> uint8 faces [N, size, size, 3]."""
    column = iter(draws.T[2:])

    def between(low, high):
        return low + (high - low) * next(column)

    def shade(colours, spread=18.0):
        """One of `colours` for each image, a little lighter or darker: [N, 3]."""
        chosen = colours[(next(column) * len(colours)).astype(int)].astype(np.float32)
        return np.clip(chosen + between(-spread, spread)[:, None], 0.0, 255.0)

    smiles, long_hair = _smiles(draws), _has_long_hair(draws)
    above = np.stack([between(60, 250) for _ in range(3)], axis=-1)
    below = np.clip(above + between(-70, 70)[:, None], 0, 255)
    shirt = np.stack([between(20, 235) for _ in range(3)], axis=-1)
    skin, hair, iris = shade(_SKIN), shade(_HAIR), shade(_IRIS)
    ramp = np.linspace(0.0, 1.0, size, dtype=np.float32)[None, :, None, None]
    pixels = above[:, None, None, :] * (1 - ramp) + below[:, None, None, :] * ramp
    pixels = np.broadcast_to(pixels, (len(draws), size, size, 3)).astype(np.float32)
    canvas = _Canvas(
        pixels, size, between(-0.08, 0.08), between(-0.06, 0.06), between(0.88, 1.08), between(-0.14, 0.14)
    )
    wide, high = between(0.40, 0.50), between(0.54, 0.64)
    hairline, eye_y, eye_x = between(-0.40, -0.26), between(-0.10, 0.0), between(0.17, 0.22)
    mouth_y, mouth_width, bend = between(0.27, 0.34), between(0.14, 0.20), next(column)
    eye_high, volume, lip = between(0.035, 0.06), between(0.06, 0.14), between(0.45, 0.75)

    canvas.paint(canvas.ellipse(0, -0.12, wide + volume, high + volume), hair)
    canvas.paint(canvas.box(0, 0.30, wide + volume, 0.46), hair, where=long_hair)
    canvas.paint(canvas.ellipse(0, 1.05, 0.80, 0.38), shirt)
    canvas.paint(canvas.box(0, 0.58, 0.15, 0.22), skin * 0.85)
    canvas.paint(canvas.ellipse(-wide, 0.02, 0.07, 0.11), skin * 0.92, where=~long_hair)
    canvas.paint(canvas.ellipse(wide, 0.02, 0.07, 0.11), skin * 0.92, where=~long_hair)
    face = canvas.ellipse(0, 0.0, wide, high)
    canvas.paint(face, skin)
    # one pixel past the face, or a line of skin would shine through at its edge
    canvas.paint(np.maximum(face - canvas.pixel, canvas.y - _column(hairline)), hair)
    white = np.full_like(skin, 245.0)
    for side in (-1, 1):
        x = side * eye_x
        canvas.paint(canvas.ellipse(x, eye_y, 0.085, eye_high), white)
        canvas.paint(canvas.ellipse(x, eye_y, 0.042, eye_high), iris)
        canvas.paint(canvas.ellipse(x, eye_y, 0.018, 0.022), np.full_like(skin, 15.0))
        canvas.paint(canvas.ellipse(x, eye_y - 0.12, 0.10, 0.018), hair * 0.8)
    canvas.paint(canvas.ellipse(0, 0.12, 0.035, 0.07), skin * 0.85)
    lips = skin * lip[:, None] + np.array([90.0, 15.0, 25.0], np.float32) * (1 - lip)[:, None]
    curve = np.where(smiles, 0.045 + 0.035 * bend, -0.03 + 0.025 * bend)
    canvas.paint(canvas.bow(mouth_y, mouth_width, curve, 0.04), lips)
    canvas.paint(canvas.bow(mouth_y, mouth_width * 0.8, curve * 0.8, 0.018), white, where=smiles)
    return np.clip(np.rint(canvas.pixels), 0, 255).astype(np.uint8)


def _column(values):
    """[N] or a number -> [N, 1, 1], to stand beside [N, S, S]."""
    values = np.asarray(values, np.float32)
    return values[:, None, None] if values.ndim else values
