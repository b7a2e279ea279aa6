"""CelebA as its authors hand it out: the aligned images in a zip or a folder, and two lists beside them."""

from itertools import pairwise
from pathlib import Path, PurePosixPath

import numpy as np

from kgan.data.image_files import open_files
from kgan.errors import InputError

ZIP_NAME = "img_align_celeba.zip"
ATTRIBUTES = ("Male", "Smiling")
SPLITS = ("train", "validation", "test")
LAST_NUMBERS = (162_770, 182_637, 202_599)  # of each split; images are numbered from 1
_ATTRIBUTE_LISTS = ("list_attr_celeba.txt", "list_attr_celeba.csv")
_PARTITION_LISTS = ("list_eval_partition.txt", "list_eval_partition.csv")


def open_aligned(aligned):
    """(`image_files` of the aligned images, their names in the order of their numbers).

    Args:
        aligned: the zip, a folder of the images, or a folder with either in it or in its `Img`.

    Raises:
        InputError: no such files, or two of one number.
    """
    zips = [place for place in (aligned / ZIP_NAME, aligned / "Img" / ZIP_NAME) if place.is_file()]
    files = open_files(zips[0] if zips else aligned)
    names = sorted(files.names, key=number_of)
    for name, after in pairwise(names):
        if number_of(name) == number_of(after):
            raise InputError(f"{files.where} holds {name} and {after}: give the aligned images alone")
    return files, names


def number_of(name):
    """What stands for an image in the lists: its name without folders and ending, such as "000001"."""
    return PurePosixPath(name).stem


def members_of(names, aligned):
    """(dict, split -> indices of the named images, "all" among them; what split them, in words).

    By the list of the partition where there is one, else by the numbers that CelebA publishes.
    """
    path = _find(aligned, _PARTITION_LISTS)
    if path is None:
        of_each = np.searchsorted(LAST_NUMBERS, [_published_number(name, aligned) for name in names])
    else:
        split_of = _partition(path)
        of_each = np.array([_entry(split_of, name, path) for name in names])
    members = {split: np.flatnonzero(of_each == number) for number, split in enumerate(SPLITS)}
    return members | {"all": np.arange(len(names))}, path.name if path else "the published numbers"


def labels_of(names, aligned):
    """`2 * Male + Smiling` of the named images, int32 [N]; None where the list of attributes is not there."""
    path = _find(aligned, _ATTRIBUTE_LISTS)
    if path is None:
        return None
    label_of = _attributes(path)
    return np.array([_entry(label_of, name, path) for name in names], np.int32)


def _find(aligned, names):
    """The first of these files beside the images, a folder up or two, or in the folders the authors have for them."""
    place = aligned.resolve()
    for folder in (place, *list(place.parents)[:2]):
        for part in (folder, folder / "Anno", folder / "Eval"):
            for name in names:
                if (part / name).is_file():
                    return part / name
    return None


def _published_number(name, aligned):
    text = number_of(name)
    if not text.isdecimal() or not 1 <= int(text) <= LAST_NUMBERS[-1]:
        raise InputError(f"{name} in {aligned} is no name of a CelebA image such as 000001.jpg: remove it, or put "
                         f"{_PARTITION_LISTS[0]} beside the images")
    return int(text)


def _entry(known, name, path):
    if number_of(name) not in known:
        raise InputError(f"{path} does not name the image {name}: fetch that list anew, or remove the image")
    return known[number_of(name)]


def _partition(path):
    """{"000001": 0, 1 or 2}"""
    found = {}
    for line, words in _lines(path):
        if words == ["image_id", "partition"]:
            continue
        if len(words) != 2 or words[1] not in ("0", "1", "2"):
            raise InputError(f"line {line} of {path} must be an image and 0, 1 or 2; received {' '.join(words)[:60]!r}")
        found[number_of(words[0])] = int(words[1])
    return found


def _attributes(path):
    """{"000001": 2 * Male + Smiling}; a first line with the number of images may stand before the heading."""
    lines = _lines(path)
    if lines and len(lines[0][1]) == 1:
        lines = lines[1:]
    heading = [word for word in lines[0][1] if word != "image_id"] if lines else []
    for name in ATTRIBUTES:
        if name not in heading:
            raise InputError(f"{path} has no attribute {name} in its heading: fetch that list anew, or remove it to do "
                             "without labels")
    columns = [1 + heading.index(name) for name in ATTRIBUTES]
    found = {}
    for line, words in lines[1:]:
        values = [words[column] for column in columns] if len(words) == 1 + len(heading) else [""]
        if not set(values) <= {"1", "0", "-1"}:
            raise InputError(f"line {line} of {path} must be an image and {len(heading)} times 1 or -1; received "
                             f"{' '.join(words)[:60]!r}")
        male, smiling = (value == "1" for value in values)
        found[number_of(words[0])] = 2 * male + smiling
    return found


def _lines(path):
    """[(number of the line, its words)], of text with blanks or commas between words; empty lines are left out."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path} ({error}): fetch that list anew") from None
    words = ((number, line.replace(",", " ").split()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, of_line) for number, of_line in words if of_line]
