"""The vicinal batches of CcGAN, and its rules of thumb for sigma, kappa and nu.

Source: X. Ding, Y. Wang, Z. Xu, W. J. Welch, Z. J. Wang, "CcGAN: continuous conditional generative
adversarial networks for image generation", ICLR 2021, and its improved version. All labels here are the
normalised ones, targets in [0, 1].
"""

import numpy as np

from kgan.data import image
from kgan.data.held import check_batch_size, check_number, check_whole, step_batches
from kgan.errors import InputError

NEGLIGIBLE_WEIGHT = 1e-3  # a soft vicinity ends where exp(-nu d^2) falls to this
_ROUNDS = 16  # draws of the noise before a label is taken without


def kernel_sigma(targets):
    """Standard deviation of the noise on labels: 1.06 * std * N^(-1/5), std over N (not N - 1) labels."""
    targets = _checked(targets)
    return float(1.06 * targets.std() * len(targets) ** -0.2)


def hard_kappa(targets, multiple):
    """Half-width of the hard vicinity: `multiple` times the largest gap between neighbouring distinct labels.

    The paper takes a multiple of 5 for Steering Angle and of 2 for UTKFace.
    """
    distinct = np.unique(_checked(targets))
    if len(distinct) < 2:
        raise InputError("the width of a vicinity needs two distinct labels or more; received one: give data with "
                         "several labels")
    if not check_number("multiple", multiple) > 0:
        raise InputError(f"multiple must be above 0; received {multiple!r}")
    return float(multiple * np.diff(distinct).max())


def soft_nu(targets, multiple):
    """Decay of the soft vicinity's weights exp(-nu d^2): 1 / kappa^2; 900 for UTKFace with a multiple of 2."""
    return hard_kappa(targets, multiple) ** -2


def soft_radius(nu):
    """Half-width of the soft vicinity, sqrt(-ln(1e-3) / nu): beyond it the weights are below 1e-3."""
    if not check_number("nu", nu) > 0:
        raise InputError(f"nu must be above 0; received {nu!r}")
    return float(np.sqrt(-np.log(NEGLIGIBLE_WEIGHT) / nu))


def vicinal_batches(value_set, batch_size, *, critic_steps, seed, sigma, radius, start_step=0):
    """An endless tf.data.Dataset of what one CcGAN step takes, as a dict.

    For each element a distinct label is drawn uniformly, and y = label + N(0, sigma^2), not clipped; one
    real image at random of those with a label in [y - radius, y + radius]; and a label for a fake image,
    uniform over that interval clipped to [0, 1]. Where no real label lies in the interval the noise is
    drawn again, up to 16 times; after that y is the drawn label itself, which always has an image. Every
    batch is determined by (seed, step), and `start_step=k` yields what a fresh data set yields after k
    batches.

    Args:
        value_set: a `ValueSet`.
        batch_size: B.
        critic_steps: S, updates of the discriminator a step.
        seed: whole number >= 0.
        sigma: standard deviation of the noise, >= 0; see `kernel_sigma`.
        radius: half-width of the interval, > 0: `hard_kappa`, or `soft_radius(soft_nu)`.
        start_step: batches already seen, >= 0.

    Yields:
        "images" float32 [B, S, H, W, C] in [-1, 1]; float32 [B, S] "real_labels" (of those images),
        "targets" (the noisy y) and "fake_labels"; "generator_labels" [B], drawn like y but without a
        look at its vicinity.
    """
    import tensorflow as tf

    batch_size, critic_steps = check_batch_size(batch_size), check_whole("critic_steps", critic_steps, 1)
    if check_number("sigma", sigma) < 0:
        raise InputError(f"sigma must be at least 0; received {sigma!r}")
    if check_number("radius", radius) <= 0:
        raise InputError(f"radius must be above 0; received {radius!r}")
    count, shape = batch_size * critic_steps, [batch_size, critic_steps]
    images = value_set.images_tensor
    order = np.argsort(value_set.targets, kind="stable")
    with tf.device("CPU:0"):
        order, ordered = tf.constant(order), tf.constant(value_set.targets[order].astype(np.float64))
        distinct = tf.constant(np.unique(value_set.targets).astype(np.float64))

    def batch_of(draws):
        label = tf.gather(distinct, draws.below(len(distinct), [count]))
        noise = tf.concat([sigma * draws.normal([_ROUNDS, count]), tf.zeros([1, count], tf.float64)], axis=0)
        first, end = interval(ordered, tf.reshape(label + noise, [-1]), radius)
        rounds = tf.range((_ROUNDS + 1) * count) // count
        rounds = tf.where(end > first, rounds, _ROUNDS)  # the last one holds no noise and is never empty
        chosen = tf.reduce_min(tf.reshape(rounds, [_ROUNDS + 1, count]), axis=0) * count + tf.range(count)
        target = tf.gather(tf.reshape(label + noise, [-1]), chosen)
        first, end = tf.gather(first, chosen), tf.gather(end, chosen)
        rows = first + draws.below(end - first, [count])
        low, high = tf.maximum(target - radius, 0.0), tf.minimum(target + radius, 1.0)
        fake_label = low + draws.uniform([count]) * (high - low)
        for_generator = tf.gather(distinct, draws.below(len(distinct), [batch_size]))
        for_generator += sigma * draws.normal([batch_size])

        def shaped(values):
            return tf.cast(tf.reshape(values, shape), tf.float32)

        real = image.to_float(tf.gather(images, tf.gather(order, rows)))
        return {
            "images": tf.reshape(real, [*shape, *value_set.image_shape]),
            "real_labels": shaped(tf.gather(ordered, rows)),
            "targets": shaped(target),
            "fake_labels": shaped(fake_label),
            "generator_labels": tf.cast(for_generator, tf.float32),
        }

    return step_batches(batch_of, seed=seed, start_step=start_step)


def interval(ordered, centres, radius):
    """Where the values of a sorted tensor lie within `radius` of each centre: rows first..end - 1, int32 [N]."""
    import tensorflow as tf

    return (tf.searchsorted(ordered, centres - radius, side="left"),
            tf.searchsorted(ordered, centres + radius, side="right"))


def _checked(targets):
    targets = np.asarray(targets, np.float64)
    if targets.ndim != 1 or not len(targets) or not np.isfinite(targets).all():
        raise InputError(f"labels must be finite numbers [N]; received {targets.dtype} of shape {targets.shape}")
    return targets
