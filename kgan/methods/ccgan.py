"""A GAN that is given a number, trained on images whose labels lie near the number wanted (CcGAN).

Source: Ding et al., "CcGAN: Continuous Conditional Generative Adversarial Networks for Image Generation" (2021).
"""

import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import vicinal as losses
from kgan.methods.checks import check_positive
from kgan.methods.conditional import ConditionalMethod
from kgan.methods.objective import Objective

_OBJECTIVE = Objective(losses.vicinal_discriminator_loss, losses.vicinal_generator_loss)
_GROUPED = ("real_labels", "targets", "fake_labels")


class CcGAN(ConditionalMethod):
    """One generator against one discriminator, each given a label in [0, 1], under a vicinal loss.

    In an update of the discriminator both a real image of label y_r and a fake one made for y_f, each near a
    target y_j, are judged under y_j; the loss weighs them by how near they are.

    Args:
        generator: {"latents" [B, Z], "labels" float32 [B]} -> images [B, H, W, C] in [-1, 1].
        discriminator: {"images", "labels"} -> scores [B, 1].
        vicinity: "soft" (SVDL), which asks for `nu`, or "hard" (HVDL), which asks for `kappa`.
        nu: of the weights exp(-nu (y - y_j)^2); the hard vicinity does not look at it.
        kappa: a label further than this from its target weighs nothing, any other 1; the soft vicinity does not
            look at it.
        critic_steps: updates of the discriminator before each of the generator.
        augment: a name in `kgan.methods.augmentation.AUGMENTATIONS` for the real images, or None.
        ema_decay: decay of the generator's average; 0, as in the paper, keeps none.
        seed: determines all latents and augmentations; the labels come with the batches.

    `fit` takes the dicts of `kgan.data.vicinity.vicinal_batches`, S = critic_steps: "images" [B, S, H, W, C],
    "real_labels", "targets" and "fake_labels" [B, S], "generator_labels" [B].
    """

    def __init__(self, generator, discriminator, vicinity="soft", nu=None, kappa=None, critic_steps=2, augment=None,
                 ema_decay=0.0, seed=0, **kwargs):
        weights = _weights_of(vicinity, nu, kappa)
        super().__init__(generator, discriminator, _OBJECTIVE, critic_steps, augment, ema_decay, None, seed, **kwargs)
        self._vicinity_weights = weights

    def train_step(self, data):
        """`critic_steps` updates of the discriminator, then one of the generator."""
        if data["images"].shape[1] != self.critic_steps:
            raise InputError(f"batches hold {data['images'].shape[1]} groups of images for {self.critic_steps} critic "
                             "steps")
        noise, found = self.noise(), []
        for place in range(self.critic_steps):
            real, targets, fake = (data[name][:, place] for name in _GROUPED)
            weights = self._vicinity_weights(real, targets), self._vicinity_weights(fake, targets)
            images = data["images"][:, place]
            found.append(self.discriminator_step(images, targets, fake, noise, told=targets, weights=weights))
        loss = self.generator_step(data["generator_labels"], noise)
        return self.finish_step({"generator_loss": loss, "discriminator_loss": tf.add_n(found) / len(found)})


def _weights_of(vicinity, nu, kappa):
    """(labels, targets) -> weights; InputError for another vicinity, or without its parameter."""
    if vicinity == "soft":
        check_positive(nu=nu)
        return lambda labels, targets: losses.soft_vicinity_weights(labels, targets, float(nu))
    if vicinity == "hard":
        check_positive(kappa=kappa)
        return lambda labels, targets: losses.hard_vicinity_weights(labels, targets, float(kappa))
    raise InputError(f"vicinity must be soft or hard; received {vicinity!r}")
