"""CcGAN with networks of the self-attention GAN: images that one continuous label in [0, 1] conditions.

Source: Ding et al., "Continuous Conditional Generative Adversarial Networks: Novel Empirical Losses and Label
Input Mechanisms" (2021); the networks as Ding et al., "Distilling and transferring knowledge via
cGAN-generated samples for image classification and regression", section 5.2, take them at 64x64.
"""

import keras
from keras import layers

from kgan.networks.blocks import batch_norm
from kgan.networks.checks import check_count, check_share, check_square
from kgan.networks.conditional import Doubling, conditional_batch_norm, pooled_self_attention
from kgan.networks.label_embedding import frozen_embedding
from kgan.networks.layers import SpectralConv2D, SpectralDense

IMAGE_SIZES = (16, 32, 64)


def ccgan_generator(width, embedding, image_shape=(64, 64, 3), latent_dim=256, batch_norm_momenta=(0.999, 0.9999),
                    name="generator"):
    """{"latents": [B, latent_dim], "labels": float [B] in [0, 1]} -> images [B, H, W, C] in [-1, 1].

    A dense layer to 4x4 (with H / 4 times `width` channels), up-blocks that double the size and halve the channels
    down to `width`, self-attention before the last of them, batch norm, ReLU, a 3x3 convolution and tanh.
    Block: batch norm, ReLU, nearest x2, 3x3, batch norm, ReLU, 3x3, plus the input through nearest x2 and 1x1.
    Spectral norm in every convolution and dense layer but those of batch norm; Xavier-uniform kernels, biases 0.

    Improved label input: the blocks' batch norms are conditional on `embedding(labels)`, which is inside, frozen.
    Naive label input (embedding=None): the label itself is added to every unit of the first dense layer,
    and the blocks' batch norms are ordinary ones: the CcGAN paper's idea, without a look at its code.

    At width 64 and 64x64x3 it has 15,070,052 trainable parameters with an embedding of 128 numbers. The
    blocks' outputs are named `block1` and so on, the image `image`.

    Args:
        width: channels of the last block.
        embedding: a network, labels [B] -> [B, n], of which a frozen copy is taken; None for naive input.
        image_shape: (H, W, C), H = W one of 16, 32 and 64, C = 1 or 3.
        latent_dim: length of a latent vector, drawn from N(0, I) by whoever calls.
        batch_norm_momenta: of the moving statistics within the blocks, and before the image. The paper's follow
            within thousands and ten thousands of steps: a training of hundreds wants smaller ones.

    Raises:
        InputError: an argument is not one of these.
    """
    size, channels = _validated(width, image_shape)
    check_count("latent_dim", latent_dim)
    inner_momentum, last_momentum = _checked_momenta(batch_norm_momenta)
    latents = keras.Input((latent_dim,), name="latents")
    labels = keras.Input((), name="labels", dtype="float32")
    filters = width * size // 4
    x = SpectralDense(4 * 4 * filters, name="first_dense")(latents)
    condition = None
    if embedding is None:
        x = layers.Add(name="first_and_label")([x, layers.Reshape((1,), name="label")(labels)])
    else:
        condition = frozen_embedding(embedding)(labels)
    x = layers.Reshape((4, 4, filters), name="as_map")(x)
    number = 0
    while x.shape[1] < size:
        number += 1
        if x.shape[1] == size // 2:
            x = pooled_self_attention(x, "attention")
        filters //= 2
        x = _up_block(x, condition, filters, inner_momentum, f"block{number}")
    x = layers.ReLU(name="last_relu")(batch_norm(x, "last_bn", last_momentum))
    x = SpectralConv2D(channels, 3, padding="same", name="image_conv")(x)
    images = layers.Activation("tanh", name="image", dtype="float32")(x)
    return keras.Model({"latents": latents, "labels": labels}, images, name=name)


