"""ResNets for small images, as classifiers and as regressors with one value.

Source: He et al., "Deep Residual Learning for Image Recognition" (2016), section 4.2 (depth 6n+2) and table 1
(18, 34, 50) with a 3x3 stem of stride 1 for small images; as Tian et al., "Contrastive Representation Distillation"
(2020), and Ding et al., "Distilling and transferring knowledge via cGAN-generated samples", use them.

Inner features by name, `network.get_layer(name).output`: `f0` the stem, `f1`, `f2`, ... the ReLU that ends each stage
and `pre1`, `pre2`, ... the sum before it, `f_last` the pooled vector.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import batch_norm, dense, he_convolution, regression_head
from kgan.networks.checks import check_count, check_divisible
from kgan.networks.stems import classifier_stem, is_large

_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}


def resnet(depth, num_classes, image_shape=(32, 32, 3), width=None, name=None):
    """A classifier: images [B, H, W, C] -> logits [B, num_classes]; inner features as the module says.

    Images of 128x128 and more take a stem of a 4x4 convolution, batch norm, ReLU and a max pool, convolution and
    pool of stride 2; smaller ones a 3x3 convolution, batch norm and ReLU.

    Args:
        depth: 18, 34 or 50 (bottleneck blocks) with four stages; else 6n+2 (8, 14, 20, ...) with three.
        num_classes: number of logits.
        image_shape: (H, W, C), H and W multiples of 4 (three stages) or 8 (four), in large images of 16 or 32;
            C = 1 or 3.
        width: channels of the first stage; each other has twice as many as the one before. None is 64 for
            18, 34 and 50, and 16 for 6n+2, whose form "x4" is width 64. The stem is as wide as the first stage
            but half as wide in 6n+2 wider than 16, at least 16 (x4: 32).
        name: of the network; None is `resnet` with the depth.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("num_classes", num_classes, 2)
    images = keras.Input(image_shape, name="images")
    pooled = resnet_trunk(images, depth, width, large=is_large(image_shape))
    logits = dense(pooled, num_classes, "logits", dtype="float32")
    return keras.Model(images, logits, name=name or f"resnet{depth}")


def resnet_regressor(depth, image_shape=(64, 64, 3), width=None, hidden=512, name=None):
    """A regressor: images [B, H, W, C] -> value [B, 1], not negative; inner features as the module says.

    Every stage has stride 2; after the pooled features twice `hidden` units with batch norm and ReLU, then one
    unit with ReLU.

    Args:
        depth, width, name: as those of `resnet`.
        image_shape: (H, W, C), H and W multiples of 8 (three stages) or 16 (four), C = 1 or 3.
        hidden: units of the head's two hidden layers.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("hidden", hidden)
    images = keras.Input(image_shape, name="images")
    value = regression_head(resnet_trunk(images, depth, width, first_stride=2), hidden)
    return keras.Model(images, value, name=name or f"resnet{depth}")


def resnet_trunk(images, depth, width=None, first_stride=1, large=False, pool_after=()):
    """Images [B, H, W, C] -> the pooled features `f_last` [B, F] of a ResNet.

    Args:
        images: a symbolic tensor.
        depth, width: as those of `resnet`.
        first_stride: of the first stage; all others have 2.
        large: whether the stem makes the images four times smaller first.
        pool_after: numbers of the stages, counted from 1, behind which a 2x2 max pool stands.
    """
    blocks, width, stem = _form(depth, width)
    for stage in pool_after:
        if stage not in range(1, len(blocks)):
            raise InputError(f"pool_after names stages of a ResNet{depth} before its last, 1 to {len(blocks) - 1}; "
                             f"received {tuple(pool_after)}")
    halvings = len(blocks) - 1 + len(set(pool_after))
    check_divisible(f"ResNet{depth}", images.shape[1:], first_stride * 2**halvings * (4 if large else 1))
    block = _bottleneck if depth == 50 else _basic
    x = classifier_stem(images, stem, 3, large)
    for stage, count in enumerate(blocks, start=1):
        for number in range(1, count + 1):
            stride = (first_stride if stage == 1 else 2) if number == 1 else 1
            part = f"stage{stage}_block{number}"
            x = block(x, width * 2 ** (stage - 1), stride, part)
            last = number == count
            x = layers.Add(name=f"pre{stage}" if last else f"{part}_sum")(x)
            x = layers.ReLU(name=f"f{stage}" if last else part)(x)
        if stage in pool_after:
            x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    return layers.GlobalAveragePooling2D(name="f_last")(x)


def _form(depth, width):
    """(blocks a stage, width of the first stage, width of the stem)."""
    check_count("the depth", depth, 8)
    if width is not None:
        check_count("the width", width)
    if depth in _BLOCKS:
        return _BLOCKS[depth], width or 64, width or 64
    if depth % 6 != 2:
        raise InputError(f"a ResNet's depth is 18, 34, 50 or 6n+2 (8, 14, 20, 32, ...); received {depth}")
    width = width or 16
    return (depth // 6,) * 3, width, min(width, max(16, width // 2))


def _basic(x, filters, stride, name):
    """The two terms of a block's sum."""
    y = _conv_bn_relu(x, filters, 3, stride, f"{name}_conv1")
    y = batch_norm(he_convolution(y, filters, 3, 1, f"{name}_conv2"), f"{name}_conv2_bn")
    return [y, _shortcut(x, filters, stride, name)]


def _bottleneck(x, filters, stride, name):
    """The two terms of a block's sum, four times `filters` wide."""
    y = _conv_bn_relu(x, filters, 1, 1, f"{name}_conv1")
    y = _conv_bn_relu(y, filters, 3, stride, f"{name}_conv2")
    y = batch_norm(he_convolution(y, 4 * filters, 1, 1, f"{name}_conv3"), f"{name}_conv3_bn")
    return [y, _shortcut(x, 4 * filters, stride, name)]


def _shortcut(x, filters, stride, name):
    if stride == 1 and x.shape[-1] == filters:
        return x
    return batch_norm(he_convolution(x, filters, 1, stride, f"{name}_shortcut"), f"{name}_shortcut_bn")


def _conv_bn_relu(x, filters, size, stride, name):
    x = batch_norm(he_convolution(x, filters, size, stride, name), f"{name}_bn")
    return layers.ReLU(name=f"{name}_relu")(x)
