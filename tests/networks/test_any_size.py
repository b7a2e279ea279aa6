"""DCGANs for images of any shape: cut from the next larger size, padded for the discriminator."""

import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.metrics.sampler import Sampler
from kgan.networks.acgan import acgan_generator
from kgan.networks.any_size import any_size_discriminator, any_size_generator
from kgan.networks.dcgan import dcgan_generator, paper_parameters


def shapes(model):
    return [tuple(weight.shape) for weight in model.weights]


def test_at_dcgans_own_sizes_it_is_dcgan():
    assert shapes(any_size_generator(2, (32, 32, 3), 7)) == shapes(dcgan_generator(2, (32, 32, 3), 7))
    assert shapes(any_size_generator(1, (16, 16, 1), 7, 4)) == shapes(acgan_generator(1, 4, (16, 16, 1), 7))


def test_other_shapes_are_the_middle_of_the_next_size():
    shape, size = (13, 16, 3), 16
    keras.utils.set_random_seed(4)
    small = any_size_generator(1, shape, 5)
    whole = dcgan_generator(1, (size, size, shape[2]), 5)
    whole.set_weights(small.get_weights())
    z = np.random.default_rng(0).normal(size=(2, 5)).astype("float32")
    top, left = (size - shape[0]) // 2, (size - shape[1]) // 2
    expected = np.array(whole(z))[:, top : top + shape[0], left : left + shape[1]]
    assert small.output_shape == (None, *shape)
    np.testing.assert_allclose(small(z), expected, atol=1e-6)
    assert paper_parameters(small) == paper_parameters(whole)


def test_the_discriminator_sees_the_whole_image():
    keras.utils.set_random_seed(4)
    judge = any_size_discriminator(2, (13, 16, 3), batch_norm=False)
    assert judge.output_shape == (None, 1)
    image = np.random.default_rng(0).normal(size=(1, 13, 16, 3)).astype("float32")
    for row, column in ((0, 0), (12, 15)):  # two corners
        other = image.copy()
        other[0, row, column] += 1.0
        assert abs(float(judge(other)[0, 0]) - float(judge(image)[0, 0])) > 1e-6


def test_law_and_classes_travel_with_the_network():
    sampler = Sampler(any_size_generator(1, (16, 16, 1), 5, 3, "uniform"))
    assert (sampler.latents_law, sampler.num_classes) == ("uniform", 3)
    assert Sampler(any_size_generator(1, (16, 16, 1), 5)).latents_law == "normal"


@pytest.mark.parametrize("arguments, words", [
    ((1, (65, 16, 1), 5), "at most 64x64; these are 65x16"), ((0, (16, 16, 1), 5), "received 0"),
    ((1, (16, 16, 2), 5), "1 or 3 channels"), ((1, (16, 16, 1), 0), "latent_dim"),
    ((1, (16, 16, 1), 5, 0, "log"), "'log'")])
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        any_size_generator(*arguments)
