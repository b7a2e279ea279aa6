"""What a generator is fed in a training step, drawn by its own law."""

import tensorflow as tf

from kgan.errors import InputError
from kgan.metrics.sampler import latents_law_of, num_classes_of
from kgan.training.method import latent_dim_of, takes_labels


class GeneratorInputs:
    """Draws latents, and classes where a generator takes them.

    Args:
        generator: latents [B, latent_dim], or {"latents", "labels"}, -> images. Its layers say the latents' law
            and the number of classes, as for `kgan.metrics.sampler.Sampler`.

    Raises InputError for labels that are numbers, not classes.
    """

    def __init__(self, generator):
        self.latent_dim, self.latents_law = latent_dim_of(generator), latents_law_of(generator)
        self.num_classes = 0
        if takes_labels(generator):
            if "float" in generator.input["labels"].dtype:
                raise InputError(f"{generator.name!r} takes numbers as labels, where classes are asked for")
            self.num_classes = num_classes_of(generator)

    def __call__(self, noise, batch):
        """Latents float32 [batch, latent_dim], or a dict of them and classes int32 [batch], uniform over all.

        Args:
            noise: a `StepNoise`; one draw is taken from it for the latents, then one for the classes.
        """
        shape = (batch, self.latent_dim)
        uniform = self.latents_law == "uniform"
        latents = 2.0 * noise.uniform(shape) - 1.0 if uniform else noise.normal(shape)
        if not self.num_classes:
            return latents
        classes = tf.cast(noise.uniform((batch,)) * self.num_classes, tf.int32)
        return {"latents": latents, "labels": tf.minimum(classes, self.num_classes - 1)}  # a product may round up
