"""Losses of classifiers and regressors, and BLKD in its two forms, against values computed by hand or numpy."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import supervised as losses

LOGITS = np.array([[np.log(2.0), 0.0, 0.0], [0.0, np.log(6.0), 0.0]], "float32")  # 2 : 1 : 1 and 1 : 6 : 1
TEACHER = np.array([[0.0, np.log(3.0), 0.0], [1.0, 2.0, -1.0]], "float32")
LABELS = np.array([0, 2], "int32")


def softmax(logits):
    odds = np.exp(np.float64(logits))
    return odds / odds.sum(axis=-1, keepdims=True)


def test_cross_entropy_of_each_sample():
    np.testing.assert_allclose(losses.cross_entropy(LABELS, LOGITS), [np.log(2.0), np.log(8.0)], rtol=1e-6)
    far = np.array([[300.0, 0.0]], "float32")
    np.testing.assert_allclose(losses.cross_entropy(np.array([1]), far), [300.0], rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 1), (3,)])
def test_errors_of_each_sample(shape):
    labels, predictions = np.array([0.5, 0.0, 1.0], "float32"), np.array([0.25, 0.5, 3.0], "float32").reshape(shape)
    np.testing.assert_allclose(losses.absolute_error(labels, predictions), [0.25, 0.5, 2.0], rtol=1e-6)
    np.testing.assert_allclose(losses.squared_error(labels, predictions), [0.0625, 0.25, 4.0], rtol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_blkd_in_both_forms(temperature):
    student, teacher = softmax(LOGITS / temperature), softmax(TEACHER / temperature)
    divergence = np.mean(np.sum(teacher * np.log(teacher / student), axis=-1))
    found = float(losses.blkd_loss(LOGITS, TEACHER, temperature))
    assert found == pytest.approx(temperature**2 * divergence, rel=1e-4)
    entropy = np.mean(np.sum(-teacher * np.log(student), axis=-1))
    assert float(losses.blkd_loss(LOGITS, TEACHER, temperature, "paper")) == pytest.approx(entropy, rel=1e-5)


def test_both_forms_pull_in_one_direction_with_strengths_that_differ_by_the_squared_temperature():
    slopes, teacher = {}, tf.constant(TEACHER)
    for mode in losses.MODES:
        student = tf.constant(LOGITS)
        with tf.GradientTape() as tape:
            tape.watch([student, teacher])
            loss = losses.blkd_loss(student, teacher, 4.0, mode)
        slopes[mode], to_teacher = tape.gradient(loss, [student, teacher])
        assert to_teacher is None or not np.any(to_teacher)
    assert float(np.abs(slopes["code"]).max()) > 1e-2
    np.testing.assert_allclose(slopes["code"], 16.0 * slopes["paper"], rtol=1e-4, atol=1e-6)


def test_the_students_loss_by_numpy():
    chosen = [0, 1], [0, 2]
    plain = np.mean(-np.log(softmax(LOGITS)[chosen]))
    softened = np.mean(-np.log(softmax(LOGITS / 2.0)[chosen]))
    for mode, hard in (("code", plain), ("paper", softened)):
        soft = float(losses.blkd_loss(LOGITS, TEACHER, 2.0, mode))
        found = losses.student_loss(LABELS, LOGITS, TEACHER, 0.3, 0.7, 2.0, mode)
        assert float(found) == pytest.approx(0.3 * hard + 0.7 * soft, rel=1e-5)


def test_another_mode_is_refused():
    with pytest.raises(InputError, match="'print'"):
        losses.blkd_loss(LOGITS, TEACHER, mode="print")


def test_the_sparse_autoencoders_loss_by_hand():
    images, decoded = np.zeros((2, 1, 2, 1), "float32"), np.array([1.0, 0.0, 0.0, 3.0], "float32").reshape(2, 1, 2, 1)
    features = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 6.0]], "float32")
    found = losses.sparse_autoencoder_loss(images, decoded, features, np.array([0.5, 1.0], "float32"),
                                           np.array([[0.0], [0.0]], "float32"), sparsity=0.1)
    assert float(found) == pytest.approx(10 / 4 + 0.1 * 2.0 + 1.25 / 2, rel=1e-6)
