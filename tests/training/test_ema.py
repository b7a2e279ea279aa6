"""The average of weights and statistics, by hand."""

import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.training.ema import EMA


def small():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1), keras.layers.BatchNormalization()])
    for weight, value in zip(model.weights, (2.0, 1.0, 1.0, 0.0, 3.0, 5.0), strict=True):
        weight.assign(np.full(weight.shape, value))
    return model


def test_moves_by_one_minus_decay_weights_and_statistics_alike():
    model = small()
    average = EMA(model, 0.9)
    for weight in model.weights:
        weight.assign(weight + 10.0)
    average.update(1000)
    for weight, followed in zip(average.model.weights, model.weights, strict=True):
        # from v to v + 10 with decay 0.9: one tenth of the way
        np.testing.assert_allclose(weight, np.asarray(followed) - 9.0, rtol=1e-6)


def test_the_first_updates_forget_faster():
    model = small()
    average = EMA(model, 0.999)
    model.weights[0].assign([[12.0]])
    average.update(0)  # the decay is 1 / 10: nine tenths of the way from 2 to 12
    assert float(average.model.weights[0][0, 0]) == pytest.approx(11.0)
    average.update(2)  # 3 / 12: three quarters of the way from 11 to 12
    assert float(average.model.weights[0][0, 0]) == pytest.approx(11.75)


def test_the_followed_network_is_not_touched_and_the_average_is_frozen():
    model = small()
    before = [np.asarray(weight).copy() for weight in model.weights]
    average = EMA(model, 0.5)
    average.update(10)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)
    assert average.model.trainable_weights == []


def test_before_its_start_it_is_a_plain_copy_and_from_then_on_the_whole_decay_holds():
    model = small()
    average = EMA(model, 0.75, start=3)
    for updates, expected in ((0, 12.1), (1, 22.2), (2, 24.725)):  # the third moves a quarter of 10.1
        for weight in model.weights:
            weight.assign(weight + 10.1)
        average.update(updates)
        assert float(average.model.weights[0][0, 0]) == pytest.approx(expected)
        if updates < 2:
            for weight, followed in zip(average.model.weights, model.weights, strict=True):
                np.testing.assert_array_equal(weight, followed)
    statistic, followed = average.model.weights[4], model.weights[4]
    np.testing.assert_allclose(statistic, np.asarray(followed) - 0.75 * 10.1, rtol=1e-6)


@pytest.mark.parametrize("start", [-1, 2.5, True])
def test_a_start_that_is_no_step_is_refused(start):
    with pytest.raises(InputError, match=f"received {start}"):
        EMA(small(), 0.5, start)


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_out_of_range_is_refused(decay):
    with pytest.raises(InputError, match=str(decay)):
        EMA(small(), decay)
