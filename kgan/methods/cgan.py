"""A class-conditional GAN with a discriminator that is told the class, as a projection discriminator is.

Source: Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis" (BigGAN, 2019); Miyato and
Koyama, "cGANs with Projection Discriminator" (2018).
"""

import tensorflow as tf

from kgan.errors import InputError
from kgan.methods.conditional import ConditionalMethod
from kgan.methods.objective import objective_of


class ConditionalGAN(ConditionalMethod):
    """One generator against one discriminator, each given a class; fakes are of classes drawn uniformly.

    Args:
        generator: {"latents" [B, Z], "labels" int32 [B]} -> images [B, H, W, C] in [-1, 1].
        discriminator: {"images", "labels"} -> scores [B, 1].
        num_classes: classes are 0 to num_classes - 1.
        objective: a name in `kgan.methods.objective.OBJECTIVES`, or an `Objective`; one without gradient
            penalty, for real and fake images are of different classes.
        critic_steps: updates of the discriminator before each of the generator.
        augment: a name in `kgan.methods.augmentation.AUGMENTATIONS` for the real images, or None.
        ema_decay: decay of the generator's average, statistics included; 0 keeps none.
        ema_start: step, counted from one, before which the average is a plain copy; None lets it fade in.
        seed: determines all latents, classes and augmentations.

    `fit` takes batches (images [B, S, H, W, C], labels int32 [B, S]), S = critic_steps, images of its own for each
    update of the discriminator; in batches (images [B, H, W, C], labels [B]) one batch serves all.
    """

    def __init__(self, generator, discriminator, num_classes, objective="hinge", critic_steps=4, augment=None,
                 ema_decay=0.9999, ema_start=1000, seed=0, **kwargs):
        if not isinstance(num_classes, int) or isinstance(num_classes, bool) or num_classes < 2:
            raise InputError(f"num_classes must be an integer of at least 2; received {num_classes!r}")
        super().__init__(generator, discriminator, objective_of(objective, [discriminator]), critic_steps, augment,
                         ema_decay, ema_start, seed, **kwargs)
        self.num_classes = num_classes

    def train_step(self, data):
        """`critic_steps` updates of the discriminator, then one of the generator."""
        noise, found = self.noise(), []
        for images, labels in self._batch_a_critic_step(*data):
            fake_labels = self._classes(images.shape[0], noise)
            found.append(self.discriminator_step(images, labels, fake_labels, noise))
        loss = self.generator_step(self._classes(data[0].shape[0], noise), noise)
        return self.finish_step({"generator_loss": loss, "discriminator_loss": tf.add_n(found) / len(found)})

    def _classes(self, batch, noise):
        return tf.cast(noise.uniform((batch,)) * self.num_classes, tf.int32)

    def _batch_a_critic_step(self, images, labels):
        if len(images.shape) == 4:
            return [(images, labels)] * self.critic_steps
        if images.shape[1] != self.critic_steps:
            raise InputError(f"batches hold {images.shape[1]} groups of images for {self.critic_steps} critic steps")
        return list(zip(tf.unstack(images, axis=1), tf.unstack(labels, axis=1), strict=True))
