"""Anybody's images in one folder a class, such as ImageNet-100.

ImageNet-100 is a hundred of ImageNet's classes, 128,503 images; cGAN-KD brings them to 128x128 and holds
10,000 at random for testing: `load(folder, 128, split, test_size=10_000)`.
"""

import numpy as np

from kgan.data import image
from kgan.data.folders import SUFFIXES, cached_squares, check_channels, find_folder, list_files
from kgan.data.image_set import ImageSet
from kgan.data.splits import random_part
from kgan.errors import InputError


def load(folder, image_size=64, split="train", test_size=0.2, seed=0, channels=3, cache_dir=None, classes=()):
    """A split of the images in the class folders of a folder as an ImageSet.

    Each folder right below `folder` is a class, in the order of their names; the jpg, jpeg and png files
    in it and below it are its images. Of each the central square is resized, with antialiasing. The first
    call writes the split's images to a file in `cache_dir`; any change of the files or options makes it
    anew. ImageNet-100's training part takes 5.8 GB in memory at 128x128, and twice that in training.

    Args:
        folder: where the class folders are.
        image_size: side in pixels.
        split: "train", "test" or "all".
        test_size: how many images of all, drawn at random, are for testing: a whole number, or a fraction
            between 0 and 1; 0 where `folder` holds the training images alone.
        seed: whole number >= 0; with the files it determines the split.
        channels: 1 or 3.
        cache_dir: a folder for the resized images; None for `<folder>/.kgan_cache`.
        classes: names of the class folders to take, two or more; all of them when empty.

    Raises:
        InputError: no class folder, a class without an image (in all, or for training), an image that
            stands in no class or cannot be read, an option out of its range, or a cache_dir that cannot be
            written.
    """
    size, channels = image.check_size(image_size), check_channels(channels)
    root = find_folder(folder, "a folder for each class")
    class_names = names_of(root, classes)
    files = list_files(root, SUFFIXES)
    for file in files:
        if "/" not in file:
            raise InputError(f"{root / file} stands in no class folder; move it into one or remove it")
    files = [file for file in files if file.split("/")[0] in class_names]
    number = {name: label for label, name in enumerate(class_names)}
    labels = np.array([number[file.split("/")[0]] for file in files], np.int32)
    for name in _empty(labels, class_names):
        raise InputError(f"class {name!r} has no image: there is no {', '.join(SUFFIXES)} file in {root / name}; add "
                         "some, or remove that folder")
    rows = random_part(len(files), split, test_size, seed)
    for name in _empty(labels[rows], class_names) if split == "train" else ():
        raise InputError(f"class {name!r} of {root} has no image for training, all fell to testing: take a smaller "
                         f"test_size than {test_size}, or another seed than {seed}")
    name = root.name
    images = cached_squares(cache_dir, f"{name}_{split}", root, [files[row] for row in rows], size, channels)
    source = f"{len(rows)} of {len(files)} images in {root}, test_size {test_size}, seed {seed}"
    return ImageSet(name, images, labels[rows], tuple(class_names), split, source)


def names_of(folder, classes=()):
    """Sorted names of the class folders right below a folder, or of those chosen; InputError where there are none."""
    root = find_folder(folder, "a folder for each class")
    there = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not there:
        raise InputError(f"{root} has no folder for a class; put the images of each class into a folder of its own")
    for name in classes:
        if name not in there:
            raise InputError(f"{root} has no class folder {name!r}; it has {', '.join(there)}")
    if len(set(classes)) == 1 or len(set(classes)) < len(classes):
        raise InputError(f"classes must be two or more different names; received {', '.join(classes)}")
    return sorted(classes) or there


def _empty(labels, class_names):
    """Names of the classes that no label stands for."""
    return [class_names[label] for label in np.flatnonzero(np.bincount(labels, minlength=len(class_names)) == 0)]
