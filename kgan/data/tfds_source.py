"""Reading a tensorflow-datasets set into memory, with one clear line when it cannot be had."""

import tarfile
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from kgan.errors import InputError

CONNECT_TIMEOUT_S = 5
_BATCH = 256


def read(name, split, data_dir, fn, *, url, instead=""):
    """Decode a split once into arrays.

    A set that is prepared under `data_dir` is read without a look at the network. Otherwise it is
    downloaded and prepared there, after one quick question whether the host answers at all:
    tensorflow-datasets alone would retry for minutes.

    Args:
        name: tensorflow-datasets' name of the set.
        split: a split, or an expression of them ("train[:10%]", "train+test").
        data_dir: folder that holds or gets `<name>/<version>/`; None for tensorflow-datasets' default.
        fn: example (a dict of tensors, image decoded) -> (image uint8 [H, W, C] of static shape, label);
            runs in a tf.data graph, in parallel.
        url: where the files come from, for the question and the message.
        instead: another way to these data, for the end of the message.

    Returns:
        images uint8 [N, H, W, C], labels int32 [N], and the source as text. Memory: the images and a few
        batches of 256.

    Raises:
        InputError: not prepared and not to be downloaded, no such split, or damaged files.
    """
    import tensorflow as tf
    import tensorflow_datasets as tfds

    if not isinstance(split, str) or not split:
        raise InputError(f'split must be text such as "train" or "train[:10%]"; received {split!r}')
    root = Path(data_dir or tfds.core.constants.DATA_DIR).expanduser().resolve()
    if root.exists() and not root.is_dir():
        raise InputError(f"data_dir must be a folder; received {root}, which is a file")
    builder = tfds.builder(name, data_dir=root)
    folder = Path(builder.data_dir)
    if not (folder / "dataset_info.json").exists():  # as is_prepared(), which also logs a warning
        _download(builder, root, url, instead)
    try:
        count = builder.info.splits[split].num_examples
    except (KeyError, ValueError, AssertionError):
        known = ", ".join(builder.info.splits) or "none"
        raise InputError(
            f"{name} in {folder} has no split {split!r}: there are {known}; "
            f"choose among these or prepare the whole set with `tfds build {name} --data_dir {root}`"
        ) from None
    if not count:
        raise InputError(f"{name}: split {split!r} in {folder} holds no image; take a larger part")
    try:
        read_config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)  # in file order
        dataset = builder.as_dataset(split=split, shuffle_files=False, read_config=read_config)
        dataset = dataset.map(fn, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        images, labels = _collect(dataset.batch(_BATCH).prefetch(2), count)
    except (tf.errors.OpError, OSError) as error:
        raise InputError(
            f"cannot read {name} from {folder} ({_reason(error)}); delete that folder and prepare it "
            f"anew with `tfds build {name} --data_dir {root}`"
        ) from None
    if len(images) != count:
        raise InputError(
            f"{name} in {folder} should hold {count} images in {split!r} but holds {len(images)}; "
            f"delete that folder and prepare it anew with `tfds build {name} --data_dir {root}`"
        )
    return images, labels, f"tensorflow-datasets {builder.info.full_name}"


def _collect(batches, count):
    """Fill arrays of the known length, so that there is never a second copy."""
    shape = batches.element_spec[0].shape[1:]
    images, labels = np.empty((count, *shape), np.uint8), np.empty([count], np.int32)
    filled = 0
    for some_images, some_labels in batches.as_numpy_iterator():
        end = min(filled + len(some_images), count)
        images[filled:end], labels[filled:end] = some_images[: end - filled], some_labels[: end - filled]
        filled = end
    return images[:filled], labels[:filled]


def _download(builder, root, url, instead):
    import tensorflow as tf
    from tensorflow_datasets.core.download import download_manager, util

    reason = _unreachable(url)
    if reason is None:
        try:
            builder.download_and_prepare()
            return
        except (
            OSError,  # the exceptions of requests among them
            tf.errors.OpError,
            tarfile.TarError,
            zipfile.BadZipFile,
            util.DownloadError,
            download_manager.NonMatchingChecksumError,
        ) as error:
            reason = _reason(error)
    name, folder = builder.name, Path(builder.data_dir)
    raise InputError(
        f"{name} is not in {folder} and cannot be downloaded from {url} ({reason}); on a machine that "
        f"reaches it run `tfds build {name} --data_dir DIR`, put DIR/{name} at {folder.parent} here, and "
        f"run with --data-dir {root}{instead and f'; or {instead}'}"
    ) from None


def _unreachable(url):
    """None when the host of `url` answers anything at all, else why not in a few words."""
    import requests

    try:
        # by requests, not by a bare socket: a proxy of the environment counts
        requests.head(url, timeout=CONNECT_TIMEOUT_S, allow_redirects=False).close()
    except requests.exceptions.RequestException as error:
        host = urlsplit(url).hostname
        if isinstance(error, requests.exceptions.Timeout):
            return f"{host} did not answer within {CONNECT_TIMEOUT_S} s"
        return f"{host} does not answer: {type(error).__name__}"
    return None


def _reason(error):
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
