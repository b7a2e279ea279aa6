"""Batches of real images and processed samples together (cGAN-KD's module M3)."""

import numpy as np

from kgan.data.image_set import ImageSet
from kgan.data.processed_set import streamed_batches
from kgan.errors import InputError


def union_batches(real, processed, batch_size, *, seed, start_step=0, with_rows=False):
    """An endless tf.data.Dataset of (images float32 [batch_size, H, W, C] in [-1, 1], labels [batch_size]).

    Real and processed images are one set: each epoch is a permutation of all that (seed, epoch) alone
    determines, without a ratio or weights (section "M3" of Ding et al., "Distilling and Transferring
    Knowledge via cGAN-generated Samples for Image Classification and Regression"). The processed ones are
    read from the disk batch by batch. `start_step=k` yields exactly what a fresh data set yields after k
    batches.

    Args:
        real: an `ImageSet` with labels, or a `ValueSet`.
        processed: a `ProcessedSet` of the same kind: classes, or values in the same units.
        batch_size: images a batch, a static dimension.
        seed: whole number >= 0.
        start_step: batches already seen, >= 0.
        with_rows: yield (images, labels, rows), rows int32 [batch_size]: the real images are rows
            0..len(real) - 1, the samples follow in their order.

    Yields:
        labels int32 for an `ImageSet`; float32 targets in [0, 1] for a `ValueSet`.

    Raises:
        InputError: unlike image shapes, labels of unlike kinds, classes that the real set does not have,
            or values out of its range.
    """
    if real.image_shape != processed.image_shape:
        raise InputError(f"{real.where} has images of {real.image_shape}, the samples in {processed.folder} are of "
                         f"{processed.image_shape}: make samples of the same size")
    labels = union_labels(real, processed)
    num_real = len(real)

    def read(rows):
        images = np.empty((len(rows), *real.image_shape), np.uint8)
        is_real = rows < num_real
        images[is_real] = real.images[rows[is_real]]
        images[~is_real] = processed.images(rows[~is_real] - num_real)
        return images

    return streamed_batches(read, labels, real.image_shape, batch_size, seed=seed, start_step=start_step,
                            where=f"{real.where} with {processed.folder}", with_rows=with_rows)


def union_labels(real, processed):
    """The labels [N] of the rows of `union_batches`: int32 classes, or float32 targets in [0, 1].

    Those of the real set come first, then those of the processed samples.

    Raises:
        InputError: labels of unlike kinds, classes that the real set does not have, or values out of its range.
    """
    of_classes = isinstance(real, ImageSet)
    if of_classes and real.labels is None:
        raise InputError(f"{real.where} has no labels, so that a student cannot learn from it")
    if of_classes != (processed.labels.dtype == np.int32):
        kinds = ("classes", "values") if of_classes else ("values", "classes")
        raise InputError(f"{real.where} is labelled with {kinds[0]}, the samples in {processed.folder} with "
                         f"{kinds[1]}: make them with a generator of the same data")
    if not of_classes:
        return np.concatenate([real.targets, real.to_targets(processed.labels)])
    if processed.labels.min() < 0 or processed.labels.max() >= real.num_classes:
        raise InputError(f"the samples in {processed.folder} are of classes {processed.labels.min()} to "
                         f"{processed.labels.max()}, but {real.where} has {real.num_classes} classes: make them with "
                         "a generator and a teacher of the same classes")
    return np.concatenate([real.labels, processed.labels])
