"""The feature networks: shapes, where the features stand, heads against numpy, what they refuse."""

import by_numpy as by
import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.networks.cgan_features import classification_features, sparse_autoencoder


def images(size, channels, count=4):
    return np.random.default_rng(0).uniform(-1, 1, (count, size, size, channels)).astype("float32")


def test_the_papers_classifier_has_3072_features():
    trunk = 21_328_292 - 513 * 100
    head = 513 * 3072 + 2 * 3072 + 3073 * 1024 + 2 * 1024 + 1025 * 256 + 2 * 256 + 257 * 100
    assert by.trainable_parameters(lambda: classification_features(100)) == trunk + head


def test_max_pools_behind_stages_change_no_weights_and_halve_the_maps():
    def make(**pools):
        return classification_features(5, (64, 64, 3), 18, 2, feature_dim=24, hidden=(8,), **pools)

    plain, pooled = make(), make(pool_after=(1, 2))  # the paper's form for 128x128, at half the size
    sizes = {name: [network.get_layer(name).output.shape[1] for name in ("f1", "f2", "f3", "f4")]
             for name, network in (("plain", plain), ("pooled", pooled))}
    assert sizes == {"plain": [64, 32, 16, 8], "pooled": [64, 16, 4, 2]}
    assert [weight.shape for weight in pooled.weights] == [weight.shape for weight in plain.weights]
    by.unsettle(pooled)
    layers = [pooled.get_layer(name).output for name in ("f1", "stage2_block1_conv1", "f2", "stage3_block1_shortcut")]
    f1, after1, f2, after2 = (np.array(x) for x in keras.Model(pooled.input, layers)(images(64, 3, 2)))
    expected = by.convolution(by.pooled(f1, np.max), pooled.get_layer("stage2_block1_conv1"), 2)
    np.testing.assert_allclose(after1, expected, rtol=1e-4, atol=1e-4)
    expected = by.convolution(by.pooled(f2, np.max)[:, ::2, ::2], pooled.get_layer("stage3_block1_shortcut"))
    np.testing.assert_allclose(after2, expected, rtol=1e-4, atol=1e-4)


def test_features_of_a_classifier_stand_before_any_activation():
    network = by.unsettle(classification_features(5, (16, 16, 1), 8, 4, feature_dim=24, hidden=(12, 7)))
    layer = network.get_layer
    found = network(images(16, 1))
    pooled = np.array(keras.Model(network.input, layer("f_last").output)(images(16, 1)))
    x = by.dense(pooled, layer("features"))
    assert x.shape == (4, 24) and x.min() < 0
    np.testing.assert_allclose(found["features"], x, rtol=1e-4, atol=1e-5)
    x = by.relu(by.batch_norm(x, layer("features_bn")))
    for name in ("hidden1", "hidden2"):
        x = by.relu(by.batch_norm(by.dense(x, layer(f"{name}_dense")), layer(f"{name}_bn")))
    np.testing.assert_allclose(found["logits"], by.dense(x, layer("logits")), rtol=1e-4, atol=1e-4)
    assert found["logits"].shape == (4, 5)


def test_dropout_stands_behind_every_hidden_layer_and_acts_in_training_alone():
    network = classification_features(5, (16, 16, 1), 8, 4, hidden=(12, 7), dropout=0.25)
    dropouts = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.name for layer in dropouts] == ["features_dropout", "hidden1_dropout", "hidden2_dropout"]
    assert {layer.rate for layer in dropouts} == {0.25}
    assert network.output["features"].shape == (None, 256)  # the image's numbers
    np.testing.assert_array_equal(network(images(16, 1))["logits"], network(images(16, 1))["logits"])
    inner = keras.Model(network.input, [network.get_layer(name).output for name in ("hidden1", "hidden1_dropout")])
    before, after = (np.array(values) for values in inner(images(16, 1, 64), training=True))
    kept = after != 0
    np.testing.assert_allclose(after[kept], before[kept] / 0.75, rtol=1e-5)
    assert 0.15 < np.mean(after[before > 0] == 0) < 0.35


def convolutions(widths, channels, size):
    """Weights, biases and batch norm's scales and shifts of 4x4 and 3x3 convolutions in turn."""
    return sum(place * place * one * other + 3 * other
               for place, one, other in zip((4, 3) * size, (channels, *widths), widths, strict=False))


def test_count_of_the_papers_autoencoder():
    encoder = convolutions((64, 64, 64, 128, 128, 256, 256, 256), 3, 4)
    decoder = convolutions((256, 128, 128, 64, 64, 64, 64, 64), 256, 4) + 65 * 3
    dense = 4097 * 12288 + 12289 * 4096 + 2 * 4096
    predictor = 12289 * 1024 + 2048 + 1025 * 512 + 1024 + 513 * 256 + 512 + 257
    count = by.trainable_parameters(sparse_autoencoder)
    assert count == encoder + decoder + dense + predictor


