"""Self-attention GAN at 32x32, 64x64 and 128x128.

Source: Zhang et al., "Self-Attention Generative Adversarial Networks" (2019), in the form for 64x64 that
Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect", build on.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.layers import SelfAttention, SpectralConv2D, SpectralConv2DTranspose

IMAGE_SIZES = (32, 64, 128)
BATCH_NORM_MOMENTUM = 0.9


def sagan_generator(width=64, image_shape=(64, 64, 3), latent_dim=128, name="generator"):
    """Latents [B, latent_dim] -> images [B, H, W, C] in [-1, 1].

    4x4 transposed convolutions with spectral norm, batch norm and ReLU: the first, valid, to 4x4, then of
    stride 2 up to half the image's size, each half as wide as the one before and the last `width` wide
    (for 64x64 and width 64: 512, 256, 128, 64). Self-attention stands after the last two (for 128x128
    before the last, where maps are 16x16 and 32x32: at 64x64 it would look at 16 million pairs an image).
    A plain transposed convolution with tanh makes the image.

    The ReLUs are named `stage1` and so on, the attentions `attention16` by the size of their maps.

    Args:
        width: channels of the widest maps; the first stage has H / 8 times as many.
        image_shape: (H, W, C), H = W one of 32, 64 and 128, C = 1 or 3.
        latent_dim: length of a latent vector, drawn from N(0, I) by whoever calls.
    """
    size, channels = _validated(width, image_shape)
    if not isinstance(latent_dim, int) or latent_dim < 1:
        raise InputError(f"latent_dim must be a positive integer; received {latent_dim!r}")
    latents = keras.Input((latent_dim,), name="latents")
    x = layers.Reshape((1, 1, latent_dim), name="as_map")(latents)
    for stage, (map_size, filters) in enumerate(reversed(_maps(size, width)), start=1):
        stride, padding = (1, "valid") if stage == 1 else (2, "same")
        x = SpectralConv2DTranspose(filters, 4, stride, padding, name=f"stage{stage}_conv")(x)
        x = layers.BatchNormalization(
            momentum=BATCH_NORM_MOMENTUM, epsilon=1e-5, synchronized=True, name=f"stage{stage}_bn")(x)
        x = layers.ReLU(name=f"stage{stage}")(x)
        if map_size in _attended(size):
            x = SelfAttention(name=f"attention{map_size}")(x)
    x = layers.Conv2DTranspose(channels, 4, 2, "same", name="image_conv")(x)
    images = layers.Activation("tanh", name="image", dtype="float32")(x)
    return keras.Model(latents, images, name=name)


def sagan_discriminator(width=64, image_shape=(64, 64, 3), name="discriminator"):
    """The mirror image: images [B, H, W, C] in [-1, 1] -> logits [B, 1], no sigmoid.

    4x4 convolutions of stride 2 with spectral norm and LeakyReLU 0.1, the first `width` wide, each twice
    as wide as the one before, down to 4x4; self-attention after the last two; a valid 4x4 convolution to
    one logit. It looks at each image alone, as a gradient penalty asks. Connectors have this form too.
    """
    size, _ = _validated(width, image_shape)
    images = keras.Input(image_shape, name="images")
    x = images
    for stage, (map_size, filters) in enumerate(_maps(size, width), start=1):
        x = SpectralConv2D(filters, 4, 2, "same", name=f"stage{stage}_conv")(x)
        x = layers.LeakyReLU(0.1, name=f"stage{stage}")(x)
        if map_size <= 8:
            x = SelfAttention(name=f"attention{map_size}")(x)
    x = layers.Conv2D(1, 4, padding="valid", name="logit_conv")(x)
    logits = layers.Reshape((1,), name="logits", dtype="float32")(x)
    return keras.Model(images, logits, name=name)


def _maps(size, width):
    """(size of the map, channels), from the widest map to the one of 4x4."""
    found, map_size = [], size // 2
    while map_size >= 4:
        found.append((map_size, width * size // 2 // map_size))
        map_size //= 2
    return found


def _attended(size):
    return (16, 32) if size > 32 else (8, 16)


def _validated(width, image_shape):
    if not isinstance(width, int) or isinstance(width, bool) or width < 1:
        raise InputError(f"the width must be a positive integer; received {width!r}")
    height, other, channels = image_shape
    if height != other or height not in IMAGE_SIZES or channels not in (1, 3):
        raise InputError(f"SAGAN images are 32x32, 64x64 or 128x128 with 1 or 3 channels; received "
                         f"image_shape={tuple(image_shape)}")
    return height, channels
