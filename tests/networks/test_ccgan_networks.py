"""CcGAN: counts of the paper's networks, whole forward passes against numpy, the label's ways in, and export."""

import by_numpy as by
import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.export.fold import fold
from kgan.export.runtime import Runner
from kgan.export.tflite import convert
from kgan.networks.ccgan import ccgan_discriminator, ccgan_generator
from kgan.networks.label_embedding import label_to_embedding

LABELS = np.array([0.0, 0.9, 0.4, 0.35], "float32")


@pytest.fixture(scope="module")
def embedding():
    keras.utils.set_random_seed(1)
    return by.unsettle(label_to_embedding(24), seed=3)


def test_counts_at_64x64_without_the_embeddings():
    embedding = label_to_embedding(128)
    assert by.trainable_parameters(lambda: ccgan_generator(64, embedding)) == 15_070_052
    assert by.trainable_parameters(lambda: ccgan_discriminator(64, embedding)) == 21_660_466


def maps(network):
    return [layer.output.shape[1:] for layer in network.layers
            if layer.name == "attention" or layer.name in [f"block{i}" for i in range(9)]]


def test_maps_at_64x64(embedding):
    assert maps(ccgan_generator(4, embedding)) == [
        (8, 8, 32), (16, 16, 16), (32, 32, 8), (32, 32, 8), (64, 64, 4)]
    assert maps(ccgan_discriminator(4, embedding)) == [
        (32, 32, 4), (32, 32, 4), (16, 16, 8), (8, 8, 16), (4, 4, 32), (4, 4, 64)]


@pytest.mark.parametrize("size, up, down", [
    (16, [(8, 8), (8, 8), (16, 4)], [(8, 4), (8, 4), (4, 8), (4, 16)]),
    (32, [(8, 16), (16, 8), (16, 8), (32, 4)], [(16, 4), (16, 4), (8, 8), (4, 16), (4, 32)]),
])
def test_maps_of_smaller_images(size, up, down):
    assert maps(ccgan_generator(4, None, (size, size, 1))) == [(side, side, wide) for side, wide in up]
    assert maps(ccgan_discriminator(4, None, (size, size, 1))) == [(side, side, wide) for side, wide in down]


def generator_by_numpy(network, latents, labels, condition):
    layer = network.get_layer

    def norm(x, name):
        if condition is None:
            return by.batch_norm(x, layer(name))
        gamma, beta = (condition @ np.array(layer(f"{name}_{part}").kernel) for part in ("gamma", "beta"))
        return by.batch_norm(x, layer(f"{name}_bn")) * (1 + gamma)[:, None, None] + beta[:, None, None]

    x = by.dense(latents, layer("first_dense"))
    if condition is None:
        x = x + labels[:, None]
    x = x.reshape(len(latents), 4, 4, -1)
    for name in ("block1", "block2"):
        if name == "block2":
            x = by.pooled_attention(x, network, "attention")
        shortcut = by.convolution(by.twice(x), layer(f"{name}_shortcut"))
        x = by.convolution(by.twice(by.relu(norm(x, f"{name}_cbn1"))), layer(f"{name}_conv1"))
        x = by.convolution(by.relu(norm(x, f"{name}_cbn2")), layer(f"{name}_conv2")) + shortcut
    return np.tanh(by.convolution(by.relu(by.batch_norm(x, layer("last_bn"))), layer("image_conv")))


def discriminator_by_numpy(network, images, condition):
    layer = network.get_layer
    x = by.convolution(by.relu(by.convolution(images, layer("block1_conv1"))), layer("block1_conv2"))
    x = by.pooled(x) + by.pooled(by.convolution(images, layer("block1_shortcut")))
    x = by.pooled_attention(x, network, "attention")
    for name in ("block2", "block3"):
        x = by.relu(x)  # in place: the shortcut sees it too
        y = by.convolution(by.relu(by.convolution(x, layer(f"{name}_conv1"))), layer(f"{name}_conv2"))
        x = y + by.convolution(x, layer(f"{name}_shortcut"))
        if name == "block2":
            x = by.pooled(x)
    f = by.relu(x).reshape(len(x), -1)
    projected = condition @ by.kernel_of(layer("projection"))
    return by.dense(f, layer("realness")) + np.sum(projected * f, axis=1, keepdims=True)


@pytest.mark.parametrize("naive", [False, True])
def test_the_generator_equals_numpys(embedding, naive):
    generator = by.unsettle(ccgan_generator(4, None if naive else embedding, (16, 16, 3), latent_dim=6))
    latents = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    if not naive:  # the copy inside was unsettled once more
        embedding = generator.get_layer("y2h")
    condition = None if naive else np.array(embedding(LABELS))
    expected = generator_by_numpy(generator, latents, LABELS, condition)
    np.testing.assert_allclose(generator({"latents": latents, "labels": LABELS}), expected, rtol=1e-3, atol=1e-4)
    other = generator({"latents": latents, "labels": LABELS + 0.1})
    assert np.abs(other - expected).mean() > 1e-4


