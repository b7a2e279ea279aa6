"""PKT, probabilistic knowledge transfer: which samples of a batch are near each other, as probabilities.

Source: Passalis and Tefas, "Learning Deep Representations with Probabilistic Knowledge Transfer" (2018), with the
cosine kernel.
"""

from keras import ops

from kgan.losses.kd.features import feature_pair, feature_rows

EPSILON = 1e-7
_TINY = 1e-24  # of a squared norm: below it the root's slope would go to infinity


def pkt_loss(student_features, teacher_features):
    """mean P_g ln((P_g + eps) / (P_f + eps)) over all B x B pairs of samples, eps = 1e-7.

    P holds the shifted cosines (cos + 1) / 2 of each sample with all, itself among them, over their sum. The cosines
    are those of rows / (norm + eps).

    Args:
        student_features: f, [B, ...]; more axes than one are flattened.
        teacher_features: g, [B, ...]; the widths may differ.

    Returns: a scalar, at least 0 but for eps.
    """
    student, teacher = (_probabilities(feature_rows(features))
                        for features in feature_pair(student_features, teacher_features))
    return ops.mean(teacher * ops.log((teacher + EPSILON) / (student + EPSILON)))


def _probabilities(rows):
    norms = ops.sqrt(ops.maximum(ops.sum(ops.square(rows), axis=-1, keepdims=True), _TINY))
    rows = rows / (norms + EPSILON)
    kernel = (ops.matmul(rows, ops.transpose(rows)) + 1.0) / 2.0
    return kernel / ops.sum(kernel, axis=-1, keepdims=True)
