"""Folding: equal outputs on asymmetric random statistics, and what must not be folded is not."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kgan.export.fold import InferenceModel, fold


def randomise(model, seed=0):
    """Asymmetric statistics, scales and shifts, negative scales too."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            randomise(layer, seed + 1)
        if isinstance(layer, layers.BatchNormalization):
            for variable in layer.weights:
                low, high = (0.2, 3.0) if "variance" in variable.path else (-1.5, 2.0)
                variable.assign(rng.uniform(low, high, variable.shape))
        elif getattr(layer, "bias", None) is not None:
            layer.bias.assign(rng.uniform(-1.0, 2.0, layer.bias.shape))


def norms(model):
    return [layer.name for layer in model.layers if isinstance(layer, layers.BatchNormalization)]


def agree(model, folded, inputs):
    expected = keras.tree.flatten(model(inputs, training=False))
    received = keras.tree.flatten(folded(inputs))
    assert len(expected) == len(received)
    for one, other in zip(expected, received, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
        assert float(np.std(one)) > 0.01  # the comparison is not one of constants


def noise(*shape, seed=7):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def test_dense_by_hand():
    latents = keras.Input((2,), name="latents")
    norm = layers.BatchNormalization(epsilon=0.0)
    model = keras.Model(latents, norm(layers.Dense(2, name="dense")(latents)))
    model.get_layer("dense").set_weights([np.array([[1.0, 2.0], [3.0, -4.0]]), np.array([0.5, -1.0])])
    gamma, beta, mean, variance = [2.0, -3.0], [0.25, 1.0], [1.5, 2.0], [4.0, 9.0]
    norm.set_weights([np.array(values) for values in (gamma, beta, mean, variance)])
    folded = fold(model)
    # Scales 2 / 2 = 1 and -3 / 3 = -1; biases 0.25 + (0.5 - 1.5) * 1 and 1 + (-1 - 2) * -1.
    kernel, bias = folded.get_layer("dense").get_weights()
    np.testing.assert_allclose(kernel, [[1.0, -2.0], [3.0, 4.0]], rtol=1e-6)
    np.testing.assert_allclose(bias, [-0.75, 4.0], rtol=1e-6)
    np.testing.assert_allclose(folded(np.array([[1.0, 2.0]])), [[6.25, 10.0]], rtol=1e-6)


def test_generator_of_transposed_convolutions():
    latents = keras.Input((5,), name="latents")
    x = layers.Reshape((1, 1, 5))(latents)
    stages = ((7, 1, "valid", True), (4, 2, "same", False), (3, 2, "same", True))
    for filters, stride, padding, bias in stages:
        x = layers.Conv2DTranspose(filters, 4, stride, padding, use_bias=bias)(x)
        x = layers.BatchNormalization(center=filters != 4, scale=filters != 3)(x)
        x = layers.ReLU()(x)
    model = keras.Model(latents, layers.Conv2DTranspose(2, 4, padding="same", activation="tanh")(x), name="g")
    randomise(model)
    folded = fold(model)
    assert norms(folded) == [] and len(norms(model)) == 3
    assert [tensor.name for tensor in folded.inputs] == ["latents"] and folded.name == "g"
    agree(model, folded, noise(6, 5))


def test_plain_depthwise_grouped_and_dense_layers():
    images = keras.Input((8, 8, 4), name="images")
    x = layers.BatchNormalization()(layers.Conv2D(6, 3, groups=2, use_bias=False)(images))
    x = layers.LeakyReLU(0.2)(x)
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(3, depth_multiplier=2)(x))
    x = layers.UpSampling2D()(layers.Dropout(0.5)(x))
    x = layers.BatchNormalization()(layers.Dense(5)(x))  # a Dense layer on maps
    x = layers.BatchNormalization()(layers.Dense(3)(layers.Flatten()(x)))
    model = keras.Model(images, x)
    randomise(model, 3)
    folded = fold(model)
    assert norms(folded) == [] and len(norms(model)) == 4
    agree(model, folded, noise(3, 8, 8, 4))


@pytest.mark.parametrize("layer", [layers.Conv2D(3, 2, data_format="channels_first"), layers.Dense(4)])
def test_channels_first_is_folded_along_its_own_axis(layer):
    axis = 1 if isinstance(layer, layers.Conv2D) else -1
    images = keras.Input((4, 4, 4), name="images")
    for good in (True, False):
        chosen = axis if good else (-1 if axis == 1 else 1)
        copy = type(layer).from_config(layer.get_config())
        model = keras.Model(images, layers.BatchNormalization(axis=chosen)(copy(images)))
        assert (norms(fold(model)) == []) == good


def test_what_cannot_be_folded_is_kept():
    latents = keras.Input((4,), name="latents")
    shared = layers.Dense(4, name="shared")
    branched = layers.Dense(4, name="branched")(latents)
    seen = layers.Dense(4, name="seen")(latents)
    outputs = {
        "first": layers.BatchNormalization(name="on_input")(latents),
        "activated": layers.BatchNormalization(name="activated")(layers.Dense(4, "relu")(latents)),
        "one": layers.BatchNormalization(name="shared_one")(shared(latents)),
        "two": layers.BatchNormalization(name="shared_two")(shared(shared(latents))),
        "branch": layers.Add()([layers.BatchNormalization(name="branch")(branched), branched]),
        "seen": seen,
        "seen_norm": layers.BatchNormalization(name="seen_norm")(seen),
        "good": layers.BatchNormalization(name="good")(layers.Dense(4)(latents)),
    }
    model = keras.Model(latents, outputs)
    randomise(model, 5)
    folded = fold(model)
    kept = {"on_input", "activated", "shared_one", "shared_two", "branch", "seen_norm"}
    assert set(norms(folded)) == kept
    assert set(folded(noise(2, 4))) == set(outputs)
    agree(model, folded, noise(9, 4))


