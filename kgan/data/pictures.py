"""Anybody's images as a source to be measured: a folder, a .npy file or an image set, read a chunk at a time."""

import hashlib
from collections import deque
from pathlib import Path

import numpy as np

from kgan.data import image
from kgan.data.folders import SUFFIXES, central_square, check_channels, decoders, list_files
from kgan.data.held import HeldImages, check_whole, kind
from kgan.errors import InputError

_HASHED_ROWS = 1024  # rows of an array that are hashed at a time
_LEAST = 2  # measures compare sets; a single image has no covariance


def open_pictures(path, *, image_size=None, channels=None):
    """The images of a folder or of a .npy file, none of them read yet, as `Pictures`.

    A folder: the jpg, jpeg and png files in and below it, in the order of their names. Where every file lies
    in one of two or more folders right below it, those folders are the classes. All headers are looked at
    first, so that most of what is wrong comes out before anything is measured. A .npy file: uint8
    [N, H, W, C], C = 1 or 3, of any size, since it is read a chunk at a time.

    Args:
        path: the folder or file.
        image_size: side in pixels; the central square of each image is resized to it, with antialiasing.
            None leaves the images as they are.
        channels: 1 or 3, to which all are brought; None leaves them as they are.

    Raises:
        InputError: nothing there, fewer than two images, images of unlike sizes without `image_size`, grey
            and colour files without `channels`, an image that cannot be read, or an array of another kind.
    """
    size = None if image_size is None else image.check_size(image_size)
    channels = None if channels is None else check_channels(channels)
    place = Path(path).expanduser().resolve()
    if place.is_dir():
        return _of_folder(place, size, channels)
    if place.is_file() and place.suffix.lower() == ".npy":
        source = _Array(lambda: _load(place), f"file {place}", size, channels)
        return Pictures(place.stem, f"file {place}", source, np.arange(source.count))
    if place.exists():
        raise InputError(f"{place} is neither a folder of images nor a .npy file; give one of these")
    raise InputError(f"there is no folder and no .npy file {place} with images; check the path")


def of_image_set(images, name="images"):
    """Images in memory with the interface of `Pictures`.

    Args:
        images: a set of images such as an `ImageSet`, or a uint8 array [N, H, W, C].
        name: what an array is called; a set has its own name.

    Raises:
        InputError: an array of another kind, or fewer than two images.
    """
    if not isinstance(images, HeldImages):
        where = f"array {name!r}"
        source = _Array(lambda: images, where)
        return Pictures(name, where, source, np.arange(source.count))
    source = _Array(lambda: images.images, images.where)
    return Pictures(images.name, images.where, source, np.arange(source.count), getattr(images, "labels", None),
                    getattr(images, "class_names", ()))


class Pictures:
    """Images that are read when they are asked for; made by `open_pictures` and `of_image_set`.

    Attributes:
        name: of the folder, the file or the set.
        where: how messages name it.
        image_shape: (H, W, C) of every image that `chunks` gives.
        labels: int32 [N], or None.
        class_names: one name a class; empty without labels.
    """

    def __init__(self, name, where, source, rows, labels=None, class_names=()):
        if len(rows) < _LEAST:
            raise InputError(f"{where} has {len(rows) or 'no'} image{'s' * (not len(rows))}; "
                             f"measures compare sets: give {_LEAST} images or more")
        self.name, self.where = name, where
        self.image_shape = source.image_shape
        self.labels, self.class_names = labels, tuple(class_names)
        self._source, self._rows, self._sha256 = source, rows, None

    def __len__(self):
        return len(self._rows)

    def chunks(self, size):
        """Yields the images in order, uint8 [b, H, W, C] with b = size but for the last, which may be smaller.

        Files are decoded ahead by threads, at most `size` images beyond the chunk being put together.

        Raises:
            InputError: a file that cannot be read, or that changed since the headers were looked at.
        """
        return self._source.chunks(self._rows, check_whole("size", size, 1))

    def sha256(self):
        """Hex digest of the contents in order, before any resize.

        Of files: names relative to the folder, and bytes. Of arrays: shape, pixels and labels, so that a .npy
        file and the same array in memory agree.
        """
        if self._sha256 is None:
            digest = hashlib.sha256()
            self._source.digest(digest, self._rows)
            if self.labels is not None:
                digest.update(np.ascontiguousarray(self.labels, "<i4").tobytes())
            self._sha256 = digest.hexdigest()
        return self._sha256

    def take(self, num, seed):
        """`num` of the images, drawn without replacement and left in their order; `seed` determines which.

        Raises:
            InputError: fewer images than `num`, or `num` below two.
        """
        num = check_whole("the number of images to take", num, _LEAST)
        if num > len(self):
            raise InputError(f"{self.where} has {len(self)} images, but {num} are asked for: ask for fewer, or add "
                             "images")
        drawn = np.sort(np.random.default_rng(check_whole("seed", seed, 0)).permutation(len(self))[:num])
        labels = None if self.labels is None else self.labels[drawn]
        return Pictures(self.name, self.where, self._source, self._rows[drawn], labels, self.class_names)


