"""ShuffleNet with three groups for small images, as a classifier and as a regressor with one value.

Source: Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices" (2018),
table 1 (g = 3); as Tian et al., "Contrastive Representation Distillation" (2020), and Ding et al., "Distilling and
transferring knowledge via cGAN-generated samples", use it: a ReLU follows the depthwise convolution too.

Inner features by name, `network.get_layer(name).output`: `f0` the stem, `f1`, `f2`, `f3` the ReLU that ends each stage
and `pre1`, `pre2`, `pre3` the sum before it, `f_last` the pooled vector.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import batch_norm, dense, regression_head, torch_convolution
from kgan.networks.checks import check_count, check_divisible, check_widths
from kgan.networks.mobile_blocks import ChannelShuffle, torch_depthwise, torch_grouped
from kgan.networks.stems import classifier_stem, halving_stem, is_large

_GROUPS = 3
_STEM = 24


def shufflenet_v1(num_classes, image_shape=(32, 32, 3), width=240, units=(4, 8, 4), name=None):
    """A classifier: images [B, H, W, C] -> logits [B, num_classes]; inner features as the module says.

    Images of 128x128 and more take a stem of a 4x4 convolution, batch norm, ReLU and a max pool, convolution and
    pool of stride 2; smaller ones a 1x1 convolution, batch norm and ReLU.

    Args:
        num_classes: number of logits.
        image_shape: (H, W, C), H and W multiples of 8 (large images: 32; both for three stages), C = 1 or 3.
        width: channels of the first stage, a multiple of 12, at least 36; the others have 2 and 4 times as many.
        units: number of units in each stage.
        name: of the network; None is `shufflev1`.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("num_classes", num_classes, 2)
    units = _checked(width, units)
    large = is_large(image_shape)
    check_divisible("ShuffleNet", image_shape, 2 ** (len(units) + (2 if large else 0)))
    images = keras.Input(image_shape, name="images")
    x = classifier_stem(images, _STEM, 1, large, torch_convolution)
    logits = dense(_trunk(x, width, units), num_classes, "logits", dtype="float32")
    return keras.Model(images, logits, name=name or "shufflev1")


def shufflenet_v1_regressor(image_shape=(64, 64, 3), width=240, units=(4, 8, 4), hidden=512, name=None):
    """A regressor: images [B, H, W, C] -> value [B, 1], not negative; inner features as the module says.

    The stem is a 4x4 convolution of stride 2, batch norm and ReLU; the head `regression_head`.

    Args:
        image_shape: (H, W, C), H and W multiples of 16 (for three stages), C = 1 or 3.
        width, units, name: as those of `shufflenet_v1`.
        hidden: units of the head's two hidden layers.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("hidden", hidden)
    units = _checked(width, units)
    check_divisible("ShuffleNet", image_shape, 2 ** (len(units) + 1))
    images = keras.Input(image_shape, name="images")
    x = halving_stem(images, _STEM, False, "f0", torch_convolution)
    return keras.Model(images, regression_head(_trunk(x, width, units), hidden), name=name or "shufflev1")


def _checked(width, units):
    """The units as a tuple."""
    check_count("the width", width, _STEM + 4 * _GROUPS)
    if width % (4 * _GROUPS):
        raise InputError(f"ShuffleNet's width is a multiple of 12 (240 is the published one); received {width}")
    units = check_widths("units", units)
    if not units:
        raise InputError("ShuffleNet has at least one stage; received units=()")
    return units


def _trunk(x, width, units):
    """The stem's maps -> the pooled features `f_last`."""
    for stage, count in enumerate(units, start=1):
        for number in range(1, count + 1):
            x = _unit(x, width * 2 ** (stage - 1), stage, number, number == count)
    return layers.GlobalAveragePooling2D(name="f_last")(x)


def _unit(x, filters, stage, number, last):
    """A bottleneck of grouped convolutions; the first of a stage halves the maps and keeps x beside its own."""
    name = f"stage{stage}_unit{number}"
    halves = number == 1
    own = filters - x.shape[-1] if halves else filters
    if stage == 1 and halves:  # the stem has too few channels for groups
        y = torch_convolution(x, own // 4, 1, 1, f"{name}_conv1")
    else:
        y = torch_grouped(x, own // 4, _GROUPS, f"{name}_conv1")
    y = layers.ReLU(name=f"{name}_relu1")(batch_norm(y, f"{name}_bn1"))
    if not (stage == 1 and halves):
        y = ChannelShuffle(_GROUPS, name=f"{name}_shuffle")(y)
    y = batch_norm(torch_depthwise(y, 2 if halves else 1, f"{name}_depthwise"), f"{name}_bn2")
    y = torch_grouped(layers.ReLU(name=f"{name}_relu2")(y), own, _GROUPS, f"{name}_conv2")
    y = batch_norm(y, f"{name}_bn3")
    before, after = (f"pre{stage}", f"f{stage}") if last else (f"{name}_sum", name)
    if halves:
        x = layers.ZeroPadding2D(1, name=f"{name}_pool_pad")(x)  # the zeros count in the average
        x = layers.AveragePooling2D(3, 2, name=f"{name}_pool")(x)
    joined = (layers.Concatenate if halves else layers.Add)(name=before)([y, x])
    return layers.ReLU(name=after)(joined)
