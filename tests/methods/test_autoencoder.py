"""The sparse autoencoder's step: what moves, the written-out update, what is refused."""

import keras
import labelled
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.methods.autoencoder import SparseAutoencoder


def network(size=8):
    images = keras.Input(tiny.SHAPE)
    features = keras.layers.Dense(6, "relu", bias_initializer="ones")(keras.layers.Flatten()(images))
    decoded = keras.layers.Reshape((size, size, 1))(keras.layers.Dense(size * size, "tanh")(features))
    return keras.Model(images, {"features": features, "images": decoded, "labels": keras.layers.Dense(1)(features)})


def autoencoder(**settings):
    keras.utils.set_random_seed(0)
    method = SparseAutoencoder(network(), **settings)
    method.compile(keras.optimizers.SGD(0.1))
    return method


def test_one_step_is_the_written_out_update():
    method, reference = (autoencoder(sparsity=0.2, l2=0.3) for _ in range(2))
    images, labels = labelled.value_batch(5)
    before = tiny.values(method.network.weights)
    logs = method.train_step((images, labels))
    variables = reference.network.trainable_variables
    with tf.GradientTape() as tape:
        out = reference.network(images, training=True)
        loss = tf.reduce_mean(tf.square(out["images"] - images)) + 0.2 * tf.reduce_mean(out["features"])
        loss += tf.reduce_mean(tf.square(out["labels"][:, 0] - labels))
        whole = loss + 0.15 * tf.add_n([tf.reduce_sum(tf.square(variable.value)) for variable in variables])
    error = np.mean(np.abs(np.array(out["labels"])[:, 0] - np.array(labels)))
    tiny.assign(variables, tiny.descended(tape, whole, variables, 0.1))
    assert float(logs["loss"]) == pytest.approx(float(loss), rel=1e-5)
    assert float(logs["mean_absolute_error"]) == pytest.approx(error, rel=1e-5)
    assert tiny.all_moved(before, tiny.values(method.network.weights))
    for a, b in zip(method.network.weights, variables, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_it_is_determined_by_its_seed(untraced):
    ends = []
    for seed in (1, 1, 2):
        method = autoencoder(augment="flip", seed=seed)
        method.fit(labelled.endless(labelled.value_batch(6)), steps_per_epoch=2, verbose=0, shuffle=False)
        ends.append(tiny.values(method.network.weights))
    assert not tiny.moved(ends[0], ends[1]) and tiny.moved(ends[0], ends[2])


@pytest.mark.parametrize("make, words", [
    (lambda: SparseAutoencoder(labelled.feature_network()), "features, logits"),
    (lambda: SparseAutoencoder(labelled.classifier()), "(None, 3)"),
    (lambda: SparseAutoencoder(network(4)), "(4, 4, 1)"),
    (lambda: autoencoder(sparsity=-1), "sparsity must be"),
    (lambda: autoencoder(l2=True), "l2 must be"),
])
def test_what_does_not_fit_is_refused_at_construction(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
