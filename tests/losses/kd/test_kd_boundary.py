"""Activation boundaries' loss against the published cases, element by element."""

import numpy as np
import pytest
import tensorflow as tf
from kd_checks import agrees, differences, draw, value_and_slope

from kgan.errors import InputError
from kgan.losses.kd.boundary import boundary_loss

SHAPES = [(5, 4, 4, 2), (5, 4, 2, 3), (5, 2, 2, 3)]


def element(s, g, margin):
    if s > -margin and g <= 0:
        return (s + margin) ** 2
    if s <= margin and g > 0:
        return (s - margin) ** 2
    return 0.0


def by_numpy(students, teachers, margin=1.0):
    total = 0.0
    for i, (student, teacher) in enumerate(zip(students, teachers, strict=True), 1):
        layer = sum(element(s, g, margin) for s, g in zip(student.ravel(), teacher.ravel(), strict=True))
        total += 2.0 ** (i - len(students)) * layer / len(student)
    return 3 / 1000 * total


def one_layer(student, teacher):
    return boundary_loss([student], [teacher])


def test_each_case_by_hand():
    # Teacher off: -2 is far enough, -0.5 and 3 are not. Teacher on: 2 is, 0.5 and -3 are not; at 0 it is off.
    student = np.array([-2.0, -0.5, 3.0, 2.0, 0.5, -3.0, 0.0, 1.0]).reshape(2, 2, 2, 1)
    teacher = np.array([-1.0, -4.0, -0.1, 0.1, 9.0, 1.0, 0.0, 2.0]).reshape(2, 2, 2, 1)
    value, slope = value_and_slope(one_layer, student, teacher)
    assert value == pytest.approx(3 / 1000 / 2 * (0 + 0.25 + 16 + 0 + 0.25 + 16 + 1 + 0), rel=1e-6)
    expected = 3 / 1000 / 2 * 2 * np.array([0, 0.5, 4.0, 0, -0.5, -4.0, 1.0, 0])
    np.testing.assert_allclose(slope.ravel(), expected, rtol=1e-6, atol=1e-9)


def test_value_and_gradient_of_one_layer():
    student, teacher = 2.0 * draw(5, 4, 2, 3), draw(5, 4, 2, 3, seed=1)
    agrees(one_layer, lambda f, g: by_numpy([f], [g]), student, teacher)


def test_the_last_layer_weighs_one_and_each_before_it_half():
    students = [2.0 * draw(*shape, seed=i) for i, shape in enumerate(SHAPES)]
    teachers = [draw(*shape, seed=10 + i) for i, shape in enumerate(SHAPES)]
    inputs = [tf.constant(student, tf.float32) for student in students]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = boundary_loss(inputs, teachers)
    assert float(value) == pytest.approx(by_numpy(students, teachers), rel=1e-5)
    for i, slope in enumerate(tape.gradient(value, inputs)):
        expected = differences(lambda point, i=i: by_numpy([*students[:i], point, *students[i + 1:]], teachers),
                               students[i])
        np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_another_margin():
    student, teacher = 2.0 * draw(5, 2, 2, 3), draw(5, 2, 2, 3, seed=1)
    found = float(boundary_loss([student], [teacher], margin=0.25))
    assert found == pytest.approx(by_numpy([student], [teacher], 0.25), rel=1e-5)


def test_equal_features_beyond_the_margin_cost_nothing():
    features = np.where(draw(5, 2, 2, 3) > 0, 1.5, -1.25)
    value, slope = value_and_slope(one_layer, features, features)
    assert value == 0.0 and not slope.any()


def test_a_sample_of_zeros_is_one_margin_away_everywhere():
    value, slope = value_and_slope(one_layer, np.zeros((5, 2, 2, 3)), draw(5, 2, 2, 3))
    assert value == pytest.approx(3 / 1000 * 12, rel=1e-6)
    np.testing.assert_allclose(np.abs(slope), 3 / 1000 * 2 / 5, rtol=1e-6)


@pytest.mark.parametrize("students, teachers, words", [
    ([1, 2], [1], "2 of the student and 1 of the teacher"),
    ([], [], "0 of the student"),
    ([np.ones((5, 4, 4, 3))], [np.ones((5, 2, 2, 3))], r"AB.*\(4, 4, 3\)"),
])
def test_what_does_not_fit_is_refused(students, teachers, words):
    with pytest.raises(InputError, match=words):
        boundary_loss(students, teachers)
