"""What a generator is fed: by its own law, of all its classes, determined by seed and step alone."""

import keras
import numpy as np
import pytest
import tiny

from kgan.errors import InputError
from kgan.networks.any_size import any_size_generator
from kgan.training.draws import GeneratorInputs
from kgan.training.noise import StepNoise


def network(num_classes=0, law="normal"):
    return any_size_generator(1, (16, 16, 1), 5, num_classes, law)


def test_a_plain_generators_latents_are_the_first_draw():
    drawn = GeneratorInputs(tiny.generator())(StepNoise(4, 7), 6)
    np.testing.assert_array_equal(drawn, StepNoise(4, 7).normal((6, tiny.LATENT_DIM)))


def test_uniform_latents_fill_their_range():
    draw = GeneratorInputs(network(law="uniform"))
    drawn = np.array(draw(StepNoise(0, 3), 4000))
    assert drawn.shape == (4000, 5) and drawn.min() >= -1.0 and drawn.max() < 1.0
    np.testing.assert_allclose(drawn.mean(0), 0.0, atol=0.05)
    np.testing.assert_allclose((drawn**2).mean(0), 1.0 / 3.0, atol=0.03)
    np.testing.assert_array_equal(drawn, draw(StepNoise(0, 3), 4000))
    assert (drawn != np.array(draw(StepNoise(0, 4), 4000))).mean() > 0.99


def test_classes_are_drawn_evenly_beside_the_latents():
    draw = GeneratorInputs(network(7))
    drawn = draw(StepNoise(2, 5), 7000)
    labels = np.array(drawn["labels"])
    assert set(drawn) == {"latents", "labels"} and labels.dtype == np.int32
    np.testing.assert_allclose(np.bincount(labels, minlength=7), 1000, atol=120)  # four standard deviations
    np.testing.assert_array_equal(drawn["latents"], StepNoise(2, 5).normal((7000, 5)))
    assert abs(np.corrcoef(labels, np.array(drawn["latents"])[:, 0])[0, 1]) < 0.05


def test_numbers_as_labels_are_refused():
    inputs = {"latents": keras.Input((3,), name="latents"), "labels": keras.Input((), name="labels")}
    column = keras.layers.Reshape((1,))(inputs["labels"])
    images = keras.layers.Reshape((1, 4, 1))(keras.layers.Concatenate()([inputs["latents"], column]))
    with pytest.raises(InputError, match="numbers as labels"):
        GeneratorInputs(keras.Model(inputs, images))
