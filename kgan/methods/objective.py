"""What adversarial methods play: a pair of losses, and how a discriminator judges two batches of images."""

import dataclasses
from collections.abc import Callable

import keras
import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import gan as losses
from kgan.methods.checks import check_not_negative


@dataclasses.dataclass(frozen=True)
class Objective:
    """A pair of adversarial losses, and what bounds the discriminator's slope beside them.

    Args:
        discriminator_loss: (real logits, fake logits) -> scalar.
        generator_loss: fake logits -> scalar.
        penalty_weight: of the gradient penalty on the discriminator; 0: there is none.
        clip: after each of its updates the discriminator's weights are cut to [-clip, clip]; 0: they are not.
    """

    discriminator_loss: Callable
    generator_loss: Callable
    penalty_weight: float = 0.0
    clip: float = 0.0

    def __post_init__(self):
        check_not_negative(penalty_weight=self.penalty_weight, clip=self.clip)
        if self.penalty_weight and self.clip:
            raise InputError(f"an objective has a gradient penalty or clipped weights, one in the place of the other; "
                             f"received penalty_weight={self.penalty_weight!r} and clip={self.clip!r}")


OBJECTIVES = {
    "non_saturating": Objective(losses.non_saturating_discriminator_loss, losses.non_saturating_generator_loss),
    "hinge": Objective(losses.hinge_discriminator_loss, losses.hinge_generator_loss),
    "wgan_gp": Objective(losses.wasserstein_discriminator_loss, losses.wasserstein_generator_loss, 10.0),
    "wgan_clip": Objective(losses.wasserstein_discriminator_loss, losses.wasserstein_generator_loss, clip=0.01),
}


def objective_of(objective, discriminators=()):
    """An `Objective` from itself or a name in `OBJECTIVES`, checked against the discriminators it is for."""
    if isinstance(objective, str) and objective not in OBJECTIVES:
        raise InputError(f"objective must be one of {', '.join(OBJECTIVES)}; received {objective!r}")
    found = OBJECTIVES[objective] if isinstance(objective, str) else objective
    check_norms(found, any(map(has_batch_norm, discriminators)), any(map(has_spectral_norm, discriminators)))
    return found


def check_norms(objective, batch_norm, spectral_norm):
    """InputError where an `Objective` makes no sense for a discriminator that has these norms.

    A gradient penalty goes with spectral norm: that holds the slope below a bound, the penalty pulls it towards 1.
    """
    if objective.penalty_weight and batch_norm:
        raise InputError("a gradient penalty looks at each image alone: the discriminator must have no batch norm "
                         "(batch_norm=False)")
    if objective.clip and spectral_norm:
        raise InputError("clipped weights and spectral norm exclude each other: spectral norm divides each kernel by "
                         "its norm, so that clipping bends the kernel and bounds nothing (leave out spectral_norm, or "
                         "take another objective than wgan_clip)")


def has_batch_norm(network):
    """Whether a network normalises by its batch's statistics."""
    return any(isinstance(layer, keras.layers.BatchNormalization) for layer in network.layers)


def has_spectral_norm(network):
    """Whether some layer of a network divides its kernel by the kernel's norm."""
    return any(hasattr(layer, "power_iteration") for layer in network.layers)


def clip_weights(network, bound):
    """Cuts a network's trainable weights to [-bound, bound], biases and batch norm's among them; 0 leaves them alone.

    Source: Arjovsky et al., "Wasserstein GAN" (2017), algorithm 1: after each update of the critic.
    """
    if not bound:
        return
    for variable in network.trainable_variables:
        variable.assign(tf.clip_by_value(tf.convert_to_tensor(variable), -bound, bound))


def source_of(outputs):
    """The logits [B, 1] of "real" among a discriminator's outputs."""
    return outputs["source"] if isinstance(outputs, dict) else outputs


def judged(call, real, fake, apart):
    """A discriminator's outputs for real and for fake images.

    Args:
        call: images -> the discriminator's outputs in training.
        real, fake: what it takes: images, or {"images", "labels"}; batches of one size.
        apart: whether it must see them in two calls, so that they share no batch statistics.
    """
    if apart:
        return call(real), call(fake)
    # Each image is looked at alone: one call costs less than two of half the size.
    both = call(tf.nest.map_structure(lambda *halves: tf.concat(halves, axis=0), real, fake))
    if not isinstance(both, dict):
        return tf.split(both, 2)
    halves = {name: tf.split(value, 2) for name, value in both.items()}
    return tuple({name: value[half] for name, value in halves.items()} for half in (0, 1))


def judge_loss(objective, call, real, fake, mix, apart):
    """The discriminator's loss with its gradient penalty, and its outputs for real and for fake images.

    Args:
        call: images -> the discriminator's outputs in training.
        mix: the penalty's weights between real and fake images, [B, 1, 1, 1]; not looked at without one.
    """
    real_out, fake_out = judged(call, real, fake, apart)
    loss = objective.discriminator_loss(source_of(real_out), source_of(fake_out))
    if objective.penalty_weight:
        penalty = losses.gradient_penalty(lambda images: source_of(call(images)), real, fake, mix)
        loss += objective.penalty_weight * penalty
    return loss, real_out, fake_out
