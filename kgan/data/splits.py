"""Which of a data set's images are for training and which for testing, determined by a seed."""

import re

import numpy as np

from kgan.data.held import check_whole
from kgan.errors import InputError

SPLITS = ("train", "test", "all")
_PART = re.compile(r"(\w+)(?:\[(\d*)(%?):(\d*)(%?)\])?")


def check_split(split, known=SPLITS):
    """One of the `known` splits, or InputError."""
    if split not in known:
        raise InputError(f"split must be one of {', '.join(known)}; received {split!r}")
    return split


def random_part(count, split, test_size, seed):
    """Sorted indices of a split where `test_size` of `count` images, drawn at random, are for testing.

    Args:
        count: images in all.
        split: "train", "test" or "all".
        test_size: a whole number of images, or a fraction between 0 and 1 of them (rounded); 0 for none.
        seed: whole number >= 0.
    """
    seed = check_whole("seed", seed, 0)
    is_whole = isinstance(test_size, int | np.integer) and not isinstance(test_size, bool) and test_size >= 0
    if not is_whole and not (isinstance(test_size, float | np.floating) and 0.0 < test_size < 1.0):
        raise InputError("test_size must be a whole number of images or a fraction between 0 and 1; "
                         f"received {test_size!r}")
    num = int(test_size) if is_whole else round(test_size * count)
    if num >= count:
        raise InputError(f"test_size of {test_size} leaves none of {count} images for training; hold out fewer")
    if check_split(split) == "all":
        return np.arange(count)
    if split == "test" and not num:
        raise InputError(f"split 'test' is empty: test_size is {test_size} of {count} images; hold some out")
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[:num] if split == "test" else order[num:])


def part_of_each(groups, split, train_fraction, seed):
    """Sorted indices of a split where `train_fraction` of each group, drawn at random, is for training.

    The number for training is rounded to the nearest, at least one: a group of one is for training alone.

    Args:
        groups: int [N], the group of each image.
        split: "train", "test" or "all".
        train_fraction: in (0, 1).
        seed: whole number >= 0.
    """
    groups = np.asarray(groups)
    order, place, counts = shuffled_groups(groups, seed)
    if check_split(split) == "all":
        return np.arange(len(groups))
    num_train = np.maximum(np.floor(train_fraction * counts + 0.5), 1)
    for_training = place < np.repeat(num_train, counts)
    return np.sort(order[for_training if split == "train" else ~for_training])


def shuffled_groups(groups, seed):
    """A random order of all, group after group: indices [N], the place of each within its group [N], sizes [G]."""
    order = np.random.default_rng(check_whole("seed", seed, 0)).permutation(len(groups))
    order = order[np.argsort(groups[order], kind="stable")]
    _, starts, counts = np.unique(groups[order], return_index=True, return_counts=True)
    return order, np.arange(len(groups)) - np.repeat(starts, counts), counts


def rows_of(split, members):
    """Indices of a split that is given as tensorflow-datasets has it: "train", "train[:10%]", "train[100:]+test".

    Args:
        split: names of splits with or without a part of whole numbers or percents, joined by "+".
        members: dict, name of a split -> indices of its images, in order.

    Raises:
        InputError: another form, a split that is not there, or no image in it.
    """
    found = []
    for text in split.split("+") if isinstance(split, str) else [split]:
        part = _PART.fullmatch(text.strip()) if isinstance(text, str) else None
        if not part or part[1] not in members:
            raise InputError(f'split must be one of {", ".join(members)}, or a part such as "train[:10%]"; received '
                             f"{split!r}")
        rows = members[part[1]]
        start, end = (default if not digits else round(int(digits) * len(rows) / 100) if percent else int(digits)
                      for digits, percent, default in ((part[2], part[3], 0), (part[4], part[5], len(rows))))
        found.append(rows[start:end])
    rows = np.concatenate(found)
    if not len(rows):
        counts = ", ".join(f"{len(known)} in {name}" for name, known in members.items())
        raise InputError(f"split {split!r} holds no image; there are {counts}")
    return rows


def intervals(values, least):
    """Cut the range of `values` [N] into as many intervals as hold `least` of them or more: int group [N].

    From the lowest value upwards, an interval ends as soon as it holds `least`; equal values stay together;
    what is left over at the top joins the last interval.
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    group_of, held, group = np.empty(len(counts), np.int64), 0, 0
    for place, count in enumerate(counts):
        group_of[place] = group
        held += count
        if held >= least:
            held, group = 0, group + 1
    if held and group:
        group_of[group_of == group] = group - 1
    return group_of[inverse]
