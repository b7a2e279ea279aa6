"""What the losses do to features before they compare them."""

import math

from keras import ops

from kgan.errors import InputError


def feature_pair(student, teacher):
    """Both in float32; the teacher's as a constant."""
    return ops.cast(student, "float32"), ops.cast(ops.stop_gradient(teacher), "float32")


def feature_rows(features):
    """One row a sample: [B, ...] as [B, N]."""
    return ops.reshape(features, (-1, math.prod(features.shape[1:])))


def check_one_shape(method, student, teacher):
    """InputError unless both have one shape, batch aside."""
    one, other = tuple(student.shape[1:]), tuple(teacher.shape[1:])
    if one != other:
        raise InputError(f"{method} compares features of one shape; received {one} of the student and {other} of the "
                         "teacher: put a connector between them")
