"""BigGAN-deep: counts by formula, whole forward passes against numpy, and export."""

import itertools

import by_numpy as by
import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.export.fold import fold
from kgan.export.runtime import Runner
from kgan.export.tflite import convert
from kgan.networks.biggan_deep import biggan_deep_discriminator, biggan_deep_generator

SMALL = {"image_shape": (32, 32, 3), "attention_size": 16}


def bottleneck(wide, inner, out):
    """Weights and biases of the four convolutions of a block."""
    return (wide + 1) * inner + 2 * (9 * inner + 1) * inner + (inner + 1) * out


def attention(channels):
    return 2 * channels * channels // 8 + 2 * channels * channels // 2 + 1


def generator_count(widths, classes, attended=()):
    """Two blocks a size; `widths` begins with the 4x4 map's, all batch norms are conditional but the last."""
    count = 128 * classes + 257 * 16 * widths[0]
    for one, other in itertools.pairwise(widths):
        for out in (one, other):
            count += bottleneck(one, one // 4, out) + 2 * 256 * (one + 3 * (one // 4))
    return count + sum(map(attention, attended)) + 2 * widths[-1] + (9 * widths[-1] + 1) * 3


def discriminator_count(widths, classes, attended=()):
    count = (9 * 3 + 1) * widths[0] + widths[-1] + 1 + classes * widths[-1]
    for one, other in itertools.pairwise(widths):
        count += bottleneck(one, other // 4, other) + (one + 1) * (other - one)
        count += bottleneck(other, other // 4, other)
    return count + sum(map(attention, attended))


def test_counts_of_the_papers_networks_at_128x128():
    up, down = [128 * unit for unit in (16, 16, 8, 4, 2, 1)], [128 * unit for unit in (1, 2, 4, 8, 16, 16)]
    assert generator_count(up, 100, [256]) == 50_129_284
    assert discriminator_count(down, 100, [256]) == 32_747_010
    # The published generator of 1000 classes, said to have 50.4 million, makes 128 channels and uses 3.
    assert round((generator_count(up, 1000, [256]) + 125 * (9 * 128 + 1)) / 1e6, 1) == 50.4
    assert by.trainable_parameters(lambda: biggan_deep_generator(128, 100)) == 50_129_284
    assert by.trainable_parameters(lambda: biggan_deep_discriminator(128, 100)) == 32_747_010


def maps(network):
    """(side, channels) of the maps behind each size's blocks."""
    names = [f"block{number}" for number in range(9)]
    return [layer.output.shape[2:] for layer in network.layers if layer.name in names]


def test_sizes_and_widths_at_256x256():
    with keras.StatelessScope(initialize_variables=False):
        generator = biggan_deep_generator(2, 3, (256, 256, 1), depth=1)
        discriminator = biggan_deep_discriminator(2, 3, (256, 256, 1), depth=1)
    keras.backend.clear_session(free_memory=False)
    assert maps(generator) == [(8, 32), (16, 16), (32, 16), (64, 8), (128, 4), (256, 2)]
    assert maps(discriminator) == [(128, 4), (64, 8), (32, 16), (16, 16), (8, 32), (4, 32)]
    for network, name in ((generator, "attention4"), (discriminator, "attention2")):  # behind 64x64 alone
        assert [layer.name for layer in network.layers if layer.name.startswith("attention")
                and layer.name[9:].isdigit()] == [name]


def inputs_for(generator, count=4, classes=3):
    latents = np.random.default_rng(2).normal(size=(count, generator.input["latents"].shape[1])).astype("float32")
    return {"latents": latents, "labels": np.arange(count, dtype="int32")[::-1] % classes}


def norm_by_numpy(x, condition, network, name):
    gamma, beta = (condition @ by.kernel_of(network.get_layer(f"{name}_{part}")) for part in ("gamma", "beta"))
    x = by.batch_norm(x, network.get_layer(f"{name}_bn"))
    return x * (1 + gamma)[:, None, None] + beta[:, None, None]


def generator_block(x, condition, network, name, doubles):
    y = x
    for part in (1, 2, 3, 4):
        y = by.relu(norm_by_numpy(y, condition, network, f"{name}_cbn{part}"))
        y = by.twice(y) if doubles and part == 2 else y
        y = by.convolution(y, network.get_layer(f"{name}_conv{part}"))
    x = x[..., : y.shape[-1]]
    return y + (by.twice(x) if doubles else x)


def discriminator_block(x, network, name, halves):
    y = x
    for part in (1, 2, 3, 4):
        y = by.pooled(by.relu(y)) if halves and part == 4 else by.relu(y)
        y = by.convolution(y, network.get_layer(f"{name}_conv{part}"))
    x = by.pooled(x) if halves else x
    if y.shape[-1] > x.shape[-1]:
        x = np.concatenate([x, by.convolution(x, network.get_layer(f"{name}_shortcut"))], axis=-1)
    return x + y


def generator_by_numpy(network, latents, labels):
    """32x32 with two blocks a size and attention at 16x16."""
    layer = network.get_layer
    condition = np.concatenate([latents, np.array(layer("shared").kernel)[labels]], axis=1)
    x = by.dense(condition, layer("first_dense")).reshape(len(latents), 4, 4, -1)
    for number in (1, 2, 3):
        x = generator_block(x, condition, network, f"block{number}_1", doubles=False)
        x = generator_block(x, condition, network, f"block{number}", doubles=True)
        x = by.pooled_attention(x, network, "attention2") if number == 2 else x
    x = by.relu(by.batch_norm(x, layer("last_bn")))
    return np.tanh(by.convolution(x, layer("image_conv")))


def scores_by_numpy(x, labels, network):
    v = by.relu(x).sum((1, 2))
    table = by.kernel_of(network.get_layer("class"))
    return by.dense(v, network.get_layer("realness")) + np.sum(table[labels] * v, axis=1, keepdims=True)


def discriminator_by_numpy(network, images, labels):
    """32x32: to 16x16 with attention, to 8x8, and on at 8x8."""
    x = by.convolution(images, network.get_layer("first_conv"))
    for number in (1, 2, 3):
        x = discriminator_block(x, network, f"block{number}", halves=number < 3)
        x = discriminator_block(x, network, f"block{number}_2", halves=False)
        x = by.pooled_attention(x, network, "attention1") if number == 1 else x
    return scores_by_numpy(x, labels, network)


def test_the_generator_equals_numpys():
    generator = by.unsettle(biggan_deep_generator(2, 3, latent_dim=6, shared_dim=5, **SMALL))
    inputs = inputs_for(generator)
    expected = generator_by_numpy(generator, **inputs)
    np.testing.assert_allclose(generator(inputs), expected, rtol=1e-3, atol=1e-4)
    assert 0.05 < expected.std() < 0.95
    assert np.abs(generator({**inputs, "labels": (inputs["labels"] + 1) % 3}) - expected).mean() > 1e-3


def test_a_block_drops_the_last_channels_of_its_input():
    generator = by.unsettle(biggan_deep_generator(1, 3, (64, 64, 1), latent_dim=6, shared_dim=5, depth=1))
    assert maps(generator) == [(8, 16), (16, 8), (32, 4), (64, 2)]
    names = ["condition", "block1", "block2"]
    inner = keras.Model(generator.input, [generator.get_layer(name).output for name in names])
    condition, x, found = (np.array(value) for value in inner(inputs_for(generator)))
    expected = generator_block(x, condition, generator, "block2", doubles=True)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_the_discriminator_equals_numpys():
    discriminator = by.unsettle(biggan_deep_discriminator(2, 3, **SMALL))
    images = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")
    labels = np.array([2, 0, 1, 1], "int32")
    expected = discriminator_by_numpy(discriminator, images, labels)
    assert expected.shape == (4, 1) and expected.std() > 0.01
    np.testing.assert_allclose(discriminator({"images": images, "labels": labels}), expected, rtol=1e-3, atol=1e-3)


def test_a_wider_block_adds_channels_to_its_shortcut():
    discriminator = by.unsettle(biggan_deep_discriminator(2, 3, (64, 64, 1), depth=1))
    assert maps(discriminator) == [(32, 4), (16, 8), (8, 16), (4, 32)]
    inner = keras.Model(discriminator.input, [discriminator.get_layer(name).output for name in ("block1", "block2")])
    images = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 1)).astype("float32")
    x, found = (np.array(value) for value in inner({"images": images, "labels": np.array([0, 1])}))
    expected = discriminator_block(x, discriminator, "block2", halves=True)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_initial_weights_are_orthogonal_and_all_but_one_table_has_spectral_norm():
    generator = biggan_deep_generator(4, 10, **SMALL, depth=1)
    discriminator = biggan_deep_discriminator(4, 10, **SMALL, depth=1)
    for network, names in [(generator, ("shared", "first_dense", "block2_conv3", "block1_cbn2_beta", "attention2_g")),
                           (discriminator, ("first_conv", "class", "realness", "block3_conv1", "attention1_out"))]:
        for name in names:
            kernel = np.array(network.get_layer(name).kernel)
            matrix = kernel.reshape(-1, kernel.shape[-1])
            matrix = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
            np.testing.assert_allclose(matrix.T @ matrix, np.eye(matrix.shape[1]), atol=1e-5)
    plain = [layer.name for network in (generator, discriminator) for layer in network.layers
             if hasattr(layer, "kernel") and not hasattr(layer, "power_iteration")]
    assert plain == ["shared"]
    assert all(generator.get_layer(name).bias is None for name in ("attention2_phi", "block1_cbn1_gamma"))
    bias = np.array(generator.get_layer("first_dense").bias)
    assert 0.9 * 256**-0.5 < np.abs(bias).max() <= 256**-0.5 and bias.min() < 0 < bias.max()


def test_gradients_reach_every_weight_as_plain_tensors():
    rng = np.random.default_rng(0)
    inputs = {"images": rng.uniform(-1, 1, (3, 32, 32, 1)), "latents": rng.normal(size=(3, 4)),
              "labels": np.array([0, 1, 2])}
    for network in (biggan_deep_generator(1, 3, (32, 32, 1), 4, 4, 1, 16),
                    biggan_deep_discriminator(1, 3, (32, 32, 1), 1, 16)):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(network({key: inputs[key] for key in network.input}, training=True) ** 2)
        gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
        assert all(isinstance(gradient, tf.Tensor) for gradient in gradients)


@pytest.mark.slow
def test_saving_folding_and_tflite_agree(tmp_path):
    """Quick siblings: test_conditional.py's, of each layer, and test_biggan.py::test_folding_and_tflite_agree."""
    generator = by.unsettle(biggan_deep_generator(1, 3, (64, 64, 1), latent_dim=6, shared_dim=5, attention_size=16))
    inputs = inputs_for(generator)
    expected = np.array(generator(inputs))
    generator.save(tmp_path / "g.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "g.keras")(inputs), expected)
    folded = fold(generator)
    assert not any(hasattr(layer, "power_iteration") for layer in folded.layers)
    norms = [layer.name for layer in folded.layers if isinstance(layer, keras.layers.BatchNormalization)]
    # Those that follow no convolution directly: a sum or a doubling stands before them.
    assert norms == [f"block{number}{place}_cbn1_bn" for number in range(1, 5) for place in ("_1", "")] + ["last_bn"]
    np.testing.assert_allclose(folded(inputs), expected, rtol=1e-3, atol=1e-4)
    (found,) = Runner(convert(folded, "none"))(inputs).values()
    assert found.shape == (4, 64, 64, 1) and expected.std() > 0.05
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("make, words", [
    (lambda: biggan_deep_generator(0, 3), "width must be an integer of at least 1; received 0"),
    (lambda: biggan_deep_generator(8, 1), "num_classes must be an integer of at least 2; received 1"),
    (lambda: biggan_deep_generator(8, 3, (16, 16, 3)), "32x32 or 64x64 or 128x128 or 256x256 with 1 or 3 channels"),
    (lambda: biggan_deep_generator(8, 3, latent_dim=0), "latent_dim must be an integer of at least 1; received 0"),
    (lambda: biggan_deep_generator(8, 3, shared_dim=0), "shared_dim must be an integer of at least 1; received 0"),
    (lambda: biggan_deep_discriminator(8, 3, depth=0), "depth must be an integer of at least 1; received 0"),
    (lambda: biggan_deep_discriminator(8, 3, attention_size=48), "attention_size must be 8, 16, 32, 64 or 128"),
    (lambda: biggan_deep_discriminator(8, 3, (128, 64, 3)), "received image_shape=(128, 64, 3)"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
