"""Steering Angle: frames of a drive with the angle of the steering wheel, for regression.

Source: S. Chen's driving data sets (2017, 2018). CcGAN and cGAN-KD use 12,508 of their frames with 1,773
distinct angles from -88.13 to 97.92 degrees at 64x64; which frames is printed nowhere.
"""

import numpy as np

from kgan.data import image
from kgan.data.folders import SUFFIXES, cached_squares, find_folder, list_files
from kgan.data.splits import intervals, part_of_each
from kgan.data.value_set import ValueSet
from kgan.errors import InputError

URL = "https://github.com/SullyChen/driving-datasets"
LOW, HIGH = -88.13, 97.92
LEAST = 40  # images an interval; the paper's 246 intervals hold as many or more
TRAIN_FRACTION = 0.8


def load(data_dir, image_size=64, split="train", seed=0, cache_dir=None):
    """A split of the Steering Angle data as a ValueSet in degrees, three channels, low -88.13, high 97.92.

    Frames with an angle out of that range are left out. The range is cut into unequal intervals of at
    least 40 images; 80% of each interval, drawn at random, is for training.

    Args:
        data_dir: the folder with `data.txt` (lines of `name.jpg angle` or `name.jpg angle,date`) and with
            the frames beside it or in `data/`; or the folder that holds `driving_dataset/`.
        image_size: side in pixels. The central square of a frame is resized, with antialiasing.
        split: "train", "test" or "all".
        seed: whole number >= 0; with the files it determines the split.
        cache_dir: a folder for the resized images; None for `.kgan_cache` beside `data.txt`.

    Raises:
        InputError: no data.txt, a line of another form, an angle that is not a number, a frame that is
            missing or cannot be read, or an option out of its range.
    """
    size = image.check_size(image_size)
    root = _find(data_dir)
    files, angles = _read(root)
    fitting = np.flatnonzero((angles >= np.float32(LOW)) & (angles <= np.float32(HIGH)))
    if not len(fitting):
        raise InputError(f"no angle in {root / 'data.txt'} lies in {LOW} to {HIGH} degrees; get the data from {URL}")
    rows = fitting[part_of_each(intervals(angles[fitting], LEAST), split, TRAIN_FRACTION, seed)]
    if not len(rows):
        raise InputError(f"split {split!r} of {root} is empty: {root / 'data.txt'} names too few frames")
    images = cached_squares(cache_dir, f"steering_angle_{split}", root, [files[row] for row in rows], size, 3)
    source = f"Steering Angle ({URL}), {len(rows)} of {len(fitting)} frames in range of {root}, seed {seed}"
    return ValueSet("steering_angle", images, angles[rows], LOW, HIGH, "degrees", split, source)


def _find(data_dir):
    root = find_folder(data_dir, f"Steering Angle's data.txt (get it from {URL})")
    for folder in (root, root / "driving_dataset"):
        if (folder / "data.txt").is_file():
            return folder
    raise InputError(f"there is no data.txt in {root} or in its driving_dataset/; get the data from {URL}")


def _read(root):
    """Names of the frames relative to `root`, and their angles float32 [N], in the order of data.txt."""
    text = root / "data.txt"
    there = set(list_files(root, SUFFIXES))
    files, angles = [], []
    for number, line in enumerate(text.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        name, *rest = line.split(maxsplit=1)
        written = rest[0].split(",")[0] if rest else ""
        try:
            angle = float(written)
        except ValueError:
            angle = np.nan
        if not np.isfinite(angle):
            raise InputError(f"line {number} of {text} must be a frame and its angle, such as 7.jpg -12.5; received "
                             f"{line!r}")
        found = next((file for file in (name, f"data/{name}") if file in there), None)
        if found is None:
            raise InputError(f"line {number} of {text} names {name}, which is neither in {root} nor in its data/; "
                             "unpack the archive whole, or remove that line")
        files.append(found)
        angles.append(angle)
    if not files:
        raise InputError(f"{text} names no frame; get the data from {URL}")
    return files, np.array(angles, np.float32)
