"""RKD's losses against loops over pairs and triples of samples."""

import numpy as np
import pytest
import tensorflow as tf
from kd_checks import agrees, draw, value_and_slope

from kgan.losses.kd.rkd import rkd_angle_loss, rkd_distance_loss, rkd_loss


def smooth_l1(x):
    return 0.5 * x**2 if abs(x) < 1 else abs(x) - 0.5


def relative_distances(rows):
    count = range(len(rows))
    found = np.array([[0.0 if i == j else np.sqrt(max(np.sum((rows[i] - rows[j]) ** 2), 1e-12)) for j in count]
                      for i in count])
    return found / found[found > 0].mean()


def angles(rows):
    def direction(i, j):
        line = rows[j] - rows[i]
        return line / max(np.sqrt(np.sum(line**2)), 1e-12)

    count = range(len(rows))
    return np.array([[[np.sum(direction(i, j) * direction(i, k)) for k in count] for j in count] for i in count])


def distance_by_numpy(student, teacher):
    errors = relative_distances(student) - relative_distances(teacher)
    return np.mean([smooth_l1(error) for error in errors.ravel()])


def angle_by_numpy(student, teacher):
    return np.mean([smooth_l1(error) for error in (angles(student) - angles(teacher)).ravel()])


def both_by_numpy(student, teacher):
    return 25 * distance_by_numpy(student, teacher) + 50 * angle_by_numpy(student, teacher)


LOSSES = [(rkd_distance_loss, distance_by_numpy), (rkd_angle_loss, angle_by_numpy), (rkd_loss, both_by_numpy)]


def test_a_triangle_against_a_line_by_hand():
    # Distances 3, 4, 5 over 4 against 1, 1, 2 over 4 / 3; each stands twice among nine pairs.
    student, teacher = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]), np.array([[0.0], [1.0], [-1.0]])
    value, _ = value_and_slope(rkd_distance_loss, student, teacher)
    errors = np.array([3 / 4 - 3 / 4, 4 / 4 - 3 / 4, 5 / 4 - 6 / 4])
    assert value == pytest.approx(2 * np.sum(0.5 * errors**2) / 9, rel=1e-5)
    # Cosines 0, .6 and .8 at the corners against -1, 1 and 1; each stands twice among 27 triples.
    value, _ = value_and_slope(rkd_angle_loss, student, teacher)
    assert value == pytest.approx(2 * (0.5 * 1.0**2 + 0.5 * 0.4**2 + 0.5 * 0.2**2) / 27, rel=1e-5)


def test_a_large_error_counts_linearly():
    # Samples 0, 0, 1 and four more at 0: the far one's distances are 7 / 2 of the mean, the others' nearly none.
    student, teacher = np.zeros((7, 1)), np.arange(7.0).reshape(7, 1)
    student[2] = 1.0
    errors = np.abs(relative_distances(student) - relative_distances(teacher))
    assert (errors > 1).any() and (errors < 1).any()
    value, _ = value_and_slope(rkd_distance_loss, student, teacher)
    assert value == pytest.approx(distance_by_numpy(student, teacher), rel=1e-5)


@pytest.mark.parametrize("loss, reference", LOSSES)
@pytest.mark.parametrize("widths", [(3, 7), (7, 3), (4, 4)])
def test_value_and_gradient(loss, reference, widths):
    agrees(loss, reference, draw(5, widths[0]), draw(5, widths[1], seed=1))


def test_the_weights_are_those_given():
    student, teacher = draw(5, 3), draw(5, 4, seed=1)
    expected = 2 * distance_by_numpy(student, teacher) + 7 * angle_by_numpy(student, teacher)
    assert float(rkd_loss(student, teacher, distance_weight=2.0, angle_weight=7.0)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss, reference", LOSSES)
def test_equal_features_cost_nothing_whatever_their_scale(loss, reference):
    value, slope = value_and_slope(loss, draw(5, 3), 2.0 * draw(5, 3))
    assert value < 1e-9 and np.abs(slope).max() < 1e-4
    assert reference(draw(5, 3), 2.0 * draw(5, 3)) < 1e-9


@pytest.mark.parametrize("loss, reference", LOSSES)
def test_equal_samples_and_one_of_zeros_leave_the_gradient_finite(loss, reference):
    student, teacher = draw(5, 3), draw(5, 4, seed=1)
    student[3], student[1] = student[0], 0.0
    value, slope = value_and_slope(loss, student, teacher)
    assert value == pytest.approx(reference(student, teacher), rel=1e-5)
    assert np.isfinite(slope).all() and np.abs(slope).max() < 100.0 and slope[4].any()


@pytest.mark.parametrize("loss", [rkd_distance_loss, rkd_angle_loss])
def test_samples_that_are_all_equal_have_no_gradient_to_speak_of(loss):
    value, slope = value_and_slope(loss, np.ones((5, 3)), draw(5, 4))
    assert value > 1e-3 and np.isfinite(value)
    assert np.isfinite(slope).all() and np.abs(slope).max() < 1.0


def test_near_samples_far_from_zero_keep_their_distances():
    student, teacher = 100.0 + draw(5, 3) / 64, draw(5, 4, seed=1)
    student = student.astype("float32").astype("float64")
    assert float(rkd_loss(student, teacher)) == pytest.approx(both_by_numpy(student, teacher), rel=1e-4)


def test_the_batch_may_be_unknown_and_of_one():
    @tf.function(input_signature=[tf.TensorSpec((None, 3)), tf.TensorSpec((None, 4))])
    def loss(student, teacher):
        return rkd_loss(student, teacher)

    student, teacher = draw(5, 3), draw(5, 4, seed=1)
    found = loss(tf.constant(student, tf.float32), tf.constant(teacher, tf.float32))
    assert float(found) == pytest.approx(both_by_numpy(student, teacher), rel=1e-5)
    value, slope = value_and_slope(rkd_loss, student[:1], teacher[:1])
    assert value == 0.0 and not slope.any()
