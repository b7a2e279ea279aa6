"""DCGAN / W-DCGAN generator and discriminator whose size one number sets, the depth scale factor `d`.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation", section 3; Radford et al.,
"Unsupervised Representation Learning with DCGANs".
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.layers import SpectralConv2D

IMAGE_SIZES = (16, 32, 64)
BATCH_NORM_MOMENTUM = 0.9  # statistics follow within tens of steps: short trainings are evaluated too


def dcgan_generator(d, image_shape=(64, 64, 3), latent_dim=100, name="generator"):
    """A generator of five stages: latents [B, latent_dim] -> images [B, H, W, C] in [-1, 1].

    A 4x4 transposed convolution to 4x4x8d, three of stride 2 to 8x8x4d, 16x16x2d and 32x32xd, each with
    bias, batch norm and ReLU, then one of stride 2 to the image with tanh. That is 64x64; for 32x32 the last
    one has stride 1, for 16x16 the last two, which keeps the count of parameters. The convolutions hold
    `672 d^2 + (12815 + 16 C) d + C` weights and biases at latent_dim = 100 (`paper_parameters` counts them).

    The ReLUs are named `stage1` to `stage4` and the image `image`, for those who want inner features.

    Args:
        d: depth scale factor, a positive integer.
        image_shape: (H, W, C), H = W one of 16, 32 and 64.
        latent_dim: length of a latent vector; drawn from N(0, I) by whoever calls.
    """
    size, channels = check_dcgan(d, image_shape)
    if not isinstance(latent_dim, int) or latent_dim < 1:
        raise InputError(f"latent_dim must be a positive integer; received {latent_dim!r}")
    latents = keras.Input((latent_dim,), name="latents")
    return keras.Model(latents, generator_stages(latents, d, size, channels), name=name)


def dcgan_discriminator(d, image_shape=(64, 64, 3), batch_norm=True, spectral_norm=False, num_logits=1,
                        name="discriminator"):
    """The generator's mirror image: images [B, H, W, C] in [-1, 1] -> logits [B, num_logits], no sigmoid.

    4x4 convolutions of stride 2 (the first of stride 1 for 32x32, the first two for 16x16) to d, 2d, 4d and
    8d channels at 4x4 with LeakyReLU 0.2, then a valid 4x4 convolution to the logits.

    Args:
        d: depth scale factor, a positive integer.
        image_shape: (H, W, C), H = W one of 16, 32 and 64.
        batch_norm: whether batch norm stands after all but the first and the last convolution; with a
            gradient penalty, which looks at each image alone, it must not.
        spectral_norm: spectral normalisation of every convolution, in the place of batch norm: there is
            none then, whatever `batch_norm` says. It may go with a gradient penalty; clipping the weights has no
            meaning with it.
        num_logits: 1 for "real", k + 1 to tell k generators and real images apart.
    """
    size, _ = check_dcgan(d, image_shape)
    if not isinstance(num_logits, int) or isinstance(num_logits, bool) or num_logits < 1:
        raise InputError(f"num_logits must be a positive integer; received {num_logits!r}")
    images = keras.Input(image_shape, name="images")
    convolution = SpectralConv2D if spectral_norm else layers.Conv2D
    x = discriminator_stages(images, d, size, batch_norm and not spectral_norm, convolution)
    return keras.Model(images, logits_of(x, num_logits, "logits", convolution), name=name)


def paper_parameters(model):
    """Parameters as the paper's table 1 counts them: convolutions' weights and biases, no batch norm."""
    convolutions = (layers.Conv2D, layers.Conv2DTranspose)
    return sum(layer.count_params() for layer in model.layers if isinstance(layer, convolutions))


def generator_stages(vector, d, size, channels):
    """The five stages from a vector [B, n] to images: the part that DCGAN and ACGAN share."""
    x = layers.Reshape((1, 1, vector.shape[-1]), name="as_map")(vector)
    for stage, filters in enumerate((8 * d, 4 * d, 2 * d, d), start=1):
        stride, padding = (1, "valid") if stage == 1 else (1 if x.shape[1] == size else 2, "same")
        x = layers.Conv2DTranspose(filters, 4, stride, padding, name=f"stage{stage}_conv")(x)
        x = _batch_norm(f"stage{stage}_bn")(x)
        x = layers.ReLU(name=f"stage{stage}")(x)
    x = layers.Conv2DTranspose(channels, 4, size // x.shape[1], "same", name="image_conv")(x)
    return layers.Activation("tanh", name="image", dtype="float32")(x)


def discriminator_stages(images, d, size, batch_norm, convolution=layers.Conv2D):
    """The four stages from images to maps [B, 4, 4, 8d]; `convolution` is the class of their convolutions."""
    x = images
    for stage, filters in enumerate((d, 2 * d, 4 * d, 8 * d), start=1):
        stride = 1 if size < 128 >> stage else 2  # a stage starts from a map of 128 >> stage, or a smaller image
        x = convolution(filters, 4, stride, "same", name=f"stage{stage}_conv")(x)
        if batch_norm and stage > 1:
            x = _batch_norm(f"stage{stage}_bn")(x)
        x = layers.LeakyReLU(0.2, name=f"stage{stage}")(x)
    return x


def logits_of(maps, num, name, convolution=layers.Conv2D):
    """A valid 4x4 convolution from maps [B, 4, 4, n] to logits [B, num] under `name`."""
    x = convolution(num, 4, padding="valid", name=f"{name.removesuffix('s')}_conv")(maps)
    return layers.Reshape((num,), name=name, dtype="float32")(x)


def _batch_norm(name):
    # Synchronised, so that several replicas share one set of moving statistics.
    return layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=1e-5, synchronized=True, name=name)


def check_dcgan(d, image_shape):
    """(size, channels) of an image shape that DCGAN networks make."""
    if not isinstance(d, int) or isinstance(d, bool) or d < 1:
        raise InputError(f"the depth scale factor d must be a positive integer; received {d!r}")
    height, width, channels = image_shape
    if height != width or height not in IMAGE_SIZES or channels not in (1, 3):
        raise InputError(
            f"DCGAN images are 16x16, 32x32 or 64x64 with 1 or 3 channels; received image_shape={tuple(image_shape)}"
        )
    return height, channels
