"""Loss of a network that estimates the ratio of real to fake density under a label, from features of images.

Source: Ding et al., "Efficient Subsampling of Realistic Images From GANs Conditional on a Class or a Continuous
Variable" (cDR-RS, 2023), the conditional Softplus loss with its penalty.
"""

from keras import ops


def conditional_softplus_loss(real_ratios, fake_ratios, penalty=0.01):
    """E_f[s(a) a - sp(a)] - E_r[s(a)] + penalty (E_f[a] - 1)^2, s the sigmoid, sp the softplus.

    Without the penalty it is smallest where a is the real density over the fake one; that ratio has the mean 1
    over fakes. The penalty is on the mean of the whole batch, not on that of each label.

    Args:
        real_ratios: a of real images under their labels, [B, 1] or [B], at least 0.
        fake_ratios: a of fake images made with the same labels, likewise.
        penalty: lambda.

    Returns: a scalar, the means taken over the batch.
    """
    fake = ops.mean(ops.sigmoid(fake_ratios) * fake_ratios - ops.softplus(fake_ratios))
    real = ops.mean(ops.sigmoid(real_ratios))
    return fake - real + penalty * ops.square(ops.mean(fake_ratios) - 1.0)
