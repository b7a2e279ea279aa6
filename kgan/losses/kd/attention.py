"""AT, attention transfer: the student looks where the teacher looks.

Source: Zagoruyko and Komodakis, "Paying More Attention to Attention" (2017), eq. 2, with the mean of the squared
distance over batch and places, as in their code, in place of its norm.
"""

from kgan.losses.kd.features import feature_pair
from kgan.losses.kd.pooling import pool_to_smaller
from kgan.losses.transfer import attention_transfer_loss


def attention_loss(student_features, teacher_features):
    """mean (A(f) - A(g))^2 over batch and places, A = Q / ||Q||_2, Q = mean_c f_c^2, at one pair of layers.

    The losses of several pairs are added. The larger map is averaged to the smaller first. A map of zeros has an
    attention of zeros.

    Args:
        student_features: f, [B, H, W, C].
        teacher_features: g, [B, H', W', C'].

    Returns: a scalar in [0, 2 / (H W)], H and W the smaller. Raises InputError for features that are no maps.
    """
    student, teacher = pool_to_smaller(*feature_pair(student_features, teacher_features))
    return attention_transfer_loss(student, teacher, alpha=1.0)
