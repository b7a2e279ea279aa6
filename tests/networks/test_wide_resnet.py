"""Wide ResNets: the published counts, the features' shapes, and a forward pass against numpy."""

import by_numpy as by
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.networks.wide_resnet import wide_resnet, wide_resnet_regressor

ALL = ("f0", "f1", "f2", "f3", "f_last")


def test_a_count_of_100_classes():
    """The others' are in test_classifiers.py."""
    assert by.trainable_parameters(lambda: wide_resnet(16, 1, 100)) == 180_916


def test_shapes_of_features():
    network = wide_resnet(10, 2, 100)
    assert by.shapes(network, *ALL) == [(32, 32, 16), (32, 32, 32), (16, 16, 64), (8, 8, 128), (128,)]
    assert by.shapes(network, "pre1", "pre2", "pre3") == [(32, 32, 32), (16, 16, 64), (8, 8, 128)]
    assert by.shapes(wide_resnet_regressor(10, 1, width=2, hidden=3), *ALL) == [
        (32, 32, 2), (32, 32, 2), (16, 16, 4), (8, 8, 8), (8,)]


def by_numpy(network, x, blocks, stem):
    """The features by name; a block that changes the width has a convolution for its shortcut."""
    layer = network.get_layer
    found = {"f0": by.convolution(x, layer("f0"))} if stem == "plain" else {"f0": halved(layer, x, stem == "pooled")}
    x = found["f0"]
    for stage in (1, 2, 3):
        for number in range(1, blocks + 1):
            name = f"stage{stage}_block{number}"
            first = stage > 1 and number == 1
            y = by.batch_norm(x, layer(f"pre{stage - 1}" if first else f"{name}_bn1"))
            if first:
                found[f"pre{stage - 1}"] = y
            y = by.relu(y)
            stride = 2 if first else 1
            if number == 1 and (stage > 1 or x.shape[-1] != layer(f"{name}_conv1").filters):
                x = by.convolution(y, layer(f"{name}_shortcut"), stride)
            y = by.batch_norm(by.convolution(y, layer(f"{name}_conv1"), stride), layer(f"{name}_bn2"))
            x = x + by.convolution(by.relu(y), layer(f"{name}_conv2"))
        found[f"f{stage}"] = x
    found["pre3"] = by.batch_norm(x, layer("pre3"))
    found["f_last"] = by.relu(found["pre3"]).mean((1, 2))
    return found


def halved(layer, x, pooled):
    x = by.relu(by.batch_norm(by.convolution(x, layer("stem_conv"), 2), layer("stem_bn")))
    if not pooled:
        return x
    x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-1.0)
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2].max((-2, -1))


def images(height, channels, count=2, width=None):
    shape = (count, height, width or height, channels)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


@pytest.mark.parametrize("depth, factor", [(10, 2), (16, 1)])
def test_a_classifier_equals_numpys(depth, factor):
    network = by.unsettle(wide_resnet(depth, factor, 5, (8, 16, 1), width=4))
    x = images(8, 1, width=16)
    expected = by_numpy(network, x, depth // 6, "plain")
    expected["logits"] = by.dense(expected["f_last"], network.get_layer("logits"))
    by.features_agree(network, x, expected)
    assert expected["f1"].min() < 0  # raw sums


def test_a_classifier_of_large_images_equals_numpys():
    network = by.unsettle(wide_resnet(10, 1, 5, (128, 128, 3), width=2))
    x = images(128, 3)
    expected = by_numpy(network, x, 1, "pooled")
    by.features_agree(network, x, expected)
    assert expected["f0"].shape == (2, 32, 32, 2)


def test_a_regressor_equals_numpys():
    network = by.unsettle(wide_resnet_regressor(10, 1, (16, 16, 3), width=4, hidden=6))
    x = images(16, 3)
    expected = by_numpy(network, x, 1, "halved")
    expected["head1_dense"] = by.dense(expected["f_last"], network.get_layer("head1_dense"))
    by.features_agree(network, x, expected)
    assert network.output_shape == (None, 1)


def test_initial_weights():
    network = wide_resnet(10, 4, 100, (8, 8, 3))
    for name, fan_out in [("f0", 9 * 16), ("stage2_block1_conv1", 9 * 128), ("stage3_block1_shortcut", 256)]:
        kernel = np.array(network.get_layer(name).kernel)
        assert abs(kernel.std() / np.sqrt(2 / fan_out) - 1) < 0.1
    logits = np.array(network.get_layer("logits").kernel)
    assert 0.97 * 256**-0.5 < np.abs(logits).max() <= 256**-0.5


@pytest.mark.parametrize("make, words", [
    (lambda: wide_resnet(18, 1, 10), "6n+4 (10, 16, 22, 28, 40, ...); received 18"),
    (lambda: wide_resnet(4, 1, 10), "depth must be an integer of at least 10; received 4"),
    (lambda: wide_resnet(16, 0.5, 10), "widen_factor must be an integer of at least 1; received 0.5"),
    (lambda: wide_resnet(16, 1, 1), "num_classes must be an integer of at least 2; received 1"),
    (lambda: wide_resnet(16, 1, 10, width=0), "width must be an integer of at least 1; received 0"),
    (lambda: wide_resnet(16, 1, 10, (30, 32, 3)), "multiples of 4 and 1 or 3 channels"),
    (lambda: wide_resnet(16, 1, 10, (136, 136, 3)), "multiples of 16"),
    (lambda: wide_resnet_regressor(16, 1, (12, 16, 3)), "multiples of 8"),
    (lambda: wide_resnet_regressor(16, 1, hidden=0), "hidden must be an integer of at least 1; received 0"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
