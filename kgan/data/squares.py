"""Squares of one size cut out of image files, of which some may be damaged: scanned once, then kept in a cache."""

import hashlib
from dataclasses import dataclass

import numpy as np

from kgan.data import image
from kgan.data.folders import cached, central_square, check_channels, decoders
from kgan.data.image_files import some_of
from kgan.errors import InputError


@dataclass(frozen=True, eq=False)
class Squares:
    """What could be read of some image files.

    Args:
        images: uint8 [N, S, S, C].
        names: of their N files.
        left_out: names of the files that cannot be read.
    """

    images: np.ndarray
    names: list[str]
    left_out: list[str]


def read_squares(files, names, size, channels=None, enlarge=False, cache_dir=None, label="images"):
    """The central square of each file, resized with antialiasing, as `Squares`; of those that can be read.

    All headers are looked at first, so that most of what is wrong comes out before the work. The result is
    written to a file in `cache_dir`; any change of the files or options makes it anew.

    Args:
        files: of `image_files.open_files`.
        names: which of them, in this order.
        size: side in pixels.
        channels: 1 or 3, to which all are brought; None leaves them as they are.
        enlarge: whether images may be smaller than `size`.
        cache_dir: a folder; None for `.kgan_cache` in that of the images, or beside the zip.
        label: how the cache file's name begins.

    Raises:
        InputError: no file that can be read, images smaller than `size` without `enlarge`, grey and colour
            without `channels`, an option out of its range, or a cache_dir that cannot be written.
    """
    size = image.check_size(size)
    channels = None if channels is None else check_channels(channels)

    def make():
        pixels, rows = _read(files, names, size, channels, enlarge)
        return {"images": pixels, "rows": rows}

    names = list(names)
    digest = hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()
    options = {"size": size, "channels": channels, "enlarge": bool(enlarge), "names": digest}
    found = cached(cache_dir, label, files.root, files.stamped(names), options, make)
    kept = set(found["rows"].tolist())
    left_out = [name for row, name in enumerate(names) if row not in kept]
    return Squares(found["images"], [names[row] for row in found["rows"]], left_out)


def _read(files, names, size, channels, enlarge):
    """(uint8 [N, S, S, C], int64 [N]: rows of `names` that could be read)."""
    with decoders() as pool:
        shapes = list(pool.map(lambda name: seen_shape(files, name), names))
        rows = [row for row, shape in enumerate(shapes) if shape is not None]
        if not rows:
            raise none_readable(files, names)
        if not enlarge:
            _check_sizes(files, names, shapes, rows, size)
        if channels is None:
            channels = _common_channels(files, names, shapes, rows)
        pixels = np.empty((len(rows), size, size, channels), np.uint8)

        def read(place):
            found = _seen(image.decode, files, names[rows[place]])
            if found is not None:
                pixels[place] = image.to_channels(central_square(found, size), channels)
            return found is not None

        whole = [place for place, is_whole in enumerate(pool.map(read, range(len(rows)))) if is_whole]
    if not whole:
        raise none_readable(files, names)
    if len(whole) < len(rows):
        for place, former in enumerate(whole):  # in place: for a second copy there may be no memory
            pixels[place] = pixels[former]
    return pixels[: len(whole)], np.array(rows, np.int64)[whole]


def seen_shape(files, name):
    """(H, W, C) of a file by its header; None where it cannot be read."""
    return _seen(image.shape_of, files, name)


def none_readable(files, names):
    """The InputError where not one of the files can be read; it says what is wrong with the first."""
    try:
        image.decode(files.content(names[0]))
        reason = "it was changed meanwhile"
    except InputError as error:
        reason = str(error)
    return InputError(f"{files.where}: none of its {len(names)} image files can be read; {names[0]}: {reason}")


def _check_sizes(files, names, shapes, rows, size):
    small = [f"{names[row]} ({shapes[row][1]}x{shapes[row][0]})" for row in rows if min(shapes[row][:2]) < size]
    if small:
        raise InputError(f"{files.where}: {len(small)} of {len(rows)} images are smaller than {size}x{size}: "
                         f"{some_of(small)}; take a smaller image_size, remove them, or allow enlarge=true")


def _common_channels(files, names, shapes, rows):
    """The channels that all have; InputError where some are grey and some are not."""
    grey = [names[row] for row in rows if shapes[row][2] == 1]
    colour = [names[row] for row in rows if shapes[row][2] == 3]
    if grey and colour:
        raise InputError(f"{files.where} mixes grey and colour: {len(grey)} images are grey, such as {grey[0]}, and "
                         f"{len(colour)} are not, such as {colour[0]}; say to which all shall be brought, channels=1 "
                         "or channels=3")
    return 1 if grey else 3


def _seen(look, files, name):
    try:
        return look(files.content(name))
    except InputError:
        return None
