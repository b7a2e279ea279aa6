"""ResNets: the published counts, the features' names and shapes, and a forward pass against numpy."""

import by_numpy as by
import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.export.fold import fold
from kgan.export.runtime import Runner
from kgan.export.tflite import convert
from kgan.networks.resnet import resnet, resnet_regressor


def deeper(depth, width, count):
    """A count in the slow tier; its quick siblings are those of the same family beside it."""
    return pytest.param(depth, width, count, marks=pytest.mark.slow)


@pytest.mark.parametrize("depth, width, count", [
    (8, None, 83_892), deeper(14, None, 181_108), (20, None, 278_324), deeper(32, None, 472_756),
    deeper(44, None, 667_188), deeper(56, None, 861_620), deeper(110, None, 1_736_564), (8, 64, 1_233_540),
    deeper(32, 64, 7_433_860), (18, None, 11_220_132), (34, None, 21_328_292), (50, None, 23_705_252),
])
def test_counts_of_classifiers_of_100_classes(depth, width, count):
    assert by.trainable_parameters(lambda: resnet(depth, 100, width=width)) == count


@pytest.mark.parametrize("depth, width, count", [
    (20, None, 570_609), deeper(56, None, 1_153_905), deeper(110, None, 2_028_849), (8, 64, 1_604_641),
    deeper(32, 64, 7_804_961), (18, None, 11_700_929), deeper(34, None, 21_809_089), (50, None, 24_814_657),
])
def test_counts_of_regressors(depth, width, count):
    assert by.trainable_parameters(lambda: resnet_regressor(depth, width=width)) == count


def features(network, count):
    names = ["f0", *[name for stage in range(1, count + 1) for name in (f"pre{stage}", f"f{stage}")], "f_last"]
    return {name: network.get_layer(name).output.shape[1:] for name in names}


def test_features_of_the_x4_form():
    shapes = features(resnet(8, 100, width=64), 3)
    assert shapes == {"f0": (32, 32, 32), "pre1": (32, 32, 64), "f1": (32, 32, 64), "pre2": (16, 16, 128),
                      "f2": (16, 16, 128), "pre3": (8, 8, 256), "f3": (8, 8, 256), "f_last": (256,)}


def test_features_of_four_stages_and_of_bottlenecks():
    shapes = features(resnet(18, 10, (16, 16, 1), width=4), 4)
    assert [shapes[name] for name in ("f0", "f1", "f2", "f3", "f4", "f_last")] == [
        (16, 16, 4), (16, 16, 4), (8, 8, 8), (4, 4, 16), (2, 2, 32), (32,)]
    shapes = features(resnet(50, 10, (16, 16, 3), width=4), 4)
    assert [shapes[name] for name in ("f0", "f1", "pre2", "f3", "f4", "f_last")] == [
        (16, 16, 4), (16, 16, 16), (8, 8, 32), (4, 4, 64), (2, 2, 128), (128,)]


def test_features_of_a_regressor():
    shapes = features(resnet_regressor(8, hidden=16), 3)
    assert [shapes[name] for name in ("f0", "f1", "f2", "f3", "f_last")] == [
        (64, 64, 16), (32, 32, 16), (16, 16, 32), (8, 8, 64), (64,)]
    assert resnet_regressor(8).output_shape == (None, 1)


def resnet8_by_numpy(network, x, first_stride):
    """The features by name; one block a stage, padding on all sides."""
    layer = network.get_layer
    found = {"f0": by.relu(by.batch_norm(by.convolution(x, layer("stem_conv")), layer("stem_bn")))}
    x = found["f0"]
    for stage in (1, 2, 3):
        stride = 2 if stage > 1 else first_stride
        name = f"stage{stage}_block1"
        y = by.batch_norm(by.convolution(x, layer(f"{name}_conv1"), stride), layer(f"{name}_conv1_bn"))
        y = by.batch_norm(by.convolution(by.relu(y), layer(f"{name}_conv2")), layer(f"{name}_conv2_bn"))
        if stride == 2:
            x = by.batch_norm(by.convolution(x, layer(f"{name}_shortcut"), 2), layer(f"{name}_shortcut_bn"))
        found[f"pre{stage}"] = x + y
        found[f"f{stage}"] = x = by.relu(x + y)
    found["f_last"] = x.mean((1, 2))
    return found


def images(size, channels, count=3):
    return np.random.default_rng(0).uniform(-1, 1, (count, size, size, channels)).astype("float32")


