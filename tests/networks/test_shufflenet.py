"""ShuffleNets: the features' shapes, forward passes against numpy, groups and shuffles.

The published counts are in test_classifiers.py.
"""

import by_numpy as by
import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.networks.mobile_blocks import ChannelShuffle, GroupedConv2D, Halves
from kgan.networks.shufflenet_v1 import shufflenet_v1, shufflenet_v1_regressor
from kgan.networks.shufflenet_v2 import shufflenet_v2, shufflenet_v2_regressor

ALL = ("f0", "f1", "f2", "f3", "f_last")


@pytest.mark.slow
def test_shapes_of_features():
    """Quick siblings: the comparisons with numpy."""
    shapes = [(32, 32, 24), (16, 16, 240), (8, 8, 480), (4, 4, 960), (960,)]
    assert by.shapes(shufflenet_v1(100), *ALL) == shapes
    assert by.shapes(shufflenet_v1(100, (128, 128, 3)), *ALL) == shapes
    assert by.shapes(shufflenet_v1_regressor(), *ALL) == shapes
    shapes = [(32, 32, 24), (16, 16, 116), (8, 8, 232), (4, 4, 464), (1024,)]
    assert by.shapes(shufflenet_v2(100), *ALL) == shapes
    assert by.shapes(shufflenet_v2(100, (128, 128, 3)), *ALL) == shapes
    assert by.shapes(shufflenet_v2_regressor(), *ALL) == shapes


def stem_by_numpy(layer, x, size):
    """A stem of `size` 1, 2 (halving) or 4 (halving and a max pool)."""
    x = by.relu(by.batch_norm(by.convolution(x, layer("stem_conv"), 1 if size == 1 else 2), layer("stem_bn")))
    return x if size < 4 else places(x, -1.0).max((-2, -1))


def places(x, edge):
    """The 3x3 places around every second one, `edge` around the map: [B, H / 2, W / 2, C, 3, 3]."""
    x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=edge)
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2]


