"""Recorded pairs from files: latents as a .npy array, the images made of them as a folder or another .npy array."""

import re
import zipfile
from pathlib import Path

import numpy as np

from kgan.data import image
from kgan.data.folders import SUFFIXES, decoders, list_files
from kgan.data.held import kind
from kgan.data.pair_set import PairSet
from kgan.data.ranges import AUTO, range_of
from kgan.errors import InputError

_ROWS = 1024  # of an array that are looked at at a time


def load(latents, images, labels=None, image_range=AUTO, name="teacher"):
    """The pairs as a `PairSet`.

    Args:
        latents: path of a .npy file, floats [N, z]; axes of length 1 behind these, as [N, z, 1, 1], are dropped.
        images: path of a folder of jpg or png files of one size, in the order of their names, numbers in names being
            ordered as numbers (2.png before 10.png); or of a .npy file, uint8 or floats [N, H, W, C].
        labels: path of a .npy file of the classes that the teacher was given, whole numbers [N] from 0; None for none.
        image_range: of an array of floats, as `kgan.data.ranges.range_of` has it.
        name: of the set.

    Raises:
        InputError: a file that is not there or cannot be read, arrays of another kind, numbers that do not fit, images
            of unlike shapes, or values out of range. The numbers are compared before an image is decoded.
    """
    drawn = _latents(latents)
    given = None if labels is None else _labels(labels, len(drawn))
    where = Path(images).expanduser()
    if where.is_dir():
        pixels = _of_folder(where.resolve(), len(drawn), latents)
    elif where.is_file() and where.suffix.lower() == ".npy":
        pixels = _of_array(where, len(drawn), latents, image_range)
    else:
        what = "is neither a folder of images nor a .npy file" if where.exists() else "is not there"
        raise InputError(f"{where} {what}: give the images that the teacher made of the latents")
    return PairSet(name, drawn, pixels, given)


def natural_order(names):
    """Names sorted with the numbers in them as numbers: 2.png, 10.png, a1.png."""
    return sorted(names, key=lambda name: [int(part) if place % 2 else part  # digits stand at every second place
                                           for place, part in enumerate(re.split("([0-9]+)", name))])


def _latents(path):
    array = _array(path, "latents")
    while array.ndim > 2 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.floating) or 0 in array.shape:
        raise InputError(f"the latents in {path} must be floats [N, z]; they are {kind(array)}")
    drawn = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(drawn).all():
        raise InputError(f"the latents in {path} hold a NaN or an infinity (row "
                         f"{int(np.flatnonzero(~np.isfinite(drawn).all(axis=1))[0])}): record the pairs again")
    return drawn


def _labels(path, num):
    array = _array(path, "labels")
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer) or len(array) != num:
        raise InputError(f"the labels in {path} must be whole numbers [{num}], one for each latent; they are "
                         f"{kind(array)}")
    if array.min() < 0 or array.max() >= 1 << 20:
        raise InputError(f"the labels in {path} must be classes counted from 0; they run from {array.min()} to "
                         f"{array.max()}")
    return np.ascontiguousarray(array, np.int32)


def _of_folder(root, num, latents):
    files = natural_order(list_files(root, SUFFIXES))
    _check_number(num, len(files), latents, f"the folder {root}", f"{', '.join(SUFFIXES)} files")
    first = image.decode(root / files[0])
    pixels = np.empty((num, *first.shape), np.uint8)

    def read(row):
        found = image.decode(root / files[row])
        if found.shape != first.shape:
            raise InputError(f"the images of recorded pairs are of one shape: {files[0]} has {_shape_text(first)}, "
                             f"{files[row]} has {_shape_text(found)}")
        pixels[row] = found

    with decoders() as pool:
        for _ in pool.map(read, range(num)):  # in order, so that the same file is complained about
            pass
    return pixels


def _of_array(path, num, latents, image_range):
    array = _array(path, "images", mmap_mode="r")
    if array.ndim != 4 or array.shape[-1] not in (1, 3):
        hint = ": bring the channels to the end, array.transpose(0, 2, 3, 1)" if (
            array.ndim == 4 and array.shape[1] in (1, 3)) else ""
        raise InputError(f"the images in {path} must be [N, H, W, C], C = 1 or 3; they are {kind(array)}{hint}")
    _check_number(num, len(array), latents, str(path), "images")
    if array.dtype == np.uint8:
        return np.array(array)
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"the images in {path} must be uint8 or floats; they are {kind(array)}")
    parts = [slice(start, start + _ROWS) for start in range(0, num, _ROWS)]
    bounds = [(float(np.min(array[part])), float(np.max(array[part]))) for part in parts]
    if not np.isfinite(bounds).all():
        raise InputError(f"the images in {path} hold a NaN or an infinity: record the pairs again")
    low, high = range_of(min(least for least, _ in bounds), max(most for _, most in bounds), image_range,
                         f"the images in {path}")
    pixels = np.empty(array.shape, np.uint8)
    for part in parts:
        pixels[part] = image.to_uint8((array[part].astype(np.float32) - low) * (2.0 / (high - low)) - 1.0)
    return pixels


def _array(path, what, mmap_mode=None):
    place = Path(path).expanduser()
    if not place.is_file():
        raise InputError(f"there is no file {place} with the {what} of recorded pairs; check the path")
    try:
        array = np.load(place, mmap_mode=mmap_mode, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"cannot read the {what} in {place} ({' '.join(str(error).split())[:200]}): write them with "
                         "numpy.save") from None
    if not isinstance(array, np.ndarray):  # an .npz
        raise InputError(f"{place} holds several arrays: write the {what} alone with numpy.save")
    return array


def _check_number(num, found, latents, where, what):
    if found != num:
        raise InputError(f"{latents} has {num} latents, but {where} has {found} {what}: record an image for each "
                         "latent, in the same order")


def _shape_text(pixels):
    return "x".join(map(str, pixels.shape))
