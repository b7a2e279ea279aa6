"""Anybody's images with a number each, named in a CSV file, for regression."""

import csv
from pathlib import Path

import numpy as np

from kgan.data import image
from kgan.data.folders import cached_squares, check_channels, find_folder
from kgan.data.held import check_number
from kgan.data.splits import random_part
from kgan.data.value_set import ValueSet
from kgan.errors import InputError

HEADER = ["file", "value"]
LARGEST = float(np.finfo(np.float32).max)


def load(csv_file, image_size=64, split="train", low=None, high=None, unit="", test_size=0.2, seed=0, channels=3,
         cache_dir=None, folder=None):
    """A split of the images that a CSV file of `file,value` names as a ValueSet.

    The first line may be the header `file,value`. Of each image the central square is resized, with
    antialiasing; the first call writes the split's images to a file in `cache_dir`.

    Args:
        csv_file: the CSV file, in UTF-8.
        image_size: side in pixels.
        split: "train", "test" or "all".
        low, high: the range that becomes targets 0 to 1; None for the least and greatest value in the file.
        unit: of the values, for the record.
        test_size: how many images of all, drawn at random, are for testing: a whole number, or a fraction
            between 0 and 1.
        seed: whole number >= 0; with the file it determines the split.
        channels: 1 or 3.
        cache_dir: a folder for the resized images; None for `.kgan_cache` in `folder`.
        folder: the one that files are named relative to; None for the CSV's own.

    Raises:
        InputError: a line of another form, a value that is not a number or out of low..high, an image that
            is missing or cannot be read, an option out of its range, or a cache_dir that cannot be written.
    """
    size, channels = image.check_size(image_size), check_channels(channels)
    path = Path(csv_file).expanduser().resolve()
    root = path.parent if folder is None else find_folder(folder, f"the images that {path} names")
    files, values, lines = _read(path, root)
    low = values.min() if low is None else check_number("low", low)
    high = values.max() if high is None else check_number("high", high)
    for row in np.flatnonzero((values < np.float32(low)) | (values > np.float32(high)))[:1]:
        raise InputError(f"line {lines[row]} of {path}: the value {values[row]:g} lies out of the range {low:g} to "
                         f"{high:g}; correct it, or give another low or high")
    if not low < high:
        raise InputError(f"{path}: low must be below high; received {low:g} and {high:g}: the values are all one, or "
                         "the range is none")
    rows = random_part(len(files), split, test_size, seed)
    name, chosen = path.stem, [files[row] for row in rows]
    images = cached_squares(cache_dir, f"{name}_{split}", root, chosen, size, channels)
    source = f"{len(rows)} of {len(files)} images of {path}, test_size {test_size}, seed {seed}"
    return ValueSet(name, images, values[rows], low, high, unit, split, source)


def _read(path, root):
    """Names of the images, their values float32 [N], and the lines that they stand in."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            cells = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path} as a CSV file of file,value ({error}); check the path") from None
    if cells and [cell.lower() for cell in cells[0][1]] == HEADER:
        cells = cells[1:]
    files, values, lines = [], [], []
    for number, row in cells:
        if not any(row):
            continue
        if len(row) != 2:
            raise InputError(f"line {number} of {path} must be file,value; received {','.join(row)!r}")
        try:
            value = float(row[1])
        except ValueError:
            value = np.nan
        if not abs(value) <= LARGEST:  # a NaN among them
            raise InputError(f"line {number} of {path}: the value must be a number; received {row[1]!r}")
        if not (root / row[0]).is_file():
            raise InputError(f"line {number} of {path} names {row[0]}, but there is no such image in {root}; "
                             "correct or remove that line")
        files.append(row[0])
        values.append(value)
        lines.append(number)
    if not files:
        raise InputError(f"{path} names no image; write a line file,value for each")
    return files, np.array(values, np.float32), lines
