"""Differentiable augmentation: its laws, its gradients, its state, and discriminators that carry it."""

import keras
import labelled
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.networks.diff_augment import DiffAugment, augmented
from kgan.networks.layers import SpectralConv2D
from kgan.training.shared_trace import SharedTrace

SHAPE = (16, 12, 3)


def images(num=400, seed=0, shape=SHAPE):
    return np.random.default_rng(seed).uniform(0.5, 1.0, (num, *shape)).astype("float32")


def test_inference_leaves_images_alone_and_draws_nothing():
    layer, x = DiffAugment(), images(3)
    state = np.array(layer.seed_generator.state)
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer(x, training=False), x)
    np.testing.assert_array_equal(layer.seed_generator.state, state)
    assert tiny.moved([x], [np.array(layer(x, training=True))])
    assert tiny.moved([state], [np.array(layer.seed_generator.state)])


def test_color_is_brightness_then_saturation_then_contrast():
    """Read back from the images: contrast and saturation scale deviations, brightness shifts the mean."""
    x = images()
    out = np.array(DiffAugment("color", seed=3)(x, training=True), np.float64)

    def parts(values):
        mean = values.mean(axis=(1, 2, 3), keepdims=True)
        grey = values.mean(axis=-1, keepdims=True)
        return mean, grey - mean, values - grey

    (mean, grey, hue), (new_mean, new_grey, new_hue) = parts(np.float64(x)), parts(out)

    def factor(old, new):
        found = (old * new).sum(axis=(1, 2, 3)) / (old * old).sum(axis=(1, 2, 3))
        np.testing.assert_allclose(new, found[:, None, None, None] * old, atol=1e-5)
        return found

    brightness = (new_mean - mean)[:, 0, 0, 0]
    contrast = factor(grey, new_grey)
    saturation = factor(hue, new_hue) / contrast
    for found, low, high in ((brightness, -0.5, 0.5), (contrast, 0.5, 1.5), (saturation, 0.0, 2.0)):
        assert low <= found.min() < low + 0.02 * (high - low) and high - 0.02 * (high - low) < found.max() <= high
        assert abs(found.mean() - (low + high) / 2) < 0.06 * (high - low)
    assert abs(np.corrcoef(brightness, contrast)[0, 1]) < 0.15 > abs(np.corrcoef(contrast, saturation)[0, 1])


def test_translation_shifts_by_up_to_an_eighth_of_either_side_and_fills_with_zeros():
    x, seen = images(), []
    for one, moved in zip(x, np.array(DiffAugment("translation", seed=1)(x, training=True)), strict=True):
        rows, columns = np.flatnonzero(moved.any(axis=(1, 2))), np.flatnonzero(moved.any(axis=(0, 2)))
        down, right = (rows[0] or rows[-1] - 15), (columns[0] or columns[-1] - 11)
        expected = np.zeros_like(one)
        expected[max(down, 0) : 16 + min(down, 0), max(right, 0) : 12 + min(right, 0)] = one[
            max(-down, 0) : 16 - max(down, 0), max(-right, 0) : 12 - max(right, 0)]
        np.testing.assert_array_equal(moved, expected)
        seen.append((int(down), int(right)))
    counts = {shift: seen.count(shift) for shift in set(seen)}
    assert set(counts) == {(down, right) for down in range(-2, 3) for right in range(-2, 3)}
    assert min(counts.values()) > 4 and max(counts.values()) < 36  # 400 images, 25 shifts


def test_cutout_clears_half_a_side_around_a_centre_anywhere():
    x, firsts = images(), []
    for one, cut in zip(x, np.array(DiffAugment("cutout", seed=2)(x, training=True)), strict=True):
        gone = ~cut.any(axis=-1)
        rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
        hole = np.zeros(gone.shape, bool)
        hole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
        np.testing.assert_array_equal(gone, hole)
        np.testing.assert_array_equal(cut[~gone], one[~gone])
        firsts.append((rows[0] if len(rows) == 8 else rows[-1] - 7 if rows[0] == 0 else rows[0],
                       columns[0] if len(columns) == 6 else columns[-1] - 5 if columns[0] == 0 else columns[0]))
    # Centres 0..16 and 0..12; the hole begins half of its own size, 4 and 3 pixels, before.
    assert {first for first, _ in firsts} == set(range(-4, 13))
    assert {first for _, first in firsts} == set(range(-3, 10))


