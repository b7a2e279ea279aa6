"""CRD's scores, its noise-contrastive loss of both sides and its bank against float64 numpy and values by hand."""

import numpy as np
import pytest
import tensorflow as tf
from kd_checks import agrees, draw

from kgan.losses.kd import crd

BANK_SIZE, TEMPERATURE, NORMALISER = 9, 0.5, 7.0
DRAWN = np.array([[3, 0, 5, 8], [1, 2, 4, 7], [0, 6, 3, 2], [8, 7, 1, 0], [5, 4, 8, 6]])


def unit_rows(count, seed):
    rows = draw(count, 6, seed=seed)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("float32").astype("float64")


def one_side(embeddings, bank):
    products = crd.drawn_products(embeddings, bank, DRAWN)
    return crd.contrastive_loss(crd.crd_scores(products, NORMALISER, TEMPERATURE), BANK_SIZE)


def one_side_by_numpy(embeddings, bank):
    noise, total = 3 / 9, 0.0
    for embedding, rows in zip(embeddings, DRAWN, strict=True):
        own, *others = (np.exp(np.sum(bank[row] * embedding) / 0.5) / 7.0 for row in rows)
        total -= np.log(own / (own + noise + 1e-7))
        total -= sum(np.log(noise / (other + noise + 1e-7)) for other in others)
    return total / len(embeddings)


def slopes(function, *inputs):
    inputs = [tf.constant(values, tf.float32) for values in inputs]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = function(*inputs)
    return float(value), tape.gradient(value, inputs)


def test_one_side_and_its_gradient_from_the_embeddings_on():
    agrees(one_side, one_side_by_numpy, unit_rows(5, 0), unit_rows(9, 1))


def test_one_side_by_hand():
    scores = np.array([[0.5, 0.25, 1.5], [1.5, 0.5, 0.5]], "float32")  # q = 2 / 4
    expected = np.mean([np.log(2.0) + np.log(1.5) + np.log(4.0), np.log(4 / 3) + 2 * np.log(2.0)])
    assert float(crd.contrastive_loss(scores, 4)) == pytest.approx(expected, rel=1e-6)


def test_where_the_epsilon_stands():
    scores = np.array([[1e-7, 3e-7]], "float32")  # q = 1e-7
    expected = np.log(3.0) + np.log(5.0)
    assert float(crd.contrastive_loss(scores, 10**7)) == pytest.approx(expected, rel=1e-5)


def test_many_negatives_do_not_drown_in_rounding():
    scores = np.random.default_rng(2).lognormal(-11.5, 1.0, (3, 16385)).astype("float32")
    exact, noise = scores.astype("float64"), 16384 / 150_000
    expected = -np.log(exact[:, 0] / (exact[:, 0] + noise + 1e-7))
    expected -= np.log(noise / (exact[:, 1:] + noise + 1e-7)).sum(1)
    assert float(crd.contrastive_loss(scores, 150_000)) == pytest.approx(expected.mean(), rel=1e-5)


def test_both_sides_add_up_and_pass_gradients():
    student, teacher = (np.exp(draw(5, 4, seed=seed)) for seed in (3, 4))
    value, gradients = slopes(lambda *scores: crd.crd_loss(*scores, bank_size=8), student, teacher)
    noise, expected = 3 / 8 + 1e-7, 0.0
    for scores, gradient in zip((student, teacher), gradients, strict=True):
        own, others = scores[:, :1], scores[:, 1:]
        expected += np.mean(np.log(1 + noise / own) + np.log((others + noise) / (3 / 8)).sum(1, keepdims=True))
        by_hand = np.concatenate([1 / (own + noise) - 1 / own, 1 / (others + noise)], 1) / 5
        np.testing.assert_allclose(gradient, by_hand, rtol=1e-5)
    assert value == pytest.approx(expected, rel=1e-5)


def test_scores_and_their_normaliser():
    products = draw(5, 4, seed=5) / 4
    value, (gradient,) = slopes(lambda p: crd.crd_normaliser(p, 150, 0.1), products)
    assert value == pytest.approx(150 * np.exp(products / 0.1).mean(), rel=1e-5) and gradient is None
    scores = crd.crd_scores(tf.constant(products, tf.float32), 30.0, 0.1)
    np.testing.assert_allclose(scores, np.exp(products / 0.1) / 30, rtol=1e-5)
    scores = crd.crd_scores(tf.constant([[0.7, -0.07]]), 2.0)
    np.testing.assert_allclose(scores, [[np.exp(10.0) / 2, np.exp(-1.0) / 2]], rtol=1e-5)


def test_products_of_half_precise_embeddings_are_float32():
    embeddings, bank = unit_rows(5, 0), unit_rows(9, 1).astype("float32")
    found = crd.drawn_products(tf.cast(embeddings, "bfloat16"), bank, DRAWN)
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, np.take_along_axis(embeddings @ bank.T, DRAWN, 1), atol=1e-2)


def test_bank_rows_move_towards_the_embeddings():
    rows = np.array([[1.0, 0.0], [1.0, 0.0], [0.6, -0.8]], "float32")
    embeddings = np.array([[0.0, 1.0], [0.6, 0.8], [-0.6, 0.8]], "float32")
    half = [[np.sqrt(0.5), np.sqrt(0.5)], [0.8 / np.sqrt(0.8), 0.4 / np.sqrt(0.8)], [0.0, 0.0]]
    np.testing.assert_allclose(crd.moved_bank_rows(rows, embeddings), half, rtol=1e-6, atol=1e-7)
    quarter = np.array([0.7, 0.6]) / np.sqrt(0.85)
    np.testing.assert_allclose(crd.moved_bank_rows(rows, embeddings, momentum=0.25)[1], quarter, rtol=1e-6)
    _, gradients = slopes(lambda rows, embeddings: tf.reduce_sum(crd.moved_bank_rows(rows, embeddings)),
                          rows[:2], embeddings[:2])
    assert gradients[1] is None
