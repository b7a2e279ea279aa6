"""UTKFace: photographs of faces with ages, for regression.

Source: Z. Zhang, Y. Song, H. Qi, "Age Progression/Regression by Conditional Adversarial Autoencoder", CVPR
2017. Its licence allows non-commercial research alone; nothing of it comes with kgan. CcGAN and cGAN-KD use
14,760 of its images with ages 1 to 60 at 64x64, which CcGAN's authors hand out as an h5 file.
"""

import re
from pathlib import Path

import numpy as np

from kgan.data import image
from kgan.data.folders import SUFFIXES, cached_squares, find_folder, list_files
from kgan.data.splits import part_of_each
from kgan.data.value_set import ValueSet
from kgan.errors import InputError

URL = "https://susanqq.github.io/UTKFace/"
AGES = (1, 60)
HIGH = 60.0  # targets are age / 60
TRAIN_FRACTION = 0.8
_NAME = re.compile(r"(\d{1,3})_")


def load(data_dir, image_size=64, split="train", seed=0, cache_dir=None):
    """A split of UTKFace as a ValueSet in years, three channels, low 0 and high 60.

    Ages below 1 and above 60 are left out. 80% of each age, drawn at random, is for training.

    Args:
        data_dir: a folder of images named `age_gender_race_date.jpg`, in it or below it; or CcGAN's h5
            file with "images" uint8 [N, 3, H, W] or [N, H, W, 3] and "labels" [N].
        image_size: side in pixels. The central square is resized, with antialiasing.
        split: "train", "test" or "all".
        seed: whole number >= 0; with the files it determines the split.
        cache_dir: a folder for the resized images of a folder; None for `<data_dir>/.kgan_cache`.

    Raises:
        InputError: no image, one that cannot be read, an age that cannot be read, an h5 file of another
            form, or an option out of its range.
    """
    size = image.check_size(image_size)
    path = Path(data_dir).expanduser().resolve()
    if path.is_file():
        images, ages = _from_h5(path)
        rows = _rows(ages, split, seed, path)
        images = images[rows] if images.shape[-1] == 3 else images[rows].transpose(0, 2, 3, 1)
        images = image.resize(image.centre_crop(images, min(images.shape[1:3])), size)
    else:
        root = find_folder(path, f"UTKFace's images (get them from {URL}) and no such h5 file")
        files = list_files(root, SUFFIXES)
        ages = np.array([_age(root / file) for file in files], np.float32)
        rows = _rows(ages, split, seed, root)
        images = cached_squares(cache_dir, f"utkface_{split}", root, [files[row] for row in rows], size, 3)
    source = f"UTKFace ({URL}), {len(rows)} images of {path}, ages {AGES[0]} to {AGES[1]}, seed {seed}"
    return ValueSet("utkface", images, ages[rows], 0.0, HIGH, "years", split, source)


def _rows(ages, split, seed, where):
    """Sorted indices of the split among those with an age from 1 to 60."""
    fitting = np.flatnonzero((ages >= AGES[0]) & (ages <= AGES[1]))
    if not len(fitting):
        raise InputError(f"no image with an age from {AGES[0]} to {AGES[1]} in {where}; get UTKFace from {URL}")
    rows = fitting[part_of_each(ages[fitting], split, TRAIN_FRACTION, seed)]
    if not len(rows):
        raise InputError(f"split {split!r} of {where} is empty: no age has two images or more; add images")
    return rows


def _age(path):
    match = _NAME.match(path.name)
    if not match:
        raise InputError(f"cannot read an age in the name of {path}; a name begins with it, such as 25_0_1_2017.jpg: "
                         "rename or remove that file")
    return int(match.group(1))


def _from_h5(path):
    """Images as stored, and ages float32 [N]."""
    import h5py

    try:
        with h5py.File(path) as file:
            images, labels = (np.asarray(file[name]) for name in ("images", "labels"))
    except (OSError, KeyError) as error:
        reason = str(error).strip("'\"").split("\n")[0]
        raise InputError(f'cannot read {path} as an h5 file with "images" and "labels" ({reason}); give such a file or '
                         "a folder of images") from None
    if images.ndim != 4 or images.dtype != np.uint8 or 3 not in (images.shape[1], images.shape[3]):
        raise InputError(f'"images" of {path} must be uint8 [N, 3, H, W] or [N, H, W, 3]; received {images.dtype} of '
                         f"shape {images.shape}")
    if labels.shape != (len(images),) or labels.dtype.kind not in "iuf" or not np.isfinite(labels).all():
        raise InputError(f'"labels" of {path} must be {len(images)} ages, one an image; received {labels.dtype} of '
                         f"shape {labels.shape}, or an age that is not a number")
    return images, labels.astype(np.float32)
