"""Auxiliary classifier GAN in the DCGAN form: the class goes into the generator and comes out of the discriminator.

Source: Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs" (2017).
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.dcgan import check_dcgan, discriminator_stages, generator_stages, logits_of


def acgan_generator(d, num_classes, image_shape=(64, 64, 3), latent_dim=100, name="generator"):
    """{"latents": [B, latent_dim], "labels": int [B]} -> images [B, H, W, C] in [-1, 1].

    The class, one-hot, stands beside the latents; then the stages of `dcgan_generator`.
    """
    size, channels = check_dcgan(d, image_shape)
    _check_classes(num_classes)
    if not isinstance(latent_dim, int) or latent_dim < 1:
        raise InputError(f"latent_dim must be a positive integer; received {latent_dim!r}")
    latents = keras.Input((latent_dim,), name="latents")
    labels = keras.Input((), name="labels", dtype="int32")
    one_hot = layers.CategoryEncoding(num_classes, "one_hot", name="class")(labels)
    vector = layers.Concatenate(name="latents_and_class")([latents, one_hot])
    inputs = {"latents": latents, "labels": labels}
    return keras.Model(inputs, generator_stages(vector, d, size, channels), name=name)


def acgan_discriminator(d, num_classes, image_shape=(64, 64, 3), batch_norm=True, name="discriminator"):
    """Images [B, H, W, C] in [-1, 1] -> {"source": [B, 1], "class": [B, num_classes]}, logits both.

    The stages of `dcgan_discriminator` under two heads. A connector is a `dcgan_discriminator` of the same
    d: it has the source head alone.
    """
    size, _ = check_dcgan(d, image_shape)
    _check_classes(num_classes)
    images = keras.Input(image_shape, name="images")
    maps = discriminator_stages(images, d, size, batch_norm)
    heads = {"source": logits_of(maps, 1, "source"), "class": logits_of(maps, num_classes, "class")}
    return keras.Model(images, heads, name=name)


def _check_classes(num_classes):
    if not isinstance(num_classes, int) or num_classes < 2:
        raise InputError(f"num_classes must be an integer of at least 2; received {num_classes!r}")
