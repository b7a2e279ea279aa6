"""The one place that decodes, resizes and scales images.

Images are uint8 in 0..255 with the channels last, [H, W, C] or [N, H, W, C], C = 1 (grey) or 3 (RGB);
networks work on float32 in [-1, 1]. Every function but `decode` and `shape_of`, which read a file, takes a
numpy array or a TensorFlow tensor (also inside a graph) and gives back the same kind. TensorFlow is imported
when first needed.
"""

import contextlib
import io
from pathlib import Path

import numpy as np

from kgan.errors import InputError

GREY_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601; tf.image.rgb_to_grayscale weighs red by 0.2989
MAX_SIZE = 4096
# Pillow's modes: bilevel, grey, grey with transparency; how those for 16 bits of grey begin; 32 bits of grey.
_GREY, _GREY_16, _GREY_32 = ("1", "L", "LA"), "I;16", ("I", "F")
_RESIZE_CHUNK = 512  # images at a time, so that the float32 copies stay small


def to_float(images):
    """uint8 0..255 -> float32 in [-1, 1], `x / 127.5 - 1`."""
    _check_dtype(images, "uint8", "to_float")
    if _is_numpy(images):
        return images.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    import tensorflow as tf

    return tf.cast(images, tf.float32) / 127.5 - 1.0


def to_uint8(images):
    """float in [-1, 1] -> uint8: `(x + 1) * 127.5`, rounded to the nearest, clipped to 0..255.

    Raises:
        InputError: images are not floating point, or (numpy arrays alone) hold a NaN or an infinity.
    """
    if _is_numpy(images):
        if not np.issubdtype(images.dtype, np.floating):
            raise InputError(f"to_uint8 needs float images in [-1, 1]; received dtype {images.dtype}")
        if not np.isfinite(images).all():
            count = int((~np.isfinite(images)).sum())
            raise InputError(f"to_uint8 received images with {count} values that are NaN or infinite")
        return np.clip(np.rint((images.astype(np.float32) + 1.0) * 127.5), 0, 255).astype(np.uint8)
    import tensorflow as tf

    if not images.dtype.is_floating:
        raise InputError(f"to_uint8 needs float images in [-1, 1]; received dtype {images.dtype.name}")
    scaled = tf.round((tf.cast(images, tf.float32) + 1.0) * 127.5)
    return tf.cast(tf.clip_by_value(scaled, 0.0, 255.0), tf.uint8)


def resize(images, size):
    """Bring uint8 images to size x size, uint8 out, rounded to the nearest.

    Bilinear with half-pixel centres. When an image shrinks, the triangle filter is widened by the
    factor of reduction (antialiasing), so that every source pixel counts. The aspect is not kept: crop
    or pad to a square first.
    """
    _check_dtype(images, "uint8", "resize")
    size = check_size(size)
    height, width = _height_width(images, "resize")
    if (height, width) == (size, size):
        return images
    import tensorflow as tf

    def _resized(x):
        x = tf.image.resize(tf.cast(x, tf.float32), (size, size), method="bilinear", antialias=True)
        return tf.cast(tf.clip_by_value(tf.round(x), 0.0, 255.0), tf.uint8)

    if not _is_numpy(images):
        return _resized(images)
    if images.ndim == 3:
        return _resized(images).numpy()
    resized = np.empty((len(images), size, size, images.shape[-1]), np.uint8)
    for start in range(0, len(images), _RESIZE_CHUNK):
        resized[start : start + _RESIZE_CHUNK] = _resized(images[start : start + _RESIZE_CHUNK]).numpy()
    return resized


def pad_to(images, size):
    """Zeros around the images up to size x size, centred; an odd pixel goes to the bottom and right.

    Zero is black for uint8 images and mid-grey for float images in [-1, 1]: pad before `to_float`.
    """
    size = check_size(size)
    height, width = _height_width(images, "pad_to")
    if height > size or width > size:
        raise InputError(f"pad_to cannot make {height}x{width} images smaller: size is {size}")
    top, left = (size - height) // 2, (size - width) // 2
    paddings = [(0, 0)] * (len(images.shape) - 3)
    paddings += [(top, size - height - top), (left, size - width - left), (0, 0)]
    if _is_numpy(images):
        return np.pad(images, paddings)
    import tensorflow as tf

    return tf.pad(images, paddings)


def centre_crop(images, size):
    """The central size x size pixels; an odd pixel is cut from the bottom and right."""
    size = check_size(size)
    height, width = _height_width(images, "centre_crop")
    if height < size or width < size:
        raise InputError(f"centre_crop needs images of at least {size}x{size}; received {height}x{width}")
    top, left = (height - size) // 2, (width - size) // 2
    return images[..., top : top + size, left : left + size, :]


