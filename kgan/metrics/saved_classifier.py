"""Anybody's saved network as a feature extractor: a SavedModel folder, a `.keras` or a `.tflite` file."""

import math
import re
from pathlib import Path

import tensorflow as tf

from kgan.data import image
from kgan.errors import InputError
from kgan.metrics.extractor import INCEPTION, OUTPUTS, Extractor, check_name
from kgan.metrics.saved_network import contents_sha256, open_network, reason

VERSION = 1  # of the resize and scaling below; raise it when their numbers change
_USUAL = {"features": ("features", "pool_3"), "logits": ("logits",)}
_PROBE_SIZE = 128  # pixels of the first image that a network of any size is tried on


def extractor_from(path, name=None, outputs=None, pixel_range=(-1, 1)):
    """An `Extractor` on a saved network.

    Images are brought to the channels and, where it has a fixed square one, the size that the network takes
    (`kgan.data.image.resize`, antialiased), then scaled. Where it takes any size they come as they are.

    Args:
        path: a SavedModel folder, a `.keras` file, or a `.tflite` file with float inputs and outputs.
        name: what its measures are named after; None makes one of the file's name.
        outputs: {"features": ..., "logits": ...}: which of the network's outputs these are, or of a Keras
            model which layers'. What is not named is looked for as "features" or "pool_3", and "logits". A
            sole unnamed output is the features. Logits are values before the softmax.
        pixel_range: (lowest, highest) value of a pixel that the network takes.

    Raises:
        InputError: there is no such file, it cannot be run, an output is not there, the name is Inception's.
    """
    path = Path(path).expanduser()
    name = _name_of(path) if name is None else check_name(name)
    if name == INCEPTION:
        raise InputError(f"{INCEPTION!r} is the name of TF-GAN's Inception alone: write {INCEPTION}={path} if that is "
                         f"what {path} holds, else NAME={path} with another name")
    low, high = _checked_range(pixel_range)
    network = open_network(path)
    chosen = _chosen(network, dict(outputs or {}), path)
    height, width, channels = network.image_shape
    if (height is None) != (width is None) or channels not in (None, 1, 3):
        raise InputError(f"{path} takes images {network.image_shape}; an extractor takes [H, W, C] of 1 or 3 channels")
    run = network.function(list(dict.fromkeys(chosen.values())))
    size = None if height is None else (height, width)

    def prepare(images):
        if channels is not None:
            images = image.to_channels(images, channels)
        if size is not None and tuple(images.shape[1:3]) != size:
            if height != width:
                raise InputError(f"extractor {name!r} takes images of {height}x{width}, which is no square, so none is "
                                 f"resized for it; received {images.shape[1]}x{images.shape[2]}")
            images = image.resize(images, height)
        return tf.cast(images, tf.float32) / (255.0 / (high - low)) + low

    def by_kind(images):
        found = run(images)
        return {kind: found[source] for kind, source in chosen.items()}

    widths = probe(by_kind, (network.batch_size or 1, height or _PROBE_SIZE, width or _PROBE_SIZE, channels or 3), path)
    return Extractor(
        name, prepare, by_kind, {kind: (source, widths[kind]) for kind, source in chosen.items()},
        version=VERSION, sha256=contents_sha256(path), image_size=size, channels=channels,
        resize=_resize_in_words(size), pixels=f"uint8, then scaled to [{low:g}, {high:g}]",
        batch_size=network.batch_size or 64, fixed_batch=network.batch_size is not None,
    )


def probe(run, shape, path):
    """Values an image of each output, found by running the network once on grey images of that shape.

    InputError if it fails, or gives no row an image.
    """
    try:
        outputs = run(tf.zeros(shape))
    except Exception as error:  # a network from outside may raise anything
        raise InputError(f"{path} cannot be run on images {list(shape)} ({reason(error)})") from None
    widths = {}
    for kind, values in outputs.items():
        if values.shape.rank < 2 or values.shape[0] != shape[0]:
            raise InputError(f"{path} gives {kind} of shape {tuple(values.shape)} for images {list(shape)}; they must "
                             "be [B, ...], a row an image")
        widths[kind] = math.prod(values.shape[1:])
    return widths


def _chosen(network, outputs, path):
    """{"features" and "logits": the network's name of it}, at least one of them."""
    unknown = sorted(set(outputs) - set(OUTPUTS))
    if unknown:
        raise InputError(f"outputs may name {' and '.join(OUTPUTS)}; received {', '.join(map(repr, unknown))}")
    for kind, source in outputs.items():
        if not network.has(source):
            raise InputError(f"{path} has no output {source!r} to take the {kind} from; it gives "
                             f"{', '.join(network.names)}")
    chosen = {}
    for kind in OUTPUTS:
        usual = [name for name in _USUAL[kind] if name in network.names]
        if kind in outputs or usual:
            chosen[kind] = outputs[kind] if kind in outputs else usual[0]
    if not chosen and network.unnamed:
        chosen["features"] = network.names[0]
    if not chosen:
        raise InputError(f"{path} gives {', '.join(network.names)}, of which none is called features, pool_3 or "
                         "logits: name the outputs to take")
    return chosen


def _checked_range(pixel_range):
    low, high = (float(value) for value in pixel_range)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"pixel_range must be (lowest, highest); received {tuple(pixel_range)!r}")
    return low, high


def _name_of(path):
    base = path.resolve()
    name = re.sub("[^a-z0-9]+", "_", (base.name if base.is_dir() else base.stem).lower()).strip("_")
    if not name:
        raise InputError(f"no name for measures can be made of {path}: give NAME={path}")
    return name


def _resize_in_words(size):
    if size is None:
        return "none, measured at the images' own size"
    if size[0] != size[1]:
        return f"none, measured at {size[0]}x{size[1]}"
    return f"to {size[0]}x{size[1]}: bilinear, half-pixel centres, antialiased, rounded to uint8"
