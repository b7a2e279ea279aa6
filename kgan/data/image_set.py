"""Images in memory with classes, and the order in which training sees them."""

from dataclasses import dataclass

import numpy as np

from kgan.data import image
from kgan.data.held import HeldImages, check_whole, epoch_batches
from kgan.data.splits import shuffled_groups
from kgan.errors import InputError


@dataclass(frozen=True, eq=False)
class ImageSet(HeldImages):
    """A data set held in memory.

    Args:
        name: the data set, e.g. "mnist".
        images: uint8 [N, H, W, C], C = 1 or 3; made read-only.
        labels: int32 [N] in 0..len(class_names) - 1, or None.
        class_names: one name a class; may be empty when nothing is known of the labels.
        split: which part of the data set, e.g. "train[:10%]".
        source: where the images come from, for the record.
        left_out: names of files of the source that cannot be read, so that the images are without them.

    Raises:
        InputError: wrong dtype, rank or lengths, no image, or a label without a class.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...] = ()
    split: str = "train"
    source: str = ""
    left_out: tuple[str, ...] = ()

    _beside = ("labels",)

    def __post_init__(self):
        self._check_images()
        if self.labels is not None:
            self._check_beside("labels", np.int32)
            labels = self.labels
            if labels.min() < 0 or (self.class_names and labels.max() >= len(self.class_names)):
                raise InputError(
                    f"{self.where}: labels run from {labels.min()} to {labels.max()}, "
                    f"but there are {len(self.class_names)} class names"
                )
        object.__setattr__(self, "class_names", tuple(self.class_names))
        object.__setattr__(self, "left_out", tuple(self.left_out))

    @property
    def num_classes(self):
        """How many classes the labels tell apart; 0 without labels."""
        if self.labels is None:
            return 0
        return len(self.class_names) or int(self.labels.max()) + 1

    def batches(self, batch_size, *, seed, start_step=0, with_labels=False, with_rows=False):
        """An endless tf.data.Dataset of float32 batches [batch_size, H, W, C] in [-1, 1].

        Each epoch is a permutation of all images that (seed, epoch) alone determines; the images that
        fill no whole batch at its end are left out. `start_step=k` yields exactly what a fresh data set
        yields after k batches, at no more cost than slicing the indices of one epoch: no image is read
        for the steps left behind. An interrupted training resumes on this.

        All iterators of a set read from one copy of the images as a tensor, made at the first call: the
        set takes twice its size from then on.

        Args:
            batch_size: images a batch, a static dimension.
            seed: whole number >= 0.
            start_step: batches already seen, >= 0.
            with_labels: yield (images, labels), labels int32 [batch_size].
            with_rows: yield (images, labels, rows), rows int32 [batch_size] in 0..N - 1, the place of each
                image in this set; only with labels.
        """
        import tensorflow as tf

        if with_labels and self.labels is None:
            raise InputError(f"{self.where} has no labels, but with_labels=True asks for them")
        if with_rows and not with_labels:
            raise InputError("with_rows=True gives rows beside labels; ask for with_labels=True as well")
        self.batches_per_epoch(batch_size)
        images = self.images_tensor  # captured by the map as an input, so not copied into the graph
        with tf.device("CPU:0"):
            labels = tf.constant(self.labels) if with_labels else None

        def batch_of(indices):
            scaled = image.to_float(tf.gather(images, indices))
            if not with_labels:
                return scaled
            return (scaled, tf.gather(labels, indices), *([indices] if with_rows else []))

        return epoch_batches(len(self), batch_size, seed=seed, start_step=start_step, batch_of=batch_of,
                             where=self.where)

    def few_per_class(self, per_class, seed):
        """(few, rest): a random part with exactly `per_class` images of each class, and all the others.

        Determined by `seed`; both keep the order of this set.

        Raises:
            InputError: no labels, a class with fewer images (a class without any among them), or no rest.
        """
        per_class = check_whole("per_class", per_class, 1)
        if self.labels is None:
            raise InputError(f"{self.where} has no labels, but few_per_class chooses by them")
        counts = np.bincount(self.labels, minlength=self.num_classes)
        for label in np.flatnonzero(counts < per_class)[:1]:
            name = self.class_names[label] if self.class_names else label
            raise InputError(f"{self.where} has {counts[label]} images of class {name!r}, but few_per_class asks for "
                             f"{per_class}: ask for fewer or add images of that class")
        if counts.sum() == per_class * len(counts):
            raise InputError(f"{self.where} has {per_class} images of each class and no more, so that nothing would "
                             "be left beside them: ask for fewer")
        order, place, _ = shuffled_groups(self.labels, seed)
        few, rest = (np.sort(order[part]) for part in (place < per_class, place >= per_class))
        return (self._select(few, f"{self.split}[{per_class} of each class, seed {seed}]"),
                self._select(rest, f"{self.split}[without {per_class} of each class, seed {seed}]"))
