"""VGG networks: the published counts, the features' shapes, and a forward pass against numpy."""

import by_numpy as by
import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.networks.vgg import vgg, vgg_regressor

ALL = ("f0", "f1", "f2", "f3", "f4", "f_last")


def test_a_count_of_100_classes():
    """The others' are in test_classifiers.py."""
    assert by.trainable_parameters(lambda: vgg(8, 100)) == 3_965_028


def test_shapes_of_features():
    with keras.StatelessScope(initialize_variables=False):
        small, large, values = vgg(8, 100), vgg(8, 100, (128, 128, 3)), vgg_regressor(8)
        assert by.shapes(small, *ALL) == [
            (32, 32, 64), (16, 16, 128), (8, 8, 256), (4, 4, 512), (4, 4, 512), (512,)]
        assert by.shapes(small, "pre1", "pre4") == [(16, 16, 128), (4, 4, 512)]
        assert by.shapes(large, *ALL) == [
            (128, 128, 64), (64, 64, 128), (32, 32, 256), (16, 16, 512), (16, 16, 512), (8192,)]
        assert by.shapes(values, *ALL) == [
            (64, 64, 64), (32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 512), (2048,)]
    keras.backend.clear_session(free_memory=False)


def by_numpy(network, x, counts, pools):
    """The features by name."""
    layer = network.get_layer
    found = {}
    for block, count in enumerate(counts):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            x = by.convolution(x, layer(name))
            x = by.batch_norm(x, layer(f"pre{block}" if number == count else f"{name}_bn"))
            if number == count:
                found[f"pre{block}"] = x
            x = by.relu(x)
        found[f"f{block}"] = x
        if block < pools:
            x = by.pooled(x, np.max)
    return found, x


def images(height, width, channels):
    return np.random.default_rng(0).uniform(-1, 1, (2, height, width, channels)).astype("float32")


def test_a_classifier_equals_numpys():
    network = by.unsettle(vgg(16, 5, (8, 16, 1), width=2))
    x = images(8, 16, 1)
    expected, last = by_numpy(network, x, (2, 2, 3, 3, 3), 3)
    expected["f_last"] = last.mean((1, 2))
    expected["logits"] = by.dense(expected["f_last"], network.get_layer("logits"))
    by.features_agree(network, x, expected)
    assert last.shape == (2, 1, 2, 16)


def test_a_classifier_of_large_images_equals_numpys():
    network = by.unsettle(vgg(8, 5, (128, 128, 3), width=2))
    x = images(128, 128, 3)
    expected, last = by_numpy(network, x, (1, 1, 1, 1, 1), 3)
    last = last.reshape(2, 4, 4, 4, 4, 16).max((2, 4)).reshape(2, -1)
    expected["f_last"] = last
    for name in ("hidden1", "hidden2"):
        last = expected[name] = by.relu(by.dense(last, network.get_layer(f"{name}_dense")))
    expected["logits"] = by.dense(last, network.get_layer("logits"))
    by.features_agree(network, x, expected)
    rates = [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    assert last.shape == (2, 1024) and rates == [0.5, 0.5]


def test_a_regressor_equals_numpys():
    network = by.unsettle(vgg_regressor(11, (32, 64, 3), width=2, hidden=6))
    x = images(32, 64, 3)
    expected, last = by_numpy(network, x, (1, 1, 2, 2, 2), 5)
    expected["f_last"] = last.reshape(2, -1)
    expected["head1_dense"] = by.dense(expected["f_last"], network.get_layer("head1_dense"))
    by.features_agree(network, x, expected)
    assert last.shape == (2, 1, 2, 16) and network.output_shape == (None, 1)


def test_initial_weights():
    network = vgg(8, 100, (8, 8, 3), width=16)
    for name, fan_out in [("block1_conv1", 9 * 32), ("block4_conv1", 9 * 128)]:
        layer = network.get_layer(name)
        assert abs(np.array(layer.kernel).std() / np.sqrt(2 / fan_out) - 1) < 0.1
        assert not np.any(layer.bias)
    logits = network.get_layer("logits")
    assert abs(np.array(logits.kernel).std() / 0.01 - 1) < 0.1
    assert not np.any(logits.bias)


@pytest.mark.parametrize("make, words", [
    (lambda: vgg(12, 10), "depth is 8, 11, 13, 16 or 19; received 12"),
    (lambda: vgg(8, 1), "num_classes must be an integer of at least 2; received 1"),
    (lambda: vgg(8, 10, width=0), "width must be an integer of at least 1; received 0"),
    (lambda: vgg(8, 10, (12, 16, 3)), "multiples of 8 and 1 or 3 channels"),
    (lambda: vgg(8, 10, (144, 144, 3)), "multiples of 32"),
    (lambda: vgg_regressor(8, (48, 64, 3)), "multiples of 32"),
    (lambda: vgg_regressor(8, hidden=0), "hidden must be an integer of at least 1; received 0"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
