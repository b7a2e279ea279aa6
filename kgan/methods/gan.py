"""A generative adversarial network with the objective as a setting.

Source: Goodfellow et al. (2014); Arjovsky et al., "Wasserstein GAN" (2017), and Gulrajani et al., "Improved
Training of Wasserstein GANs" (2017), algorithm 1 of each. The code of the former takes 100 critic steps in each of the
first 25 steps and in every 500th; as its algorithm 1 has it, their number is the same throughout here.
"""

import tensorflow as tf

from kgan.errors import InputError
from kgan.methods.objective import OBJECTIVES, Objective, clip_weights, has_batch_norm, judge_loss, objective_of
from kgan.training.method import Method, latent_dim_of

__all__ = ["GAN", "OBJECTIVES", "Objective"]


class GAN(Method):
    """One generator against one discriminator.

    Args:
        generator: latents [B, latent_dim] -> images [B, H, W, C] in [-1, 1].
        discriminator: images [B, H, W, C] -> logits [B, 1].
        objective: a name in `OBJECTIVES`, or an `Objective`.
        critic_steps: updates of the discriminator before each of the generator.
        ema_decay: decay of the generator's average; 0 keeps none.
        seed: determines all latents.

    `fit` takes batches of images [B, H, W, C]; with several critic steps they may be [B, critic_steps, H,
    W, C], a batch for each, else one batch serves all.
    """

    def __init__(self, generator, discriminator, objective="non_saturating", critic_steps=1, ema_decay=0.999,
                 seed=0, **kwargs):
        self._validate(generator, discriminator, critic_steps)
        networks = {"generator": generator, "discriminator": discriminator}
        super().__init__(networks, ("generator",), ema_decay, seed,
                         ("generator_loss", "discriminator_loss"), **kwargs)
        self.generator, self.discriminator = generator, discriminator
        self.objective = objective_of(objective, [discriminator])
        self.critic_steps = critic_steps
        self.latent_dim = latent_dim_of(generator)
        self._batch_norm = has_batch_norm(discriminator)

    @staticmethod
    def _validate(generator, discriminator, critic_steps):
        if not isinstance(critic_steps, int) or critic_steps < 1:
            raise InputError(f"critic_steps must be a positive integer; received {critic_steps!r}")
        if generator.output_shape != discriminator.input_shape:
            raise InputError(f"the generator makes images of shape {generator.output_shape[1:]} but the "
                             f"discriminator takes {discriminator.input_shape[1:]}")

    def compile(self, generator_optimizer, discriminator_optimizer, **kwargs):
        """One optimiser for each network."""
        optimizers = {"generator": generator_optimizer, "discriminator": discriminator_optimizer}
        self.set_optimizers(optimizers, **kwargs)

    def call(self, latents, training=False):
        """Images [B, H, W, C] of latents [B, latent_dim], from the averaged generator if there is one."""
        generator = self.generator if training else self.network_outputs()["generator"]
        return generator(latents, training=training)

    def train_step(self, real_images):
        """`critic_steps` updates of the discriminator, then one of the generator."""
        batches = self._batch_a_critic_step(real_images)
        noise = self.noise()
        for real in batches[:-1]:
            self._discriminator_step(real, self.generator(self._latents(noise, real), training=True), noise)
            self.power_iterations("discriminator")  # those of the last update come with the end of the step
        real = batches[-1]
        with tf.GradientTape() as tape:
            # Made once: the last update of the discriminator and the generator's share these images.
            fake = self.generator(self._latents(noise, real), training=True)
            with tape.stop_recording():
                discriminator_loss = self._discriminator_step(real, fake, noise)
            generator_loss = self.objective.generator_loss(self.discriminator(fake, training=True))
        self.minimise(tape, {"generator": generator_loss})
        return self.finish_step({"generator_loss": generator_loss, "discriminator_loss": discriminator_loss})

    def _discriminator_step(self, real, fake, noise):
        fake = tf.stop_gradient(fake)
        with_penalty = self.objective.penalty_weight > 0
        mix = noise.uniform((real.shape[0], 1, 1, 1)) if with_penalty else None
        with tf.GradientTape() as tape:
            loss, _, _ = judge_loss(self.objective, lambda x: self.discriminator(x, training=True), real, fake, mix,
                                    self._batch_norm)
        self.minimise(tape, {"discriminator": loss})
        clip_weights(self.discriminator, self.objective.clip)
        return loss

    def _latents(self, noise, real):
        return noise.normal((real.shape[0], self.latent_dim))

    def _batch_a_critic_step(self, images):
        if len(images.shape) == 4:
            return [images] * self.critic_steps
        if images.shape[1] != self.critic_steps:
            raise InputError(f"batches hold {images.shape[1]} groups of images for {self.critic_steps} critic steps")
        return tf.unstack(images, axis=1)
