"""BigGAN: counts of the paper's networks, whole forward passes against numpy, and export."""

import by_numpy as by
import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.export.fold import fold
from kgan.export.runtime import Runner
from kgan.export.tflite import convert
from kgan.networks.biggan import biggan_discriminator, biggan_generator


@pytest.mark.parametrize("classes, generator, discriminator", [(10, 4_304_387, 4_207_361), (100, 4_580_867, 4_230_401)])
def test_counts_at_32x32(classes, generator, discriminator):
    assert by.trainable_parameters(lambda: biggan_generator(256, classes)) == generator
    assert by.trainable_parameters(lambda: biggan_discriminator(256, classes)) == discriminator


def test_smaller_images_have_one_block_fewer():
    block = 2 * (9 * 256 * 256 + 256) + 256 * 256 + 256
    tables = 2 * 2 * 10 * 256
    assert by.trainable_parameters(lambda: biggan_generator(256, 10, (16, 16, 3))) == 4_304_387 - block - tables
    assert by.trainable_parameters(lambda: biggan_discriminator(256, 10, (16, 16, 3))) == 4_207_361 - block


def maps(network):
    return [layer.output.shape[1:] for layer in network.layers if layer.name in [f"block{i}" for i in range(9)]]


@pytest.mark.parametrize("size, up, down", [
    (16, (8, 16), (8, 8, 8)), (32, (8, 16, 32), (16, 8, 8, 8)), (64, (8, 16, 32, 64), (32, 16, 8, 8, 8))])
def test_sizes_of_the_blocks(size, up, down):
    assert maps(biggan_generator(4, 3, (size, size, 1))) == [(side, side, 4) for side in up]
    assert maps(biggan_discriminator(4, 3, (size, size, 1))) == [(side, side, 4) for side in down]


def inputs_for(generator, count=4, classes=3):
    rng = np.random.default_rng(2)
    latents = rng.normal(size=(count, generator.input["latents"].shape[1])).astype("float32")
    return {"latents": latents, "labels": np.arange(count, dtype="int32")[::-1] % classes}


def norm_by_numpy(x, labels, network, name):
    gamma, beta = (np.array(network.get_layer(f"{name}_{part}").kernel)[labels] for part in ("gamma", "beta"))
    x = by.batch_norm(x, network.get_layer(f"{name}_bn"))
    return x * (1 + gamma)[:, None, None] + beta[:, None, None]


def generator_by_numpy(network, latents, labels):
    layer = network.get_layer
    x = by.dense(latents, layer("first_dense")).reshape(len(latents), 4, 4, -1)
    for name in ("block1", "block2"):
        shortcut = by.convolution(by.twice(x), layer(f"{name}_shortcut"))
        x = by.twice(by.relu(norm_by_numpy(x, labels, network, f"{name}_cbn1")))
        x = by.convolution(x, layer(f"{name}_conv1"))
        x = by.relu(norm_by_numpy(x, labels, network, f"{name}_cbn2"))
        x = by.convolution(x, layer(f"{name}_conv2")) + shortcut
    x = by.relu(by.batch_norm(x, layer("last_bn")))
    return np.tanh(by.convolution(x, layer("image_conv")))


def discriminator_by_numpy(network, images, labels):
    """16x16: the first block halves, the other two keep the size."""
    layer = network.get_layer
    x = by.convolution(by.relu(by.convolution(images, layer("block1_conv1"))), layer("block1_conv2"))
    x = by.pooled(x) + by.convolution(by.pooled(images), layer("block1_shortcut"))
    for name in ("block2", "block3"):
        y = by.convolution(by.relu(x), layer(f"{name}_conv1"))
        x = x + by.convolution(by.relu(y), layer(f"{name}_conv2"))
    v = by.relu(x).sum((1, 2))
    table = by.kernel_of(layer("class"))
    return by.dense(v, layer("realness")) + np.sum(table[labels] * v, axis=1, keepdims=True)


def test_the_generator_equals_numpys():
    generator = by.unsettle(biggan_generator(5, 3, (16, 16, 3), latent_dim=6))
    inputs = inputs_for(generator)
    expected = generator_by_numpy(generator, **inputs)
    np.testing.assert_allclose(generator(inputs), expected, rtol=1e-4, atol=1e-5)
    assert expected.std() > 0.05
    other = generator({**inputs, "labels": (inputs["labels"] + 1) % 3})
    assert np.abs(other - expected).mean() > 1e-3


