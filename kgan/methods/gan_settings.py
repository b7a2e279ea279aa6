"""How a GAN is trained under each objective: optimiser, learning rate and pace of the work that it comes from."""

import dataclasses
from collections.abc import Callable

import keras

from kgan.methods.checks import check_positive
from kgan.methods.objective import check_norms, objective_of


@dataclasses.dataclass(frozen=True)
class GanSettings:
    """What a recipe needs besides networks and data.

    Attributes:
        optimizer: callable, learning rate -> an optimiser, for the generator as for the discriminator.
        learning_rate: of both.
        critic_steps: updates of the discriminator before each of the generator.
        batch_norm: whether the discriminator may have it.
    """

    optimizer: Callable
    learning_rate: float
    critic_steps: int
    batch_norm: bool = True


def _adam(beta_1, beta_2):
    return lambda learning_rate: keras.optimizers.Adam(learning_rate, beta_1, beta_2)


def _rmsprop(learning_rate):
    # PyTorch's defaults, as in the authors' code. Its epsilon of 1e-8 stands outside of the root, Keras's within: with
    # Keras's default the small gradients that pass clipped weights would move nothing.
    return keras.optimizers.RMSprop(learning_rate, rho=0.99, epsilon=1e-16)


#: Settings of the works that the `OBJECTIVES` come from.
PUBLISHED = {
    # Radford et al., "Unsupervised Representation Learning with DCGANs" (2016), section 4
    "non_saturating": GanSettings(_adam(0.5, 0.999), 2e-4, 1),
    # Miyato et al., "Spectral Normalization for Generative Adversarial Networks" (2018), with the hinge loss
    "hinge": GanSettings(_adam(0.0, 0.9), 2e-4, 5),
    # Gulrajani et al., "Improved Training of Wasserstein GANs" (2017), algorithm 1
    "wgan_gp": GanSettings(_adam(0.0, 0.9), 1e-4, 5),
    # Arjovsky et al., "Wasserstein GAN" (2017), algorithm 1; c = 0.01 is in the objective
    "wgan_clip": GanSettings(_rmsprop, 5e-5, 5),
}


def gan_settings(objective, learning_rate=None, critic_steps=None, spectral_norm=False):
    """The published settings of an objective, with others in their places where they are given.

    Args:
        objective: a name in `kgan.methods.objective.OBJECTIVES`.
        learning_rate, critic_steps: None takes the published ones.
        spectral_norm: whether the discriminator has spectral norm, in the place of batch norm.

    Raises InputError for an unknown objective, one that makes no sense with spectral norm, and a learning rate that is
    not positive.
    """
    found = objective_of(objective)
    batch_norm = not spectral_norm and not found.penalty_weight
    check_norms(found, batch_norm, spectral_norm)
    published = PUBLISHED[objective]
    learning_rate = published.learning_rate if learning_rate is None else learning_rate
    check_positive(learning_rate=learning_rate)
    return GanSettings(published.optimizer, learning_rate,
                       published.critic_steps if critic_steps is None else critic_steps, batch_norm)
