"""Networks of one form share one graph function and still move on their own."""

import keras
import numpy as np
import tensorflow as tf
import tiny

from kgan.training.shared_trace import SharedTrace


def test_networks_of_one_form_are_traced_once_and_give_their_own_results():
    traces = []

    def slope(call, weights, x):
        traces.append(1)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss = tf.reduce_sum(tf.square(call(x)))
        return loss, tape.gradient(loss, weights)

    shared, x = SharedTrace(slope), tf.random.stateless_normal((5, tiny.LATENT_DIM), (1, 2))
    networks = []
    for filters in (3, 3, 2):
        latents = keras.Input((tiny.LATENT_DIM,), name="latents")
        y = keras.layers.Dense(filters, name="dense")(latents)
        networks.append(keras.Model(latents, keras.layers.BatchNormalization(momentum=0.8, name="bn")(y)))
    networks[1].layers[1].kernel.assign(networks[0].layers[1].kernel * 0.5 + 0.3)
    for network in networks:
        plain = keras.models.clone_model(network)
        plain.set_weights(network.get_weights())
        loss, gradients = shared(network, x)
        with tf.GradientTape() as tape:
            expected = tf.reduce_sum(tf.square(plain(x, training=True)))
        np.testing.assert_allclose(loss, expected, rtol=1e-5)
        for a, b in zip(gradients, tape.gradient(expected, plain.trainable_variables), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
        for a, b in zip(network.weights, plain.weights, strict=True):  # the moving statistics among them
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        assert float(np.abs(network.layers[2].moving_mean).max()) > 1e-3
    assert len(traces) == 2
