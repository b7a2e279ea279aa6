"""Adversarial losses in pairs, from logits.

Every function takes logits of shape [B, 1] or [B] (for the Wasserstein pair: the critic's scores) and
returns the mean over the batch, a scalar to be minimised. Softplus keeps the logarithms finite:
-log sigmoid(x) = softplus(-x) and -log(1 - sigmoid(x)) = softplus(x).
"""

from keras import ops


def non_saturating_discriminator_loss(real_logits, fake_logits):
    """-E[log D(x)] - E[log(1 - D(g(z)))], of Goodfellow et al. (2014), eq. 1. Range [0, inf)."""
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))


def non_saturating_generator_loss(fake_logits):
    """-E[log D(g(z))], of Goodfellow et al. (2014), section 3. Range [0, inf)."""
    return ops.mean(ops.softplus(-fake_logits))


def saturating_generator_loss(fake_logits):
    """E[log(1 - D(g(z)))], the generator's side of Goodfellow et al. (2014), eq. 1. Range (-inf, 0]."""
    return -ops.mean(ops.softplus(fake_logits))


def wasserstein_discriminator_loss(real_logits, fake_logits):
    """E[f(g(z))] - E[f(x)], of Arjovsky et al. (2017), to be minimised by the critic f."""
    return ops.mean(fake_logits) - ops.mean(real_logits)


def wasserstein_generator_loss(fake_logits):
    """-E[f(g(z))], of Arjovsky et al. (2017)."""
    return -ops.mean(fake_logits)


def hinge_discriminator_loss(real_logits, fake_logits):
    """E[max(0, 1 - f(x))] + E[max(0, 1 + f(g(z)))], of Lim and Ye (2017) and Miyato et al. (2018). Range [0, inf)."""
    return ops.mean(ops.relu(1.0 - real_logits)) + ops.mean(ops.relu(1.0 + fake_logits))


def hinge_generator_loss(fake_logits):
    """-E[f(g(z))], the generator's side of the hinge pair: the generator sees no margin."""
    return -ops.mean(fake_logits)


def gradient_penalty(critic, real_images, fake_images, mix, target=1.0):
    """E[(||grad f(m x + (1 - m) g(z))||_2 - target)^2], of Gulrajani et al. (2017), eq. 3.

    Args:
        critic: callable, images [B, H, W, C] -> scores [B, 1]; must look at each image alone.
        real_images, fake_images: [B, H, W, C].
        mix: m, uniform in [0, 1], [B, 1, 1, 1].
        target: the norm asked for.

    Returns: the unweighted mean over the batch; the paper multiplies it by 10.
    """
    import tensorflow as tf  # Keras has no tape of its own

    between = mix * real_images + (1.0 - mix) * fake_images
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(between)
        scores = critic(between)
    gradients = tape.gradient(scores, between)
    # The square root's derivative is infinite at zero, where a critic without bias in its input starts.
    norms = ops.sqrt(ops.sum(ops.square(gradients), axis=(1, 2, 3)) + 1e-12)
    return ops.mean(ops.square(norms - target))
