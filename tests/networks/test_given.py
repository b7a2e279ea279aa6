"""Generators from elsewhere as networks of the project's own form: layers around them, and frozen graphs."""

import foreign
import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.export.fold import fold
from kgan.metrics.sampler import Sampler
from kgan.networks.frozen_graph import FrozenGraph, frozen_graph
from kgan.networks.given import ClassLabels, SignedImages, given_generator
from kgan.networks.latents import LatentsLaw

Z = np.array([[0.5, -1.0, 0.25], [2.0, 0.0, -0.5]], np.float32)


@pytest.mark.parametrize("form, dtype, wanted", [
    ("index", "int64", [2, 0, 1]), ("column", "float32", [[2.0], [0.0], [1.0]]),
    ("one_hot", "float32", [[0, 0, 1], [1, 0, 0], [0, 1, 0]])])
def test_classes_come_in_the_form_that_is_asked_for(form, dtype, wanted):
    layer = ClassLabels(3, form, dtype)
    found = layer(np.array([2, 0, 1], np.int32))
    np.testing.assert_array_equal(found, wanted)
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    symbolic = layer(keras.Input((), dtype="int32"))
    assert tuple(symbolic.shape[1:]) == np.shape(wanted)[1:] and symbolic.dtype == dtype


@pytest.mark.parametrize("low, high, pixels, wanted", [
    (0.0, 255.0, np.array([0, 51, 255], np.uint8), [-1.0, -0.6, 1.0]),
    (0.0, 1.0, np.array([0.25, 1.0, 1.25], np.float32), [-0.5, 1.0, 1.0]),
    (-1.0, 1.0, np.array([-1.5, -0.3, 0.8], np.float32), [-1.0, -0.3, 0.8])])
def test_images_come_in_minus_one_to_one(low, high, pixels, wanted):
    found = SignedImages(low, high)(pixels.reshape(1, 3, 1, 1))
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(np.ravel(found), wanted, atol=1e-6)


def around(model, **how):
    return given_generator(lambda latents, labels: model(latents if labels is None else [latents, labels]),
                           foreign.LATENT_DIM, (0.0, 1.0), **how)


def test_a_given_generator_says_what_it_takes_and_survives_saving(tmp_path):
    network = around(foreign.labelled("one_hot"), latents_law="uniform", classes=ClassLabels(4, "one_hot", "float32"))
    network.save(tmp_path / "teacher.keras")
    loaded = keras.models.load_model(tmp_path / "teacher.keras")
    labels = np.array([3, 1], np.int32)
    for made in (network, loaded, fold(loaded)):
        sampler = Sampler(made)
        assert (sampler.latent_dim, sampler.num_classes, sampler.latents_law) == (3, 4, "uniform")
        images = made({"latents": Z, "labels": labels}, training=False)
        np.testing.assert_allclose(images, 2.0 * foreign.expected(Z, labels) - 1.0, atol=1e-5)
    drawn = Sampler(network).latents(500, 1)
    assert drawn.min() < -0.95 and drawn.max() > 0.95 and np.abs(drawn).max() <= 1.0
    assert Sampler(around(foreign.functional())).latents_law == "normal"


def frozen():
    """The images of a `foreign.Module`, frozen."""
    module = foreign.Module()
    specs = [tf.TensorSpec((None, foreign.LATENT_DIM), tf.float32, "latents")]
    return module, frozen_graph(lambda latents: module.serve(latents)["images"], specs, (8, 8, 1))


def test_a_frozen_graph_computes_what_it_was_made_of_and_no_more_changes(tmp_path):
    module, layer = frozen()
    np.testing.assert_allclose(layer(Z), foreign.expected(Z), atol=1e-5)
    module.kernel.assign(module.kernel * 0.0)
    np.testing.assert_allclose(layer(Z), foreign.expected(Z), atol=1e-5)
    assert layer(np.concatenate([Z, Z, Z])).shape == (6, 8, 8, 1)
    assert layer.trainable_weights == []
    # The variables and the large constant; not the counter, nor what is small.
    assert sorted(tuple(weight.shape) for weight in layer.weights) == [(1, 64, 5), (3, 64), (64,)]


def test_a_frozen_graph_is_saved_copied_and_counted_like_any_layer(tmp_path):
    network = around(frozen()[1])
    assert network.count_params() == 192 + 64 + 320
    network.save(tmp_path / "teacher.keras")
    wanted = 2.0 * foreign.expected(Z) - 1.0
    loaded = keras.models.load_model(tmp_path / "teacher.keras")
    for made in (network, loaded, fold(loaded)):
        np.testing.assert_allclose(made(Z, training=False), wanted, atol=1e-5)
    inner = next(layer for layer in loaded.layers if isinstance(layer, FrozenGraph))
    inner.set_weights([value * 0.0 for value in inner.get_weights()])
    np.testing.assert_allclose(loaded(Z, training=False), np.zeros((2, 8, 8, 1)), atol=1e-6)  # sigmoid(0) is the middle
    np.testing.assert_allclose(network(Z, training=False), wanted, atol=1e-5)


@pytest.mark.parametrize("make, words", [
    (lambda: LatentsLaw("gamma"), "'gamma'"), (lambda: ClassLabels(1, "index"), "received 1"),
    (lambda: ClassLabels(3, "words"), "'words'"), (lambda: SignedImages(1.0, 1.0), "1.0 and 1.0")])
def test_what_does_not_fit_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()
