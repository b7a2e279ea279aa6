"""Classifiers and regressors by name: the published counts, features, gradients, files and TFLite."""

import by_numpy as by
import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.export.fold import fold
from kgan.export.runtime import Runner
from kgan.export.saved_model import write_saved_model
from kgan.export.tflite import convert_saved_model
from kgan.networks.classifiers import NAMES, canonical_name, classifier, feature_names, regressor

# Of each family a small one: what it is made from, and the number of its features between the first and the last.
SMALL = {
    "resnet8": ((16, 16, 3), {"width": 4}, 3),
    "wrn16_1": ((16, 16, 3), {"width": 4, "depth": 10}, 3),
    "vgg8": ((16, 16, 3), {"width": 4}, 4),
    "mobilenetv2": ((16, 16, 3), {"width": 0.25}, 4),
    "shufflev1": ((16, 16, 3), {"width": 36, "units": (1, 2)}, 2),
    "shufflev2": ((16, 16, 3), {"width": 6, "units": (2, 3)}, 2),
    "densenet121": ((16, 16, 3), {"blocks": (2, 1), "growth_rate": 4}, 0),
}


def small(name):
    shape, options, _ = SMALL[name]
    return classifier(name, 5, shape, **options)


def images(count, shape=(16, 16, 3)):
    return np.random.default_rng(0).uniform(-1, 1, (count, *shape)).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize("name, count", [
    ("resnet20", 278_324), ("resnet8x4", 1_233_540), ("resnet32x4", 7_433_860), ("resnet18", 11_220_132),
    ("resnet50", 23_705_252), ("wrn16_1", 180_916), ("wrn16_2", 703_284), ("wrn40_1", 569_780),
    ("wrn40_2", 2_255_156), ("vgg8", 3_965_028), ("vgg11", 9_277_284), ("vgg13", 9_462_180),
    ("vgg16", 14_774_436), ("vgg19", 20_086_692), ("mobilenetv2", 812_836), ("shufflev1", 949_258),
    ("shufflev2", 1_355_528), ("densenet121", 7_048_548), ("densenet161", 26_681_188),
])
def test_counts_of_classifiers_of_100_classes(name, count):
    """Quick siblings: the counts in each family's own file."""
    assert by.trainable_parameters(lambda: classifier(name, 100)) == count


@pytest.mark.slow
@pytest.mark.parametrize("name, count", [
    ("resnet20", 570_609), ("resnet8x4", 1_604_641), ("resnet34", 21_809_089), ("wrn16_1", 473_281),
    ("wrn16_2", 1_022_017),
    ("wrn40_1", 862_145), ("wrn40_2", 2_573_889), ("vgg8", 5_228_033), ("vgg11", 10_540_289), ("vgg13", 10_725_185),
    ("vgg16", 16_037_441), ("vgg19", 21_349_697), ("mobilenetv2", 3_144_961), ("shufflev1", 1_611_487),
    ("shufflev2", 2_044_125), ("densenet121", 7_737_537),
])
def test_counts_of_regressors(name, count):
    """Quick siblings: the counts in each family's own file."""
    assert by.trainable_parameters(lambda: regressor(name)) == count


def test_names():
    assert len(NAMES) == 26 and all(canonical_name(name) == name for name in NAMES)
    typed = {"wrn-40-2": "wrn40_2", "WRN40-2": "wrn40_2", "wrn_16_1": "wrn16_1", "WideResNet-16-2": "wrn16_2",
             "ShuffleV1": "shufflev1", "ShuffleNetV2": "shufflev2", "MobileNetV2": "mobilenetv2",
             "ResNet-8x4": "resnet8x4", "ResNet110": "resnet110", "VGG-19": "vgg19", "DenseNet 121": "densenet121"}
    assert {name: canonical_name(name) for name in typed} == typed
    for name in ("resnet9", "wrn", "", None):
        with pytest.raises(InputError) as caught:
            classifier(name, 10)
        assert f"no network {name!r}; the names are resnet8, resnet14" in str(caught.value)
        assert str(caught.value).endswith("densenet161")


def test_a_name_says_the_form_and_options_change_it():
    with keras.StatelessScope(initialize_variables=False):
        network = classifier("ResNet8x4", 7, (16, 16, 1))
        assert (network.name, network.output_shape) == ("resnet8x4", (None, 7))
        assert by.shapes(network, "f0", "f3") == [(16, 16, 32), (4, 4, 256)]
        assert by.shapes(classifier("wrn-16-2", 7, (16, 16, 1), width=4), "f1") == [(16, 16, 8)]
        assert by.shapes(classifier("resnet8", 7, (128, 128, 3)), "f0", "f1", "f3") == [
            (32, 32, 16), (32, 32, 16), (8, 8, 64)]
        assert by.shapes(classifier("resnet8", 7, (128, 64, 3), width=8), "f0") == [(128, 64, 8)]
        network = regressor("VGG8", width=2, hidden=4)
        assert (network.name, network.input_shape, network.output_shape) == ("vgg8", (None, 64, 64, 3), (None, 1))
        assert by.shapes(network, "f_last", "head1") == [(64,), (4,)]
    keras.backend.clear_session(free_memory=False)


