"""Images in memory with one number each, for regression, and the order in which training sees them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kgan.data import image
from kgan.data.held import HeldImages, check_batch_size, check_number, epoch_batches, read_only, step_batches
from kgan.errors import InputError

DRAWS = ("epochs", "replacement", "balanced")


@dataclass(frozen=True, eq=False)
class ValueSet(HeldImages):
    """A data set held in memory whose labels are numbers: the regression sibling of `ImageSet`.

    Args:
        name: the data set, e.g. "utkface".
        images: uint8 [N, H, W, C], C = 1 or 3; made read-only.
        values: float32 [N] in label units, within low..high.
        low: the value that becomes target 0.
        high: the value that becomes target 1.
        unit: of the values, e.g. "years".
        split: which part of the data set, e.g. "train".
        source: where the images come from, for the record.

    Raises:
        InputError: wrong dtype, rank or lengths, no image, a value that is not finite or out of the range, or
            a range that is none.
    """

    name: str
    images: np.ndarray
    values: np.ndarray
    low: float
    high: float
    unit: str = ""
    split: str = "train"
    source: str = ""

    _beside = ("values",)
    _called = "value set"

    def __post_init__(self):
        self._check_images()
        self._check_beside("values", np.float32)
        for name in ("low", "high"):
            object.__setattr__(self, name, check_number(f"{self.where}: {name}", getattr(self, name)))
        if not np.float32(self.low) < np.float32(self.high):
            raise InputError(f"{self.where}: low must be below high; received {self.low} and {self.high}")
        self.to_targets(self.values)

    @cached_property
    def targets(self):
        """(values - low) / (high - low), float32 [N] in [0, 1]."""
        return read_only(self.to_targets(self.values))

    def to_targets(self, values):
        """Values in label units -> float32 targets in [0, 1]; InputError for one out of low..high."""
        values = np.asarray(values, np.float32)
        low, high = np.float32(self.low), np.float32(self.high)
        wrong = np.flatnonzero(~((values >= low) & (values <= high)))  # a NaN among them
        if len(wrong):
            raise InputError(f"{self.where}: values must lie in {self.low:g} to {self.high:g}"
                             f"{f' {self.unit}' if self.unit else ''}; number {wrong[0]} is {values.flat[wrong[0]]:g}")
        # from the limits as float32 and in float64, so that the ends become exactly 0 and 1
        return ((values.astype(np.float64) - low) / (np.float64(high) - low)).astype(np.float32)

    def to_values(self, targets):
        """Targets in [0, 1], as a network predicts them -> float32 values in label units; clipped to low..high."""
        targets = np.clip(np.asarray(targets, np.float64), 0.0, 1.0)
        return (self.low + targets * (self.high - self.low)).astype(np.float32)

    def batches(self, batch_size, *, seed, start_step=0, with_labels=True, draw="epochs"):
        """An endless tf.data.Dataset of (images float32 [batch_size, H, W, C] in [-1, 1], targets [batch_size]).

        `start_step=k` yields exactly what a fresh data set yields after k batches, whatever the draw, and
        reads no image for them. All iterators read from one copy of the images, as those of an `ImageSet`.

        Args:
            batch_size: images a batch, a static dimension.
            seed: whole number >= 0.
            start_step: batches already seen, >= 0.
            with_labels: False yields images alone.
            draw: "epochs", pass after pass, each a permutation that (seed, epoch) determines and whose
                incomplete last batch is left out; "replacement", every image of every batch uniformly from
                all (cGAN-KD's regression students); "balanced", a distinct value uniformly, then one of its
                images (cDR-RS's autoencoder and density ratios for regression). The last two are determined
                by (seed, step).
        """
        import tensorflow as tf

        if draw not in DRAWS:
            raise InputError(f"draw must be one of {', '.join(DRAWS)}; received {draw!r}")
        batch_size = check_batch_size(batch_size)
        if draw == "epochs":
            self.batches_per_epoch(batch_size)
        images = self.images_tensor
        with tf.device("CPU:0"):
            targets = tf.constant(self.targets)
            order, starts, counts = (tf.constant(array) for array in self._by_value)

        def batch_of(indices):
            scaled = image.to_float(tf.gather(images, indices))
            return (scaled, tf.gather(targets, indices)) if with_labels else scaled

        if draw == "epochs":
            return epoch_batches(len(self), batch_size, seed=seed, start_step=start_step, batch_of=batch_of,
                                 where=self.where)

        def drawn(draws):
            if draw == "replacement":
                return batch_of(draws.below(len(self), [batch_size]))
            chosen = draws.below(len(starts), [batch_size])
            place = draws.below(tf.gather(counts, chosen), [batch_size])
            return batch_of(tf.gather(order, tf.gather(starts, chosen) + place))

        return step_batches(drawn, seed=seed, start_step=start_step)

    @cached_property
    def _by_value(self):
        """Indices sorted by value [N]; where each distinct value begins among them and how often it is there [D]."""
        order = np.argsort(self.values, kind="stable").astype(np.int32)
        _, starts, counts = np.unique(self.values[order], return_index=True, return_counts=True)
        return order, starts.astype(np.int32), counts.astype(np.int32)