def test_the_discriminator_equals_numpys():
    discriminator = by.unsettle(biggan_discriminator(5, 3, (16, 16, 1)))
    images = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 1)).astype("float32")
    labels = np.array([2, 0, 1, 1], "int32")
    expected = discriminator_by_numpy(discriminator, images, labels)
    assert expected.shape == (4, 1)
    np.testing.assert_allclose(discriminator({"images": images, "labels": labels}), expected, rtol=1e-4, atol=1e-4)


def test_a_second_down_block_sees_its_input_through_a_relu_on_the_main_path_alone():
    discriminator = by.unsettle(biggan_discriminator(3, 2, (32, 32, 3)))
    inner = keras.Model(discriminator.input, [discriminator.get_layer(f"block{number}").output for number in (1, 2)])
    images = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
    x, found = (np.array(maps) for maps in inner({"images": images, "labels": np.array([0, 1])}))
    assert x.min() < -0.01
    layer = discriminator.get_layer
    y = by.convolution(by.relu(by.convolution(by.relu(x), layer("block2_conv1"))), layer("block2_conv2"))
    expected = by.pooled(y) + by.pooled(by.convolution(x, layer("block2_shortcut")))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_initial_weights():
    generator, discriminator = biggan_generator(64, 10), biggan_discriminator(64, 10)
    for network, name in [(generator, "first_dense"), (generator, "block2_conv1"), (generator, "block1_cbn1_gamma"),
                          (discriminator, "block3_conv2"), (discriminator, "class")]:
        kernel = np.array(network.get_layer(name).kernel)
        assert 0.018 < kernel.std() < 0.022 and np.abs(kernel).max() > 0.045  # neither uniform nor truncated
    gamma, beta = (np.array(generator.get_layer(f"block1_cbn1_{part}").kernel) for part in ("gamma", "beta"))
    assert np.abs(gamma - beta).mean() > 0.01  # two draws
    for network, name, fan_in in [(generator, "first_dense", 128), (generator, "block2_conv1", 576),
                                  (discriminator, "block1_shortcut", 3)]:
        bias, bound = np.array(network.get_layer(name).bias), fan_in**-0.5
        assert 0.85 * bound < np.abs(bias).max() <= bound and bias.min() < 0 < bias.max()


@pytest.mark.parametrize("make", [biggan_generator, biggan_discriminator])
def test_gradients_reach_every_weight_as_plain_tensors(make):
    network = make(4, 3, (16, 16, 1))
    rng = np.random.default_rng(0)
    inputs = {"images": rng.uniform(-1, 1, (4, 16, 16, 1)), "latents": rng.normal(size=(4, 128)),
              "labels": np.array([0, 1, 2, 0])}
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(network({key: inputs[key] for key in network.input}, training=True) ** 2)
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    assert all(isinstance(gradient, tf.Tensor) for gradient in gradients)


def test_a_saved_copy_and_a_clone_give_the_same_images(tmp_path):
    generator = by.unsettle(biggan_generator(4, 3, (16, 16, 1)))
    inputs = inputs_for(generator)
    generator.save(tmp_path / "g.keras")
    clone = keras.models.clone_model(generator)  # as the average of the weights is kept
    clone.set_weights(generator.get_weights())
    for copy in (keras.models.load_model(tmp_path / "g.keras"), clone):
        np.testing.assert_array_equal(copy(inputs), generator(inputs))


def test_folding_and_tflite_agree():
    generator = by.unsettle(biggan_generator(8, 3, (16, 16, 1)))
    inputs = inputs_for(generator)
    expected = generator(inputs)
    folded = fold(generator)
    norms = [layer.name for layer in folded.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert norms == ["block1_cbn1_bn", "block2_cbn1_bn", "last_bn"]  # those that follow no convolution
    assert not any(hasattr(layer, "power_iteration") for layer in folded.layers)
    np.testing.assert_allclose(folded(inputs), expected, rtol=1e-4, atol=1e-5)
    (found,) = Runner(convert(folded, "none"))(inputs).values()
    assert found.shape == (4, 16, 16, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make, words", [
    (lambda: biggan_generator(0, 3), "width must be an integer of at least 1; received 0"),
    (lambda: biggan_generator(8, 1), "num_classes must be an integer of at least 2; received 1"),
    (lambda: biggan_generator(8, 3, (48, 48, 3)), "16x16 or 32x32 or 64x64 with 1 or 3 channels"),
    (lambda: biggan_generator(8, 3, latent_dim=0), "latent_dim must be an integer of at least 1; received 0"),
    (lambda: biggan_discriminator(8, 3, (32, 16, 3)), "received image_shape=(32, 16, 3)"),
    (lambda: biggan_discriminator(8, 3, (32, 32, 4)), "received image_shape=(32, 32, 4)"),
    (lambda: biggan_discriminator(True, 3), "received True"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