def test_an_unknown_option_is_refused():
    with pytest.raises(InputError) as caught:
        classifier("WRN-16-1", 10, growth_rate=3)
    assert str(caught.value) == "wrn16_1 has no option 'growth_rate'; it has depth, widen_factor, width"
    with pytest.raises(InputError, match="vgg8 has no option 'num_classes'; it has depth, width, hidden"):
        regressor("vgg8", num_classes=10)


def test_the_stem_for_large_images():
    """The max pool looks at the places beyond no edge, and its first place is at the first corner."""
    network = by.unsettle(classifier("resnet8", 3, (128, 128, 1), width=4))
    x = images(1, (128, 128, 1))
    layer = network.get_layer
    y = by.relu(by.batch_norm(by.convolution(x, layer("stem_conv"), 2), layer("stem_bn")))
    expected = np.empty((1, 32, 32, 4))
    for row in range(32):
        for column in range(32):
            near = y[:, max(2 * row - 1, 0):2 * row + 2, max(2 * column - 1, 0):2 * column + 2]
            expected[:, row, column] = near.max((1, 2))
    by.features_agree(network, x, {"f0": expected})


@pytest.mark.parametrize("name", [  # the last is slow to build; its quick siblings are the others
    pytest.param(name, marks=[pytest.mark.slow] if name == "mobilenetv2" else []) for name in SMALL])
def test_features_gradients_and_convolutions(name):
    network = small(name)
    names = feature_names(network)
    middle = tuple(f"f{number}" for number in range(1, SMALL[name][2] + 1))
    assert names.features == (("f0", *middle, "f_last") if middle else ("f_last",))
    linear = name == "mobilenetv2"
    assert names.pre_activations == (middle if linear else tuple(one.replace("f", "pre") for one in middle))
    for feature, before in zip(middle, names.pre_activations, strict=True):
        assert network.get_layer(before).output.shape == network.get_layer(feature).output.shape
    with tf.GradientTape() as tape:
        logits = network(images(4), training=True)
        loss = -tf.reduce_mean(tf.gather(tf.nn.log_softmax(logits), [0, 1, 2, 4], axis=1, batch_dims=1))
    variables = network.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, [one.value for one in variables]), strict=True):
        assert np.all(np.isfinite(gradient)), variable.path
        # A convolution's bias before a batch norm moves nothing.
        assert np.any(gradient) or variable.path.endswith("bias"), variable.path
    # oneDNN's filter gradient of a strided convolution of single places writes beyond its memory.
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert not [layer.name for layer in convolutions if layer.kernel_size == (1, 1) and layer.strides != (1, 1)]


def test_networks_without_named_features_are_refused():
    x = keras.Input((3,))
    with pytest.raises(InputError, match="'plain' has no layer f_last"):
        feature_names(keras.Model(x, keras.layers.Dense(2)(x), name="plain"))


def calibrated(network, x):
    """`network` with uneven scales and shifts, and with the statistics of x, so that images differ in all features."""
    norms = [layer for layer in by.unsettle(network).layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0
    network(x, training=True)
    for norm in norms:
        norm.momentum = 0.9
    return network


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SMALL if name != "resnet8"])  # that is in test_resnet.py
def test_files_of_a_network(name, tmp_path):
    """Saved and loaded, and as TFLite. Quick siblings: the forward passes against numpy in each family's file."""
    x = images(32)
    network = calibrated(small(name), x)
    expected = np.array(network(x))
    network.save(tmp_path / "network.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "network.keras")(x), expected)
    write_saved_model(fold(network), tmp_path / "saved")
    (found,) = Runner(convert_saved_model(tmp_path / "saved", "none"))({"images": x}).values()
    scale = expected.std(axis=0).max()
    assert scale > 0.01 * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    (found,) = Runner(convert_saved_model(tmp_path / "saved", "int8", [{"images": x}]))({"images": x}).values()
    # Untrained, MobileNetV2's 53 convolutions keep about half of what distinguishes images of noise.
    apart = [(logits - logits.mean(axis=0)).ravel() for logits in (found, expected)]
    assert np.corrcoef(apart)[0, 1] > 0.3
