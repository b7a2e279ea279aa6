"""Losses by which one generator takes over what another makes of the same latents: feature maps or images.

Source: Tsukahara et al., "Collaborative Learning of Generative Adversarial Networks" (2021), section 3.3.2, eqs. 3
to 5; the attention map is that of Zagoruyko and Komodakis, "Paying More Attention to Attention" (2017).

The square of a vector in eqs. 4 and 5 is taken as its mean over positions, under which alpha = 1000 is the
usual weight of attention transfer; `reduction="sum"` takes the sum.
"""

from keras import ops

from kgan.errors import InputError

REDUCTIONS = ("mean", "sum")
_TINY = 1e-24  # of a squared norm: a vector below it stays as it is, for its direction means nothing


def attention_map(features):
    """Q / ||Q||_2 with Q = (1/C) sum_c F_c^2, eq. 3, in float32.

    Args:
        features: F, [B, H, W, C].

    Returns: [B, H * W], each row of unit length; a row of zeros where all features are zero.
    """
    _, height, width, _ = features.shape
    squares = ops.mean(ops.square(ops.cast(features, "float32")), axis=-1)
    return unit(ops.reshape(squares, (-1, height * width)))


def attention_transfer_loss(target_features, source_features, alpha=1000.0, reduction="mean"):
    """alpha * E[(Q_s / ||Q_s|| - Q_t / ||Q_t||)^2], eq. 4 at one layer; several layers are averaged (1/M).

    Args:
        target_features: of the generator that learns (s in the paper), [B, H, W, C].
        source_features: of the one it learns from (t), [B, H, W, C']; taken as a constant.
        alpha: weight.
        reduction: over the H * W positions, "mean" or "sum"; the mean over the batch is taken in both.

    Returns: a scalar in [0, 2 alpha]. Raises InputError for another reduction, and for maps of unlike sizes.
    """
    if target_features.shape[1:3] != source_features.shape[1:3]:
        raise InputError(f"attention transfer compares maps of one size; received {tuple(source_features.shape[1:3])} "
                         f"for {tuple(target_features.shape[1:3])}")
    return unit_transfer_loss(attention_map(target_features), attention_map(source_features), alpha, reduction)


def image_transfer_loss(target_images, source_images, alpha=1000.0, reduction="mean"):
    """alpha * E[(G_s(z) / ||G_s(z)|| - G_t(z) / ||G_t(z)||)^2], eq. 5: each image over its L2 norm.

    Args:
        target_images: of the generator that learns, [B, H, W, C].
        source_images: of the one it learns from, from the same latents, the same shape; taken as a constant.
        alpha: weight.
        reduction: over the H * W * C values, "mean" or "sum"; the mean over the batch is taken in both.

    Returns: a scalar in [0, 4 alpha]. Raises InputError for another reduction.
    """
    target, source = (unit(ops.reshape(images, (-1, _size(images)))) for images in (target_images, source_images))
    return unit_transfer_loss(target, source, alpha, reduction)


def unit_transfer_loss(target, source, alpha=1000.0, reduction="mean"):
    """What both have in common: alpha times the squared distance of vectors [B, N] that have unit length.

    The source is taken as a constant. Raises InputError for another reduction than "mean" and "sum".
    """
    check_transfer_reduction(reduction)
    squares = ops.square(target - ops.stop_gradient(source))
    over_positions = ops.mean if reduction == "mean" else ops.sum
    return alpha * ops.mean(over_positions(squares, axis=-1))


def check_transfer_reduction(reduction):
    """InputError unless it is one of `REDUCTIONS`."""
    if reduction not in REDUCTIONS:
        raise InputError(f"reduction must be one of {', '.join(REDUCTIONS)}; received {reduction!r}")


def unit(vectors):
    """Vectors [..., N] over their L2 norms; one shorter than 1e-12 stays as it is, and its gradient finite."""
    squared = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    # The root's slope is infinite at zero: there, it is taken of one.
    return vectors / ops.sqrt(ops.where(squared > _TINY, squared, ops.ones_like(squared)))


def _size(images):
    _, height, width, channels = images.shape
    return height * width * channels