def _of_folder(root, size, channels):
    files = list_files(root, SUFFIXES)
    where = f"folder {root}"
    if not files:
        raise InputError(f"{where} has no image: there is no {', '.join(SUFFIXES)} file in or below it")
    source = _Files(root, files, where, size, channels)
    classes = sorted({file.split("/")[0] for file in files})
    if len(classes) < 2 or not all("/" in file for file in files):
        return Pictures(root.name, where, source, np.arange(len(files)))
    number = {name: label for label, name in enumerate(classes)}
    labels = np.array([number[file.split("/")[0]] for file in files], np.int32)
    return Pictures(root.name, where, source, np.arange(len(files)), labels, classes)


class _Files:
    """Image files of a folder, names relative to it."""

    def __init__(self, root, files, where, size, channels):
        self.root, self.files, self.size, self.channels = root, files, size, channels
        with decoders() as pool:
            shapes = list(pool.map(image.shape_of, (root / file for file in files)))
        first = files[0]
        for file, shape in zip(files, shapes, strict=True):
            if size is None and shape[:2] != shapes[0][:2]:
                raise InputError(f"{where} mixes sizes: {first} has {_size_text(shapes[0])} pixels and {file} "
                                 f"{_size_text(shape)}; give an image size to bring all to, or remove one kind")
            if channels is None and shape[2] != shapes[0][2]:
                grey, colour = (first, file) if shape[2] == 3 else (file, first)
                raise InputError(f"{where} mixes grey and colour: {grey} is grey and {colour} is not; say to which "
                                 "number of channels, 1 or 3, all shall be brought")
        height, width, found = shapes[0]
        self.image_shape = (size or height, size or width, channels or found)

    def chunks(self, rows, size):
        pool, ahead, waiting = decoders(), deque(), iter(rows)
        try:
            for start in range(0, len(rows), size):
                chunk = np.empty((min(size, len(rows) - start), *self.image_shape), np.uint8)
                for place in range(len(chunk)):
                    while len(ahead) <= size and (row := next(waiting, None)) is not None:
                        ahead.append(pool.submit(self._read, self.files[row]))
                    chunk[place] = ahead.popleft().result()
                yield chunk
        finally:  # also when the reader stops halfway
            pool.shutdown(cancel_futures=True)

    def _read(self, file):
        pixels = image.decode(self.root / file)
        pixels = _brought(pixels, self.size, self.channels)
        if pixels.shape != self.image_shape:
            raise InputError(f"{self.root / file} decodes to {pixels.shape}, but {self.image_shape} was expected from "
                             "the headers; it is damaged or was changed meanwhile: mend or remove it")
        return pixels

    def digest(self, digest, rows):
        for row in rows:
            try:
                content = (self.root / self.files[row]).read_bytes()
            except OSError as error:
                raise InputError(f"cannot read {self.root / self.files[row]} ({error.strerror}); mend or remove "
                                 "it") from None
            digest.update(f"{self.files[row]}\0{len(content)}\0".encode())
            digest.update(content)


class _Array:
    """Images that `opened()` gives as uint8 [N, H, W, C]."""

    def __init__(self, opened, where, size=None, channels=None):
        self.opened, self.size, self.channels = opened, size, channels
        images = opened()
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4:
            raise InputError(f"{where}: images must be a uint8 array [N, H, W, C]; received {kind(images)}")
        self.count, height, width, found = images.shape
        if 0 in images.shape[1:] or found not in (1, 3):
            raise InputError(f"{where}: images must have pixels and 1 or 3 channels; received {kind(images)}")
        self.image_shape = (size or height, size or width, channels or found)

    def _rows(self, rows, size):
        for start in range(0, len(rows), size):
            # A file is opened anew for each chunk: pages of a map that stays open would count as memory in use.
            yield np.array(self.opened()[rows[start : start + size]])

    def chunks(self, rows, size):
        for chunk in self._rows(rows, size):
            yield _brought(chunk, self.size, self.channels)

    def digest(self, digest, rows):
        digest.update(f"{(len(rows), *self.opened().shape[1:])}\0".encode())
        for chunk in self._rows(rows, _HASHED_ROWS):
            digest.update(chunk)


def _load(path):
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"cannot read {path} as a .npy file ({reason}); write it with numpy.save as uint8 "
                         "[N, H, W, C]") from None


def _brought(images, size, channels):
    """Images [..., H, W, C] brought to a size and to channels, where these are given."""
    images = images if size is None else central_square(images, size)
    return images if channels is None else image.to_channels(images, channels)


def _size_text(shape):
    return f"{shape[0]}x{shape[1]}"
