"""DCGAN networks for images of any shape up to 64x64, square or not: students of a teacher that was made elsewhere.

DCGAN's stages make 16x16, 32x32 or 64x64 (`kgan.networks.dcgan`). Another shape is cut from the middle of the next
larger of these, and padded to it before the discriminator; the counts of parameters stay those of that size.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import one_hot
from kgan.networks.dcgan import IMAGE_SIZES, check_dcgan, discriminator_stages, generator_stages, logits_of
from kgan.networks.latents import LatentsLaw, check_law
from kgan.networks.layers import SpectralConv2D


def any_size_generator(d, image_shape, latent_dim, num_classes=0, latents_law="normal", name="generator"):
    """Latents [B, latent_dim], or {"latents", "labels": int [B]}, -> images [B, H, W, C] in [-1, 1].

    For 16x16, 32x32 and 64x64 without classes it is `dcgan_generator`; with classes `acgan_generator`, the class
    one-hot beside the latents.

    Args:
        d: depth scale factor, a positive integer.
        image_shape: (H, W, C), H and W up to 64.
        latent_dim: length of a latent vector.
        num_classes: 0 for a generator that takes no labels.
        latents_law: "normal" or "uniform", what the latents are drawn from (`LatentsLaw`).

    Raises:
        InputError: an image shape, d, latent_dim or law that does not fit.
    """
    size, frame = _frame(d, image_shape)
    if not isinstance(latent_dim, int) or latent_dim < 1:
        raise InputError(f"latent_dim must be a positive integer; received {latent_dim!r}")
    latents = keras.Input((latent_dim,), name="latents")
    # What takes N(0, I), as nearly all do, stays the plain network.
    vector = latents if check_law(latents_law) == "normal" else LatentsLaw(latents_law, name="law")(latents)
    inputs = latents
    if num_classes:
        labels = keras.Input((), name="labels", dtype="int32")
        inputs = {"latents": latents, "labels": labels}
        vector = layers.Concatenate(name="latents_and_class")([vector, one_hot(labels, num_classes)])
    images = generator_stages(vector, d, size, image_shape[2])
    if any(map(any, frame)):
        images = layers.Cropping2D(frame, name="cropped")(images)
    return keras.Model(inputs, images, name=name)


def any_size_discriminator(d, image_shape, batch_norm=True, spectral_norm=False, name="discriminator"):
    """Images [B, H, W, C] in [-1, 1] -> logits [B, 1]: `dcgan_discriminator` of images padded with mid-grey.

    Args:
        d: depth scale factor, a positive integer.
        image_shape: (H, W, C), H and W up to 64.
        batch_norm, spectral_norm: as for `dcgan_discriminator`.
    """
    size, frame = _frame(d, image_shape)
    images = keras.Input(tuple(image_shape), name="images")
    x = layers.ZeroPadding2D(frame, name="padded")(images) if any(map(any, frame)) else images
    convolution = SpectralConv2D if spectral_norm else layers.Conv2D
    x = discriminator_stages(x, d, size, batch_norm and not spectral_norm, convolution)
    return keras.Model(images, logits_of(x, 1, "logits", convolution), name=name)


def _frame(d, image_shape):
    """(size of the stages, ((top, bottom), (left, right)) around the images within it)."""
    height, width, channels = image_shape
    size = next((size for size in IMAGE_SIZES if size >= max(height, width)), None)
    if size is None or min(height, width) < 1:
        raise InputError(f"students make images of at most {IMAGE_SIZES[-1]}x{IMAGE_SIZES[-1]}; these are "
                         f"{height}x{width}: take a teacher of smaller images")
    check_dcgan(d, (size, size, channels))
    around = [((size - side) // 2, (size - side + 1) // 2) for side in (height, width)]
    return size, tuple(around)
