"""Holds a distillation loss and its gradient against a reference in float64 numpy."""

import numpy as np
import tensorflow as tf


def draw(*shape, seed=0, shift=0.3):
    """Uneven values of both signs that float32 holds exactly, in float64."""
    values = np.random.default_rng(seed).normal(shift, 1.0, shape)
    return values.astype("float32").astype("float64")


def value_and_slope(loss, student, *others):
    """The loss and its gradient with respect to the student's features, in float32; checks that the teacher has none.

    `others` are the teacher's features and what follows them; the teacher's are the first.
    """
    student, teacher = (tf.constant(features, tf.float32) for features in (student, others[0]))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([student, teacher])
        value = loss(student, teacher, *others[1:])
    assert value.shape == () and value.dtype == tf.float32
    assert tape.gradient(value, teacher) is None
    return float(value), np.array(tape.gradient(value, student))


def differences(reference, point, step=1e-6):
    """Central differences of a function of one float64 array."""
    slope = np.empty_like(point)
    for place in np.ndindex(point.shape):
        ahead, behind = point.copy(), point.copy()
        ahead[place] += step
        behind[place] -= step
        slope[place] = (reference(ahead) - reference(behind)) / (2 * step)
    return slope


def agrees(loss, reference, student, *others, tolerance=1e-5):
    """The loss equals the reference's value, its gradient the reference's differences, each relative to its size."""
    value, slope = value_and_slope(loss, student, *others)
    expected = reference(student, *others)
    assert abs(expected) > 1e-4
    np.testing.assert_allclose(value, expected, rtol=tolerance)
    expected = differences(lambda point: reference(point, *others), student)
    size = np.abs(expected).max()
    assert size > 1e-5
    np.testing.assert_allclose(slope, expected, rtol=0, atol=tolerance * size)


def averaged(maps, size):
    """The mean of each window, place by place."""
    batch, height, width, channels = maps.shape
    found = np.empty((batch, *size, channels))
    for i in range(size[0]):
        for j in range(size[1]):
            rows = slice(int(np.floor(i * height / size[0])), int(np.ceil((i + 1) * height / size[0])))
            columns = slice(int(np.floor(j * width / size[1])), int(np.ceil((j + 1) * width / size[1])))
            found[:, i, j] = maps[:, rows, columns].mean((1, 2))
    return found


def hierarchical_context(student, teacher):
    """ReviewKD's loss of one level, from its definition."""
    loss, weight, total = np.mean((student - teacher) ** 2), 1.0, 1.0
    for size in (4, 2, 1):
        if size < student.shape[1]:
            weight /= 2
            total += weight
            loss += weight * np.mean((averaged(student, (size, size)) - averaged(teacher, (size, size))) ** 2)
    return loss / total


def attention(maps):
    """The mean square over channels of each sample, flattened, of unit length."""
    rows = (maps**2).mean(-1).reshape(len(maps), -1)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
