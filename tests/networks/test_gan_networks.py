"""SAGAN's and ACGAN's networks: shapes, widths, where attention stands, what they refuse."""

import numpy as np
import pytest

from kgan.errors import InputError
from kgan.networks.acgan import acgan_discriminator, acgan_generator
from kgan.networks.layers import SelfAttention, SpectralConv2D, SpectralConv2DTranspose
from kgan.networks.sagan import sagan_discriminator, sagan_generator


def attended(network):
    return [layer.output.shape[1:] for layer in network.layers if isinstance(layer, SelfAttention)]


def test_sagan_at_64_has_the_papers_widths():
    generator, discriminator = sagan_generator(), sagan_discriminator()
    stages = [generator.get_layer(f"stage{number}").output.shape[1:] for number in (1, 2, 3, 4)]
    assert stages == [(4, 4, 512), (8, 8, 256), (16, 16, 128), (32, 32, 64)]
    assert attended(generator) == [(16, 16, 128), (32, 32, 64)]
    stages = [discriminator.get_layer(f"stage{number}").output.shape[1:] for number in (1, 2, 3, 4)]
    assert stages == [(32, 32, 64), (16, 16, 128), (8, 8, 256), (4, 4, 512)]
    assert attended(discriminator) == [(8, 8, 256), (4, 4, 512)]
    kinds = {type(layer) for layer in generator.layers} | {type(layer) for layer in discriminator.layers}
    assert {SpectralConv2D, SpectralConv2DTranspose} <= kinds


@pytest.mark.parametrize("size, channels", [(32, 1), (64, 3), (128, 3)])
def test_sagan_shapes(size, channels):
    generator = sagan_generator(2, (size, size, channels), latent_dim=5)
    discriminator = sagan_discriminator(2, (size, size, channels))
    images = generator(np.random.default_rng(0).normal(size=(3, 5)).astype("float32"))
    assert images.shape == (3, size, size, channels)
    assert 1e-4 < float(np.std(images)) <= 1.0
    assert discriminator(images).shape == (3, 1)
    assert all(width <= 32 for width, _, _ in attended(generator))


@pytest.mark.parametrize("size", [32, 64])
def test_acgan_shapes_and_the_labels_way(size):
    generator = acgan_generator(2, 5, (size, size, 3), latent_dim=7)
    discriminator = acgan_discriminator(2, 5, (size, size, 3))
    latents = np.tile(np.random.default_rng(0).normal(size=(1, 7)), (3, 1)).astype("float32")
    images = np.array(generator({"latents": latents, "labels": np.array([0, 4, 4])}))
    assert images.shape == (3, size, size, 3)
    assert np.abs(images[0] - images[1]).max() > 1e-5  # the class alone tells them apart
    np.testing.assert_allclose(images[1], images[2], atol=1e-6)
    heads = discriminator(images)
    assert heads["source"].shape == (3, 1)
    assert heads["class"].shape == (3, 5)


@pytest.mark.parametrize("make, words", [
    (lambda: sagan_generator(0), "received 0"),
    (lambda: sagan_generator(8, (48, 48, 3)), "(48, 48, 3)"),
    (lambda: sagan_discriminator(8, (64, 64, 2)), "(64, 64, 2)"),
    (lambda: acgan_generator(2, 1), "received 1"),
    (lambda: acgan_discriminator(2, 1), "received 1"),
    (lambda: acgan_generator(2, 5, latent_dim=0), "received 0"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
