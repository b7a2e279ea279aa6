"""Class-conditional BigGAN of one width throughout, without attention, for small images.

Source: Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis" (2019), in the form
for 32x32 that Ding et al., "Distilling and transferring knowledge via cGAN-generated samples for image
classification and regression", section 5.1, take for CIFAR-100 (width 256); Miyato and Koyama, "cGANs with
Projection Discriminator" (2018).
"""

import functools

import keras
from keras import layers

from kgan.networks.blocks import batch_norm, one_hot
from kgan.networks.checks import check_count, check_square
from kgan.networks.conditional import Doubling, conditional_batch_norm, projection_scores
from kgan.networks.initializers import normal, torch_uniform
from kgan.networks.layers import SpectralConv2D, SpectralDense

IMAGE_SIZES = (16, 32, 64)
_kernel = functools.partial(normal, 0.02)


def biggan_generator(width, num_classes, image_shape=(32, 32, 3), latent_dim=128, name="generator"):
    """{"latents": [B, latent_dim], "labels": int [B]} -> images [B, H, W, C] in [-1, 1].

    A dense layer to 4x4, up-blocks that double the size (three for 32x32), batch norm, ReLU, a 3x3
    convolution and tanh. Block: conditional batch norm, ReLU, nearest x2, 3x3, conditional batch norm, ReLU,
    3x3, plus the input through nearest x2 and 1x1. Spectral norm in every convolution and dense layer but the
    tables of batch norm. The blocks' outputs are named `block1` and so on, the image `image`.

    At width 256 and 32x32x3 it has 4,304,387 trainable parameters with 10 classes and 4,580,867 with 100.

    Args:
        width: channels of all maps; the paper's is 256.
        num_classes: labels are 0 to num_classes - 1.
        image_shape: (H, W, C), H = W one of 16, 32 and 64, C = 1 or 3.
        latent_dim: length of a latent vector, drawn from N(0, I) by whoever calls.

    Raises:
        InputError: an argument is not one of these.
    """
    size, channels = _validated(width, num_classes, image_shape)
    check_count("latent_dim", latent_dim)
    latents = keras.Input((latent_dim,), name="latents")
    labels = keras.Input((), name="labels", dtype="int32")
    condition = one_hot(labels, num_classes)
    x = _dense(latents, 4 * 4 * width, "first_dense")
    x = layers.Reshape((4, 4, width), name="as_map")(x)
    number = 0
    while x.shape[1] < size:
        number += 1
        x = _up_block(x, condition, width, f"block{number}")
    x = layers.ReLU(name="last_relu")(batch_norm(x, "last_bn"))
    images = layers.Activation("tanh", name="image", dtype="float32")(_convolution(x, channels, 3, "image_conv"))
    return keras.Model({"latents": latents, "labels": labels}, images, name=name)


def biggan_discriminator(width, num_classes, image_shape=(32, 32, 3), name="discriminator"):
    """{"images": [B, H, W, C] in [-1, 1], "labels": int [B]} -> scores [B, 1], unbounded.

    Down-blocks to 8x8 (two for 32x32), two blocks that keep the size, ReLU, the sum over all places `v`, and
    `dense(v) + <e_y, v>` with a table e of the classes. Block: ReLU (not in the first), 3x3, ReLU, 3x3, mean of
    2x2 in down-blocks; shortcut: 1x1 and mean in down-blocks, otherwise the input itself. Spectral norm in
    every layer, the table too. The blocks' outputs are named `block1` and so on.

    At width 256 and 32x32x3 it has 4,207,361 trainable parameters with 10 classes and 4,230,401 with 100.

    Args:
        width, num_classes, image_shape: as those of `biggan_generator`.

    Raises:
        InputError: an argument is not one of these.
    """
    _validated(width, num_classes, image_shape)
    images = keras.Input(image_shape, name="images")
    labels = keras.Input((), name="labels", dtype="int32")
    x = _down_block(images, width, "block1")
    number = 1
    while x.shape[1] > 8:
        number += 1
        x = _down_block(x, width, f"block{number}")
    for _ in range(2):
        number += 1
        x = layers.Add(name=f"block{number}")([_main_path(x, width, f"block{number}"), x])
    scores = projection_scores(x, labels, num_classes, _kernel)
    return keras.Model({"images": images, "labels": labels}, scores, name=name)


def _up_block(x, condition, width, name):
    # A 1x1 convolution and the copying of places can be exchanged: this way it has a quarter of the work.
    shortcut = Doubling(name=f"{name}_shortcut_up")(_convolution(x, width, 1, f"{name}_shortcut"))
    x = conditional_batch_norm(x, condition, f"{name}_cbn1", initializer=_kernel)
    x = Doubling(name=f"{name}_up")(layers.ReLU(name=f"{name}_relu1")(x))
    x = _convolution(x, width, 3, f"{name}_conv1")
    x = conditional_batch_norm(x, condition, f"{name}_cbn2", initializer=_kernel)
    x = _convolution(layers.ReLU(name=f"{name}_relu2")(x), width, 3, f"{name}_conv2")
    return layers.Add(name=name)([x, shortcut])


def _down_block(x, width, name):
    main = layers.AveragePooling2D(2, name=f"{name}_pool")(_main_path(x, width, name))
    # Pooled first, convolved then: a 1x1 convolution and a mean can be exchanged.
    shortcut = layers.AveragePooling2D(2, name=f"{name}_shortcut_pool")(x)
    return layers.Add(name=name)([main, _convolution(shortcut, width, 1, f"{name}_shortcut")])


def _main_path(x, width, name):
    if name != "block1":  # the first block sees the image itself
        x = layers.ReLU(name=f"{name}_relu1")(x)
    x = layers.ReLU(name=f"{name}_relu2")(_convolution(x, width, 3, f"{name}_conv1"))
    return _convolution(x, width, 3, f"{name}_conv2")


def _convolution(x, filters, size, name):
    return SpectralConv2D(filters, size, padding="same", kernel_initializer=_kernel(), name=name,
                          bias_initializer=torch_uniform(size * size * x.shape[-1]))(x)


def _dense(x, units, name, **arguments):
    return SpectralDense(units, kernel_initializer=_kernel(), bias_initializer=torch_uniform(x.shape[-1]), name=name,
                         **arguments)(x)


def _validated(width, num_classes, image_shape):
    check_count("the width", width)
    check_count("num_classes", num_classes, 2)
    return check_square("BigGAN", image_shape, IMAGE_SIZES)
