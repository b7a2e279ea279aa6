"""Images in memory, and the order in which training sees them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from kgan.data import image
from kgan.errors import InputError


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A data set held in memory.

    Args:
        name: the data set, e.g. "mnist".
        images: uint8 [N, H, W, C], C = 1 or 3; made read-only.
        labels: int32 [N] in 0..len(class_names) - 1, or None.
        class_names: one name a class; may be empty when nothing is known of the labels.
        split: which part of the data set, e.g. "train[:10%]".
        source: where the images come from, for the record.

    Raises:
        InputError: wrong dtype, rank or lengths, no image, or a label without a class.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...] = ()
    split: str = "train"
    source: str = ""

    def __post_init__(self):
        images, labels, where = self.images, self.labels, f"image set {self.name!r}"
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4:
            raise InputError(f"{where}: images must be a uint8 array [N, H, W, C]; received {_kind(images)}")
        if 0 in images.shape or images.shape[-1] not in (1, 3):
            raise InputError(f"{where}: images must be some, with 1 or 3 channels; received {_kind(images)}")
        if labels is not None:
            if not isinstance(labels, np.ndarray) or labels.dtype != np.int32 or labels.ndim != 1:
                raise InputError(f"{where}: labels must be an int32 array [N]; received {_kind(labels)}")
            if len(labels) != len(images):
                raise InputError(f"{where}: {len(images)} images but {len(labels)} labels")
            if labels.min() < 0 or (self.class_names and labels.max() >= len(self.class_names)):
                raise InputError(
                    f"{where}: labels run from {labels.min()} to {labels.max()}, "
                    f"but there are {len(self.class_names)} class names"
                )
            object.__setattr__(self, "labels", _read_only(labels))
        object.__setattr__(self, "images", _read_only(images))
        object.__setattr__(self, "class_names", tuple(self.class_names))

    def __len__(self):
        return len(self.images)

    @property
    def image_shape(self):
        """(H, W, C)."""
        return self.images.shape[1:]

    @property
    def num_classes(self):
        """How many classes the labels tell apart; 0 without labels."""
        if self.labels is None:
            return 0
        return len(self.class_names) or int(self.labels.max()) + 1

    def batches_per_epoch(self, batch_size):
        """Whole batches in a pass over the images; InputError when there is not even one."""
        if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer) or batch_size < 1:
            raise InputError(f"batch_size must be a positive whole number; received {batch_size!r}")
        if len(self) < batch_size:
            raise InputError(
                f"image set {self.name!r} has {len(self)} images, fewer than one batch of {batch_size}; "
                "take a smaller batch_size or more images"
            )
        return len(self) // int(batch_size)

    def batches(self, batch_size, *, seed, start_step=0, with_labels=False):
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
        """
        import tensorflow as tf

        for name, value in (("seed", seed), ("start_step", start_step)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
                raise InputError(f"{name} must be a whole number of at least 0; received {value!r}")
        if with_labels and self.labels is None:
            raise InputError(f"image set {self.name!r} has no labels, but with_labels=True asks for them")
        steps, count = self.batches_per_epoch(batch_size), len(self)
        first_epoch, offset = divmod(int(start_step), steps)
        images = self._images_tensor  # captured by the map as an input, so not copied into the graph
        with tf.device("CPU:0"):
            labels = tf.constant(self.labels) if with_labels else None

        def indices_of(epoch):
            seeds = tf.stack([tf.constant(int(seed), tf.int64), epoch])
            keys = tf.random.stateless_uniform([count], seeds, None, None, tf.int64, alg="philox")
            order = tf.argsort(keys, stable=True)[: steps * batch_size]
            return tf.data.Dataset.from_tensor_slices(tf.reshape(order, [steps, batch_size]))

        def batch_of(indices):
            scaled = image.to_float(tf.gather(images, indices))
            return (scaled, tf.gather(labels, indices)) if with_labels else scaled

        dataset = tf.data.Dataset.counter(first_epoch).flat_map(indices_of).skip(offset)
        dataset = dataset.map(batch_of, num_parallel_calls=2, deterministic=True).prefetch(4)
        options = tf.data.Options()
        # The autotuner's thread sleeps for twice as long each time, and whoever drops the iterator waits
        # for it to wake: after a training of a minute `fit` took up to a minute to return.
        options.autotune.enabled = False
        return dataset.with_options(options)

    def take(self, num):
        """The first `num` images as a set of their own (all of them when there are fewer)."""
        if isinstance(num, bool) or not isinstance(num, int | np.integer) or num < 1:
            raise InputError(f"take needs a positive number of images; received {num!r}")
        return self._select(slice(0, int(num)), f"{self.split}[first {min(int(num), len(self))}]")

    def split_off(self, fraction, seed):
        """(rest, part): a random part of round(fraction * N) images, at least one, and all the others.

        The permutation is determined by `seed`; classes are not balanced.
        """
        if not isinstance(fraction, int | float) or not 0 < fraction < 1 or len(self) < 2:
            raise InputError(
                f"split_off needs a fraction between 0 and 1 and two images or more; "
                f"received {fraction!r} of {len(self)} images"
            )
        order = np.random.default_rng(seed).permutation(len(self))
        num = min(max(round(fraction * len(self)), 1), len(self) - 1)
        rest = self._select(np.sort(order[num:]), f"{self.split}[without {num} held out, seed {seed}]")
        part = self._select(np.sort(order[:num]), f"{self.split}[{num} held out, seed {seed}]")
        return rest, part

    @cached_property
    def _images_tensor(self):
        """The images as a tensor in main memory, one copy however many iterators read from it."""
        import tensorflow as tf

        # tf.constant would hold two copies of a large array; TensorFlow wants 64-byte alignment
        size, shape = self.images.nbytes, self.images.shape
        store = np.empty(size + 64, np.uint8)
        start = -store.ctypes.data % 64
        aligned = store[start : start + size].reshape(shape)
        np.copyto(aligned, self.images)
        return tf.experimental.dlpack.from_dlpack(aligned.__dlpack__())

    def _select(self, which, split):
        labels = None if self.labels is None else self.labels[which]
        return replace(self, images=self.images[which], labels=labels, split=split)


def _read_only(array):
    view = array.view()
    view.flags.writeable = False
    return view


def _kind(value):
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__
