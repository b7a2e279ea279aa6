"""What sets of images in memory share: their checks, their parts, and the batches that training sees."""

from dataclasses import replace
from functools import cached_property

import numpy as np

from kgan.errors import InputError


class HeldImages:
    """The part of a frozen dataclass that does not depend on what goes with the images.

    A subclass has `name`, `images`, `split`, and in `_beside` the names of the arrays with an entry an image.
    """

    _beside = ()
    _called = "image set"

    @property
    def where(self):
        """How messages name the set."""
        return f"{self._called} {self.name!r}"

    def _check_images(self):
        images = self.images
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4:
            raise InputError(f"{self.where}: images must be a uint8 array [N, H, W, C]; received {kind(images)}")
        if 0 in images.shape or images.shape[-1] not in (1, 3):
            raise InputError(f"{self.where}: images must be some, with 1 or 3 channels; received {kind(images)}")
        object.__setattr__(self, "images", read_only(images))

    def _check_beside(self, name, dtype):
        """The array `name` [N] of this dtype, made read-only."""
        array = getattr(self, name)
        if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
            article = "an" if dtype == np.int32 else "a"
            raise InputError(f"{self.where}: {name} must be {article} {np.dtype(dtype)} array [N]; "
                             f"received {kind(array)}")
        if len(array) != len(self.images):
            raise InputError(f"{self.where}: {len(self.images)} images but {len(array)} {name}")
        object.__setattr__(self, name, read_only(array))

    def __len__(self):
        return len(self.images)

    @property
    def image_shape(self):
        """(H, W, C)."""
        return self.images.shape[1:]

    def batches_per_epoch(self, batch_size):
        """Whole batches in a pass over the images; InputError when there is not even one."""
        return batches_per_epoch(len(self), batch_size, self.where)

    def take(self, num):
        """The first `num` images as a set of their own (all of them when there are fewer)."""
        if isinstance(num, bool) or not isinstance(num, int | np.integer) or num < 1:
            raise InputError(f"take needs a positive number of images; received {num!r}")
        return self._select(slice(0, int(num)), f"{self.split}[first {min(int(num), len(self))}]")

    def split_off(self, fraction, seed):
        """(rest, part): a random part of round(fraction * N) images, at least one, and all the others.

        The permutation is determined by `seed`; labels are not balanced.
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
    def images_tensor(self):
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
        beside = {name: getattr(self, name) for name in self._beside}
        parts = {name: None if array is None else array[which] for name, array in beside.items()}
        return replace(self, images=self.images[which], split=split, **parts)


def epoch_batches(count, batch_size, *, seed, start_step, batch_of, where):
    """An endless tf.data.Dataset of `batch_of(indices int32 [batch_size])`, pass after pass over 0..count - 1.

    Each epoch is a permutation that (seed, epoch) alone determines; what fills no whole batch at its end is
    left out. `start_step=k` yields exactly what a fresh data set yields after k batches, at the cost of
    slicing the indices of one epoch.
    """
    import tensorflow as tf

    seed, start_step = check_whole("seed", seed, 0), check_whole("start_step", start_step, 0)
    steps = batches_per_epoch(count, batch_size, where)
    first_epoch, offset = divmod(start_step, steps)

    def indices_of(epoch):
        seeds = tf.stack([tf.constant(seed, tf.int64), epoch])
        keys = tf.random.stateless_uniform([count], seeds, None, None, tf.int64, alg="philox")
        order = tf.argsort(keys, stable=True)[: steps * batch_size]
        return tf.data.Dataset.from_tensor_slices(tf.reshape(order, [steps, batch_size]))

    dataset = tf.data.Dataset.counter(first_epoch).flat_map(indices_of).skip(offset)
    return fed(dataset, batch_of)


def step_batches(batch_of, *, seed, start_step):
    """An endless tf.data.Dataset of `batch_of(draws)`, each batch determined by (seed, step) alone.

    `draws` is a `StepDraws`. `start_step=k` yields what a fresh data set yields after k batches, at no cost.
    """
    import tensorflow as tf

    seed, start_step = check_whole("seed", seed, 0), check_whole("start_step", start_step, 0)
    return fed(tf.data.Dataset.counter(start_step), lambda step: batch_of(StepDraws(seed, step)))


class StepDraws:
    """Random numbers of one step; a draw depends on (seed, step, number of the draw within the step)."""

    _MOST = 64  # draws a step

    def __init__(self, seed, step):
        self.seed, self.step, self.used = seed, step, 0

    def uniform(self, shape):
        """U[0, 1), float64."""
        import tensorflow as tf

        return self._draw(tf.random.stateless_uniform, shape)

    def normal(self, shape):
        """N(0, 1), float64."""
        import tensorflow as tf

        return self._draw(tf.random.stateless_normal, shape)

    def below(self, counts, shape):
        """Whole numbers, uniform in 0..counts - 1, int32 of `shape`."""
        import tensorflow as tf

        return tf.cast(self.uniform(shape) * tf.cast(counts, tf.float64), tf.int32)

    def _draw(self, function, shape):
        import tensorflow as tf

        seed = tf.stack([tf.constant(self.seed, tf.int64), self.step * self._MOST + self.used])
        self.used += 1
        return function(shape, seed, dtype=tf.float64, alg="philox")


def fed(dataset, batch_of):
    """`batch_of(*element)` of each element, in order, made ahead of the training by two threads."""
    import tensorflow as tf

    dataset = dataset.map(batch_of, num_parallel_calls=2, deterministic=True).prefetch(4)
    options = tf.data.Options()
    # The autotuner's thread sleeps for twice as long each time, and whoever drops the iterator waits
    # for it to wake: after a training of a minute `fit` took up to a minute to return.
    options.autotune.enabled = False
    return dataset.with_options(options)


def check_batch_size(batch_size):
    """A batch size as int, or InputError."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer) or batch_size < 1:
        raise InputError(f"batch_size must be a positive whole number; received {batch_size!r}")
    return int(batch_size)


def batches_per_epoch(count, batch_size, where):
    """Whole batches in a pass over `count` images; InputError when there is not even one."""
    batch_size = check_batch_size(batch_size)
    if count < batch_size:
        raise InputError(
            f"{where} has {count} images, fewer than one batch of {batch_size}; "
            "take a smaller batch_size or more images"
        )
    return count // batch_size


def check_whole(name, value, least, most=None):
    """An option as int, or InputError when it is no whole number in least..most."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_whole or value < least or (most is not None and value > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise InputError(f"{name} must be a whole number {bounds}; received {value!r}")
    return int(value)


def check_number(name, value):
    """An option as float, or InputError when it is no finite number."""
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not is_number or not np.isfinite(value):
        raise InputError(f"{name} must be a number; received {value!r}")
    return float(value)


def read_only(array):
    """A view that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


def kind(value):
    """What an array or another thing is, in a few words for a message."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__
