"""SimKD: the student's projected last feature map copies the teacher's; the teacher's classifier is used again.

Source: Chen et al., "Knowledge Distillation with the Reused Teacher Classifier" (2022), its one loss term, with the
mean of the authors' code.
"""

from keras import ops

from kgan.losses.kd.features import check_one_shape, feature_pair


def simkd_loss(projected_features, teacher_features):
    """The mean of (P(f) - g)^2 over the batch, places and channels: a scalar in [0, inf). InputError for unlike shapes.

    Args:
        projected_features: P(f), [B, H, W, C]; teacher_features: g, pooled to the same shape; taken as constants.
    """
    check_one_shape("SimKD", projected_features, teacher_features)
    student, teacher = feature_pair(projected_features, teacher_features)
    return ops.mean(ops.square(student - teacher))
