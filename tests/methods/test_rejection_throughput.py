"""How much of the networks' speed is left in accepted samples."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.methods.rejection import RejectionSampler
from kgan.networks.biggan import biggan_generator
from kgan.networks.cgan_features import classification_features
from kgan.networks.density_ratio import density_ratio_network

SHAPE, CLASSES, FEATURES, BATCH = (16, 16, 1), 10, 64, 200
ROUNDS, BATCHES, EACH = 5, 10, 150


def networks():
    """Those of the recipe cgan_kd_digits, with weights for which features and ratios vary from image to image."""
    keras.utils.set_random_seed(0)
    generator = biggan_generator(32, CLASSES, SHAPE)
    features = classification_features(CLASSES, SHAPE, 8, 16, FEATURES, (128, 64))
    ratio = density_ratio_network(FEATURES, CLASSES, hidden=(256, 128, 64))
    labels = tf.range(500) % CLASSES
    given = {"latents": tf.random.stateless_normal((500, generator.input["latents"].shape[1]), [1, 2]),
             "labels": labels}
    images = generator(given, training=False)
    layer = features.get_layer("features")
    found = features(images, training=False)["features"].numpy()
    kernel, bias = layer.get_weights()
    spread = found.std(axis=0)
    layer.set_weights([kernel / spread, (bias - found.mean(axis=0)) / spread])  # mean 0, standard deviation 1
    last = ratio.get_layer("ratios_dense")
    kernel = np.abs(last.get_weights()[0])
    last.set_weights([kernel, np.zeros(1)])  # of ReLU's outputs: positive
    inputs = {"features": features(images, training=False)["features"], "labels": labels}
    last.set_weights([kernel, np.full(1, -0.9 * ratio(inputs).numpy().min())])
    ratios = ratio(inputs).numpy()
    assert ratios.min() > 0.0 and ratios.std() > 0.1 * ratios.mean()
    return generator, features, ratio


@pytest.mark.slow
def test_accepted_samples_come_at_four_fifths_of_the_networks_speed():
    """Quick sibling: test_rejection.py::test_whole_batches_are_sent_before_the_last_results_are_read."""
    generator, features, ratio = networks()
    sampler = RejectionSampler(generator, features, ratio, batch_size=BATCH, burn_in=200, floor=0.01)
    labels = np.arange(CLASSES)
    record = sampler.burn_in(labels)

    @tf.function
    def back_to_back(latents, asked):
        images = generator({"latents": latents, "labels": asked}, training=False)
        return ratio({"features": features(images, training=False)["features"], "labels": asked}, training=False)

    ready = (tf.random.stateless_normal((BATCH, sampler.latent_dim), [3, 4]),
             tf.constant(np.arange(BATCH) % CLASSES, tf.int32))

    def images_per_second():
        began = time.perf_counter()
        for _ in range(BATCHES):
            ratios = back_to_back(*ready)
        assert np.isfinite(ratios.numpy()).all()
        return BATCHES * BATCH / (time.perf_counter() - began)

    def accepted_per_second(call):
        began = time.perf_counter()
        samples = sampler.sample(labels, EACH, call=call, burn_in=record)
        seconds = time.perf_counter() - began
        assert len(samples.images) == CLASSES * EACH
        return len(samples.images) / seconds, samples.accepted.sum() / samples.proposed.sum()

    images_per_second(), accepted_per_second(0)
    shares = []
    for call in range(1, ROUNDS + 1):  # the networks before and after, so that a load that grows favours neither
        before, (accepted, rate), after = images_per_second(), accepted_per_second(call), images_per_second()
        assert 0.1 < rate < 0.8
        shares.append(accepted / (rate * (before + after) / 2))
    print(f"shares {', '.join(f'{share:.2f}' for share in shares)}; acceptance rate {rate:.2f}")
    assert np.median(shares) >= 0.8, shares
