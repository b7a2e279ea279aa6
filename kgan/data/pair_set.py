"""What a generator made of which latents, recorded: the lessons of a teacher that cannot be run here."""

from dataclasses import dataclass

import numpy as np

from kgan.data import image
from kgan.data.held import HeldImages, epoch_batches, kind, read_only
from kgan.data.image_set import ImageSet
from kgan.errors import InputError


@dataclass(frozen=True, eq=False)
class PairSet(HeldImages):
    """Pairs of a latent vector and the image that a teacher made of it, held in memory.

    Args:
        name: of the pairs.
        latents: float32 [N, z], finite; made read-only.
        images: uint8 [N, H, W, C], C = 1 or 3; made read-only.
        labels: int32 [N], the classes that the teacher was given, from 0; None for a teacher without.
        split: which part of the pairs.

    Raises:
        InputError: wrong dtype, rank or lengths, no pair, a latent that is not finite, or a negative class.
    """

    name: str
    latents: np.ndarray
    images: np.ndarray
    labels: np.ndarray | None = None
    split: str = "all"

    _beside = ("latents", "labels")
    _called = "recorded pairs"

    def __post_init__(self):
        self._check_images()
        latents = self.latents
        if not isinstance(latents, np.ndarray) or latents.dtype != np.float32 or latents.ndim != 2:
            raise InputError(f"{self.where}: latents must be a float32 array [N, z]; received {kind(latents)}")
        if len(latents) != len(self.images):
            raise InputError(f"{self.where}: {len(latents)} latents but {len(self.images)} images")
        if not np.isfinite(latents).all():
            raise InputError(f"{self.where}: latents hold a NaN or an infinity")
        object.__setattr__(self, "latents", read_only(latents))
        if self.labels is not None:
            self._check_beside("labels", np.int32)
            if self.labels.min() < 0:
                raise InputError(f"{self.where}: labels count from 0; received {self.labels.min()}")

    @property
    def latent_dim(self):
        """z."""
        return self.latents.shape[1]

    @property
    def num_classes(self):
        """How many classes the labels count; 0 without labels."""
        return 0 if self.labels is None else int(self.labels.max()) + 1

    def image_set(self, num_classes=0):
        """The images alone, an `ImageSet`, with their labels where there are any of `num_classes` classes."""
        names = tuple(map(str, range(num_classes or self.num_classes)))
        return ImageSet(self.name, self.images, self.labels, names, self.split)

    def batches(self, batch_size, *, seed, start_step=0):
        """An endless tf.data.Dataset of what a student is given and is to make of it.

        That is (latents float32 [batch_size, z], images float32 [batch_size, H, W, C] in [-1, 1]), with
        {"latents", "labels": int32 [batch_size]} in the latents' place where there are labels. Order and `start_step`
        are those of `ImageSet.batches`: each epoch is a permutation that (seed, epoch) alone determines.
        """
        import tensorflow as tf

        images = self.images_tensor
        with tf.device("CPU:0"):
            latents = tf.constant(self.latents)
            labels = None if self.labels is None else tf.constant(self.labels)

        def batch_of(indices):
            given = tf.gather(latents, indices)
            if labels is not None:
                given = {"latents": given, "labels": tf.gather(labels, indices)}
            return given, image.to_float(tf.gather(images, indices))

        return epoch_batches(len(self), batch_size, seed=seed, start_step=start_step, batch_of=batch_of,
                             where=self.where)
