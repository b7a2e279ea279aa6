"""Sampling a generator: images of latents, and of labels where it takes them."""

import numpy as np
import tensorflow as tf

from kgan.data import image
from kgan.errors import InputError


def latents(num, latent_dim, seed, law="normal"):
    """float32 [num, latent_dim] of N(0, I), or of U(-1, 1) for the law "uniform", determined by the arguments."""
    for name, value, least in (("num", num, 1), ("latent_dim", latent_dim, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise InputError(f"{name} must be a whole number of at least {least}; received {value!r}")
    shape, key = [num, latent_dim], tf.constant([seed, 0], tf.int64)
    if law == "uniform":
        return tf.random.stateless_uniform(shape, key, -1.0, 1.0, alg="philox").numpy()
    return tf.random.stateless_normal(shape, key, alg="philox").numpy()


class Sampler:
    """A generator in inference mode behind one compiled function with a fixed batch shape.

    Keep it to sample the same generator again and again: its weights are read anew at each call, its
    function is traced once.

    Args:
        generator: a Keras model: latents [B, latent_dim], or {"latents", "labels"}, -> images [B, H, W, C] in
            [-1, 1]. Labels are classes, int [B], or where that input is of floats numbers in [0, 1].
        batch_size: of the compiled function.
        num_classes: of a generator that takes classes; None reads it from the layer that spreads them.

    Attributes:
        conditional: whether it takes labels.
        continuous: whether these are numbers.
        num_classes: 0 unless it takes classes.
        latents_law: "normal" or "uniform", what its latents are drawn from.
    """

    def __init__(self, generator, batch_size=256, num_classes=None):
        self.conditional = isinstance(generator.input, dict) and set(generator.input) == {"latents", "labels"}
        inputs = tuple(generator.input["latents"].shape) if self.conditional else generator.input_shape
        outputs = generator.output_shape
        if not isinstance(inputs, tuple) or len(inputs) != 2 or inputs[-1] is None:
            raise InputError(f"sample needs a generator of latents [B, latent_dim]; this one takes {inputs}")
        if not isinstance(outputs, tuple) or len(outputs) != 4:
            raise InputError(f"sample needs a generator of images [B, H, W, C]; this one gives {outputs}")
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise InputError(f"batch_size must be a positive whole number; received {batch_size!r}")
        self.latent_dim, self.batch_size, self._name = inputs[-1], batch_size, generator.name
        self.continuous = self.conditional and "float" in generator.input["labels"].dtype
        classes = self.conditional and not self.continuous
        self.num_classes = (num_classes or num_classes_of(generator)) if classes else 0
        self.latents_law = latents_law_of(generator)
        self._label_type = np.float32 if self.continuous else np.int32
        signature = [tf.TensorSpec((batch_size, self.latent_dim), tf.float32),
                     tf.TensorSpec((batch_size,), self._label_type)]

        @tf.function(input_signature=signature, autograph=False)
        def run(batch, labels):
            given = {"latents": batch, "labels": labels} if self.conditional else batch
            return tf.cast(generator(given, training=False), tf.float32)

        self._run = run

    def labels_of(self, num):
        """Classes in turn, int32 [num]; numbers evenly spaced from 0 to 1, float32; zeros where none are taken."""
        if self.continuous:
            return np.linspace(0.0, 1.0, num, dtype=np.float32)
        return (np.arange(num) % max(self.num_classes, 1)).astype(np.int32)

    def images_of(self, z, labels=None):
        """Latents [N, latent_dim] -> uint8 images [N, H, W, C], exactly N.

        Args:
            labels: [N]; None takes `labels_of(N)`.

        Raises:
            InputError: latents of another length, labels that are no classes or no numbers in [0, 1], or the
                generator gives NaN or infinite values.
        """
        z = np.asarray(z, np.float32)
        if z.ndim != 2 or z.shape[1] != self.latent_dim or not len(z):
            raise InputError(f"latents must be [N, {self.latent_dim}], N >= 1; received {z.shape}")
        labels = self.labels_of(len(z)) if labels is None else np.asarray(labels, self._label_type)
        largest = 1 if self.continuous else max(self.num_classes, 1) - 1
        if labels.shape != (len(z),) or not (labels.min() >= 0 and labels.max() <= largest):  # NaN is neither
            kind = "numbers" if self.continuous else "classes"
            raise InputError(f"labels must be {len(z)} {kind} from 0 to {largest}; received {labels.shape} from "
                             f"{labels.min()} to {labels.max()}")
        images = []
        for start in range(0, len(z), self.batch_size):
            batch, given = (values[start : start + self.batch_size] for values in (z, labels))
            short = self.batch_size - len(batch)
            floats = self._run(np.pad(batch, [(0, short), (0, 0)]), np.pad(given, [(0, short)])).numpy()
            floats = floats[: len(batch)]
            if not np.isfinite(floats).all():
                raise InputError(f"{self._name!r} gives NaN or infinite images; it has diverged")
            images.append(image.to_uint8(floats))
        return np.concatenate(images)

    def latents(self, num, seed):
        """float32 [num, latent_dim] by the generator's own law."""
        return latents(num, self.latent_dim, seed, self.latents_law)

    def __call__(self, num, seed):
        """`num` images of `self.latents(num, seed)`, of the classes in turn."""
        return self.images_of(self.latents(num, seed))


def latents_law_of(generator):
    """"normal" or "uniform", as a layer of the generator says; "normal" where none does."""
    return next((layer.latents_law for layer in generator.layers if hasattr(layer, "latents_law")), "normal")


def num_classes_of(generator):
    """How many classes a generator of labels knows, as one of its layers says; InputError where none does."""
    found = [getattr(layer, name) for layer in generator.layers for name in ("num_tokens", "num_classes")
             if hasattr(layer, name)]
    if not found:
        raise InputError(f"{generator.name!r} takes labels, but none of its layers says how many classes there are")
    return found[0]


def sample(generator, num, seed, batch_size=256):
    """Exactly `num` uint8 images [num, H, W, C] of a generator; the seed determines the latents.

    Generators with the same latent_dim get the same latents for the same (num, seed), whatever the
    batch size.
    """
    return Sampler(generator, batch_size)(num, seed)