def widths(network, part, ending):
    return [(layer.output.shape[1], layer.output.shape[-1]) for layer in network.layers
            if layer.name.startswith(part) and layer.name.endswith(ending) and len(layer.output.shape) == 4]


@pytest.mark.parametrize("size, encoder, decoder", [
    (64, [(32, 2), (32, 2), (16, 2), (16, 4), (8, 4), (8, 8), (4, 8), (4, 8)],
     [(8, 8), (8, 4), (16, 4), (16, 2), (32, 2), (32, 2), (64, 2), (64, 2)]),
    (32, [(16, 2), (16, 2), (8, 2), (8, 4), (4, 4), (4, 8)], [(8, 8), (8, 4), (16, 4), (16, 2), (32, 2), (32, 2)]),
    (16, [(8, 2), (8, 2), (4, 2), (4, 4)], [(8, 4), (8, 2), (16, 2), (16, 2)]),
])
def test_maps_of_the_autoencoder(size, encoder, decoder):
    network = sparse_autoencoder((size, size, 3), width=2, feature_dim=20, hidden=(8,))
    assert widths(network, "encoder", "_conv") == encoder
    assert widths(network, "decoder", "_conv") == decoder
    shapes = {name: output.shape for name, output in network.output.items()}
    assert shapes == {"features": (None, 20), "images": (None, size, size, 3), "labels": (None, 1)}


def test_the_autoencoders_features_and_labels_equal_numpys():
    network = by.unsettle(sparse_autoencoder((16, 16, 1), width=2, feature_dim=20, hidden=(8, 6)))
    layer = network.get_layer
    found = network(images(16, 1))
    encoded = np.array(keras.Model(network.input, layer("encoder2").output)(images(16, 1)))
    features = by.relu(by.dense(encoded.reshape(4, -1), layer("features_dense")))
    np.testing.assert_allclose(found["features"], features, rtol=1e-4, atol=1e-5)
    assert features.min() == 0 < features.max()
    x = features
    for name in ("predictor1", "predictor2"):
        x = by.relu(by.batch_norm(by.dense(x, layer(f"{name}_dense")), layer(f"{name}_bn")))
    np.testing.assert_allclose(found["labels"], by.relu(by.dense(x, layer("labels_dense"))), rtol=1e-4, atol=1e-4)
    x = by.relu(by.batch_norm(by.dense(features, layer("decoder0_dense")), layer("decoder0_bn"))).reshape(4, 4, 4, 4)
    decoded = keras.Model(layer("as_map").output, network.output["images"])
    np.testing.assert_allclose(found["images"], decoded(x.astype("float32")), rtol=1e-4, atol=1e-5)
    last = np.array(keras.Model(network.input, layer("decoder2").output)(images(16, 1)))
    restored = np.tanh(by.convolution(last, layer("image_conv")))
    np.testing.assert_allclose(found["images"], restored, rtol=1e-4, atol=1e-5)


def test_initial_weights_of_convolutions():
    network = sparse_autoencoder((16, 16, 3), width=8, feature_dim=20, hidden=(8,))
    fans = {"encoder1_half_conv": 16 * 3, "encoder2_conv": 9 * 8, "decoder1_double_conv": 16 * 16, "image_conv": 8}
    for name, fan_in in fans.items():
        layer, bound = network.get_layer(name), fan_in**-0.5
        assert 0.9 * bound < np.abs(np.array(layer.kernel)).max() <= bound
        assert np.abs(np.array(layer.bias)).max() <= bound and np.any(layer.bias)


@pytest.mark.parametrize("make, words", [
    (lambda: classification_features(1), "num_classes must be an integer of at least 2; received 1"),
    (lambda: classification_features(5, dropout=1.0), "dropout must lie in [0, 1); received 1.0"),
    (lambda: classification_features(5, feature_dim=0), "feature_dim must be an integer of at least 1; received 0"),
    (lambda: classification_features(5, hidden=(8, 0)), "each of hidden must be an integer of at least 1; received 0"),
    (lambda: classification_features(5, (18, 18, 3)), "multiples of 8"),
    (lambda: classification_features(5, (8, 8, 3), pool_after=(1, 2)), "multiples of 32"),
    (lambda: classification_features(5, pool_after=(4,)), "before its last, 1 to 3; received (4,)"),
    (lambda: sparse_autoencoder((128, 128, 3)), "received image_shape=(128, 128, 3)"),
    (lambda: sparse_autoencoder(width=0), "width must be an integer of at least 1; received 0"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
