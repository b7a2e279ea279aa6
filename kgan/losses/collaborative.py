"""Adversarial losses of k generators around one discriminator that tells who made an image.

Source: Tsukahara et al., "Collaborative Learning of Generative Adversarial Networks" (2021), eqs. 1 and 2; Ghosh et
al., "Multi-Agent Diverse Generative Adversarial Networks" (MAD-GAN, 2018), section 3.

The discriminator's logits are [B, k + 1]: class 0 to k - 1 says "made by generator 0 to k - 1", the last
class, k, says "real" (the paper counts them from one).
"""

from keras import ops


def collaborative_discriminator_loss(logits, target):
    """-E[log d_target], eq. 1 for a batch that is all of one class. Range [0, inf).

    Args:
        logits: [B, k + 1].
        target: the batch's class, an integer (or an integer tensor) in [0, k]: k for real images.

    Returns: the mean over the batch, a scalar.
    """
    return -ops.mean(ops.take(ops.log_softmax(logits, axis=-1), target, axis=-1))


def collaborative_generator_loss(fake_logits):
    """-E[log d_real] of a generator's images, eq. 2 without its gate. Range [0, inf).

    Args:
        fake_logits: [B, k + 1].

    Returns: the mean over the batch, a scalar.
    """
    return collaborative_discriminator_loss(fake_logits, fake_logits.shape[-1] - 1)