def test_gradients_flow_to_the_images_through_the_pixels_that_are_left():
    layer, x = DiffAugment("translation,cutout", seed=5), tf.constant(images(6))
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = layer(x, training=True)
        total = tf.reduce_sum(out * out)
    kept = np.array(tape.gradient(total, x)) != 0
    for image, left, shown in zip(np.array(x), kept, np.array(out), strict=True):
        np.testing.assert_allclose(np.sort(image[left]), np.sort(shown[shown != 0]))
    layer = DiffAugment("color", seed=5)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(layer(x, training=True)[..., 0])
    assert np.all(np.abs(tape.gradient(total, x)).max(axis=(1, 2, 3)) > 0)


def test_draws_are_determined_by_the_seed_and_differ_from_call_to_call():
    x = images(5)
    one, same, other = (DiffAugment(seed=seed) for seed in (4, 4, 5))
    first = np.array(one(x, training=True))
    np.testing.assert_array_equal(first, same(x, training=True))
    second = np.array(one(x, training=True))
    assert tiny.moved([first], [second])
    np.testing.assert_array_equal(second, same(x, training=True))
    assert tiny.moved([first], [np.array(other(x, training=True))])


@pytest.mark.parametrize("policy", ["colour", "", "color,color", "color, cutout", None])
def test_another_policy_is_refused(policy):
    with pytest.raises(InputError, match="color, translation, cutout"):
        DiffAugment(policy)


@pytest.mark.parametrize("make, batch", [
    (lambda: tiny.discriminator(), lambda: labelled.class_batch()[0]),
    (labelled.class_discriminator, lambda: dict(zip(("images", "labels"), labelled.class_batch(), strict=True))),
    (labelled.value_discriminator, lambda: dict(zip(("images", "labels"), labelled.value_batch(), strict=True))),
])
def test_an_augmented_discriminator_is_flat_shares_its_weights_and_saves(make, batch, tmp_path):
    plain, inputs = make(), batch()
    network = augmented(plain, "translation,cutout", seed=7)
    assert {id(weight) for weight in network.weights} == {id(weight) for weight in plain.weights}
    spectral = [[layer for layer in each.layers if isinstance(layer, SpectralConv2D)] for each in (plain, network)]
    assert spectral[0] == spectral[1]
    assert len(network.variables) == len(plain.variables) + 1  # the state of the draws
    np.testing.assert_array_equal(network(inputs), plain(inputs))
    images_of = inputs["images"] if isinstance(inputs, dict) else inputs
    changed = DiffAugment("translation,cutout", seed=7)(images_of, training=True)
    expected = plain({**inputs, "images": changed} if isinstance(inputs, dict) else changed)
    np.testing.assert_allclose(network(inputs, training=True), expected, rtol=1e-5, atol=1e-6)
    assert tiny.moved([np.array(expected)], [np.array(plain(inputs))])
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(again(inputs), plain(inputs))
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in network.layers]


def test_a_network_without_images_is_refused():
    with pytest.raises(InputError, match="images"):
        augmented(tiny.generator())


def test_shared_traces_move_the_state_of_the_draws_and_seeds_do_not_part_forms():
    traces = []

    def run(call, weights, x):
        traces.append(1)
        return call(x), call(x)

    shared, x = SharedTrace(run), tf.constant(images(4, shape=tiny.SHAPE))
    base = augmented(tiny.discriminator(), seed=1)
    for network in (base, labelled.reseeded(base, 2)):
        plain = keras.models.clone_model(network)
        for variable, value in zip(plain.variables, network.variables, strict=True):
            variable.assign(value)
        first, second = shared(network, x)
        np.testing.assert_allclose(first, plain(x, training=True), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(second, plain(x, training=True), rtol=1e-5, atol=1e-6)
        assert tiny.moved([np.array(first)], [np.array(second)])
        state = [np.array(each.get_layer("diff_augment").seed_generator.state) for each in (network, plain)]
        np.testing.assert_array_equal(*state)
    assert state[0][0] == 2
    assert len(traces) == 1
