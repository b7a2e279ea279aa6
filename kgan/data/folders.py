"""Images in folders: which there are, square images of one size made of them, and a cache of what was made."""

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from kgan.data import image
from kgan.errors import InputError
from kgan.files import whole_file

SUFFIXES = (".jpg", ".jpeg", ".png")
CACHE_FOLDER = ".kgan_cache"
_FORMAT = 2  # raise it when the same options come to mean other images
_MOST_THREADS = 4  # a photograph of 24 million pixels takes some 250 MB while it is decoded


def find_folder(folder, what):
    """The folder as an absolute path; InputError when it is not there."""
    root = Path(folder).expanduser().resolve()
    if not root.is_dir():
        raise InputError(f"there is no folder {root} with {what}; check the path")
    return root


def list_files(root, suffixes):
    """Sorted names, relative to the folder `root` and with "/", of the files in and below it that end so.

    The case of an ending does not matter. Files and folders whose names begin with a dot are left out:
    an archive made on a Mac holds a `._name.jpg` beside each `name.jpg`.

    Raises:
        InputError: a folder in or below it that may not be listed or entered; its images would be missing silently.
    """
    names = []
    for folder, subfolders, found in os.walk(root, onerror=_not_listable):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        paths = (Path(folder, name) for name in found if not name.startswith("."))
        try:  # a folder that may be listed but not entered tells of no file whether it is one
            names += [path.relative_to(root).as_posix() for path in paths
                      if path.suffix.lower() in suffixes and path.is_file()]
        except OSError as error:
            _not_listable(error)
    return sorted(names)


def squares(paths, size, channels):
    """Image files as uint8 [N, size, size, channels]: the central square of each, resized with antialiasing.

    Raises:
        InputError: a file that is not there or cannot be read; the first of them is named.
    """
    pixels = np.empty((len(paths), size, size, channels), np.uint8)

    def read(row):
        pixels[row] = image.to_channels(central_square(image.decode(paths[row]), size), channels)

    with decoders() as pool:
        for _ in pool.map(read, range(len(paths))):  # in order, so that the same file is complained about
            pass
    return pixels


def central_square(images, size):
    """The central square of uint8 images [H, W, C] or [N, H, W, C], resized with antialiasing."""
    height, width = images.shape[-3:-1]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image.resize(images[..., top : top + side, left : left + side, :], size)


def decoders():
    """A pool of threads that decode image files."""
    return ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1))


def cached_squares(cache_dir, name, root, files, size, channels):
    """`squares` of the files (names relative to `root`), read from the cache when nothing changed since."""
    def make():
        return {"images": squares([root / file for file in files], size, channels)}

    return cached(cache_dir, name, root, files, {"size": size, "channels": channels}, make)["images"]


def check_channels(channels):
    """1 or 3, or InputError."""
    if channels not in (1, 3) or isinstance(channels, bool):
        raise InputError(f"channels must be 1 or 3; received {channels!r}")
    return int(channels)


def cached(cache_dir, name, root, files, options, make):
    """The arrays of a cache file, or else what `make()` returns, which is then written there.

    Args:
        cache_dir: a folder; None for `.kgan_cache` in `root`.
        name: how the file's name begins; a hash of all that follows ends it.
        root: the folder of the source files.
        files: their names, relative to `root`; sizes and times of change count.
        options: what else decides on the arrays, as a dict for JSON.
        make: () -> a dict of arrays. It is called only when the folder can be written.
    """
    stats = [(file, stat.st_size, stat.st_mtime_ns) for file in files for stat in [(root / file).stat()]]
    key = hashlib.sha256(json.dumps([_FORMAT, name, options, stats]).encode()).hexdigest()[:20]
    folder = root / CACHE_FOLDER if cache_dir is None else Path(cache_dir).expanduser()
    path = folder / f"{name}_{key}.npz"
    arrays = _read(path)
    if arrays is not None:
        return arrays
    try:  # before the work, which may take minutes
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise _not_writable(folder, error) from None
    arrays = make()
    try:
        with whole_file(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise _not_writable(folder, error) from None
    return arrays


def _read(path):
    """The arrays of a .npz file; None when it is not there or damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def _not_listable(error):
    raise InputError(f"cannot look at {error.filename} ({error.strerror or error}): check who may read it")


def _not_writable(folder, error):
    return InputError(
        f"the cut images cannot be kept in {folder} ({error.strerror or error}); "
        "give a folder that can be written as cache_dir"
    )
