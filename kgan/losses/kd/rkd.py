"""RKD, relational knowledge distillation: distances between two samples and angles between three.

Source: Park et al., "Relational Knowledge Distillation" (2019), section 3.2: distances with the mean mu of the batch,
angles, both under the Huber loss (smooth L1, beta 1).
"""

from keras import losses, ops

from kgan.losses.kd.features import feature_pair, feature_rows
from kgan.losses.transfer import unit

MIN_SQUARE = 1e-12  # of the distance of two samples; without it, two equal ones would make the root's slope infinite


def rkd_loss(student_features, teacher_features, distance_weight=25.0, angle_weight=50.0):
    """distance_weight times `rkd_distance_loss` plus angle_weight times `rkd_angle_loss`."""
    student, teacher = _difference_pair(student_features, teacher_features)
    return distance_weight * _distance_loss(student, teacher) + angle_weight * _angle_loss(student, teacher)


def rkd_distance_loss(student_features, teacher_features):
    """mean smooth-L1(d_f - d_g) over all B x B pairs, d the distances over the mean of those between two samples.

    A squared distance is at least 1e-12; that of a sample to itself is 0. The mean mu is differentiated too.

    Args:
        student_features: f, [B, ...]; more axes than one are flattened.
        teacher_features: g, [B, ...]; the widths may differ.

    Returns: a scalar in [0, inf); 0 for a batch of one.
    """
    return _distance_loss(*_difference_pair(student_features, teacher_features))


def rkd_angle_loss(student_features, teacher_features):
    """mean smooth-L1(a_f - a_g) over all B^3 triples, a_ijk = <u_ij, u_ik> with u_ij the direction from i to j.

    Directions between equal samples, and of a sample to itself, are 0. Arguments as for `rkd_distance_loss`.

    Returns: a scalar in [0, 1.5].
    """
    return _angle_loss(*_difference_pair(student_features, teacher_features))


def _distance_loss(student_differences, teacher_differences):
    return ops.mean(losses.huber(_relative_distances(teacher_differences), _relative_distances(student_differences)))


def _angle_loss(student_differences, teacher_differences):
    return ops.mean(losses.huber(_angles(teacher_differences), _angles(student_differences)))


def _difference_pair(student_features, teacher_features):
    # e_j - e_i at [i, j]. Not |e_i|^2 + |e_j|^2 - 2 e_i e_j: of near samples that leaves rounding errors alone.
    return tuple(ops.expand_dims(rows, 0) - ops.expand_dims(rows, 1)
                 for rows in map(feature_rows, feature_pair(student_features, teacher_features)))


def _relative_distances(differences):
    squares = ops.sum(ops.square(differences), axis=-1)
    between = 1.0 - ops.eye(ops.shape(differences)[0], dtype="float32")
    distances = ops.sqrt(ops.maximum(squares, MIN_SQUARE)) * between
    # Of two samples or more mu is at least 1e-6; of one it would be 0 / 0.
    mu = ops.sum(distances) / ops.maximum(ops.sum(between), 1.0)
    return distances / ops.maximum(mu, MIN_SQUARE)


def _angles(differences):
    directions = unit(differences)
    return ops.matmul(directions, ops.swapaxes(directions, 1, 2))