def test_named_outputs_two_inputs_and_nested_models():
    inner_input = keras.Input((6,))
    inner = keras.Model(inner_input, layers.BatchNormalization()(layers.Dense(6)(inner_input)), name="inner")
    latents = keras.Input((4,), name="latents")
    labels = keras.Input((), dtype="int32", name="labels")
    x = layers.Concatenate()([latents, layers.Embedding(3, 2)(labels)])
    x = inner(x) + x[:, ::-1]  # plain operations stay
    features = layers.BatchNormalization(name="norm")(layers.Dense(5)(x))
    inputs = {"latents": latents, "labels": labels}
    model = keras.Model(inputs, {"image": layers.Activation("tanh")(features), "features": features})
    randomise(model, 11)
    folded = fold(model)
    assert norms(folded) == [] and norms(folded.get_layer("inner")) == []
    batch = {"latents": noise(6, 4), "labels": np.array([0, 1, 2, 2, 1, 0])}
    assert set(folded(batch)) == {"image", "features"}
    agree(model, folded, batch)


def test_sequential():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.BatchNormalization()])
    randomise(model)
    assert norms(fold(model)) == []
    agree(model, fold(model), noise(5, 3))


class Halved(layers.Dense):
    """Uses half its kernel; stands for layers whose kernel is computed in the forward pass."""

    def call(self, inputs):
        return inputs @ (self.kernel / 2.0) + self.bias

    def folded(self):
        plain = layers.Dense(self.units)
        plain.build((None, self.kernel.shape[0]))
        plain.set_weights([self.kernel / 2.0, self.bias])
        return plain


def test_layers_that_offer_folded_are_replaced_and_their_norm_with_them():
    latents = keras.Input((4,), name="latents")
    x = layers.BatchNormalization()(Halved(5, name="first")(latents))
    model = keras.Model(latents, Halved(3, name="second")(x))
    randomise(model)
    folded = fold(model)
    assert norms(folded) == []
    assert {type(folded.get_layer(name)) for name in ("first", "second")} == {layers.Dense}
    agree(model, folded, noise(5, 4))


def test_the_original_is_not_changed_and_the_copy_is_a_snapshot():
    latents = keras.Input((4,), name="latents")
    dense = layers.Dense(5, use_bias=False)
    model = keras.Model(latents, layers.BatchNormalization()(dense(latents)))
    randomise(model)
    before, config, calls = model.get_weights(), model.get_config(), len(dense._inbound_nodes)
    folded = fold(model)
    x = noise(3, 4)
    output = folded(x).numpy()
    assert model.get_config() == config and len(dense._inbound_nodes) == calls and model.trainable
    assert len(model.trainable_variables) == 3 and folded.trainable_variables == []
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    dense.kernel.assign(dense.kernel * 3.0)
    np.testing.assert_array_equal(folded(x), output)


def test_inference_whatever_the_caller_says_and_gradients_flow():
    latents = keras.Input((4,), name="latents")
    x = layers.BatchNormalization()(layers.Activation("relu")(layers.Dense(6)(latents)))  # kept
    model = keras.Model(latents, layers.Dropout(0.5)(x, training=True))
    randomise(model)
    folded = fold(model)
    assert len(norms(folded)) == 1
    x = tf.constant(noise(8, 4))
    statistics = [w.copy() for w in folded.get_weights()]
    np.testing.assert_array_equal(folded(x, training=True), folded(x, training=False))
    for one, other in zip(statistics, folded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    gradients = []
    for network in (model, folded):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(network(x, training=False) ** 2)
        gradients.append(tape.gradient(loss, x))
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-5)
    assert float(np.abs(gradients[0]).max()) > 0.1


def test_float32_copy_of_a_bfloat16_network():
    latents = keras.Input((4,), name="latents")
    policy = "mixed_bfloat16"
    norm = layers.BatchNormalization(dtype=policy)
    model = keras.Model(latents, norm(layers.Dense(6, dtype=policy)(latents)))
    randomise(model)
    x = noise(8, 4)
    folded, reference = fold(model, dtype="float32"), fold(model, dtype="float32", batch_norm=False)
    assert {layer.compute_dtype for layer in folded.layers} == {"float32"} and len(norms(reference)) == 1
    dense = model.layers[1]
    gamma, beta, mean, variance = (w.numpy().astype("float64") for w in norm.weights)
    by_hand = (x @ dense.kernel.numpy() + dense.bias.numpy() - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    np.testing.assert_allclose(reference(x), by_hand, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(folded(x), by_hand, rtol=1e-5, atol=1e-5)


def test_lambda_layers_and_saving(tmp_path):
    latents = keras.Input((4,), name="latents")
    x = layers.BatchNormalization()(layers.Dense(5)(latents))
    model = keras.Model(latents, layers.Lambda(lambda t, by: t * by, arguments={"by": 3.0})(x))
    randomise(model)
    agree(model, fold(model), noise(4, 4))
    plain = fold(keras.Model(latents, x))
    plain.save(tmp_path / "folded.keras")
    loaded = keras.models.load_model(tmp_path / "folded.keras")
    assert isinstance(loaded, InferenceModel)
    np.testing.assert_array_equal(loaded(noise(4, 4)), plain(noise(4, 4)))
