"""The second network of improved label input, and its first as a regressor: what moves and what is learnt."""

import random

import keras
import labelled
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.methods.label_embedding import LabelEmbedding
from kgan.methods.supervised import Supervised
from kgan.training.noise import StepNoise


def inverse():
    """h [B, 4] -> labels [B, 1], with a dropout that inference leaves out."""
    h = keras.Input((4,))
    return keras.Model(h, keras.layers.Dense(1)(keras.layers.Dropout(0.5, seed=1)(h)))


def method(optimizer=None, **settings):
    keras.utils.set_random_seed(0)
    found = LabelEmbedding(labelled.label_embedding(), inverse(), **settings)
    found.compile(optimizer or keras.optimizers.SGD(0.1))
    return found


def test_one_step_is_the_written_out_update_and_leaves_the_inverse_alone():
    own, reference = method(l2=0.3, noise_std=0.5, seed=3), method()
    labels = tf.constant([0.0, 0.4, 0.9, 1.0])
    before = tiny.values(own.inverse.variables)
    logs = own.train_step(labels)
    noisy = np.clip(np.array(labels) + 0.5 * np.array(StepNoise(3, 0).normal((4,))), 0.0, 1.0)
    assert (noisy == 0).any() or (noisy == 1).any()
    variables = reference.embedding.trainable_variables
    with tf.GradientTape() as tape:
        out = reference.inverse(reference.embedding(noisy), training=False)
        loss = tf.reduce_mean(tf.square(out[:, 0] - noisy))
        whole = loss + 0.15 * tf.add_n([tf.reduce_sum(tf.square(variable.value)) for variable in variables])
    tiny.assign(variables, tiny.descended(tape, whole, variables, 0.1))
    assert float(logs["loss"]) == pytest.approx(float(loss), rel=1e-5)
    assert not tiny.moved(before, tiny.values(own.inverse.variables))
    for a, b in zip(own.embedding.weights, variables, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_it_learns_the_way_back_and_is_determined_by_its_seed():
    ends, data = [], labelled.endless(tf.constant(np.linspace(0, 1, 16), tf.float32))
    own = method(keras.optimizers.Adam(1e-2))
    for seed in (1, 1, 2):
        random.seed(0)
        own.restart({"embedding": labelled.label_embedding()}, seed)
        own.fit(data, steps_per_epoch=150, verbose=0, shuffle=False)
        ends.append(tiny.values(own.embedding.weights))
    assert not tiny.moved(ends[0], ends[1]) and tiny.moved(ends[0], ends[2])
    labels = np.linspace(0, 1, 7).astype("float32")
    np.testing.assert_allclose(np.array(own.inverse(own(labels)))[:, 0], labels, atol=0.1)


def test_the_first_network_is_a_regressor_whose_every_part_moves():
    keras.utils.set_random_seed(0)
    images = keras.Input(tiny.SHAPE)
    h = keras.layers.Dense(4)(keras.layers.Flatten()(images))
    back = inverse()
    network = keras.Model(images, {"features": h, "labels": back(h)})
    first = Supervised(network, "mse", l2=1e-4)
    first.compile(keras.optimizers.SGD(0.1, momentum=0.9))
    before = tiny.values(network.weights)
    first.fit(labelled.endless(labelled.value_batch()), steps_per_epoch=2, verbose=0, shuffle=False)
    assert len(before) == 4 and tiny.all_moved(before, tiny.values(network.weights))


@pytest.mark.parametrize("make, words", [
    (lambda: LabelEmbedding(labelled.label_embedding(5), inverse()), "(5,)"),
    (lambda: LabelEmbedding(labelled.label_embedding(4), labelled.label_embedding(4)), "(4,)"),
    (lambda: LabelEmbedding(labelled.label_embedding(4), keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])),
     "(None, 2)"),
    (lambda: method(noise_std=-0.1), "noise_std must be"),
    (lambda: method(l2=None), "l2 must be"),
])
def test_what_does_not_fit_is_refused_at_construction(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
