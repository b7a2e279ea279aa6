"""Quickened layers compute what Keras's compute, and only those change for which it pays."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.export.fold import InferenceModel, fold
from kgan.export.quicken import quicken
from kgan.networks.dcgan import dcgan_generator


def model_of(shape, **settings):
    """(a model of one transposed convolution with uneven weights, its quickened form, an input)."""
    generator = np.random.default_rng(2)
    inputs = keras.Input(shape)
    layer = keras.layers.Conv2DTranspose(**settings)
    model = keras.Model(inputs, layer(inputs))
    model.set_weights([generator.normal(size=weight.shape) for weight in model.weights])
    return model, quicken(model), generator.normal(size=(3, *shape)).astype("float32")


@pytest.mark.parametrize("shape, settings", [
    ((1, 1, 5), {"filters": 7, "kernel_size": 4, "padding": "valid"}),
    ((1, 1, 5), {"filters": 6, "kernel_size": (3, 2), "strides": 2, "activation": "relu"}),
    ((5, 6, 3), {"filters": 1, "kernel_size": 4, "padding": "same"}),
    ((5, 6, 3), {"filters": 3, "kernel_size": 3, "padding": "same", "activation": "tanh"}),
    ((6, 5, 2), {"filters": 2, "kernel_size": (5, 2), "padding": "same", "use_bias": False}),
])
def test_the_quick_forms_compute_the_same(shape, settings):
    model, quick, x = model_of(shape, **settings)
    assert not any(type(layer) is keras.layers.Conv2DTranspose for layer in quick.layers)
    expected = model(x)
    assert float(np.std(expected)) > 0.1
    np.testing.assert_allclose(quick(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape, settings", [
    ((5, 5, 3), {"filters": 1, "kernel_size": 4, "strides": 2, "padding": "same"}),
    ((5, 5, 3), {"filters": 9, "kernel_size": 4, "padding": "same"}),
    ((5, 5, 3), {"filters": 1, "kernel_size": 3, "padding": "valid"}),
    ((5, 5, 3), {"filters": 1, "kernel_size": 3, "padding": "same", "dilation_rate": 2}),
    ((None, None, 3), {"filters": 1, "kernel_size": 3, "padding": "same"}),
])
def test_other_layers_stay_what_they_are(shape, settings):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, keras.layers.Conv2DTranspose(**settings)(inputs))
    assert quicken(model) is model


@pytest.mark.parametrize("shape, settings", [
    ((8, 8, 130), {"filters": 128, "activation": "relu"}), ((4, 12, 128), {"filters": 129, "use_bias": False}),
])
def test_wide_convolutions_by_winograd(shape, settings):
    draw, inputs = np.random.default_rng(2), keras.Input(shape)
    model = keras.Model(inputs, keras.layers.Conv2D(kernel_size=3, padding="same", **settings)(inputs))
    model.set_weights([0.05 * draw.normal(size=weight.shape) for weight in model.weights])
    quick, x = quicken(model), draw.normal(size=(3, *shape)).astype("float32")
    assert not any(type(layer) is keras.layers.Conv2D for layer in quick.layers)
    expected = np.array(model(x))
    np.testing.assert_allclose(quick(x), expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("shape, settings", [
    ((8, 8, 128), {"filters": 127}), ((8, 8, 127), {"filters": 128}), ((8, 6, 128), {"filters": 128}),
    ((8, 8, 128), {"filters": 128, "strides": 2}), ((8, 8, 128), {"filters": 128, "kernel_size": 1}),
    ((8, 8, 128), {"filters": 128, "dilation_rate": 2}), ((8, 8, 128), {"filters": 128, "groups": 2}),
    ((8, 8, 128), {"filters": 128, "padding": "valid"}), ((None, None, 128), {"filters": 128}),
    ((8, 8, 128), {"filters": 128, "dtype": "mixed_bfloat16"}),
])
def test_other_convolutions_stay_what_they_are(shape, settings):
    inputs = keras.Input(shape)
    settings = {"kernel_size": 3, "padding": "same"} | settings
    model = keras.Model(inputs, keras.layers.Conv2D(**settings)(inputs))
    assert quicken(model) is model


def test_a_folded_generator_keeps_its_images_its_weights_and_the_way_to_its_latents():
    folded = fold(dcgan_generator(2, (32, 32, 1), latent_dim=6))
    quick = quicken(folded)
    assert isinstance(quick, InferenceModel)
    assert not quick.trainable_weights
    assert {id(weight) for weight in folded.weights} == {id(weight) for weight in quick.weights}
    latents = tf.constant(np.random.default_rng(0).normal(size=(4, 6)), tf.float32)
    found = []
    for model in (folded, quick):
        with tf.GradientTape() as tape:
            tape.watch(latents)
            images = model(latents, training=True)
        found.append((images, tape.gradient(images, latents)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-3, atol=1e-6)
    assert float(np.abs(found[0][1]).max()) > 1e-4


def test_a_generator_within_a_model_is_quickened_too():
    inner = dcgan_generator(2, (32, 32, 1), latent_dim=6)
    latents = keras.Input((6,), name="latents")
    folded = fold(keras.Model(latents, keras.layers.Rescaling(0.5)(inner(latents, training=False))))
    quick = quicken(folded)
    assert quick is not folded and isinstance(quick, InferenceModel)
    (within,) = (layer for layer in quick.layers if isinstance(layer, keras.Model))
    own = next(layer for layer in folded.layers if isinstance(layer, keras.Model))
    changed = [type(layer) for layer in within.layers if layer.name in ("stage1_conv", "image_conv")]
    assert keras.layers.Conv2DTranspose not in changed and len(changed) == 2
    assert own.get_layer("image_conv").filters == 1  # what was given is as it was
    z = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    np.testing.assert_allclose(quick(z), folded(z), rtol=1e-4, atol=1e-6)