@pytest.mark.parametrize("naive", [False, True])
def test_the_discriminator_equals_numpys(embedding, naive):
    discriminator = by.unsettle(ccgan_discriminator(4, None if naive else embedding, (16, 16, 1)))
    images = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 1)).astype("float32")
    condition = LABELS[:, None] if naive else np.array(discriminator.get_layer("y2h")(LABELS))
    expected = discriminator_by_numpy(discriminator, images, condition)
    assert expected.shape == (4, 1)
    np.testing.assert_allclose(discriminator({"images": images, "labels": LABELS}), expected, rtol=1e-3, atol=1e-4)
    assert discriminator.get_layer("projection").bias is None


def test_the_embedding_inside_is_a_frozen_copy(embedding):
    generator = ccgan_generator(4, embedding, (16, 16, 1))
    discriminator = ccgan_discriminator(4, embedding, (16, 16, 1))
    assert embedding.trainable and embedding.trainable_weights
    for network in (generator, discriminator):
        inside = network.get_layer("y2h")
        assert inside is not embedding and inside.trainable_weights == []
        np.testing.assert_array_equal(inside(LABELS), embedding(LABELS))
        assert not {id(weight) for weight in inside.weights} & {id(weight) for weight in network.trainable_weights}


@pytest.mark.parametrize("make", [ccgan_generator, ccgan_discriminator])
@pytest.mark.parametrize("naive", [False, True])
def test_gradients_reach_every_weight_as_plain_tensors(embedding, make, naive):
    network = by.unsettle(make(4, None if naive else embedding, (16, 16, 1)))
    rng = np.random.default_rng(0)
    inputs = {"images": rng.uniform(-1, 1, (4, 16, 16, 1)), "latents": rng.normal(size=(4, 256)), "labels": LABELS}
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(network({key: inputs[key] for key in network.input}, training=True) ** 2)
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    assert all(isinstance(gradient, tf.Tensor) for gradient in gradients)


def test_initial_weights_and_momenta(embedding):
    generator = ccgan_generator(8, embedding, (32, 32, 3))
    shapes = {"block1_conv1": (3, 3, 64, 32), "first_dense": (256, 1024), "block1_cbn1_gamma": (24, 64)}
    for name, shape in shapes.items():
        layer = generator.get_layer(name)
        bound = np.sqrt(6 / (np.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        assert layer.kernel.shape == shape
        assert 0.97 * bound < np.abs(np.array(layer.kernel)).max() <= bound
        assert layer.bias is None or not np.any(layer.bias)
    momenta = [layer.momentum for layer in generator.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert momenta == [0.999] * 6 + [0.9999]
    quick = ccgan_generator(8, None, (16, 16, 3), batch_norm_momenta=(0.9, 0.95))
    momenta = [layer.momentum for layer in quick.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert momenta == [0.9] * 4 + [0.95]


def test_a_saved_copy_and_a_clone_give_the_same_images(embedding, tmp_path):
    generator = by.unsettle(ccgan_generator(4, embedding, (16, 16, 1)))
    inputs = {"latents": np.random.default_rng(0).normal(size=(4, 256)).astype("float32"), "labels": LABELS}
    generator.save(tmp_path / "g.keras")
    clone = keras.models.clone_model(generator)  # as the average of the weights is kept
    clone.set_weights(generator.get_weights())
    for copy in (keras.models.load_model(tmp_path / "g.keras"), clone):
        np.testing.assert_array_equal(copy(inputs), generator(inputs))
        assert copy.get_layer("y2h").trainable_weights == []


def folded_and_inputs(embedding):
    generator = by.unsettle(ccgan_generator(4, embedding, (16, 16, 1)))
    inputs = {"latents": np.random.default_rng(0).normal(size=(4, 256)).astype("float32"), "labels": LABELS}
    expected = np.array(generator(inputs))
    assert expected.std() > 0.05
    return fold(generator), inputs, expected


def test_folding_agrees(embedding):
    folded, inputs, expected = folded_and_inputs(embedding)
    assert not any(hasattr(layer, "power_iteration") for layer in folded.layers)
    np.testing.assert_allclose(folded(inputs), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_tflite_agrees(embedding):
    """Quick sibling: `test_folding_agrees`, and BigGAN's conversion in test_biggan.py."""
    folded, inputs, expected = folded_and_inputs(embedding)
    (found,) = Runner(convert(folded, "none"))(inputs).values()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make, words", [
    (lambda: ccgan_generator(0, None), "width must be an integer of at least 1; received 0"),
    (lambda: ccgan_generator(4, None, (128, 128, 3)), "received image_shape=(128, 128, 3)"),
    (lambda: ccgan_generator(4, None, latent_dim=1.5), "latent_dim must be an integer of at least 1; received 1.5"),
    (lambda: ccgan_generator(4, None, batch_norm_momenta=(0.9, 1.0)), "must lie in [0, 1); received 1.0"),
    (lambda: ccgan_discriminator(4, None, (64, 32, 3)), "received image_shape=(64, 32, 3)"),
    (lambda: ccgan_discriminator(4, 128), "must be a network from labels [B] to vectors [B, n]"),
    (lambda: ccgan_generator(4, ccgan_discriminator(2, None, (16, 16, 1))), "embedding must map labels [B]"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
