"""DenseNets for small images, as classifiers and as regressors with one value.

Source: Huang et al., "Densely Connected Convolutional Networks" (2017), table 1 with bottlenecks and compression; as
Ding et al., "Distilling and transferring knowledge via cGAN-generated samples", use them.

The one inner feature by name is `f_last`, the pooled vector.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import batch_norm, dense, regression_head, torch_convolution
from kgan.networks.checks import check_count, check_divisible, check_widths
from kgan.networks.stems import halving_stem, is_large


def densenet(num_classes, image_shape=(32, 32, 3), blocks=(6, 12, 24, 16), growth_rate=32, name=None):
    """A classifier: images [B, H, W, C] -> logits [B, num_classes]; inner features as the module says.

    Images of 128x128 and more take a stem of a 4x4 convolution, batch norm, ReLU and a max pool, convolution and
    pool of stride 2; smaller ones a 3x3 convolution.

    Args:
        num_classes: number of logits.
        image_shape: (H, W, C), H and W multiples of 2 to the number of blocks less one (large images: four times
            that), C = 1 or 3.
        blocks: number of dense layers in each block; (6, 12, 24, 16) is DenseNet121, (6, 12, 36, 24) DenseNet161.
        growth_rate: channels that each dense layer adds; 32 in DenseNet121, 48 in 161. The stem has twice as many.
        name: of the network; None is `densenet` with the number of layers.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("num_classes", num_classes, 2)
    blocks = _checked(blocks, growth_rate)
    large = is_large(image_shape)
    check_divisible("a DenseNet", image_shape, 2 ** (len(blocks) + (1 if large else -1)))
    images = keras.Input(image_shape, name="images")
    if large:
        x = halving_stem(images, 2 * growth_rate, True, "stem", torch_convolution)
    else:
        x = torch_convolution(images, 2 * growth_rate, 3, 1, "stem")
    logits = dense(_trunk(x, blocks, growth_rate), num_classes, "logits", dtype="float32")
    return keras.Model(images, logits, name=name or _name(blocks))


def densenet_regressor(image_shape=(64, 64, 3), blocks=(6, 12, 24, 16), growth_rate=32, hidden=512, name=None):
    """A regressor: images [B, H, W, C] -> value [B, 1], not negative; inner features as the module says.

    The stem is a 4x4 convolution of stride 2, batch norm and ReLU; the head `regression_head`.

    Args:
        image_shape: (H, W, C), H and W multiples of 2 to the number of blocks, C = 1 or 3.
        blocks, growth_rate, name: as those of `densenet`.
        hidden: units of the head's two hidden layers.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("hidden", hidden)
    blocks = _checked(blocks, growth_rate)
    check_divisible("a DenseNet", image_shape, 2 ** len(blocks))
    images = keras.Input(image_shape, name="images")
    x = halving_stem(images, 2 * growth_rate, False, "stem", torch_convolution)
    value = regression_head(_trunk(x, blocks, growth_rate), hidden)
    return keras.Model(images, value, name=name or _name(blocks))


def _checked(blocks, growth_rate):
    check_count("the growth_rate", growth_rate)
    blocks = check_widths("blocks", blocks)
    if not blocks:
        raise InputError("a DenseNet has at least one block; received blocks=()")
    return blocks


def _name(blocks):
    return f"densenet{2 * sum(blocks) + len(blocks) + 1}"


def _trunk(x, blocks, growth_rate):
    """The stem's maps -> the pooled features `f_last`."""
    for block, count in enumerate(blocks, start=1):
        for number in range(1, count + 1):
            x = _dense_layer(x, growth_rate, f"block{block}_layer{number}")
        if block < len(blocks):
            part = f"transition{block}"
            x = _bn_relu_conv(x, x.shape[-1] // 2, 1, part)
            x = layers.AveragePooling2D(2, name=f"{part}_pool")(x)
    x = layers.ReLU(name="last_relu")(batch_norm(x, "last_bn"))
    return layers.GlobalAveragePooling2D(name="f_last")(x)


def _dense_layer(x, growth_rate, name):
    """New maps in front of those that are there."""
    y = _bn_relu_conv(x, 4 * growth_rate, 1, f"{name}_conv1")
    y = _bn_relu_conv(y, growth_rate, 3, f"{name}_conv2")
    return layers.Concatenate(name=name)([y, x])


def _bn_relu_conv(x, filters, size, name):
    x = layers.ReLU(name=f"{name}_relu")(batch_norm(x, f"{name}_bn"))
    return torch_convolution(x, filters, size, 1, name)