def ccgan_discriminator(width, embedding, image_shape=(64, 64, 3), name="discriminator"):
    """{"images": [B, H, W, C] in [-1, 1], "labels": float [B] in [0, 1]} -> scores [B, 1], unbounded.

    Down-blocks to 4x4, the first `width` wide, each other twice as wide as the one before, self-attention
    after the first, one more block that keeps the size, ReLU, flattened to `f`; scores
    `dense(f) + <W h, f>`, W without bias. Block: ReLU (not in the first), 3x3, ReLU, 3x3, mean of 2x2 in
    down-blocks, plus a shortcut through 1x1 and the same mean. Spectral norm everywhere, biases kept.

    The shortcut starts at ReLU(x), not at x: the reference's ReLU works in place and changes what the shortcut
    sees. The first block, which has no ReLU, sees the image on both paths.

    Improved label input: h is `embedding(labels)`, which is inside, frozen. Naive label input
    (embedding=None): h is the label itself, a vector of one number, again without a look at that code.

    At width 64 and 64x64x3 it has 21,660,466 trainable parameters with an embedding of 128 numbers.

    Args:
        width: channels of the first block.
        embedding, image_shape: as those of `ccgan_generator`.

    Raises:
        InputError: an argument is not one of these.
    """
    size, _ = _validated(width, image_shape)
    images = keras.Input(image_shape, name="images")
    labels = keras.Input((), name="labels", dtype="float32")
    x = _down_block(images, width, 2, "block1")
    x = pooled_self_attention(x, "attention")
    strides = [2] * (size // 8).bit_length()  # to 4x4, and in the place of one more halving
    strides[-1] = 1
    for number, stride in enumerate(strides, start=2):
        x = layers.ReLU(name=f"block{number}_relu1")(x)
        x = _down_block(x, width * 2 ** (number - 1), stride, f"block{number}")
    f = layers.Flatten(name="features")(layers.ReLU(name="last_relu")(x))
    embedded = layers.Reshape((1,), name="label")(labels) if embedding is None else frozen_embedding(embedding)(labels)
    projected = SpectralDense(f.shape[-1], use_bias=False, name="projection", dtype="float32")(embedded)
    match = layers.Dot(-1, name="match", dtype="float32")([projected, f])
    realness = SpectralDense(1, name="realness", dtype="float32")(f)
    scores = layers.Add(name="scores", dtype="float32")([realness, match])
    return keras.Model({"images": images, "labels": labels}, scores, name=name)


def _up_block(x, condition, filters, momentum, name):
    def norm(x, name):
        if condition is None:
            return batch_norm(x, name, momentum)
        return conditional_batch_norm(x, condition, name, momentum)

    # A 1x1 convolution and the copying of places can be exchanged: this way it has a quarter of the work.
    shortcut = SpectralConv2D(filters, 1, name=f"{name}_shortcut")(x)
    shortcut = Doubling(name=f"{name}_shortcut_up")(shortcut)
    x = layers.ReLU(name=f"{name}_relu1")(norm(x, f"{name}_cbn1"))
    x = Doubling(name=f"{name}_up")(x)
    x = SpectralConv2D(filters, 3, padding="same", name=f"{name}_conv1")(x)
    x = layers.ReLU(name=f"{name}_relu2")(norm(x, f"{name}_cbn2"))
    x = SpectralConv2D(filters, 3, padding="same", name=f"{name}_conv2")(x)
    return layers.Add(name=name)([x, shortcut])


def _down_block(x, filters, stride, name):
    """A block whose first ReLU, if it has one, is behind x already: both paths start there."""
    shortcut = x
    x = SpectralConv2D(filters, 3, padding="same", name=f"{name}_conv1")(x)
    x = layers.ReLU(name=f"{name}_relu2")(x)
    x = SpectralConv2D(filters, 3, padding="same", name=f"{name}_conv2")(x)
    if stride == 2:  # a 1x1 convolution and a mean can be exchanged: pooled first, it has a quarter of the work
        x = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
        shortcut = layers.AveragePooling2D(2, name=f"{name}_shortcut_pool")(shortcut)
    return layers.Add(name=name)([x, SpectralConv2D(filters, 1, name=f"{name}_shortcut")(shortcut)])


def _validated(width, image_shape):
    check_count("the width", width)
    return check_square("CcGAN", image_shape, IMAGE_SIZES)


def _checked_momenta(momenta):
    inner, last = momenta
    for momentum in (inner, last):
        check_share("each of batch_norm_momenta", momentum)
    return inner, last
