"""VID, variational information distillation: the student's features predict the teacher's, with a variance a channel.

Source: Ahn et al., "Variational Information Distillation for Knowledge Transfer" (2019).
"""

import math

from keras import ops

from kgan.losses.kd.features import check_one_shape, feature_pair

MIN_VARIANCE = 1e-5


def vid_loss(predicted_mean, teacher_features, alpha):
    """mean .5 ((mu - g)^2 / v + ln v) over batch, places and channels, v = ln(1 + e^alpha) + 1e-5.

    It is the negative log likelihood of g under N(mu, v), without ln(2 pi) / 2. The losses of several pairs of layers
    are added.

    Args:
        predicted_mean: mu, from the student's features, [B, H, W, C].
        teacher_features: g, the same shape.
        alpha: [C], trained with the mean; `starting_alpha` gives its first value.

    Returns: a scalar in [.5 ln 1e-5, inf). Raises InputError for unlike shapes.
    """
    check_one_shape("VID", predicted_mean, teacher_features)
    mean, teacher = feature_pair(predicted_mean, teacher_features)
    variance = ops.softplus(ops.cast(alpha, "float32")) + MIN_VARIANCE
    return 0.5 * ops.mean(ops.square(mean - teacher) / variance + ops.log(variance))


def starting_alpha(variance=5.0):
    """The alpha of which v is this variance, ln(e^(v - 1e-5) - 1)."""
    return math.log(math.expm1(variance - MIN_VARIANCE))