def shuffled(x, groups):
    """Channel i of group g goes to place i * groups + g."""
    size = x.shape[-1] // groups
    found = np.empty_like(x)
    for channel in range(x.shape[-1]):
        found[..., channel % size * groups + channel // size] = x[..., channel]
    return found


def grouped(x, layer, groups):
    kernel = np.array(layer.kernel, np.float64)[0, 0]
    each, own = x.shape[-1] // groups, kernel.shape[-1] // groups
    return np.concatenate([x[..., g * each:(g + 1) * each] @ kernel[:, g * own:(g + 1) * own]
                           for g in range(groups)], axis=-1)


def v1_by_numpy(network, x, stem, units):
    """The features by name."""
    layer = network.get_layer
    x = stem_by_numpy(layer, x, stem)
    found = {"f0": x}
    for stage, count in enumerate(units, start=1):
        for number in range(1, count + 1):
            name = f"stage{stage}_unit{number}"
            alone = stage == 1 and number == 1
            y = by.convolution(x, layer(f"{name}_conv1")) if alone else grouped(x, layer(f"{name}_conv1"), 3)
            y = by.relu(by.batch_norm(y, layer(f"{name}_bn1")))
            y = y if alone else shuffled(y, 3)
            y = by.depthwise(y, layer(f"{name}_depthwise"), 2 if number == 1 else 1)
            y = by.relu(by.batch_norm(y, layer(f"{name}_bn2")))
            y = by.batch_norm(grouped(y, layer(f"{name}_conv2"), 3), layer(f"{name}_bn3"))
            before = np.concatenate([y, places(x, 0.0).mean((-2, -1))], axis=-1) if number == 1 else y + x
            x = by.relu(before)
        found[f"pre{stage}"], found[f"f{stage}"] = before, x
    found["f_last"] = x.mean((1, 2))
    return found


def v2_by_numpy(network, x, stem, units):
    """The features by name."""
    layer = network.get_layer

    def normed(x, name):
        return by.batch_norm(by.convolution(x, layer(name)), layer(f"{name}_bn"))

    def each_normed(x, name, stride):
        return by.batch_norm(by.depthwise(x, layer(name), stride), layer(f"{name}_bn"))

    x = stem_by_numpy(layer, x, stem)
    found = {"f0": x}
    for stage, count in enumerate(units, start=1):
        name = f"stage{stage}_unit1"
        left = by.relu(normed(each_normed(x, f"{name}_left_depthwise", 2), f"{name}_left"))
        right = by.relu(normed(x, f"{name}_conv1"))
        right = by.relu(normed(each_normed(right, f"{name}_depthwise", 2), f"{name}_conv2"))
        x = shuffled(np.concatenate([left, right], axis=-1), 2)
        for number in range(2, count + 1):
            name = f"stage{stage}_unit{number}"
            half = x.shape[-1] // 2
            y = by.relu(normed(x[..., half:], f"{name}_conv1"))
            y = normed(each_normed(y, f"{name}_depthwise", 1), f"{name}_conv2")
            before = np.concatenate([x[..., :half], y], axis=-1)
            x = shuffled(np.concatenate([x[..., :half], by.relu(y)], axis=-1), 2)
        found[f"pre{stage}"], found[f"f{stage}"] = before, x
    found["f_last"] = by.relu(normed(x, "last")).mean((1, 2))
    return found


def images(height, width, channels):
    return np.random.default_rng(0).uniform(-1, 1, (2, height, width, channels)).astype("float32")


FORMS = {"v1": (shufflenet_v1, shufflenet_v1_regressor, v1_by_numpy, 36, (1, 3)),
         "v2": (shufflenet_v2, shufflenet_v2_regressor, v2_by_numpy, 6, (3, 2))}
versions = pytest.mark.parametrize("version", FORMS)


@versions
def test_a_classifier_equals_numpys(version):
    make, _, by_numpy, width, units = FORMS[version]
    network = by.unsettle(make(5, (8, 16, 1), width=width, units=units))
    x = images(8, 16, 1)
    expected = by_numpy(network, x, 1, units)
    expected["logits"] = by.dense(expected["f_last"], network.get_layer("logits"))
    by.features_agree(network, x, expected)
    assert expected["f2"].shape == (2, 2, 4, 2 * width)
    assert expected["pre2"].min() < 0 == expected["f2"].min()


@versions
def test_a_classifier_of_large_images_equals_numpys(version):
    make, _, by_numpy, width, _ = FORMS[version]
    network = by.unsettle(make(5, (128, 128, 3), width=width, units=(2,)))
    expected = by_numpy(network, images(128, 128, 3), 4, (2,))
    by.features_agree(network, images(128, 128, 3), expected)
    assert expected["f0"].shape == (2, 32, 32, 24)


@versions
def test_a_regressor_equals_numpys(version):
    _, make, by_numpy, width, _ = FORMS[version]
    network = by.unsettle(make((8, 16, 3), width=width, units=(2,), hidden=6))
    expected = by_numpy(network, images(8, 16, 3), 2, (2,))
    expected["head1_dense"] = by.dense(expected["f_last"], network.get_layer("head1_dense"))
    by.features_agree(network, images(8, 16, 3), expected)
    assert expected["f0"].shape == (2, 4, 8, 24) and network.output_shape == (None, 1)


def test_a_shuffle_by_hand():
    x = np.arange(6.0).reshape(1, 1, 1, 6)
    np.testing.assert_array_equal(ChannelShuffle(3)(x).numpy().ravel(), [0, 2, 4, 1, 3, 5])
    np.testing.assert_array_equal(ChannelShuffle(2)(x).numpy().ravel(), [0, 3, 1, 4, 2, 5])
    first, second = Halves()(x)
    np.testing.assert_array_equal(first.numpy().ravel(), [0, 1, 2])
    np.testing.assert_array_equal(second.numpy().ravel(), [3, 4, 5])


def test_a_grouped_convolution_and_its_gradients():
    """Of a group's kernel and input, by the textbook's sums, and in the plain layer that export takes."""
    layer = GroupedConv2D(6, 1, groups=3, use_bias=False)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 3, 4, 12)).astype("float32")
    weight = rng.normal(size=(2, 3, 4, 6)).astype("float32")

    @tf.function
    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(y * weight)
        return y, *tape.gradient(loss, [layer.kernel.value, x])

    layer.build(x.shape)
    y, of_kernel, of_x = gradients(tf.constant(x))
    np.testing.assert_allclose(y, grouped(x, layer, 3), atol=1e-5)
    kernel = np.array(layer.kernel)[0, 0]
    for g in range(3):
        inputs, outputs = slice(4 * g, 4 * g + 4), slice(2 * g, 2 * g + 2)
        expected = np.einsum("bhwi,bhwo->io", x[..., inputs], weight[..., outputs])
        np.testing.assert_allclose(of_kernel[0, 0][:, outputs], expected, atol=1e-4)
        np.testing.assert_allclose(of_x[..., inputs], weight[..., outputs] @ kernel[:, outputs].T, atol=1e-5)
    plain = layer.folded()
    assert type(plain) is keras.layers.Conv2D and plain.groups == 3
    np.testing.assert_array_equal(plain.kernel, layer.kernel)


def test_initial_weights():
    network = shufflenet_v1(100, (8, 8, 3), units=(2,))
    for name, fan_in in [("stage1_unit2_conv1", 80), ("stage1_unit2_depthwise", 9), ("stage1_unit1_conv1", 24)]:
        kernel = np.abs(np.array(network.get_layer(name).kernel))
        assert 0.97 * fan_in**-0.5 < kernel.max() <= fan_in**-0.5


@pytest.mark.parametrize("make, words", [
    (lambda: shufflenet_v1(1), "num_classes must be an integer of at least 2; received 1"),
    (lambda: shufflenet_v1(10, width=24), "width must be an integer of at least 36; received 24"),
    (lambda: shufflenet_v1(10, width=40), "multiple of 12 (240 is the published one); received 40"),
    (lambda: shufflenet_v1(10, units=()), "at least one stage; received units=()"),
    (lambda: shufflenet_v1(10, (12, 16, 3)), "multiples of 8 and 1 or 3 channels"),
    (lambda: shufflenet_v1(10, (144, 144, 3)), "multiples of 32"),
    (lambda: shufflenet_v1_regressor((24, 24, 3)), "multiples of 16"),
    (lambda: shufflenet_v2(10, width=5), "even number (116 is the published one); received 5"),
    (lambda: shufflenet_v2(10, units=(4, 1)), "at least two units each; received units=(4, 1)"),
    (lambda: shufflenet_v2(10, (16, 16, 2)), "1 or 3 channels; received image_shape=(16, 16, 2)"),
    (lambda: shufflenet_v2_regressor((24, 24, 3)), "multiples of 16"),
    (lambda: shufflenet_v2_regressor(hidden=0), "hidden must be an integer of at least 1; received 0"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
