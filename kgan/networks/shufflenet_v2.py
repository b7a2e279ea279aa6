"""ShuffleNetV2 for small images, as a classifier and as a regressor with one value.

Source: Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design" (2018), table 5; as Tian
et al., "Contrastive Representation Distillation" (2020), and Ding et al., "Distilling and transferring knowledge via
cGAN-generated samples", use it.

Inner features by name, `network.get_layer(name).output`: `f0` the stem, `f1`, `f2`, `f3` the shuffled channels that
end each stage, `pre1`, `pre2`, `pre3` the same before the ReLU and the shuffle, `f_last` the pooled vector.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import batch_norm, dense, regression_head, torch_convolution
from kgan.networks.checks import check_count, check_divisible, check_widths
from kgan.networks.mobile_blocks import ChannelShuffle, Halves, torch_depthwise
from kgan.networks.stems import classifier_stem, halving_stem, is_large

_STEM, _LAST = 24, 1024


def shufflenet_v2(num_classes, image_shape=(32, 32, 3), width=116, units=(4, 8, 4), name=None):
    """A classifier: images [B, H, W, C] -> logits [B, num_classes]; inner features as the module says.

    Images of 128x128 and more take a stem of a 4x4 convolution, batch norm, ReLU and a max pool, convolution and
    pool of stride 2; smaller ones a 1x1 convolution, batch norm and ReLU.

    Args:
        num_classes: number of logits.
        image_shape: (H, W, C), H and W multiples of 8 (large images: 32; both for three stages), C = 1 or 3.
        width: channels of the first stage, an even number; the others have 2 and 4 times as many. The published
            widths are 48 (0.5x), 116 (1x) and 176 (1.5x).
        units: number of units in each stage, each at least 2.
        name: of the network; None is `shufflev2`.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("num_classes", num_classes, 2)
    units = _checked(width, units)
    large = is_large(image_shape)
    check_divisible("ShuffleNetV2", image_shape, 2 ** (len(units) + (2 if large else 0)))
    images = keras.Input(image_shape, name="images")
    x = classifier_stem(images, _STEM, 1, large, torch_convolution)
    logits = dense(_trunk(x, width, units), num_classes, "logits", dtype="float32")
    return keras.Model(images, logits, name=name or "shufflev2")


def shufflenet_v2_regressor(image_shape=(64, 64, 3), width=116, units=(4, 8, 4), hidden=512, name=None):
    """A regressor: images [B, H, W, C] -> value [B, 1], not negative; inner features as the module says.

    The stem is a 4x4 convolution of stride 2, batch norm and ReLU; the head `regression_head`.

    Args:
        image_shape: (H, W, C), H and W multiples of 16 (for three stages), C = 1 or 3.
        width, units, name: as those of `shufflenet_v2`.
        hidden: units of the head's two hidden layers.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("hidden", hidden)
    units = _checked(width, units)
    check_divisible("ShuffleNetV2", image_shape, 2 ** (len(units) + 1))
    images = keras.Input(image_shape, name="images")
    x = halving_stem(images, _STEM, False, "f0", torch_convolution)
    return keras.Model(images, regression_head(_trunk(x, width, units), hidden), name=name or "shufflev2")


def _checked(width, units):
    """The units as a tuple."""
    check_count("the width", width, 2)
    if width % 2:
        raise InputError(f"ShuffleNetV2's width is an even number (116 is the published one); received {width}")
    units = check_widths("units", units)
    if min(units, default=0) < 2:
        raise InputError(f"ShuffleNetV2 has stages of at least two units each; received units={units}")
    return units


def _trunk(x, width, units):
    """The stem's maps -> the pooled features `f_last`."""
    for stage, count in enumerate(units, start=1):
        x = _down_unit(x, width * 2 ** (stage - 1), f"stage{stage}_unit1")
        for number in range(2, count + 1):
            x = _unit(x, stage, number, number == count)
    x = _conv_bn_relu(x, _LAST, "last")
    return layers.GlobalAveragePooling2D(name="f_last")(x)


def _down_unit(x, filters, name):
    """Two branches that each halve the maps, side by side."""
    half = filters // 2
    left = batch_norm(torch_depthwise(x, 2, f"{name}_left_depthwise"), f"{name}_left_depthwise_bn")
    left = _conv_bn_relu(left, half, f"{name}_left")
    right = _conv_bn_relu(x, half, f"{name}_conv1")
    right = batch_norm(torch_depthwise(right, 2, f"{name}_depthwise"), f"{name}_depthwise_bn")
    right = _conv_bn_relu(right, half, f"{name}_conv2")
    return ChannelShuffle(2, name=name)(layers.Concatenate(name=f"{name}_joined")([left, right]))


def _unit(x, stage, number, last):
    """The first half of the channels as it is, the second through three convolutions."""
    name = f"stage{stage}_unit{number}"
    kept, y = Halves(name=f"{name}_halves")(x)
    half = y.shape[-1]
    y = _conv_bn_relu(y, half, f"{name}_conv1")
    y = batch_norm(torch_depthwise(y, 1, f"{name}_depthwise"), f"{name}_depthwise_bn")
    y = batch_norm(torch_convolution(y, half, 1, 1, f"{name}_conv2"), f"{name}_conv2_bn")
    before, after = (f"pre{stage}", f"f{stage}") if last else (f"{name}_joined", name)
    joined = layers.Concatenate(name=before)([kept, y])
    # The half that is kept comes out of a ReLU already, so that one ReLU serves both.
    return ChannelShuffle(2, name=after)(layers.ReLU(name=f"{name}_relu")(joined))


def _conv_bn_relu(x, filters, name):
    x = batch_norm(torch_convolution(x, filters, 1, 1, name), f"{name}_bn")
    return layers.ReLU(name=f"{name}_relu")(x)
