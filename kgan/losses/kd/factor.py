"""FT, factor transfer: a translator of the student gives the factors that a paraphraser finds in the teacher.

Source: Kim et al., "Paraphrasing Complex Network: Network Compression via Factor Transfer" (2018). The paper compares
whole factors of unit length; RepDistiller, whose form and weight (200) this is, compares their attention maps.
"""

from keras import ops

from kgan.losses.kd.features import check_one_shape, feature_pair
from kgan.losses.kd.pooling import pool_to_smaller
from kgan.losses.transfer import attention_map


def factor_loss(student_factors, teacher_factors):
    """mean |A(f) - A(g)| over batch and places, A = Q / ||Q||_2, Q = mean_c f_c^2.

    The larger map is averaged to the smaller first. A map of zeros has an A of zeros.

    Args:
        student_factors: f, the translator's output, [B, H, W, C].
        teacher_factors: g, the paraphraser's, [B, H', W', C'].

    Returns: a scalar in [0, sqrt(2 / (H W))], H and W the smaller. Raises InputError for factors that are no maps.
    """
    student, teacher = pool_to_smaller(*feature_pair(student_factors, teacher_factors))
    return ops.mean(ops.abs(attention_map(student) - attention_map(teacher)))


def paraphraser_loss(decoded, teacher_features):
    """mean (decoded - g)^2 over all values: how well the paraphraser's factors give the teacher's features back.

    Args:
        decoded: the decoder's output, [B, H, W, C].
        teacher_features: g, the same shape.

    Returns: a scalar in [0, inf). Raises InputError for unlike shapes.
    """
    check_one_shape("the paraphraser", decoded, teacher_features)
    decoded, teacher = feature_pair(decoded, teacher_features)
    return ops.mean(ops.square(decoded - teacher))
