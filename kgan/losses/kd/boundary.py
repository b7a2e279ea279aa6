"""AB, activation boundaries: each neuron of the student is on exactly when the teacher's is, by a margin.

Source: Heo et al., "Knowledge Transfer via Distillation of Activation Boundaries Formed by Hidden Neurons" (2019), the
squared hinge that stands for the step function; the scale of 3 / 1000 and the weights of the layers are the authors'
code's.
"""

from keras import ops

from kgan.errors import InputError
from kgan.losses.kd.features import check_one_shape, feature_pair, feature_rows

SCALE = 3.0 / 1000.0


def boundary_loss(student_features, teacher_features, margin=1.0):
    """3/1000 sum_i 2^(i - L) (1/B) sum of max(0, m - s)^2 where g > 0, of max(0, m + s)^2 where g <= 0.

    The sum goes over all values of a layer, i = 1..L from the first layer to the last, whose weight is 1.

    Args:
        student_features: s, before the activation, through their connectors: a sequence of L tensors [B, H, W, C].
        teacher_features: g, before the activation, of the same shapes.
        margin: m.

    Returns: a scalar in [0, inf). Raises InputError for unlike counts or shapes.
    """
    if len(student_features) != len(teacher_features) or not student_features:
        raise InputError(f"AB compares layer by layer; received {len(student_features)} of the student and "
                         f"{len(teacher_features)} of the teacher: give as many of both, one at least")
    count = len(student_features)
    return SCALE * sum(2.0 ** (i - count) * _layer_loss(student, teacher, margin)
                       for i, (student, teacher) in enumerate(zip(student_features, teacher_features, strict=True), 1))


def _layer_loss(student, teacher, margin):
    check_one_shape("AB", student, teacher)
    student, teacher = feature_pair(student, teacher)
    beyond = ops.relu(ops.where(teacher > 0.0, margin - student, margin + student))
    return ops.mean(ops.sum(ops.square(feature_rows(beyond)), axis=-1))
