"""SP, similarity preservation: samples that excite the teacher alike excite the student alike.

Source: Tung and Mori, "Similarity-Preserving Knowledge Distillation" (2019), eqs. 1 to 3.
"""

from keras import ops

from kgan.losses.kd.features import feature_pair, feature_rows
from kgan.losses.transfer import unit


def similarity_loss(student_features, teacher_features):
    """||G_f - G_g||_F^2 / B^2, G the products F F' of flattened features, each row over its L2 norm.

    A sample whose features are all zero has a row of zeros.

    Args:
        student_features: f, [B, ...].
        teacher_features: g, [B, ...]; the sizes may differ.

    Returns: a scalar in [0, 4 / B].
    """
    student, teacher = (_similarities(feature_rows(features))
                        for features in feature_pair(student_features, teacher_features))
    return ops.mean(ops.square(student - teacher))


def _similarities(rows):
    return unit(ops.matmul(rows, ops.transpose(rows)))
