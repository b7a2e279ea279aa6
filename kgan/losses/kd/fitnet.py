"""FitNet: a middle layer of the student gives what the teacher's gives, through a regressor.

Source: Romero et al., "FitNets: Hints for Thin Deep Nets" (2015), eq. 3. There it is half the squared distance; here,
as in the comparisons that weigh it with 100, its mean over all values.
"""

from keras import ops

from kgan.losses.kd.features import check_one_shape, feature_pair


def hint_loss(student_features, teacher_features):
    """mean (f - g)^2 over batch, places and channels.

    Args:
        student_features: f, the regressor's output, [B, H, W, C].
        teacher_features: g, the hint, the same shape.

    Returns: a scalar in [0, inf). Raises InputError for unlike shapes.
    """
    check_one_shape("FitNet", student_features, teacher_features)
    student, teacher = feature_pair(student_features, teacher_features)
    return ops.mean(ops.square(student - teacher))
