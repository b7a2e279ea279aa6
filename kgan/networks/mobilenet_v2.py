"""MobileNetV2 for small images, as a classifier of half width and as a regressor with one value.

Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018), table 2; the classifier's form
is that of Tian et al., "Contrastive Representation Distillation" (2020), and Ding et al., "Distilling and transferring
knowledge via cGAN-generated samples": ReLU in place of ReLU6, and an expansion by 1 keeps its convolution.

Inner features by name, `network.get_layer(name).output`: `f0` the stem, `f1` to `f4` the ends of the stages 2, 3, 5
and 7, which have no activation (so there is no `pre1`), `f_last` the pooled vector.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import batch_norm, he_convolution, regression_head
from kgan.networks.checks import check_count, check_divisible
from kgan.networks.initializers import normal
from kgan.networks.mobile_blocks import he_depthwise
from kgan.networks.stems import is_large

# (expansion, channels, blocks, stride) of each stage.
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
_STEM, _LAST = 32, 1280
_FEATURES = {2: "f1", 3: "f2", 5: "f3", 7: "f4"}


def mobilenet_v2(num_classes, image_shape=(32, 32, 3), width=0.5, name=None):
    """A classifier: images [B, H, W, C] -> logits [B, num_classes]; inner features as the module says.

    Images of 128x128 and more are halved five times, smaller ones four times: their second stage has stride 1.

    Args:
        num_classes: number of logits.
        image_shape: (H, W, C), H and W multiples of 16 (large images: 32), C = 1 or 3.
        width: share of the published channels, at least 1/16; a product is rounded down. The last convolution has
            1280 channels, and `width` times as many only from a width of 1 on.
        name: of the network; None is `mobilenetv2`.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("num_classes", num_classes, 2)
    _check_width(width)
    large = is_large(image_shape)
    check_divisible("MobileNetV2", image_shape, 32 if large else 16)
    images = keras.Input(image_shape, name="images")
    pooled = _trunk(images, width, standard=False, second_stride=2 if large else 1)
    logits = layers.Dense(num_classes, kernel_initializer=normal(0.01), name="logits", dtype="float32")(pooled)
    return keras.Model(images, logits, name=name or "mobilenetv2")


def mobilenet_v2_regressor(image_shape=(64, 64, 3), width=1.0, hidden=512, name=None):
    """A regressor: images [B, H, W, C] -> value [B, 1], not negative; inner features as the module says.

    The published network, with ReLU6, no expansion in the first block and five halvings; the head is
    `regression_head`.

    Args:
        image_shape: (H, W, C), H and W multiples of 32, C = 1 or 3.
        width, name: as those of `mobilenet_v2`.
        hidden: units of the head's two hidden layers.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("hidden", hidden)
    _check_width(width)
    check_divisible("MobileNetV2", image_shape, 32)
    images = keras.Input(image_shape, name="images")
    pooled = _trunk(images, width, standard=True, second_stride=2)
    return keras.Model(images, regression_head(pooled, hidden), name=name or "mobilenetv2")


def _check_width(width):
    if isinstance(width, bool) or not isinstance(width, int | float) or not 0.0625 <= width < float("inf"):
        raise InputError(f"MobileNetV2's width is a number of at least 1/16 (1 is the published width); "
                         f"received {width!r}")


def _trunk(images, width, standard, second_stride):
    """Images -> the pooled features `f_last`; `standard` is the published form of activations and first block."""
    most = 6.0 if standard else None
    x = _activated(he_convolution(images, int(_STEM * width), 3, 2, "stem_conv"), "stem_bn", "f0", most)
    for stage, (expansion, channels, blocks, stride) in enumerate(_STAGES, start=1):
        for number in range(1, blocks + 1):
            part = f"stage{stage}_block{number}"
            end = _FEATURES.get(stage, part) if number == blocks else part
            first = second_stride if stage == 2 else stride
            inner = 0 if standard and expansion == 1 else expansion
            x = _block(x, inner, int(channels * width), first if number == 1 else 1, part, end, most)
    x = he_convolution(x, int(_LAST * max(width, 1.0)), 1, 1, "last_conv")
    return layers.GlobalAveragePooling2D(name="f_last")(_activated(x, "last_bn", "last_relu", most))


def _block(x, expansion, filters, stride, name, end, most):
    """Expand (not at all if 0), filter each channel by itself, project without activation; add x where it fits."""
    y = x
    if expansion:
        y = he_convolution(y, expansion * x.shape[-1], 1, 1, f"{name}_expand")
        y = _activated(y, f"{name}_expand_bn", f"{name}_expand_relu", most)
    y = he_depthwise(y, stride, f"{name}_depthwise")
    y = _activated(y, f"{name}_depthwise_bn", f"{name}_depthwise_relu", most)
    y = he_convolution(y, filters, 1, 1, f"{name}_project")
    adds = stride == 1 and x.shape[-1] == filters
    y = batch_norm(y, f"{name}_project_bn" if adds else end)
    return layers.Add(name=end)([x, y]) if adds else y


def _activated(x, norm, name, most):
    return layers.ReLU(max_value=most, name=name)(batch_norm(x, norm))
