"""Errors of classifiers and regressors, by hand."""

import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.metrics.prediction import Predictor, error_rate, mean_absolute_error

IMAGES = np.random.default_rng(3).integers(0, 256, (7, 2, 3, 1), np.uint8)


def network(output=None):
    images = keras.Input((2, 3, 1))
    x = keras.layers.Flatten()(images)
    dense = keras.layers.Dense(2)
    x = dense(x)
    dense.set_weights([np.arange(12, dtype=np.float32).reshape(6, 2), np.array([0.5, -1.0], np.float32)])
    return keras.Model(images, {output: x, "other": images} if output else x)


@pytest.mark.parametrize("output", [None, "logits"])
@pytest.mark.parametrize("batch_size", [2, 7, 16])
def test_a_predictor_gives_a_row_an_image_whatever_its_batches(output, batch_size):
    found = Predictor(network(output), output, batch_size)(IMAGES)
    flat = IMAGES.reshape(7, 6) / 127.5 - 1.0
    np.testing.assert_allclose(found, flat @ np.arange(12).reshape(6, 2) + [0.5, -1.0], rtol=1e-5, atol=1e-5)


def test_error_rate_by_hand():
    logits = np.array([[0.1, 0.9, 0.0], [2.0, 1.0, -1.0], [0.0, 0.1, 0.2], [5.0, 4.0, 3.0]])
    assert error_rate(logits, np.array([1, 0, 1, 2])) == 50.0
    assert error_rate(logits, np.array([1, 0, 2, 2])) == 25.0


def test_mean_absolute_error_by_hand():
    assert mean_absolute_error([[1.0], [-2.0], [4.0]], [2.0, 1.0, 3.5]) == pytest.approx(1.5)
    assert mean_absolute_error([1.0, -2.0], [1.0, -2.0]) == 0.0


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="takes uint8 images"):
        Predictor(network())(IMAGES.astype(np.float32))
    with pytest.raises(InputError, match="asked for None"):
        Predictor(network("logits"))
    with pytest.raises(InputError, match="asked for 'features'"):
        Predictor(network("logits"), "features")
    with pytest.raises(InputError, match="diverged"):
        model = network()
        model.layers[-1].set_weights([np.full((6, 2), np.nan), np.zeros(2)])
        Predictor(model)(IMAGES)
    with pytest.raises(InputError, match="2 predictions and 3 labels"):
        error_rate(np.zeros((2, 3)), np.zeros(3))
    with pytest.raises(InputError, match="one value an image"):
        mean_absolute_error(np.zeros((2, 2)), np.zeros(2))
