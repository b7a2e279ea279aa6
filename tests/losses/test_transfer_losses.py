"""Attention maps and both transfer losses against values computed by hand."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.losses.transfer import attention_map, attention_transfer_loss, image_transfer_loss, unit_transfer_loss

# Two places with two channels: Q = (1^2 + 7^2) / 2 = 25 at the first, (2^2 + 2^2) / 2 = 4 and so on.
FEATURES = np.array([[[[1.0, -7.0], [2.0, 2.0]]], [[[0.0, 0.0], [3.0, 1.0]]]], "float32")  # [2, 1, 2, 2]
# One channel: Q = 9 and 16 (norm sqrt(337)), then 1 and 0.
OTHER = np.array([[[[3.0], [-4.0]]], [[[1.0], [0.0]]]], "float32")  # [2, 1, 2, 1]


def test_the_attention_map_is_the_mean_square_over_its_norm():
    found = np.array(attention_map(FEATURES))
    norm = np.sqrt(25.0**2 + 4.0**2)
    np.testing.assert_allclose(found, [[25 / norm, 4 / norm], [0.0, 1.0]], rtol=1e-6)


def test_the_attention_map_goes_through_the_places_row_by_row():
    places = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "float32")
    found = attention_map(places.reshape(1, 2, 3, 1))
    np.testing.assert_allclose(found, [places**2 / np.sqrt(np.sum(places**4))], rtol=1e-6)


@pytest.mark.parametrize("reduction, share", [("mean", 0.5), ("sum", 1.0)])
def test_attention_transfer_by_hand_between_widths(reduction, share):
    one, other = np.array([25.0, 4.0]) / np.sqrt(641.0), np.array([9.0, 16.0]) / np.sqrt(337.0)
    first = np.sum((one - other) ** 2)
    second = 1.0 + 1.0  # (0, 1) against (1, 0)
    expected = 1000.0 * share * (first + second) / 2
    assert float(attention_transfer_loss(FEATURES, OTHER, reduction=reduction)) == pytest.approx(expected, rel=1e-5)
    third = attention_transfer_loss(FEATURES, OTHER, alpha=3.0, reduction=reduction)
    assert float(third) == pytest.approx(expected * 3 / 1000, rel=1e-5)


@pytest.mark.parametrize("reduction, share", [("mean", 0.25), ("sum", 1.0)])
def test_image_transfer_by_hand(reduction, share):
    # Images of 2x1x2 values: (3, 0, -4, 0) has norm 5, (1, 1, 1, -1) norm 2, (0, 0, 0, 9) norm 9.
    target = np.array([[3, 0, -4, 0], [0, 0, 0, 9]], "float32").reshape(2, 2, 1, 2)
    source = np.array([[1, 1, 1, -1], [1, 1, 1, -1]], "float32").reshape(2, 2, 1, 2)
    first = (0.6 - 0.5) ** 2 + 0.5**2 + (-0.8 - 0.5) ** 2 + 0.5**2
    second = 3 * 0.5**2 + 1.5**2
    expected = 1000.0 * share * (first + second) / 2
    assert float(image_transfer_loss(target, source, reduction=reduction)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", [attention_transfer_loss, image_transfer_loss])
def test_the_source_is_a_constant_and_a_scale_of_the_target_nothing(loss):
    generator = np.random.default_rng(0)
    target, source = (tf.constant(generator.normal(size=(3, 2, 4, 2)), tf.float32) for _ in range(2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([target, source])
        value = loss(target, source)
        scaled = loss(3.0 * target, source)
    slope = np.array(tape.gradient(value, target))
    assert tape.gradient(value, source) is None
    assert np.abs(slope).max() > 1e-2
    assert np.abs(np.sum(slope * target, axis=(1, 2, 3))).max() < 1e-2  # along its own direction nothing changes
    assert float(scaled) == pytest.approx(float(value), rel=1e-5)
    assert float(loss(target, target)) == 0.0


def test_the_slope_against_differences():
    generator = np.random.default_rng(1)
    target, source = (generator.normal(size=(2, 3, 2, 3)).astype("float32") for _ in range(2))
    for loss in (attention_transfer_loss, image_transfer_loss):
        variable = tf.constant(target)
        with tf.GradientTape() as tape:
            tape.watch(variable)
            value = loss(variable, source)
        slope, step = np.array(tape.gradient(value, variable)), 1e-2
        for place in ((0, 1, 0, 2), (1, 2, 1, 0)):
            ahead, behind = target.copy(), target.copy()
            ahead[place] += step
            behind[place] -= step
            expected = (float(loss(ahead, source)) - float(loss(behind, source))) / (2 * step)
            assert slope[place] == pytest.approx(expected, rel=2e-2, abs=0.05)


@pytest.mark.parametrize("loss", [attention_transfer_loss, image_transfer_loss])
def test_features_of_zero_leave_loss_and_slope_finite(loss):
    # A dead map beside one of unit length: alpha * (0 - 1)^2 summed over the positions.
    target = tf.zeros((2, 1, 3, 1))
    source = tf.constant(np.array([[5.0, 0.0, 0.0], [0.0, 0.0, 2.0]], "float32").reshape(2, 1, 3, 1))
    with tf.GradientTape() as tape:
        tape.watch(target)
        value = loss(target, source, alpha=7.0, reduction="sum")
    assert float(value) == pytest.approx(7.0, rel=1e-6)
    slope = np.array(tape.gradient(value, target))
    assert np.isfinite(slope).all() and np.abs(slope).max() < 100.0


def test_a_small_vector_keeps_its_direction():
    small = attention_map(1e-4 * FEATURES)
    np.testing.assert_allclose(small, attention_map(FEATURES), rtol=1e-4)


@pytest.mark.parametrize("make, words", [
    (lambda: attention_transfer_loss(FEATURES, OTHER, reduction="max"), "'max'"),
    (lambda: image_transfer_loss(OTHER, OTHER, reduction="none"), "'none'"),
    (lambda: unit_transfer_loss(np.ones((1, 2)), np.ones((1, 2)), reduction=None), "None"),
    (lambda: attention_transfer_loss(np.ones((1, 4, 4, 2), "float32"), np.ones((1, 8, 4, 2), "float32")), "(8, 4)"),
])
def test_what_does_not_fit_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
