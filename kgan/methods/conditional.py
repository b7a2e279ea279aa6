"""What GANs have in common whose generator and discriminator are both told a label."""

import tensorflow as tf

from kgan.errors import InputError
from kgan.methods.augmentation import augmentation_of
from kgan.methods.objective import clip_weights, has_batch_norm, judged
from kgan.training.method import Method, latent_dim_of, takes_labels
from kgan.training.shared_trace import SharedTrace


class ConditionalMethod(Method):
    """A generator and a discriminator of images and labels; a subclass draws the labels, in its `train_step`.

    Every update draws its own latents. Real and fake images go through the discriminator as one batch, unless
    it has batch norm. Its spectral norms' estimates move after each of its updates, the generator's once a step.

    Optimisers with `gradient_accumulation_steps` = k gather the gradients of k batches, each normalised on its own, and
    then move the weights by their mean. In a step the discriminator comes first: of the k gradients of the generator
    the last sees it moved already. The average counts updates; a schedule of learning rates counts batches.

    Args:
        generator: {"latents" [B, Z], "labels" [B]} -> images [B, H, W, C] in [-1, 1].
        discriminator: {"images", "labels"} -> scores [B, 1].
        objective: an `Objective` without gradient penalty, for real and fake images have labels of their own.
        critic_steps: updates of the discriminator before each of the generator.
        augment: a name in `kgan.methods.augmentation.AUGMENTATIONS` for the real images, or None.
        ema_decay, ema_start: of the generator's average (`kgan.training.ema`); a decay of 0 keeps none.
        seed: determines all latents and every other draw.
    """

    def __init__(self, generator, discriminator, objective, critic_steps, augment, ema_decay, ema_start, seed,
                 **kwargs):
        _validate(generator, discriminator, objective, critic_steps)
        networks = {"generator": generator, "discriminator": discriminator}
        super().__init__(networks, ("generator",), ema_decay, seed, ("generator_loss", "discriminator_loss"),
                         ema_start, **kwargs)
        self.generator, self.discriminator = generator, discriminator
        self.objective, self.critic_steps = objective, critic_steps
        self.latent_dim = latent_dim_of(generator)
        self._augment = augmentation_of(augment)
        self._batch_norm = has_batch_norm(discriminator)
        # One trace serves every critic step.
        self._make = SharedTrace(lambda call, weights, inputs: call(inputs))
        self._judge = SharedTrace(self._judge_loss)
        self._pass = SharedTrace(self._pass_loss)

    def compile(self, generator_optimizer, discriminator_optimizer, **kwargs):
        """One optimiser for each network."""
        optimizers = {"generator": generator_optimizer, "discriminator": discriminator_optimizer}
        self.set_optimizers(optimizers, **kwargs)

    def call(self, inputs, training=False):
        """Images [B, H, W, C] of {"latents", "labels"}, from the averaged generator if there is one."""
        generator = self.generator if training else self.network_outputs()["generator"]
        return generator(inputs, training=training)

    def discriminator_step(self, real, labels, fake_labels, noise, told=None, weights=()):
        """One update of the discriminator; returns its loss.

        Args:
            real: images [B, H, W, C] and `labels` [B], those under which they are judged.
            fake_labels: [B], those from which the generator makes as many images.
            told: labels [B] under which the fakes are judged; None for `fake_labels`.
            weights: tensors that the objective's discriminator loss takes besides the scores.
        """
        told = fake_labels if told is None else told
        fake = {"images": self._make(self.generator, self._inputs(fake_labels, noise)), "labels": told}
        real = {"images": self._augment(real, noise), "labels": labels}
        loss, gradients = self._judge(self.discriminator, real, fake, *weights)
        self.apply({"discriminator": gradients})
        clip_weights(self.discriminator, self.objective.clip)
        self.power_iterations("discriminator")
        return loss

    def generator_step(self, labels, noise):
        """One update of the generator, from labels [B]; returns its loss."""
        with tf.GradientTape() as tape:
            images = self._make(self.generator, self._inputs(labels, noise))
        loss, slope = self._pass(self.discriminator, images, labels)
        gradients = tape.gradient(images, self.generator.trainable_variables, output_gradients=slope)
        self.apply({"generator": gradients})
        return loss

    def _inputs(self, labels, noise):
        return {"latents": noise.normal((labels.shape[0], self.latent_dim)), "labels": labels}

    def _judge_loss(self, call, weights, real, fake, *extra):
        """The discriminator's loss, and its gradients by the weights."""
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss = self.objective.discriminator_loss(*judged(call, real, fake, self._batch_norm), *extra)
            share = loss * self.share()
        return loss, tape.gradient(share, weights)

    def _pass_loss(self, call, weights, images, labels):
        """The generator's loss, and its slope by the images."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            loss = self.objective.generator_loss(call({"images": images, "labels": labels}))
            share = loss * self.share()
        return loss, tape.gradient(share, images)


def _validate(generator, discriminator, objective, critic_steps):
    if objective.penalty_weight:
        raise InputError("a conditional GAN takes an objective without gradient penalty, for its real and fake images "
                         "have labels of their own: choose hinge or non_saturating")
    if not isinstance(critic_steps, int) or isinstance(critic_steps, bool) or critic_steps < 1:
        raise InputError(f"critic_steps must be a positive integer; received {critic_steps!r}")
    if not takes_labels(generator):
        raise InputError(f"a conditional GAN's generator takes {{'latents', 'labels'}}; {generator.name!r} takes "
                         f"{generator.input_shape}")
    inputs = discriminator.input
    if not isinstance(inputs, dict) or set(inputs) != {"images", "labels"}:
        raise InputError(f"a conditional GAN's discriminator takes {{'images', 'labels'}}; {discriminator.name!r} "
                         f"takes {discriminator.input_shape}")
    made, judged_shape = tuple(generator.output_shape), tuple(inputs["images"].shape)
    if made != judged_shape:
        raise InputError(f"the generator makes images of shape {made[1:]} but the discriminator takes "
                         f"{judged_shape[1:]}")
