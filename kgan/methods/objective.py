"""What adversarial methods play: a pair of losses, and how a discriminator judges two batches of images."""

import dataclasses
from collections.abc import Callable

import keras
import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import gan as losses


@dataclasses.dataclass(frozen=True)
class Objective:
    """A pair of adversarial losses, and the weight of the gradient penalty on the discriminator."""

    discriminator_loss: Callable
    generator_loss: Callable
    penalty_weight: float = 0.0


OBJECTIVES = {
    "non_saturating": Objective(losses.non_saturating_discriminator_loss, losses.non_saturating_generator_loss),
    "hinge": Objective(losses.hinge_discriminator_loss, losses.hinge_generator_loss),
    "wgan_gp": Objective(losses.wasserstein_discriminator_loss, losses.wasserstein_generator_loss, 10.0),
}


def objective_of(objective, discriminators=()):
    """An `Objective` from itself or a name in `OBJECTIVES`, checked against the discriminators it is for."""
    if isinstance(objective, str) and objective not in OBJECTIVES:
        raise InputError(f"objective must be one of {', '.join(OBJECTIVES)}; received {objective!r}")
    found = OBJECTIVES[objective] if isinstance(objective, str) else objective
    if found.penalty_weight and any(has_batch_norm(network) for network in discriminators):
        raise InputError("a gradient penalty looks at each image alone: the discriminator must have no batch norm "
                         "(batch_norm=False)")
    return found


def has_batch_norm(network):
    """Whether a network normalises by its batch's statistics."""
    return any(isinstance(layer, keras.layers.BatchNormalization) for layer in network.layers)


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