def to_channels(images, channels):
    """uint8 images with one channel (grey) or three (RGB) -> uint8 images with `channels` of them.

    RGB becomes grey as 0.299 R + 0.587 G + 0.114 B, rounded; grey becomes RGB by repeating it.
    """
    _check_dtype(images, "uint8", "to_channels")
    have = images.shape[-1]
    if channels not in (1, 3) or have not in (1, 3):
        raise InputError(f"channels must be 1 or 3; received images with {have} and channels={channels!r}")
    if have == channels:
        return images
    if channels == 3:
        if _is_numpy(images):
            return np.repeat(images, 3, axis=-1)
        import tensorflow as tf

        return tf.repeat(images, 3, axis=-1)
    if _is_numpy(images):
        return np.rint(grey(images)).astype(np.uint8)[..., np.newaxis]
    import tensorflow as tf

    weighed = tf.cast(images, tf.float32) * tf.constant(GREY_WEIGHTS)
    return tf.cast(tf.round(tf.reduce_sum(weighed, axis=-1, keepdims=True)), tf.uint8)


def grey(images):
    """uint8 numpy images [..., C] -> float64 grey values [...] in 0..255, not rounded.

    0.299 R + 0.587 G + 0.114 B for C = 3, the channel itself for C = 1.
    """
    _check_dtype(images, "uint8", "grey")
    if images.shape[-1] == 1:
        return images[..., 0].astype(np.float64)
    if images.shape[-1] != 3:
        raise InputError(f"grey needs images with 1 or 3 channels; received shape {tuple(images.shape)}")
    return images @ np.array(GREY_WEIGHTS, np.float64)


def decode(source, *, apply_exif=True):
    """An image file (a path, or the bytes of a PNG, JPEG, ...) -> uint8 [H, W, C].

    C is 1 for a grey or bilevel file and 3 for everything else, palettes among it; transparency is dropped. Of 16 bits
    the upper 8 are kept; files of 32 bits of grey have no known range and are refused.

    Args:
        source: the path, or the bytes.
        apply_exif: turn the image upright as its EXIF orientation says; False leaves the pixels as they
            are stored, which is what annotations in pixels may refer to.

    Raises:
        InputError: the file is not there, or is not an image that can be read.
    """
    from PIL import Image, ImageOps

    file_like, name = _opened(source)
    with _named_errors(name), Image.open(file_like) as file:
        picture = ImageOps.exif_transpose(file) if apply_exif else file
        plain = "L" if _channels_of(picture.mode) == 1 else "RGB"
        if picture.mode.startswith(_GREY_16):  # Pillow would cut off what is above 255
            pixels = (np.asarray(picture) >> 8).astype(np.uint8)
        else:
            pixels = np.asarray(picture if picture.mode == plain else picture.convert(plain), np.uint8)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def shape_of(source):
    """(H, W, C) that `decode` gives for an image file (a path, or its bytes), from its header: no pixel is decoded.

    A PNG's checksums are verified on the way; a JPEG has none, so that a damaged one may be found when it
    is decoded only.

    Raises:
        InputError: the file is not there, or is not an image that can be read.
    """
    from PIL import ExifTags, Image

    file_like, name = _opened(source)
    with _named_errors(name), Image.open(file_like) as file:
        width, height = file.size
        # PIL decodes a PNG without EXIF data to look for some behind the pixels.
        turned = "exif" in file.info and file.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
        channels = _channels_of(file.mode)
        file.verify()
    return (width, height, channels) if turned else (height, width, channels)


def _channels_of(mode):
    """1 or 3, of one of Pillow's modes; ValueError for one that cannot be brought to 8 bits."""
    if mode in _GREY_32:
        raise ValueError("its pixels have 32 bits and no known range")
    return 1 if mode in _GREY or mode.startswith(_GREY_16) else 3


def _opened(source):
    """What Pillow opens, and what messages call it, of a path or bytes."""
    if isinstance(source, bytes | bytearray):
        return io.BytesIO(source), f"{len(source)} bytes"
    return Path(source), str(source)


@contextlib.contextmanager
def _named_errors(name):
    """InputError in place of what Pillow raises for a file that it cannot read."""
    from PIL import UnidentifiedImageError

    try:
        yield
    except FileNotFoundError:
        raise InputError(f"there is no image file {name}; check the path") from None
    except MemoryError:
        raise
    except Exception as error:  # a damaged file may raise whatever the parts of a decoder raise
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else str(error).split("\n")[0]
        raise InputError(f"cannot read {name} as an image ({reason}); give a whole PNG or JPEG") from None


def check_size(size):
    """An image size in pixels as int, or InputError when it is none."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 1 <= size <= MAX_SIZE:
        raise InputError(f"an image size must be a whole number from 1 to {MAX_SIZE}; received {size!r}")
    return int(size)


def _is_numpy(images):
    return isinstance(images, np.ndarray)


def _check_dtype(images, dtype, where):
    received = getattr(images, "dtype", None)
    name = getattr(received, "name", received)
    if name != dtype:
        raise InputError(f"{where} needs {dtype} images; received {name or type(images).__name__}")


def _height_width(images, where):
    shape = tuple(getattr(images, "shape", ()))
    if len(shape) not in (3, 4) or None in shape[-3:-1]:
        raise InputError(f"{where} needs images [H, W, C] or [N, H, W, C]; received shape {shape}")
    return shape[-3], shape[-2]
