"""VGG networks with batch norm for small images, as classifiers and as regressors with one value.

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2015), table 1
(A, B, D, E: 11, 13, 16, 19); as Tian et al., "Contrastive Representation Distillation" (2020), and Ding et al.,
"Distilling and transferring knowledge via cGAN-generated samples", use them, VGG8 among them.

Inner features by name, `network.get_layer(name).output`: `f0` to `f4` the ReLU that ends each block, `pre1` to
`pre4` the batch norm before it, `f_last` the vector that the dense layers see.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import batch_norm, convolution, regression_head
from kgan.networks.checks import check_count, check_divisible
from kgan.networks.initializers import he_fan_out, normal
from kgan.networks.stems import is_large

_CONVOLUTIONS = {8: (1, 1, 1, 1, 1), 11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_WIDTHS = (1, 2, 4, 8, 8)
_HIDDEN = 1024  # units of the dense layers for large images
_DROPOUT = 0.5


def vgg(depth, num_classes, image_shape=(32, 32, 3), width=64, name=None):
    """A classifier: images [B, H, W, C] -> logits [B, num_classes]; inner features as the module says.

    Max pools follow the first three blocks. The last block is averaged over all places, and a dense layer gives
    the logits. In images of 128x128 and more a max pool of 4x4 follows the last block; its values, all places,
    go through twice 1024 units with ReLU and dropout 0.5 (8192 of them at 128x128).

    Args:
        depth: 8, 11, 13, 16 or 19.
        num_classes: number of logits.
        image_shape: (H, W, C), H and W multiples of 8 (large images: 32), C = 1 or 3.
        width: channels of the first block; the others have 2, 4, 8 and 8 times as many.
        name: of the network; None is `vgg` with the depth.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("num_classes", num_classes, 2)
    _check_form(depth, width)
    large = is_large(image_shape)
    check_divisible(f"VGG{depth}", image_shape, 32 if large else 8)
    images = keras.Input(image_shape, name="images")
    x = _blocks(images, depth, width, pools=3)
    if large:
        x = layers.Flatten(name="f_last")(layers.MaxPooling2D(4, name="block4_pool")(x))
        for part in ("hidden1", "hidden2"):
            x = layers.ReLU(name=part)(_dense(x, _HIDDEN, f"{part}_dense"))
            x = layers.Dropout(_DROPOUT, name=f"{part}_dropout")(x)
    else:
        x = layers.GlobalAveragePooling2D(name="f_last")(x)
    return keras.Model(images, _dense(x, num_classes, "logits", dtype="float32"), name=name or f"vgg{depth}")


def vgg_regressor(depth, image_shape=(64, 64, 3), width=64, hidden=512, name=None):
    """A regressor: images [B, H, W, C] -> value [B, 1], not negative; inner features as the module says.

    A max pool follows every block; the values of all places (2048 at 64x64) go into `regression_head`.

    Args:
        depth, width, name: as those of `vgg`.
        image_shape: (H, W, C), H and W multiples of 32, C = 1 or 3.
        hidden: units of the head's two hidden layers.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("hidden", hidden)
    _check_form(depth, width)
    check_divisible(f"VGG{depth}", image_shape, 32)
    images = keras.Input(image_shape, name="images")
    x = layers.Flatten(name="f_last")(_blocks(images, depth, width, pools=5))
    return keras.Model(images, regression_head(x, hidden), name=name or f"vgg{depth}")


def _check_form(depth, width):
    if depth not in _CONVOLUTIONS:
        raise InputError(f"a VGG's depth is 8, 11, 13, 16 or 19; received {depth!r}")
    check_count("the width", width)


def _blocks(x, depth, width, pools):
    """The five blocks of 3x3 convolutions, the first `pools` of them with a max pool after them."""
    for block, (count, factor) in enumerate(zip(_CONVOLUTIONS[depth], _WIDTHS, strict=True)):
        for number in range(1, count + 1):
            part = f"block{block}_conv{number}"
            last = number == count
            x = convolution(x, factor * width, 3, 1, part, he_fan_out(), use_bias=True)
            x = batch_norm(x, f"pre{block}" if last else f"{part}_bn")
            x = layers.ReLU(name=f"f{block}" if last else f"{part}_relu")(x)
        if block < pools:
            x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    return x


def _dense(x, units, name, **arguments):
    return layers.Dense(units, kernel_initializer=normal(0.01), name=name, **arguments)(x)
