"""The Inception that published IS, FID and KID stand on: the graph of 2015-12-05, as TF-GAN hands it out.

It has 1,008 classes and is neither torchvision's nor Keras's. TF-GAN 2 loads it from TensorFlow Hub as a
SavedModel: images [B, 299, 299, 3] in [-1, 1] -> {"pool_3": 2,048 values an image, "logits": 1,008}. The
pixels take the way they took in TensorFlow 1: uint8, a bilinear resize to 299 without half-pixel centres
and without antialiasing, then (x - 128) / 128 (Salimans et al. 2016; Heusel et al. 2017, and TTUR, their
code). Another resize moves FID: half-pixel centres alone change pixels of noise by up to 36 of 255.
"""

import os
from pathlib import Path

import tensorflow as tf

from kgan.data import image
from kgan.errors import InputError
from kgan.metrics.extractor import INCEPTION, Extractor
from kgan.metrics.saved_classifier import probe
from kgan.metrics.saved_network import SavedModel, contents_sha256
from kgan.metrics.weights import ENDINGS, checked_sha256, download, unpacked

VERSION = 1  # of the resize and scaling below; raise it when their numbers change
URL = "https://tfhub.dev/tensorflow/tfgan/eval/inception/1?tf-hub-format=compressed"
ARCHIVE = "tfgan_inception_1.tar.gz"  # its name in the cache
SIZE = 299
OUTPUTS = {"features": ("pool_3", 2048), "logits": ("logits", 1008)}
PATH_VARIABLE = "KGAN_INCEPTION"
# Neither TF-GAN nor TensorFlow Hub publishes a hash of the archive, so a person names the one to trust.
SHA256_VARIABLE = "KGAN_INCEPTION_SHA256"
_BATCH_SIZE = 32


def load_inception(path=None, *, cache_dir=None, sha256=None):
    """The `Extractor` "inception", with features (pool_3) and logits.

    The weights are taken from `path`, else from what KGAN_INCEPTION names, else from the cache, else, where
    a SHA-256 is named, from `URL`; what is downloaded is kept in the cache.

    Args:
        path: a SavedModel folder, or an archive of one (.tar.gz, .tgz or .zip).
        cache_dir: a folder; None takes $KGAN_CACHE, else $XDG_CACHE_HOME/kgan, else ~/.cache/kgan. Archives
            are unpacked there.
        sha256: of the archive, 64 hexadecimal digits; None takes $KGAN_INCEPTION_SHA256. No download is used
            without it. An archive that is at hand is checked against it, too, where it is given.

    Raises:
        InputError: no weights (the message says where they come from and where to put them), a wrong hash, an
            archive that cannot be unpacked, or a network that is not this one.
    """
    cache = cache_folder(cache_dir)
    sha256 = checked_sha256(sha256 or os.environ.get(SHA256_VARIABLE) or None, SHA256_VARIABLE)
    source = _source(path, cache, sha256)
    folder = source if source.is_dir() else unpacked(source, cache, sha256)
    network = SavedModel(folder)
    missing = [name for name, _ in OUTPUTS.values() if not network.has(name)]
    if missing:
        raise InputError(f"{source} is not TF-GAN's Inception: it has no output {' and no output '.join(missing)}, "
                         f"only {', '.join(network.names)}; another network needs another name: NAME=PATH")
    run = network.function([name for name, _ in OUTPUTS.values()])

    def by_kind(images):
        found = run(images)
        return {kind: found[name] for kind, (name, _) in OUTPUTS.items()}

    widths = probe(by_kind, (network.batch_size or 1, SIZE, SIZE, 3), source)
    wrong = [f"{name} of {widths[kind]} values, not {width}" for kind, (name, width) in OUTPUTS.items()
             if widths[kind] != width]
    if wrong:
        raise InputError(f"{source} is not TF-GAN's Inception: it gives {', '.join(wrong)}; another network needs "
                         "another name: NAME=PATH")
    return Extractor(
        INCEPTION, prepare, by_kind, OUTPUTS, version=VERSION, sha256=contents_sha256(folder),
        image_size=(SIZE, SIZE), channels=3,
        resize=f"to {SIZE}x{SIZE}: TensorFlow 1's bilinear, no half-pixel centres, no antialiasing, not rounded",
        pixels="uint8, then resized, then (x - 128) / 128; grey repeated to three channels",
        batch_size=network.batch_size or _BATCH_SIZE, fixed_batch=network.batch_size is not None,
    )


def prepare(images):
    """uint8 [B, H, W, C] -> what the graph takes: float32 [B, 299, 299, 3], `(x - 128) / 128` after the resize."""
    floats = tf.cast(image.to_channels(images, 3), tf.float32)
    floats = tf.compat.v1.image.resize_bilinear(floats, [SIZE, SIZE], align_corners=False, half_pixel_centers=False)
    return (floats - 128.0) / 128.0


def cache_folder(cache_dir=None):
    """Where weights are kept: as given, else $KGAN_CACHE, else kgan in the user's cache folder."""
    if cache_dir is not None or os.environ.get("KGAN_CACHE"):
        return Path(cache_dir or os.environ["KGAN_CACHE"]).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "kgan"


def _source(path, cache, sha256):
    """The folder or archive to take."""
    given, said = (path, "") if path else (os.environ.get(PATH_VARIABLE), f", which {PATH_VARIABLE} names")
    if given:
        given = Path(given).expanduser()
        if given.is_dir() or (given.is_file() and given.name.lower().endswith(ENDINGS)):
            return given
        what = "is no SavedModel folder and no archive of one" if given.exists() else "is not there"
        raise InputError(f"{given}{said}, {what}: give the folder or the {', '.join(ENDINGS)} file of TF-GAN's "
                         f"Inception, from {URL}")
    archive = cache / ARCHIVE
    if archive.is_file():
        return archive
    why = f"and kgan downloads it only if {SHA256_VARIABLE} names the archive's SHA-256"
    if sha256:
        failure = download(URL, archive, sha256)
        if failure is None:
            return archive
        why = f"and it cannot be downloaded ({failure})"
    raise InputError(f"the weights of Inception are not here: {archive} is not there {why}; get the archive from {URL} "
                     f"and put it there, or name its place by --features {INCEPTION}=PATH or by {PATH_VARIABLE}")
