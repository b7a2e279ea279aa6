"""SSKD's similarities, its rule of kept views and its losses against loops over views and values by hand."""

import numpy as np
import pytest
import tensorflow as tf
from by_numpy import softmax
from kd_checks import agrees, draw, value_and_slope
from keras import ops

from kgan.losses.kd import sskd

OWN = np.repeat(np.arange(5), 3)
LABELS = np.repeat([2, 0, 3, 3, 1], 3)


def cosines(rotated, upright):
    return np.array([[one @ other / np.linalg.norm(one) / np.linalg.norm(other) for other in upright]
                     for one in rotated])


def kept_by_loops(scores, targets, ratio):
    """The views' numbers, by the rule in words."""
    ranks = [sum(score > row[target] for score in row) for row, target in zip(scores, targets, strict=True)]
    right = [i for i, rank in enumerate(ranks) if rank == 0]
    wrong = sorted((i for i, rank in enumerate(ranks) if rank > 0), key=lambda i: ranks[i])
    return sorted(right + wrong[:int(ratio * len(wrong))])


def divergence_by_loops(student, teacher, targets, ratio, temperature):
    kept = kept_by_loops(teacher, targets, ratio)
    p, q = softmax(teacher[kept] / temperature), softmax(student[kept] / temperature)
    return temperature**2 * np.sum(p * np.log(p / q)) / len(kept)


def chosen(scores, targets, ratio):
    return np.flatnonzero(sskd.kept_rows(np.array(scores, "float32"), np.array(targets), ratio)).tolist()


def test_similarities_are_cosines():
    rotated, upright = draw(15, 4), draw(5, 4, seed=1)
    found = sskd.cosine_similarities(rotated.astype("float32"), upright.astype("float32"))
    np.testing.assert_allclose(found, cosines(rotated, upright), rtol=0, atol=1e-6)
    rotated[3] = 0.0
    value, slope = value_and_slope(lambda s, t: ops.sum(sskd.cosine_similarities(s, ops.stop_gradient(t))[3]),
                                   rotated, upright)
    assert value == 0.0 and np.isfinite(slope).all()


@pytest.mark.parametrize("moves", ["rotated", "upright"])
def test_the_transformation_loss_and_its_gradient(moves):
    def ours(student, other):
        pair = student, ops.stop_gradient(other)
        return sskd.transformation_loss(sskd.cosine_similarities(*(pair if moves == "rotated" else pair[::-1])), OWN)

    def by_loops(student, other):
        similarities = cosines(student, other) if moves == "rotated" else cosines(other, student)
        return -np.mean([np.log(softmax(row)[own]) for row, own in zip(similarities, OWN, strict=True)])

    inputs = draw(15, 4), draw(5, 4, seed=1)
    agrees(ours, by_loops, *(inputs if moves == "rotated" else inputs[::-1]))


@pytest.mark.parametrize("ratio", [0.0, 0.25, 0.75, 1.0])
def test_kept_rows_by_loops(ratio):
    scores = draw(15, 5, seed=2)
    wrong = 15 - len(kept_by_loops(scores, OWN, 0.0))
    assert 4 < wrong < 15
    assert chosen(scores, OWN, ratio) == kept_by_loops(scores, OWN, ratio)


def test_of_the_wrong_views_those_of_lowest_rank_are_kept():
    #         rank 2           rank 0           rank 1           rank 2           rank 1
    scores = [[1.0, 2.0, 3.0], [5.0, 1.0, 2.0], [4.0, 3.0, 1.0], [2.0, 9.0, 8.0], [7.0, 6.0, 1.0]]
    targets = [0, 0, 1, 0, 1]
    assert chosen(scores, targets, 0.0) == [1]
    assert chosen(scores, targets, 0.25) == [1, 2]
    assert chosen(scores, targets, 0.5) == [1, 2, 4]
    assert chosen(scores, targets, 0.75) == [0, 1, 2, 4]  # of equal ranks the first
    assert chosen(scores, targets, 1.0) == [0, 1, 2, 3, 4]


def test_a_tie_with_the_target_leaves_it_in_front():
    scores = [[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [3.0, 2.0, 2.0], [2.0, 2.0, 2.0]]
    assert chosen(scores, [1, 1, 1, 2], 0.0) == [0, 1, 3]
    assert chosen(scores, [0, 0, 2, 0], 0.0) == [0, 3]
    assert chosen(scores, [0, 0, 2, 0], 0.5) == [0, 2, 3]  # rank 1 before rank 2


def test_all_right_and_all_wrong():
    scores = -np.eye(4) + draw(4, 4, seed=3) / 100
    right, wrong = np.argmax(scores, 1), np.argmin(scores, 1)
    assert chosen(scores, right, 0.0) == chosen(scores, right, 0.75) == [0, 1, 2, 3]
    assert chosen(scores, wrong, 0.75) == [0, 1, 2] and chosen(scores, wrong, 0.0) == []
    value, slope = value_and_slope(sskd.ranked_divergence, draw(4, 4), scores, wrong, 0.0, 4.0)
    assert value == 0.0 and not slope.any()


@pytest.mark.parametrize("ratio, temperature", [(1.0, 4.0), (0.75, 0.5)])
def test_the_divergence_of_kept_views_and_its_gradient(ratio, temperature):
    agrees(sskd.ranked_divergence, divergence_by_loops, draw(15, 5), draw(15, 5, seed=2), OWN, ratio, temperature)


def test_the_whole_loss_and_its_gradients():
    logits, similarities = [draw(15, 4, seed=4), draw(15, 4, seed=5)], [draw(15, 5, seed=6), draw(15, 5, seed=7)]
    singles = [[tf.constant(values, tf.float32) for values in pair] for pair in (logits, similarities)]
    terms = (2.7 * divergence_by_loops(*logits, LABELS, 1.0, 4.0),
             10.0 * divergence_by_loops(*similarities, OWN, 0.75, 0.5))
    agrees(lambda student, teacher: sskd.sskd_loss(student, teacher, LABELS, *singles[1], OWN),
           lambda student, teacher: 2.7 * divergence_by_loops(student, teacher, LABELS, 1.0, 4.0) + terms[1], *logits)
    agrees(lambda student, teacher: sskd.sskd_loss(*singles[0], LABELS, student, teacher, OWN),
           lambda student, teacher: terms[0] + 10.0 * divergence_by_loops(student, teacher, OWN, 0.75, 0.5),
           *similarities)


def test_in_a_graph_with_a_free_batch():
    spec = [tf.TensorSpec([None, 5]), tf.TensorSpec([None, 5]), tf.TensorSpec([None], tf.int32)]
    traced = tf.function(lambda s, t, own: sskd.ranked_divergence(s, t, own, 0.75, 0.5), input_signature=spec)
    for count in (15, 9):
        student, teacher = draw(count, 5), draw(count, 5, seed=2)
        found = traced(*(tf.constant(values, tf.float32) for values in (student, teacher)), OWN[:count].astype("int32"))
        assert float(found) == pytest.approx(divergence_by_loops(student, teacher, OWN[:count], 0.75, 0.5), rel=1e-5)
