"""Rows of other classes for each image of a batch: the negatives of contrastive distillation (CRD)."""

import math

import numpy as np

from kgan.data.held import check_whole, fed
from kgan.errors import InputError


def num_negatives(labels, most=16384):
    """How many negatives every image can have: `most`, or what there is of other classes than the largest.

    Args:
        labels: int [N], the class of each image.
        most: whole number >= 1; the default is the 16384 of Tian et al., "Contrastive Representation
            Distillation", ICLR 2020.

    Raises:
        InputError: labels that are no classes, or that are all the same.
    """
    most = check_whole("most", most, 1)
    _, counts = _classes(labels)
    return int(min(most, counts.sum() - counts.max()))


def with_negatives(batches, labels, num, *, seed, start_step=0):
    """An endless tf.data.Dataset of (images, labels [B], drawn int32 [B, 1 + num]).

    drawn[:, 0] is the row of the image itself. The others are `num` distinct rows, in ascending order, of
    images of other classes: each such set is equally likely, and the images of a batch have theirs
    independently of each other (the incongruent pairs of Tian et al., "Contrastive Representation
    Distillation", ICLR 2020, drawn without replacement). The random numbers are determined by (seed, step,
    place in the batch) alone: `start_step=k` yields what a fresh data set yields after k batches, given
    `batches` that start there as well. The draws are made ahead of the training, off its thread.

    Args:
        batches: an endless tf.data.Dataset of (images, labels, rows): `ImageSet.batches` or `union_batches`
            with with_rows=True and the same `start_step`.
        labels: int [N], the class of each row: those of the `ImageSet`, or of `union_labels`.
        num: negatives an image, at most `num_negatives(labels)`.
        seed: whole number >= 0.
        start_step: batches already seen, >= 0.

    Raises:
        InputError: labels that are no classes or all the same, more negatives than a class can have, or
            batches without rows.
    """
    import tensorflow as tf

    seed, start_step = check_whole("seed", seed, 0), check_whole("start_step", start_step, 0)
    num = check_whole("num", num, 1)
    groups, counts = _classes(labels)
    num_others = counts.sum() - counts
    if num > num_others.min():
        raise InputError(f"num must be at most {num_others.min()}, the images of other classes than the largest; "
                         f"received {num}: take num_negatives(labels)")
    if not isinstance(batches.element_spec, tuple) or len(batches.element_spec) != 3:
        raise InputError("with_negatives needs batches of (images, labels, rows): make them with with_rows=True")

    def draw(step, rows):
        drawn = np.empty((len(rows), 1 + num), np.int32)
        drawn[:, 0] = rows
        for place, group in enumerate(groups[rows]):
            rng = np.random.default_rng([seed, step, place])
            drawn[place, 1:] = _draw_others(rng, groups, group, num, num_others[group])
        return drawn

    def batch_of(step, batch):
        images, labels, rows = batch
        drawn = tf.numpy_function(draw, [step, rows], tf.int32, stateful=False)
        return images, labels, tf.ensure_shape(drawn, [rows.shape[0], 1 + num])

    return fed(tf.data.Dataset.zip((tf.data.Dataset.counter(start_step), batches)), batch_of)


def _draw_others(rng, groups, group, num, num_others):
    """`num` of the `num_others` rows that are not of this group, ascending.

    A random byte a row marks each of the others with one probability, chosen so that nearly always a few too
    many are marked; a random part of the surplus is let go. All these rows are treated alike throughout, so
    every set of `num` is equally likely. Nothing is sorted or shuffled: the cost is a few passes over N bytes.
    """
    aim = num + 8 + 4 * math.sqrt(num + 4)  # aim - 4 sqrt(aim) = num: four standard deviations or more to spare
    highest = min(math.ceil(256 * aim / num_others), 256) - 1  # at 255 all others are marked
    found = np.empty(0, np.int64)
    while len(found) < num:
        words = rng.integers(0, 2**64, -(-len(groups) // 8), dtype=np.uint64)
        marks = words.view(np.uint8)[: len(groups)] <= np.uint8(highest)
        marks &= groups != group
        found = np.flatnonzero(marks)
    kept = np.ones(len(found), bool)
    kept[rng.choice(len(found), len(found) - num, replace=False, shuffle=False)] = False
    return found[kept]


def _classes(labels):
    """The labels numbered from 0 without gaps [N], in the smallest type, and how many images each class has."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not len(labels):
        raise InputError(f"labels must be classes, whole numbers [N]; received {labels.dtype} of shape {labels.shape}")
    _, groups, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        raise InputError(f"negatives are images of other classes, but all {len(labels)} images are of class "
                         f"{labels[0]}: give data of two classes or more")
    return groups.astype(np.min_scalar_type(len(counts))), counts
