"""DenseNets: a small one's count, and forward passes against numpy; the published counts are in test_classifiers.py."""

import by_numpy as by
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.networks.densenet import densenet, densenet_regressor


def test_a_small_ones_count_by_hand():
    """Growth 3, blocks of 2 and 1: 6 channels, 12, halved to 6, 9."""
    layers = sum(2 * c + 12 * c + 24 + 9 * 12 * 3 for c in (6, 9, 6))
    transition, last = 2 * 12 + 12 * 6, 2 * 9
    network = densenet(4, (8, 8, 3), blocks=(2, 1), growth_rate=3)
    count = sum(np.prod(weight.shape) for weight in network.trainable_weights)
    assert count == 27 * 6 + layers + transition + last + 9 * 4 + 4


def by_numpy(network, x, blocks, stem):
    """`f_last`; `stem` is 1, 2 (halving) or 4 (halving and a max pool)."""
    layer = network.get_layer

    def convolved(x, name):
        return by.convolution(by.relu(by.batch_norm(x, layer(f"{name}_bn"))), layer(name))

    if stem == 1:
        x = by.convolution(x, layer("stem"))
    else:
        x = by.relu(by.batch_norm(by.convolution(x, layer("stem_conv"), 2), layer("stem_bn")))
    if stem == 4:
        x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-1.0)
        x = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2].max((-2, -1))
    for block, count in enumerate(blocks, start=1):
        for number in range(1, count + 1):
            name = f"block{block}_layer{number}"
            x = np.concatenate([convolved(convolved(x, f"{name}_conv1"), f"{name}_conv2"), x], axis=-1)
        if block < len(blocks):
            x = by.pooled(convolved(x, f"transition{block}"))
    return by.relu(by.batch_norm(x, layer("last_bn"))).mean((1, 2))


@pytest.mark.parametrize("make, shape, stem", [
    (lambda shape: densenet(5, shape, blocks=(2, 1, 3), growth_rate=3), (8, 16, 1), 1),
    (lambda shape: densenet(5, shape, blocks=(1, 2), growth_rate=2), (128, 128, 3), 4),
    (lambda shape: densenet_regressor(shape, blocks=(2, 1), growth_rate=3, hidden=6), (8, 16, 3), 2)])
def test_the_last_feature_equals_numpys(make, shape, stem):
    network = by.unsettle(make(shape))
    x = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")
    blocks = {1: (2, 1, 3), 2: (2, 1), 4: (1, 2)}[stem]
    expected = {"f_last": by_numpy(network, x, blocks, stem)}
    name = "head1_dense" if stem == 2 else "logits"
    expected[name] = by.dense(expected["f_last"], network.get_layer(name))
    by.features_agree(network, x, expected)


def test_initial_weights():
    network = densenet(10, (8, 8, 3), blocks=(1, 1), growth_rate=16)
    for name, fan_in in [("stem", 27), ("block2_layer1_conv1", 24), ("block2_layer1_conv2", 9 * 64)]:
        kernel = np.abs(np.array(network.get_layer(name).kernel))
        assert 0.97 * fan_in**-0.5 < kernel.max() <= fan_in**-0.5


@pytest.mark.parametrize("make, words", [
    (lambda: densenet(1), "num_classes must be an integer of at least 2; received 1"),
    (lambda: densenet(10, blocks=()), "at least one block; received blocks=()"),
    (lambda: densenet(10, blocks=(2, 0)), "each of blocks must be an integer of at least 1; received 0"),
    (lambda: densenet(10, growth_rate=0), "growth_rate must be an integer of at least 1; received 0"),
    (lambda: densenet(10, (12, 16, 3)), "multiples of 8 and 1 or 3 channels"),
    (lambda: densenet(10, (144, 144, 3)), "multiples of 32"),
    (lambda: densenet_regressor((24, 24, 3)), "multiples of 16"),
    (lambda: densenet_regressor(hidden=0), "hidden must be an integer of at least 1; received 0"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