def test_a_classifier_equals_numpys():
    network = by.unsettle(resnet(8, 5, (16, 16, 1), width=4))
    expected = resnet8_by_numpy(network, images(16, 1), 1)
    inner = keras.Model(network.input, {name: network.get_layer(name).output for name in expected})
    found = inner(images(16, 1))
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-4)
    assert expected["pre2"].min() < 0
    logits = by.dense(expected["f_last"], network.get_layer("logits"))
    assert logits.shape == (3, 5)
    np.testing.assert_allclose(network(images(16, 1)), logits, rtol=1e-4, atol=1e-4)


def test_a_regressor_equals_numpys():
    network = by.unsettle(resnet_regressor(8, (16, 16, 3), width=4, hidden=6))
    x = resnet8_by_numpy(network, images(16, 3), 2)["f_last"]
    layer = network.get_layer
    for name in ("head1", "head2"):
        x = by.relu(by.batch_norm(by.dense(x, layer(f"{name}_dense")), layer(f"{name}_bn")))
    value = by.dense(x, layer("value_dense"))
    layer("value_dense").bias.assign(np.array(layer("value_dense").bias) - np.median(value))
    expected = by.relu(by.dense(x, layer("value_dense")))
    assert expected.min() == 0 < expected.max()  # the last ReLU is there
    np.testing.assert_allclose(network(images(16, 3)), expected, rtol=1e-4, atol=1e-4)


def test_initial_weights():
    network = resnet(8, 100, width=32)
    for name, fan_out in [("stage2_block1_conv1", 9 * 64), ("stage3_block1_shortcut", 128), ("stem_conv", 9 * 16)]:
        kernel = np.array(network.get_layer(name).kernel)
        assert abs(kernel.std() / np.sqrt(2 / fan_out) - 1) < 0.1
    assert np.abs(kernel).max() > 2.3 * kernel.std()
    logits = network.get_layer("logits")
    bound = 128**-0.5
    assert 0.97 * bound < np.abs(np.array(logits.kernel)).max() <= bound
    assert 0.8 * bound < np.abs(np.array(logits.bias)).max() <= bound
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {(norm.momentum, norm.epsilon, norm.synchronized) for norm in norms} == {(0.9, 1e-5, True)}


def test_a_saved_network_gives_the_same_logits(tmp_path):
    network = by.unsettle(resnet(8, 5, (16, 16, 1), width=4))
    network.save(tmp_path / "r.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "r.keras")(images(16, 1)), network(images(16, 1)))


@pytest.mark.slow
def test_tflite_agrees():
    """Quick siblings: the comparisons with numpy, and the conversion in test_biggan.py."""
    network = by.unsettle(resnet(8, 5, (16, 16, 3), width=4))
    logits = network.get_layer("logits")
    logits.kernel.assign(30.0 * np.array(logits.kernel))  # the pooled features of noise are nearly alike
    expected = np.array(network(images(16, 3)))
    (found,) = Runner(convert(fold(network), "none"))({"images": images(16, 3)}).values()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    assert expected.std(axis=0).max() > 0.05


@pytest.mark.parametrize("make, words", [
    (lambda: resnet(19, 10), "18, 34, 50 or 6n+2 (8, 14, 20, 32, ...); received 19"),
    (lambda: resnet(2, 10), "depth must be an integer of at least 8; received 2"),
    (lambda: resnet(8, 1), "num_classes must be an integer of at least 2; received 1"),
    (lambda: resnet(8, 10, width=0), "width must be an integer of at least 1; received 0"),
    (lambda: resnet(8, 10, (30, 30, 3)), "multiples of 4 and 1 or 3 channels; received image_shape=(30, 30, 3)"),
    (lambda: resnet_regressor(18, (24, 24, 3)), "multiples of 16"),
    (lambda: resnet_regressor(8, (32, 32, 2)), "received image_shape=(32, 32, 2)"),
    (lambda: resnet_regressor(8, hidden=0), "hidden must be an integer of at least 1; received 0"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)


@pytest.mark.parametrize("build", [lambda: resnet(8, 3, (16, 16, 1), 4), lambda: resnet(18, 3, (16, 16, 3), 8),
                                   lambda: resnet_regressor(14, (16, 16, 1), 8, 16)])
def test_no_strided_convolution_of_single_places(build):
    """oneDNN's filter gradient of one writes beyond its memory where channels are few."""
    convolutions = [layer for layer in build().layers if isinstance(layer, keras.layers.Conv2D)]
    assert any(layer.kernel_size == (1, 1) for layer in convolutions)
    assert not [layer.name for layer in convolutions if layer.kernel_size == (1, 1) and layer.strides != (1, 1)]
