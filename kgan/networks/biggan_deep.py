"""Class-conditional BigGAN-deep: bottleneck blocks, a shared class embedding, latents in every batch norm.

Source: Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis" (2019), appendix B, tables 7
to 9, whose networks are for 128x128 and more; those for 32x32 and 64x64 have the widths of the authors' code. Ding et
al., "Distilling and transferring knowledge via cGAN-generated samples for image classification and regression", take
that for 128x128 for ImageNet-100.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import batch_norm, one_hot
from kgan.networks.checks import check_count, check_square
from kgan.networks.conditional import (
    Doubling,
    FirstChannels,
    conditional_batch_norm,
    pooled_self_attention,
    projection_scores,
)
from kgan.networks.initializers import torch_uniform
from kgan.networks.layers import SpectralConv2D, SpectralDense

# Channels in units of the width: of the generator's 4x4 map, then after each doubling.
_UP = {32: (4, 4, 4, 4), 64: (16, 16, 8, 4, 2), 128: (16, 16, 8, 4, 2, 1), 256: (16, 16, 8, 8, 4, 2, 1)}
# Of the discriminator's first convolution, then after each halving; at 32x32 the last keeps the size of 8x8.
_DOWN = {32: (4, 4, 4, 4), 64: (1, 2, 4, 8, 16), 128: (1, 2, 4, 8, 16, 16), 256: (1, 2, 4, 8, 8, 16, 16)}
_NARROWER = 4  # by which a block's inner convolutions are narrower than its input (generator) or its output
_kernel = keras.initializers.Orthogonal


def biggan_deep_generator(width, num_classes, image_shape=(128, 128, 3), latent_dim=128, shared_dim=128, depth=2,
                          attention_size=64, name="generator"):
    """{"latents": [B, latent_dim], "labels": int [B]} -> images [B, H, W, C] in [-1, 1].

    The condition is the latents and the class's row of one table, side by side. A dense layer of it to 4x4, then
    for each size `depth` blocks, the last of which doubles it; batch norm, ReLU, a 3x3 convolution and tanh. Block:
    four times batch norm scaled and shifted by the condition, ReLU and a convolution, 1x1 to a quarter of the
    channels, 3x3, 3x3 and 1x1, nearest x2 before the second; plus the input's first channels, through nearest x2.
    Spectral norm in every convolution and dense layer but the class table. The blocks that double are named
    `block1` and so on, those before them `block1_1`, the attention behind them `attention4`, the image `image`.

    At width 128 and 128x128x3 it has 50,129,284 trainable parameters with 100 classes. With 1000 it has 50,244,484;
    the authors' published one has 50.4 million, for its last convolution makes 128 channels of which 3 are used.

    Args:
        width: the unit of channels, of which maps have 1 to 16; the paper's is 128.
        num_classes: labels are 0 to num_classes - 1.
        image_shape: (H, W, C), H = W one of 32, 64, 128 and 256, C = 1 or 3.
        latent_dim: length of a latent vector, drawn from N(0, I) by whoever calls.
        shared_dim: length of a class's vector.
        depth: blocks a size.
        attention_size: side of the maps that self-attention stands behind, 8, 16, 32, 64 or 128, or None. A network
            without such maps has none, as that for 32x32 under the paper's 64.

    Raises:
        InputError: an argument is not one of these.
    """
    size, channels = _validated(width, num_classes, image_shape, depth, attention_size)
    check_count("latent_dim", latent_dim)
    check_count("shared_dim", shared_dim)
    latents = keras.Input((latent_dim,), name="latents")
    labels = keras.Input((), name="labels", dtype="int32")
    table = layers.Dense(shared_dim, use_bias=False, kernel_initializer=_kernel(), name="shared")
    condition = layers.Concatenate(name="condition")([latents, table(one_hot(labels, num_classes))])
    first, *others = (width * units for units in _UP[size])
    x = SpectralDense(4 * 4 * first, kernel_initializer=_kernel(), name="first_dense",
                      bias_initializer=torch_uniform(latent_dim + shared_dim))(condition)
    x = layers.Reshape((4, 4, first), name="as_map")(x)
    for number, filters in enumerate(others, start=1):
        for place in range(1, depth):
            x = _generator_block(x, condition, x.shape[-1], False, f"block{number}_{place}")
        x = _generator_block(x, condition, filters, True, f"block{number}")
        x = _attended(x, attention_size, f"attention{number}")
    x = layers.ReLU(name="last_relu")(batch_norm(x, "last_bn"))
    images = layers.Activation("tanh", name="image", dtype="float32")(_convolution(x, channels, 3, "image_conv"))
    return keras.Model({"latents": latents, "labels": labels}, images, name=name)


def biggan_deep_discriminator(width, num_classes, image_shape=(128, 128, 3), depth=2, attention_size=64,
                              name="discriminator"):
    """{"images": [B, H, W, C] in [-1, 1], "labels": int [B]} -> scores [B, 1], unbounded.

    A 3x3 convolution, then for each size down to 4x4 `depth` blocks, the first of which halves it (for images of
    32x32 to 16x16, 8x8 and once more 8x8); then `kgan.networks.conditional.projection_scores`. Block: four times ReLU
    and a convolution, 1x1 to a quarter of the block's channels, 3x3, 3x3 and 1x1, mean of 2x2 before the last; plus
    the input through mean of 2x2, to which a 1x1 convolution adds the channels that are missing. Spectral norm in
    every layer, the class table too. A size's first block is named `block1` and so on, those behind it `block1_2`.

    At width 128 and 128x128x3 it has 34,590,210 trainable parameters with 1000 classes and 32,747,010 with 100.

    Args:
        width, num_classes, image_shape, depth, attention_size: as those of `biggan_deep_generator`.

    Raises:
        InputError: an argument is not one of these.
    """
    size, _ = _validated(width, num_classes, image_shape, depth, attention_size)
    images = keras.Input(image_shape, name="images")
    labels = keras.Input((), name="labels", dtype="int32")
    first, *others = (width * units for units in _DOWN[size])
    x = _convolution(images, first, 3, "first_conv")
    smallest = 8 if size == 32 else 4
    for number, filters in enumerate(others, start=1):
        x = _discriminator_block(x, filters, x.shape[1] > smallest, f"block{number}")
        for place in range(2, depth + 1):
            x = _discriminator_block(x, filters, False, f"block{number}_{place}")
        x = _attended(x, attention_size, f"attention{number}")
    scores = projection_scores(x, labels, num_classes, _kernel)
    return keras.Model({"images": images, "labels": labels}, scores, name=name)


def _generator_block(x, condition, filters, doubles, name):
    inner = max(x.shape[-1] // _NARROWER, 1)
    y = x
    for part, (units, size) in enumerate(((inner, 1), (inner, 3), (inner, 3), (filters, 1)), start=1):
        y = conditional_batch_norm(y, condition, f"{name}_cbn{part}", initializer=_kernel, dense=SpectralDense)
        y = layers.ReLU(name=f"{name}_relu{part}")(y)
        if doubles and part == 2:
            y = Doubling(name=f"{name}_up")(y)
        y = _convolution(y, units, size, f"{name}_conv{part}")
    if filters < x.shape[-1]:
        x = FirstChannels(filters, name=f"{name}_kept")(x)
    if doubles:
        x = Doubling(name=f"{name}_shortcut_up")(x)
    return layers.Add(name=name)([y, x])


def _discriminator_block(x, filters, halves, name):
    inner = max(filters // _NARROWER, 1)
    y = x
    for part, (units, size) in enumerate(((inner, 1), (inner, 3), (inner, 3), (filters, 1)), start=1):
        y = layers.ReLU(name=f"{name}_relu{part}")(y)
        if halves and part == 4:
            y = layers.AveragePooling2D(2, name=f"{name}_pool")(y)
        y = _convolution(y, units, size, f"{name}_conv{part}")
    if halves:
        x = layers.AveragePooling2D(2, name=f"{name}_shortcut_pool")(x)
    if filters > x.shape[-1]:
        missing = _convolution(x, filters - x.shape[-1], 1, f"{name}_shortcut")
        x = layers.Concatenate(name=f"{name}_widened")([x, missing])
    return layers.Add(name=name)([y, x])


def _attended(x, size, name):
    if x.shape[1] != size:
        return x
    return pooled_self_attention(x, name, initializer=_kernel, use_bias=False)


def _convolution(x, filters, size, name):
    return SpectralConv2D(filters, size, padding="same", kernel_initializer=_kernel(), name=name,
                          bias_initializer=torch_uniform(size * size * x.shape[-1]))(x)


def _validated(width, num_classes, image_shape, depth, attention_size):
    check_count("the width", width)
    check_count("num_classes", num_classes, 2)
    check_count("the depth", depth)
    if attention_size is not None and attention_size not in (8, 16, 32, 64, 128):
        raise InputError(f"attention_size must be 8, 16, 32, 64 or 128, or None; received {attention_size!r}")
    return check_square("BigGAN-deep", image_shape, tuple(_UP))
