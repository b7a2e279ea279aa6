"""SemCKD's attention and weighted errors against loops over samples and pairs of layers."""

import numpy as np
import pytest
import tensorflow as tf
from by_numpy import softmax
from kd_checks import agrees, draw
from keras import ops

from kgan.errors import InputError
from kgan.losses.kd.semckd import attention_weights, semckd_loss

SHAPES = [[(4, 4, 2), (2, 2, 3), (1, 1, 5)], [(3, 3, 2), (2, 2, 3), (1, 1, 5)]]  # of student layer i for teacher's j
PROJECTED, TEACHER = ([[draw(5, *shape, seed=base + 3 * i + j) for j, shape in enumerate(row)]
                       for i, row in enumerate(SHAPES)] for base in (10, 20))
QUERIES, KEYS = draw(5, 2, 4), draw(5, 3, 4, seed=1)


def weights_by_loops(queries, keys):
    return np.array([[softmax(np.array([query @ key for key in some_keys])) for query in some_queries]
                     for some_queries, some_keys in zip(queries, keys, strict=True)])


def loss_by_loops(weights, projected, teacher):
    total = 0.0
    for b in range(5):
        for i in range(2):
            for j in range(3):
                total += weights[b, i, j] * np.mean((projected[i][j][b] - teacher[i][j][b]) ** 2)
    return total / (5 * 2)


def singles(rows):
    return [[one.astype("float32") for one in row] for row in rows]


def test_attention_is_a_softmax_over_the_teachers_layers():
    found = attention_weights(QUERIES.astype("float32"), KEYS.astype("float32"))
    assert found.shape == (5, 2, 3)
    np.testing.assert_allclose(found, weights_by_loops(QUERIES, KEYS), rtol=1e-5)
    queries, keys = np.array([[[1.0, 2.0]]], "float32"), np.array([[[0.0, 0.0], [np.log(3.0), 0.0]]], "float32")
    np.testing.assert_allclose(attention_weights(queries, keys), [[[0.25, 0.75]]], rtol=1e-6)


@pytest.mark.parametrize("i, j", [(0, 0), (1, 1), (0, 2)])
def test_value_and_gradient_of_a_projection(i, j):
    weights = weights_by_loops(QUERIES, KEYS)

    def placed(rows, value):
        return [[value if (a, b) == (i, j) else one for b, one in enumerate(row)] for a, row in enumerate(rows)]

    agrees(lambda student, teacher: semckd_loss(tf.constant(weights, tf.float32), placed(singles(PROJECTED), student),
                                                placed(singles(TEACHER), teacher)),
           lambda student, teacher: loss_by_loops(weights, placed(PROJECTED, student), placed(TEACHER, teacher)),
           PROJECTED[i][j], TEACHER[i][j])


@pytest.mark.parametrize("moves", ["queries", "keys"])
def test_gradient_of_the_attention(moves):
    def weighed(attention, cast, value, other):
        pair = (value, cast(other)) if moves == "queries" else (cast(other), value)
        return attention(*pair)

    student, other = (QUERIES, KEYS) if moves == "queries" else (KEYS, QUERIES)
    agrees(lambda value, rest: semckd_loss(weighed(attention_weights, ops.stop_gradient, value, rest),
                                           singles(PROJECTED), singles(TEACHER)),
           lambda value, rest: loss_by_loops(weighed(weights_by_loops, np.asarray, value, rest), PROJECTED, TEACHER),
           student, other)


def test_a_pair_of_unlike_maps_is_refused():
    weights = np.ones((2, 1, 1), "float32")
    with pytest.raises(InputError, match=r"SemCKD.*\(4, 4, 3\).*\(1, 1, 3\)"):
        semckd_loss(weights, [[np.zeros((2, 4, 4, 3), "float32")]], [[np.zeros((2, 1, 1, 3), "float32")]])
