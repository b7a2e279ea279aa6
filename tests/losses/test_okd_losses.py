"""Online distillation's losses against values computed by hand."""

import numpy as np
import pytest

from kgan.losses.okd import class_loss, okd_generator_loss


def test_the_generators_loss_adds_the_mean_of_its_connectors():
    assert okd_generator_loss(2.0, [0.5, -1.5, 4.0], 0.1) == pytest.approx(2.0 + 0.1 * 1.0, abs=1e-12)
    assert okd_generator_loss(2.0, [-3.0], 0.5) == pytest.approx(0.5, abs=1e-12)
    assert okd_generator_loss(2.0, [], 0.5) == 2.0


def test_the_class_loss_is_the_mean_negative_log_probability():
    logits = np.log(np.array([[1.0, 3.0, 4.0], [5.0, 2.0, 1.0]], "float32"))  # probabilities in eighths
    expected = -(np.log(3 / 8) + np.log(5 / 8)) / 2
    assert float(class_loss(np.array([1, 0]), logits)) == pytest.approx(expected, rel=1e-5)
    expected = -(np.log(4 / 8) + np.log(2 / 8)) / 2
    assert float(class_loss(np.array([2, 1]), logits + 1000.0)) == pytest.approx(expected, rel=1e-3)
