"""CcGAN's step: what moves, the written-out update under both vicinities, what is refused."""

import keras
import labelled
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.methods.ccgan import CcGAN
from kgan.training.noise import StepNoise

VICINITIES = {"soft": {"nu": 50.0}, "hard": {"vicinity": "hard", "kappa": 0.05}}


def ccgan(**settings):
    keras.utils.set_random_seed(0)
    method = CcGAN(labelled.value_generator(), labelled.value_discriminator(), **{**VICINITIES["soft"], **settings})
    method.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    return method


@pytest.mark.parametrize("augment", [None, "flip"])
def test_a_step_moves_all_but_the_frozen_embeddings(augment, request):
    if augment:  # the other one shows that the step compiles
        request.getfixturevalue("untraced")
    method = ccgan(augment=augment)
    before = {name: tiny.values(network.weights) for name, network in method.networks.items()}
    history = method.fit(labelled.endless(labelled.vicinal_batch()), steps_per_epoch=2, verbose=0,
                         shuffle=False).history
    assert all(np.isfinite(value[0]) for value in history.values())
    for name, network in method.networks.items():
        frozen = next(layer for layer in network.layers if hasattr(layer, "layers"))
        frozen = {id(variable) for variable in frozen.weights}
        assert len(frozen) == 4
        for old, variable in zip(before[name], network.weights, strict=True):
            assert np.array_equal(old, variable) == (id(variable) in frozen), variable.path
    assert method.averages == {}


@pytest.mark.parametrize("vicinity", VICINITIES)
def test_one_step_is_the_written_out_update(vicinity, request):
    if vicinity == "hard":
        request.getfixturevalue("untraced")
    method, reference = (ccgan(**VICINITIES[vicinity]) for _ in range(2))
    batch = labelled.vicinal_batch(6)
    logs = method.train_step(batch)
    noise, generator, judge = StepNoise(0, 0), reference.generator, reference.discriminator
    makers, judging = generator.trainable_variables, judge.trainable_variables
    spectral, found = [layer for layer in judge.layers if hasattr(layer, "power_iteration")], []

    def weights(labels, targets):
        distance = np.abs(np.array(labels) - np.array(targets))
        return np.exp(-50.0 * distance**2) if vicinity == "soft" else (distance <= 0.05).astype("float32")

    for step in range(2):
        real, targets, fakes = (batch[name][:, step] for name in ("real_labels", "targets", "fake_labels"))
        made = generator({"latents": noise.normal((6, tiny.LATENT_DIM)), "labels": fakes}, training=True)
        with tf.GradientTape() as tape:
            on_real = judge({"images": batch["images"][:, step], "labels": targets})[:, 0]
            on_fake = judge({"images": made, "labels": targets})[:, 0]
            loss = tf.reduce_mean(weights(real, targets) * tf.nn.relu(1 - on_real))
            loss += tf.reduce_mean(weights(fakes, targets) * tf.nn.relu(1 + on_fake))
        tiny.assign(judging, tiny.descended(tape, loss, judging, 0.1))
        for layer in spectral:
            layer.power_iteration()
        found.append(float(loss))
    labels = batch["generator_labels"]
    inputs = {"latents": noise.normal((6, tiny.LATENT_DIM)), "labels": labels}
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(judge({"images": generator(inputs, training=True), "labels": labels}))
    tiny.assign(makers, tiny.descended(tape, loss, makers, 0.1))
    for layer in spectral:
        layer.power_iteration()
    assert float(logs["discriminator_loss"]) == pytest.approx(np.mean(found), rel=1e-5)
    assert float(logs["generator_loss"]) == pytest.approx(float(loss), rel=1e-5)
    for network, written in ((method.generator, generator), (method.discriminator, judge)):
        for a, b in zip(network.weights, written.weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_training_is_determined_by_its_seed(untraced):
    method, ends = ccgan(augment="flip", ema_decay=0.5), []
    networks = {"generator": labelled.value_generator(), "discriminator": labelled.value_discriminator()}
    for seed in (1, 1, 2):
        method.restart(networks, seed)
        method.fit(labelled.endless(labelled.vicinal_batch()), steps_per_epoch=2, verbose=0, shuffle=False)
        ends.append(tiny.values(method.averages["generator"].model.weights))
    assert not tiny.moved(ends[0], ends[1])
    assert tiny.moved(ends[0], ends[2])


@pytest.mark.parametrize("settings, words", [
    ({}, "nu must be a finite number above 0; received None"),
    ({"nu": 0.0}, "received 0.0"),
    ({"nu": float("nan")}, "received nan"),
    ({"vicinity": "hard", "nu": 3.0}, "kappa must be"),
    ({"vicinity": "hard", "kappa": -1.0}, "received -1.0"),
    ({"vicinity": "both", "nu": 3.0}, "'both'"),
    ({"nu": 3.0, "critic_steps": 0}, "received 0"),
])
def test_what_does_not_fit_is_refused_at_construction(settings, words):
    with pytest.raises(InputError) as caught:
        CcGAN(labelled.value_generator(), labelled.value_discriminator(), **settings)
    assert words in str(caught.value)


def test_groups_that_do_not_match_the_critic_steps_are_refused():
    with pytest.raises(InputError, match="3 groups"):
        ccgan().train_step(labelled.vicinal_batch(steps=3))
