"""Wide ResNets for small images, as classifiers and as regressors with one value.

Source: Zagoruyko and Komodakis, "Wide Residual Networks" (2016), table 1, without dropout; as Tian et al.,
"Contrastive Representation Distillation" (2020), and Ding et al., "Distilling and transferring knowledge via
cGAN-generated samples", use them.

Inner features by name, `network.get_layer(name).output`: `f0` the stem, `f1`, `f2`, `f3` the sum that ends each
stage, with no batch norm or ReLU, `pre1`, `pre2`, `pre3` the batch norm that comes next, `f_last` the pooled vector.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import batch_norm, dense, he_convolution, regression_head
from kgan.networks.checks import check_count, check_divisible
from kgan.networks.stems import halving_stem, is_large


def wide_resnet(depth, widen_factor, num_classes, image_shape=(32, 32, 3), width=16, name=None):
    """A classifier WRN-d-k: images [B, H, W, C] -> logits [B, num_classes]; inner features as the module says.

    Images of 128x128 and more take a stem of a 4x4 convolution and a max pool, each of stride 2, and batch norm
    and ReLU in between; smaller ones a 3x3 convolution.

    Args:
        depth: 6n+4 (10, 16, 22, 28, 40, ...); n blocks a stage.
        widen_factor: k; the stages have k, 2k and 4k times `width` channels.
        num_classes: number of logits.
        image_shape: (H, W, C), H and W multiples of 4 (large images: 16), C = 1 or 3.
        width: channels of the stem.
        name: of the network; None is `wrn` with depth and factor.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("num_classes", num_classes, 2)
    _check_form(depth, widen_factor, width)
    large = is_large(image_shape)
    check_divisible("a wide ResNet", image_shape, 16 if large else 4)
    images = keras.Input(image_shape, name="images")
    x = halving_stem(images, width, True, "f0") if large else he_convolution(images, width, 3, 1, "f0")
    pooled = _trunk(x, depth, widen_factor)
    logits = dense(pooled, num_classes, "logits", dtype="float32")
    return keras.Model(images, logits, name=name or f"wrn{depth}_{widen_factor}")


def wide_resnet_regressor(depth, widen_factor, image_shape=(64, 64, 3), width=16, hidden=512, name=None):
    """A regressor: images [B, H, W, C] -> value [B, 1], not negative; inner features as the module says.

    The stem is a 4x4 convolution of stride 2, batch norm and ReLU; the head `regression_head`.

    Args:
        depth, widen_factor, width, name: as those of `wide_resnet`.
        image_shape: (H, W, C), H and W multiples of 8, C = 1 or 3.
        hidden: units of the head's two hidden layers.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("hidden", hidden)
    _check_form(depth, widen_factor, width)
    check_divisible("a wide ResNet", image_shape, 8)
    images = keras.Input(image_shape, name="images")
    pooled = _trunk(halving_stem(images, width, False, "f0"), depth, widen_factor)
    return keras.Model(images, regression_head(pooled, hidden), name=name or f"wrn{depth}_{widen_factor}")


def _check_form(depth, widen_factor, width):
    check_count("the depth", depth, 10)
    if depth % 6 != 4:
        raise InputError(f"a wide ResNet's depth is 6n+4 (10, 16, 22, 28, 40, ...); received {depth}")
    check_count("the widen_factor", widen_factor)
    check_count("the width", width)


def _trunk(x, depth, widen_factor):
    """The stem's maps -> the pooled features `f_last`."""
    width = x.shape[-1]
    for stage in (1, 2, 3):
        for number in range(1, depth // 6 + 1):
            x = _block(x, stage, number, widen_factor * width * 2 ** (stage - 1), number == depth // 6)
    x = layers.ReLU(name="pre3_relu")(batch_norm(x, "pre3"))
    return layers.GlobalAveragePooling2D(name="f_last")(x)


def _block(x, stage, number, filters, last):
    """Batch norm and ReLU come before each convolution; a block that changes the width shares its first pair."""
    name = f"stage{stage}_block{number}"
    stride = 2 if stage > 1 and number == 1 else 1
    before = f"pre{stage - 1}" if stage > 1 and number == 1 else f"{name}_bn1"
    y = layers.ReLU(name=f"{name}_relu1")(batch_norm(x, before))
    if x.shape[-1] != filters:
        x = he_convolution(y, filters, 1, stride, f"{name}_shortcut")
    y = batch_norm(he_convolution(y, filters, 3, stride, f"{name}_conv1"), f"{name}_bn2")
    y = he_convolution(layers.ReLU(name=f"{name}_relu2")(y), filters, 3, 1, f"{name}_conv2")
    return layers.Add(name=f"f{stage}" if last else name)([y, x])
