"""Images of generators: exact, in inference mode, determined by the seed, with classes or numbers as labels."""

import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.metrics.sampler import Sampler, latents, sample


def generator(seed=0, latent_dim=5):
    keras.utils.set_random_seed(seed)
    z = keras.Input((latent_dim,))
    x = keras.layers.Dense(8 * 8, name="dense")(z)
    x = keras.layers.BatchNormalization(momentum=0.5)(x)
    x = keras.layers.Dropout(0.5)(x)  # both would show if it ran in training mode
    return keras.Model(z, keras.layers.Activation("tanh")(keras.layers.Reshape((8, 8, 1))(x)), name="small")


def test_sample_is_exact_and_in_inference_mode():
    network = generator()
    before = [w.numpy() for w in network.weights]
    images = sample(network, 11, seed=4, batch_size=4)
    assert images.shape == (11, 8, 8, 1) and images.dtype == np.uint8
    floats = network(latents(11, 5, 4), training=False).numpy()
    expected = np.clip(np.rint((floats + 1) * 127.5), 0, 255)
    assert np.abs(images.astype(int) - expected).max() <= 1  # a rounding may tip over
    assert (images == expected).mean() > 0.99
    for old, new in zip(before, network.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_sample_depends_on_the_seed_and_not_on_the_batch_size():
    network = generator()
    images = sample(network, 9, seed=4, batch_size=2).astype(int)
    assert np.abs(images - sample(network, 9, seed=4, batch_size=64)).max() <= 1
    np.testing.assert_array_equal(images, sample(network, 9, seed=4, batch_size=2))
    assert np.abs(images - sample(network, 9, seed=5, batch_size=2)).max() > 20


def test_sampler_reads_the_weights_anew_and_traces_once():
    network = generator()
    sampler = Sampler(network, batch_size=4)
    first = sampler(6, seed=0)
    dense = network.get_layer("dense")
    dense.set_weights([-w for w in dense.get_weights()])
    flipped = sampler(6, seed=0)
    assert np.abs(255 - first.astype(int) - flipped).max() <= 1
    assert sampler._run.experimental_get_tracing_count() == 1


def test_latents_are_standard_normal_and_seeded():
    z = latents(4000, 5, seed=3)
    assert z.shape == (4000, 5) and z.dtype == np.float32
    assert np.abs(z.mean(0)).max() < 0.08 and np.abs(z.std(0) - 1).max() < 0.05
    assert np.abs(np.corrcoef(z, rowvar=False) - np.eye(5)).max() < 0.08
    np.testing.assert_array_equal(z, latents(4000, 5, seed=3))
    assert (z != latents(4000, 5, seed=4)).all()


def continuous(factor=0.25):
    """{"latents", "labels" in [0, 1]} -> 2x2 images: the first latent times the label times a factor."""
    inputs = {"latents": keras.Input((3,), name="latents"), "labels": keras.Input((), name="labels")}
    first = keras.layers.Dense(1, use_bias=False)
    product = keras.layers.Multiply()([first(inputs["latents"]), keras.layers.Reshape((1,))(inputs["labels"])])
    spread = keras.layers.Dense(4, use_bias=False)
    images = keras.layers.Reshape((2, 2, 1))(spread(product))
    first.set_weights([np.array([[factor], [0.0], [0.0]], np.float32)])
    spread.set_weights([np.array([[1.0, -1.0, 0.5, 0.0]], np.float32)])
    return keras.Model(inputs, images, name="numbers")


def test_numbers_as_labels_reach_the_generator():
    sampler = Sampler(continuous(), batch_size=2)
    assert sampler.conditional and sampler.continuous and sampler.num_classes == 0
    np.testing.assert_allclose(sampler.labels_of(5), [0.0, 0.25, 0.5, 0.75, 1.0])
    z = np.array([[2.0, 9.0, 9.0], [-1.0, 9.0, 9.0], [4.0, 9.0, 9.0]], np.float32)
    # (0.25 z label + 1) * 127.5, rounded half to even
    expected = [[153, 102, 140, 128], [128, 128, 128, 128], [255, 0, 191, 128]]
    found = sampler.images_of(z, [0.4, 0.0, 1.0]).reshape(3, 4).astype(int)
    assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize("labels, words", [
    ([0.2, 1.01], "2 numbers from 0 to 1"), ([-0.1, 0.5], "from -0.1"), ([0.2, np.nan], "numbers from 0 to 1"),
    ([0.2], "2 numbers")])
def test_labels_that_are_no_numbers_in_range_are_refused(labels, words):
    with pytest.raises(InputError, match=words):
        Sampler(continuous()).images_of(np.zeros((2, 3), np.float32), labels)
