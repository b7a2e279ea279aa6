"""Sizes of the DCGAN networks against the paper's table 1, their shapes, and what they refuse."""

import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator, paper_parameters

# Table 1 of Aguinaldo et al., with its misplaced commas mended.
TABLE = {2: 28_351, 4: 62_077, 8: 145_657, 16: 377_329, 32: 1_098_721, 48: 2_164_177, 64: 3_573_697,
         128: 12_652_417, 256: 47_324_929}


@pytest.mark.parametrize("d", [d for d in TABLE if d <= 64])
def test_counts_of_the_papers_table(d):
    assert paper_parameters(dcgan_generator(d, (64, 64, 1))) == TABLE[d]
    assert paper_parameters(dcgan_generator(d, (32, 32, 1))) == TABLE[d]


@pytest.mark.parametrize("d", [128, 256])
def test_counts_of_the_largest_networks_by_their_layers(d):
    # Built symbolically, so that 47 million weights are not drawn for a count.
    with keras.StatelessScope():
        assert paper_parameters(dcgan_generator(d, (64, 64, 1))) == TABLE[d]


def test_ratios_of_the_papers_abstract():
    counts = {d: paper_parameters(dcgan_generator(d, (64, 64, 1))) for d in (2, 4, 8, 64)}
    assert TABLE[256] // counts[2] == 1669
    assert round(counts[64] / counts[4]) == 58
    assert round(TABLE[128] / counts[8]) == 87


def test_true_total_adds_thirty_d_scales_and_shifts_and_as_many_statistics():
    generator = dcgan_generator(3, (32, 32, 3))
    trainable = sum(int(np.prod(weight.shape)) for weight in generator.trainable_weights)
    assert trainable == 672 * 9 + (12815 + 48) * 3 + 3 + 30 * 3
    assert generator.count_params() == trainable + 30 * 3


@pytest.mark.parametrize("size, channels", [(32, 1), (32, 3), (64, 1), (64, 3)])
def test_shapes_and_range(size, channels):
    generator = dcgan_generator(2, (size, size, channels), latent_dim=7)
    discriminator = dcgan_discriminator(2, (size, size, channels))
    latents = np.random.default_rng(0).normal(size=(5, 7)).astype("float32")
    images = generator(latents)
    assert images.shape == (5, size, size, channels)
    assert float(np.abs(images).max()) <= 1.0
    assert float(np.std(images)) > 1e-4
    assert discriminator(images).shape == (5, 1)


def test_the_generators_maps_have_the_sizes_of_the_table():
    generator = dcgan_generator(3, (64, 64, 3))
    shapes = [generator.get_layer(f"stage{stage}").output.shape[1:] for stage in (1, 2, 3, 4)]
    assert shapes == [(4, 4, 24), (8, 8, 12), (16, 16, 6), (32, 32, 3)]


def test_the_discriminator_mirrors_the_generator():
    discriminator = dcgan_discriminator(3, (64, 64, 3))
    shapes = [discriminator.get_layer(f"stage{stage}").output.shape[1:] for stage in (1, 2, 3, 4)]
    assert shapes == [(32, 32, 3), (16, 16, 6), (8, 8, 12), (4, 4, 24)]


def test_batch_norm_stands_after_all_but_first_and_last_convolution_or_nowhere():
    def norms(model):
        return [layer.name for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]

    assert norms(dcgan_discriminator(2, (32, 32, 1))) == ["stage2_bn", "stage3_bn", "stage4_bn"]
    assert norms(dcgan_discriminator(2, (32, 32, 1), batch_norm=False)) == []
    assert norms(dcgan_generator(2, (32, 32, 1))) == ["stage1_bn", "stage2_bn", "stage3_bn", "stage4_bn"]


def test_a_saved_generator_is_a_plain_keras_model(tmp_path):
    generator = dcgan_generator(2, (32, 32, 1), latent_dim=5)
    generator.save(tmp_path / "g.keras")
    latents = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    loaded = keras.models.load_model(tmp_path / "g.keras")
    np.testing.assert_array_equal(loaded(latents), generator(latents))


@pytest.mark.parametrize("arguments, words", [
    ({"d": 0}, "received 0"),
    ({"d": 2.5}, "received 2.5"),
    ({"d": 2, "image_shape": (48, 48, 3)}, "(48, 48, 3)"),
    ({"d": 2, "image_shape": (32, 64, 3)}, "(32, 64, 3)"),
    ({"d": 2, "image_shape": (32, 32, 2)}, "(32, 32, 2)"),
    ({"d": 2, "latent_dim": 0}, "received 0"),
])
def test_what_does_not_fit_is_refused_with_the_value(arguments, words):
    with pytest.raises(InputError) as caught:
        dcgan_generator(**arguments)
    assert words in str(caught.value)
