"""Sizes of the DCGAN networks against the paper's table 1, their shapes, and what they refuse."""

import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator, paper_parameters
from kgan.networks.layers import SpectralConv2D

# Table 1 of Aguinaldo et al., with its misplaced commas mended.
TABLE = {2: 28_351, 4: 62_077, 8: 145_657, 16: 377_329, 32: 1_098_721, 48: 2_164_177, 64: 3_573_697,
         128: 12_652_417, 256: 47_324_929}


@pytest.mark.parametrize("d", [d for d in TABLE if d <= 64])
def test_counts_of_the_papers_table(d):
    assert paper_parameters(dcgan_generator(d, (64, 64, 1))) == TABLE[d]
    assert paper_parameters(dcgan_generator(d, (32, 32, 1))) == TABLE[d]
    assert paper_parameters(dcgan_generator(d, (16, 16, 1))) == TABLE[d]


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


@pytest.mark.parametrize("size, channels", [(16, 1), (16, 3), (32, 1), (32, 3), (64, 1), (64, 3)])
def test_shapes_and_range(size, channels):
    generator = dcgan_generator(2, (size, size, channels), latent_dim=7)
    discriminator = dcgan_discriminator(2, (size, size, channels))
    latents = np.random.default_rng(0).normal(size=(5, 7)).astype("float32")
    images = generator(latents)
    assert images.shape == (5, size, size, channels)
    assert float(np.abs(images).max()) <= 1.0
    assert float(np.std(images)) > 1e-4
    assert discriminator(images).shape == (5, 1)


def shapes_of_stages(network):
    return [network.get_layer(f"stage{stage}").output.shape[1:] for stage in (1, 2, 3, 4)]


@pytest.mark.parametrize("size, maps", [(64, (4, 8, 16, 32)), (32, (4, 8, 16, 32)), (16, (4, 8, 16, 16))])
def test_the_generators_maps_have_the_sizes_of_the_table(size, maps):
    expected = [(side, side, 3 * wide) for side, wide in zip(maps, (8, 4, 2, 1), strict=True)]
    assert shapes_of_stages(dcgan_generator(3, (size, size, 3))) == expected


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("size, maps", [(64, (32, 16, 8, 4)), (32, (32, 16, 8, 4)), (16, (16, 16, 8, 4))])
def test_the_discriminator_mirrors_the_generator(size, maps, spectral_norm):
    discriminator = dcgan_discriminator(3, (size, size, 3), spectral_norm=spectral_norm)
    assert shapes_of_stages(discriminator) == [
        (side, side, 3 * wide) for side, wide in zip(maps, (1, 2, 4, 8), strict=True)]


def test_spectral_norm_stands_in_every_convolution_in_place_of_batch_norm():
    discriminator = dcgan_discriminator(2, (16, 16, 3), spectral_norm=True, num_logits=4)
    kinds = {layer.name: type(layer) for layer in discriminator.layers if layer.weights}
    assert kinds == dict.fromkeys([f"stage{stage}_conv" for stage in (1, 2, 3, 4)] + ["logit_conv"], SpectralConv2D)
    plain = dcgan_discriminator(2, (16, 16, 3), batch_norm=False, num_logits=4)
    estimates = 2 + 4 + 8 + 16 + 4  # one value for each channel of each convolution
    assert discriminator.count_params() == plain.count_params() + estimates
    assert paper_parameters(plain) == plain.count_params()


def test_several_logits_widen_the_last_convolution_alone():
    one, four = (dcgan_discriminator(2, (16, 16, 1), num_logits=num) for num in (1, 4))
    images = np.random.default_rng(0).uniform(-1, 1, (5, 16, 16, 1)).astype("float32")
    assert four(images).shape == (5, 4) and four.output_shape == (None, 4)
    assert four.count_params() == one.count_params() + 3 * (4 * 4 * 16 + 1)
    assert np.std(four(images), axis=0).min() > 1e-5
    for wrong in (0, 2.0, True):
        with pytest.raises(InputError, match=f"num_logits must be a positive integer; received {wrong}"):
            dcgan_discriminator(2, (16, 16, 1), num_logits=wrong)


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
    ({"d": 2, "image_shape": (8, 8, 3)}, "16x16, 32x32 or 64x64"),
    ({"d": 2, "image_shape": (32, 64, 3)}, "(32, 64, 3)"),
    ({"d": 2, "image_shape": (32, 32, 2)}, "(32, 32, 2)"),
    ({"d": 2, "latent_dim": 0}, "received 0"),
])
def test_what_does_not_fit_is_refused_with_the_value(arguments, words):
    with pytest.raises(InputError) as caught:
        dcgan_generator(**arguments)
    assert words in str(caught.value)
