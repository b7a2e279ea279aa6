"""Adversarial losses of a GAN that is given a number: images whose labels lie near a drawn label stand for it.

Source: Ding et al., "CcGAN: Continuous Conditional Generative Adversarial Networks for Image Generation" (2021):
the hard (HVDL) and the soft (SVDL) vicinal discriminator loss, in the hinge form and with the weights as they
are, not divided by their sum.

Labels lie in [0, 1]; every function looks at each sample of a batch alone.
"""

from keras import ops

_ROUNDING = 1e-6  # of labels in [0, 1] as float32: what lies on the border of a vicinity lies within


def soft_vicinity_weights(labels, targets, nu):
    """w = exp(-nu (y - y_j)^2), of SVDL. Range (0, 1].

    Args:
        labels: y, those that the images have, [B].
        targets: y_j, those that the discriminator is told, [B].
        nu: the larger, the narrower.
    """
    return ops.exp(-nu * ops.square(labels - targets))


def hard_vicinity_weights(labels, targets, kappa):
    """w = 1 where |y - y_j| <= kappa, else 0, of HVDL; arguments as for `soft_vicinity_weights`."""
    within = ops.abs(labels - targets) <= kappa + _ROUNDING
    return ops.cast(within, "float32")


def vicinal_discriminator_loss(real_scores, fake_scores, real_weights, fake_weights):
    """E[w_r max(0, 1 - D(x, y_j))] + E[w_f max(0, 1 + D(G(z, y_f), y_j))]. Range [0, inf).

    Args:
        real_scores, fake_scores: [B, 1] or [B], of images judged under the same targets y_j.
        real_weights, fake_weights: [B], of the real images' labels and of the fakes' by the targets.

    Returns: the mean over the batch, a scalar.
    """
    real, fake = (ops.reshape(scores, (-1,)) for scores in (real_scores, fake_scores))
    return ops.mean(real_weights * ops.relu(1.0 - real)) + ops.mean(fake_weights * ops.relu(1.0 + fake))


def vicinal_generator_loss(fake_scores):
    """-E[D(G(z, y), y)], a scalar: the generator is judged under the labels that it was given."""
    return -ops.mean(fake_scores)
