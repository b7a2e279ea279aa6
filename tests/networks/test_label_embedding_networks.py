"""The label's networks: counts, y2h against numpy, h2y as a part of the encoder, the frozen copy."""

import by_numpy as by
import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.networks.label_embedding import embedding_to_label, frozen_embedding, label_encoder, label_to_embedding

LABELS = np.array([0.0, 1.0, 0.25], "float32")


def test_counts():
    assert by.trainable_parameters(label_to_embedding) == 67_328
    assert by.trainable_parameters(embedding_to_label) == 129
    assert by.trainable_parameters(label_encoder) == 21_610_945  # 21.6 million


def test_labels_to_embeddings_equals_numpys():
    network = by.unsettle(label_to_embedding(24))
    layer = network.get_layer
    x = LABELS[:, None] + 1e-8
    for name in ("hidden1", "hidden2", "hidden3", "hidden4"):
        x = by.relu(by.group_norm(by.dense(x, layer(f"{name}_dense")), layer(f"{name}_gn")))
    expected = by.relu(by.dense(x, layer("embedding_dense")))
    np.testing.assert_allclose(network(LABELS), expected, rtol=1e-3, atol=1e-4)
    assert expected.shape == (3, 24)
    assert expected.min() == 0 and np.abs(expected[0] - expected[1]).max() > 0.01


def test_initial_weights_of_labels_to_embeddings():
    network = label_to_embedding()
    for name, fan_in in [("hidden1_dense", 1), ("hidden2_dense", 128), ("embedding_dense", 128)]:
        layer, bound = network.get_layer(name), fan_in**-0.5
        for weight in (layer.kernel, layer.bias):
            assert 0.93 * bound < np.abs(np.array(weight)).max() <= bound


def test_the_encoder_holds_the_way_back_as_a_network():
    encoder = by.unsettle(label_encoder((16, 16, 1), depth=8, width=4, hidden=12, dim=8))
    images = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 1)).astype("float32")
    found = encoder(images)
    assert found["embedding"].shape == (4, 8) and found["labels"].shape == (4, 1)
    assert float(np.min(found["embedding"])) == 0.0
    back = encoder.get_layer("h2y")
    np.testing.assert_allclose(back(found["embedding"]), found["labels"], rtol=1e-5)
    assert {id(weight) for weight in back.trainable_weights} < {id(weight) for weight in encoder.trainable_weights}
    by_hand = by.relu(by.dense(np.array(found["embedding"]), back.get_layer("value_dense")))
    np.testing.assert_allclose(found["labels"], by_hand, rtol=1e-4, atol=1e-5)
    layer = encoder.get_layer
    x = np.array(keras.Model(encoder.input, layer("f_last").output)(images))
    assert layer("f3").output.shape[1:] == (2, 2, 16)  # every stage halves
    for name in ("head", "embedding"):
        x = by.relu(by.batch_norm(by.dense(x, layer(f"{name}_dense")), layer(f"{name}_bn")))
    np.testing.assert_allclose(found["embedding"], x, rtol=1e-4, atol=1e-5)


def test_a_frozen_copy_does_not_follow_the_original():
    original = label_to_embedding(24)
    copy = frozen_embedding(original)
    before = np.array(original(LABELS))
    assert original.trainable and not copy.trainable_weights
    original.get_layer("embedding_dense").bias.assign_add(np.ones(24, "float32"))
    np.testing.assert_array_equal(copy(LABELS), before)
    assert np.abs(np.array(original(LABELS)) - before).max() > 0.5


@pytest.mark.parametrize("make, words", [
    (lambda: label_to_embedding(28), "dim must be a multiple of 8"),
    (lambda: label_to_embedding(16), "at least 24; received 16"),
    (lambda: embedding_to_label(0), "dim must be an integer of at least 1; received 0"),
    (lambda: label_encoder((20, 20, 1), depth=8), "multiples of 8"),
    (lambda: label_encoder(hidden=0), "hidden must be an integer of at least 1; received 0"),
    (lambda: frozen_embedding(embedding_to_label(8)), "'h2y' maps (None, 8) to (None, 1)"),
    (lambda: frozen_embedding("y2h"), "received 'y2h'"),
])
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
