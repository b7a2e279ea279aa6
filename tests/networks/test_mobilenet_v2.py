"""MobileNetV2: the published counts, the features' shapes, and a forward pass against numpy."""

import by_numpy as by
import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.networks.mobilenet_v2 import mobilenet_v2, mobilenet_v2_regressor

ALL = ("f0", "f1", "f2", "f3", "f4", "f_last")
BLOCKS = (1, 2, 3, 4, 3, 3, 1)


@pytest.mark.slow
def test_the_classifiers_count_and_shapes_of_features():
    """Quick sibling: the classifier against numpy, which holds each weight's shape."""
    assert by.trainable_parameters(lambda: mobilenet_v2(100)) == 812_836
    assert by.shapes(mobilenet_v2(100), *ALL) == [
        (16, 16, 16), (16, 16, 12), (8, 8, 16), (4, 4, 48), (2, 2, 160), (1280,)]


@pytest.mark.slow
def test_the_regressors_shapes_of_features():
    """Quick sibling: the classifier against numpy. The count is in test_classifiers.py."""
    assert by.shapes(mobilenet_v2_regressor(), *ALL) == [
        (32, 32, 32), (16, 16, 24), (8, 8, 32), (4, 4, 96), (2, 2, 320), (1280,)]


@pytest.mark.slow
def test_shapes_in_the_form_for_large_images():
    """Quick sibling: the classifier against numpy."""
    assert by.shapes(mobilenet_v2(5, (128, 128, 3), width=0.125), *ALL) == [
        (64, 64, 4), (32, 32, 3), (16, 16, 4), (8, 8, 12), (4, 4, 40), (1280,)]


def by_numpy(network, x, second_stride, most, expands_first):
    """The features by name; activations are cut off at `most`."""
    layer = network.get_layer

    def activated(x, norm):
        return np.clip(by.batch_norm(x, layer(norm)), 0.0, most)

    x = activated(by.convolution(x, layer("stem_conv"), 2), "stem_bn")
    found = {"f0": x}
    for stage, count in enumerate(BLOCKS, start=1):
        for number in range(1, count + 1):
            name = f"stage{stage}_block{number}"
            stride = {2: second_stride, 3: 2, 4: 2, 6: 2}.get(stage, 1) if number == 1 else 1
            y = x
            if stage > 1 or expands_first:
                y = activated(by.convolution(y, layer(f"{name}_expand")), f"{name}_expand_bn")
                assert y.shape[-1] == (6 if stage > 1 else 1) * x.shape[-1]
            y = activated(by.depthwise(y, layer(f"{name}_depthwise"), stride), f"{name}_depthwise_bn")
            y = by.convolution(y, layer(f"{name}_project"))
            ends = {2: "f1", 3: "f2", 5: "f3", 7: "f4"}.get(stage) if number == count else None
            # The first block of every later stage changes the width or the size.
            if number > 1 or (stage == 1 and x.shape[-1] == y.shape[-1]):
                x = x + by.batch_norm(y, layer(f"{name}_project_bn"))
            else:
                x = by.batch_norm(y, layer(ends or name))
            if ends:
                found[ends] = x
    found["f_last"] = activated(by.convolution(x, layer("last_conv")), "last_bn").mean((1, 2))
    return found


def images(height, width, channels):
    return np.random.default_rng(0).uniform(-1, 1, (2, height, width, channels)).astype("float32")


def test_a_classifier_equals_numpys():
    network = by.unsettle(mobilenet_v2(5, (16, 32, 1), width=0.25))
    x = images(16, 32, 1)
    expected = by_numpy(network, x, 1, np.inf, True)
    expected["logits"] = by.dense(expected["f_last"], network.get_layer("logits"))
    by.features_agree(network, x, expected)
    assert expected["f3"].min() < 0 and expected["f4"].shape == (2, 1, 2, 80)


@pytest.mark.slow
def test_a_regressor_equals_numpys():
    """Quick sibling: the classifier against numpy."""
    network = by.unsettle(mobilenet_v2_regressor((32, 64, 3), width=0.25, hidden=6))
    for norm in ("stem_bn", "stage3_block1_expand_bn", "last_bn"):  # the cut at 6 is reached
        network.get_layer(norm).beta.assign_add(np.full(network.get_layer(norm).beta.shape, 4.0))
    x = images(32, 64, 3)
    expected = by_numpy(network, x, 2, 6.0, False)
    expected["head1_dense"] = by.dense(expected["f_last"], network.get_layer("head1_dense"))
    by.features_agree(network, x, expected)
    assert expected["f0"].max() == 6.0 and network.output_shape == (None, 1)


@pytest.mark.slow
def test_initial_weights():
    """Quick sibling: that of test_wide_resnet.py."""
    network = mobilenet_v2(100, (16, 16, 3))
    for name, fan_out in [("stage7_block1_depthwise", 9 * 480), ("stage7_block1_project", 160), ("stem_conv", 9 * 16)]:
        kernel = np.array(network.get_layer(name).kernel)
        assert abs(kernel.std() / np.sqrt(2 / fan_out) - 1) < 0.1
    logits = network.get_layer("logits")
    assert abs(np.array(logits.kernel).std() / 0.01 - 1) < 0.1 and not np.any(logits.bias)
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {(norm.momentum, norm.epsilon, norm.synchronized) for norm in norms} == {(0.9, 1e-5, True)}


@pytest.mark.parametrize("make, words", [
    (lambda: mobilenet_v2(1), "num_classes must be an integer of at least 2; received 1"),
    (lambda: mobilenet_v2(10, width=0.05), "a number of at least 1/16 (1 is the published width); received 0.05"),
    (lambda: mobilenet_v2(10, width=float("nan")), "received nan"),
    (lambda: mobilenet_v2(10, (24, 32, 3)), "multiples of 16 and 1 or 3 channels"),
    (lambda: mobilenet_v2(10, (144, 144, 3)), "multiples of 32"),
    (lambda: mobilenet_v2_regressor((48, 64, 3)), "multiples of 32"),
    (lambda: mobilenet_v2_regressor(width="wide"), "received 'wide'"),
    (lambda: mobilenet_v2_regressor(hidden=0), "hidden must be an integer of at least 1; received 0"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
