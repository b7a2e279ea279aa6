"""The density-ratio network: counts to the published figures, and both forms against numpy."""

import by_numpy as by
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.networks.density_ratio import density_ratio_network
from kgan.networks.label_embedding import label_to_embedding


def test_counts_of_the_paper():
    classes = by.trainable_parameters(lambda: density_ratio_network(3072, num_classes=100))
    assert classes == 9_303_569 and f"{classes / 1e6:.1f}" == "9.3"
    embedding = label_to_embedding(128)
    value = by.trainable_parameters(lambda: density_ratio_network(12288, embedding=embedding))
    assert value == 13_416_321 and f"{value / 1e6:.1f}" == "13.4"


def ratios_by_numpy(network, vector, features):
    x, layer = np.concatenate([vector, features], axis=1), network.get_layer
    for name in ("hidden1", "hidden2"):
        x = by.relu(by.group_norm(by.dense(x, layer(f"{name}_dense")), layer(f"{name}_gn")))
    return by.dense(x, layer("ratios_dense"))


def check(network, features, labels, vector):
    """Equal to numpy, with a bias at which some ratios are cut to 0 and some are not."""
    last = network.get_layer("ratios_dense")
    raw = ratios_by_numpy(network, vector, features)
    last.bias.assign(np.array(last.bias) - np.median(raw))
    expected = by.relu(raw - np.median(raw))
    assert expected.shape == (len(features), 1) and expected.min() == 0 and expected.max() > 1e-3
    np.testing.assert_allclose(network({"features": features, "labels": labels}), expected, rtol=1e-3, atol=1e-4)


def features_of(count, width=10):
    return np.random.default_rng(0).normal(size=(count, width)).astype("float32")


def test_with_classes_it_equals_numpys():
    network = by.unsettle(density_ratio_network(10, num_classes=3, hidden=(32, 24)))
    labels = np.array([2, 0, 1, 1, 2], "int32")
    check(network, features_of(5), labels, np.array(network.get_layer("class_vector").kernel)[labels])
    changed = network({"features": features_of(5), "labels": (labels + 1) % 3})
    assert np.abs(changed - network({"features": features_of(5), "labels": labels})).max() > 1e-3


def test_with_an_embedding_it_equals_numpys_and_does_not_train_it():
    embedding = label_to_embedding(24)
    network = by.unsettle(density_ratio_network(10, embedding=embedding, hidden=(32, 24)))
    labels = np.array([0.1, 0.9, 0.4, 0.4, 1.0], "float32")
    check(network, features_of(5), labels, np.array(network.get_layer("y2h")(labels)))
    assert not network.get_layer("y2h").trainable_weights and embedding.trainable_weights
    assert len(network.trainable_weights) == 2 * 4 + 2


def test_gradients_reach_every_weight_as_plain_tensors_and_dropout_acts_in_training_alone():
    network = density_ratio_network(10, num_classes=3, hidden=(32, 24))
    network.get_layer("ratios_dense").bias.assign([5.0])
    inputs = {"features": features_of(6), "labels": np.array([0, 1, 2, 2, 1, 0])}
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(network(inputs, training=True) ** 2)
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    assert all(isinstance(gradient, tf.Tensor) for gradient in gradients)
    np.testing.assert_array_equal(network(inputs), network(inputs))
    assert np.abs(network(inputs, training=True) - network(inputs, training=True)).max() > 1e-4


@pytest.mark.parametrize("arguments, words", [
    ({}, "either num_classes or an embedding; received neither"),
    ({"num_classes": 3, "embedding": "y2h"}, "received both"),
    ({"num_classes": 1}, "num_classes must be an integer of at least 2; received 1"),
    ({"num_classes": 3, "hidden": (32, 16)}, "each of hidden must be a multiple of 8"),
    ({"num_classes": 3, "dropout": -0.1}, "dropout must lie in [0, 1); received -0.1"),
    ({"num_classes": 3, "feature_dim": 0}, "feature_dim must be an integer of at least 1; received 0"),
])
def test_what_cannot_be_built_is_refused(arguments, words):
    with pytest.raises(InputError) as caught:
        density_ratio_network(**{"feature_dim": 10, **arguments})
    assert words in str(caught.value)
