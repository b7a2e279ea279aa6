"""Online distillation: rings, which variables each update moves, the losses written out, what is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.losses import gan as losses
from kgan.methods.okd import OKD, edges_of, full_graph, ring
from kgan.training.noise import StepNoise


def okd(num=3, topology=ring, optimizer=lambda: keras.optimizers.SGD(0.1), seed=0, **settings):
    """A compiled OKD of `num` peers whose weights the seed determines."""
    keras.utils.set_random_seed(seed)
    names = [str(number) for number in range(num)]
    settings = {"objective": "non_saturating", "ema_decay": 0.0} | settings
    method = OKD({name: tiny.generator() for name in names}, {name: tiny.discriminator() for name in names},
                 {edge: tiny.discriminator() for edge in topology(num)}, seed=seed, **settings)
    method.compile(optimizer, optimizer, optimizer)
    return method


def alone(num):
    return []


def images(num=4):
    return next(iter(tiny.data().batches(num, seed=0)))


@pytest.mark.parametrize("num, edges", [
    (1, []), (2, [(0, 1), (1, 0)]), (3, [(0, 1), (1, 2), (2, 0)]), (4, [(0, 1), (1, 2), (2, 3), (3, 0)]),
    (5, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)]),
])
def test_the_ring_goes_round(num, edges):
    assert ring(num) == edges


def test_the_full_graph_has_every_ordered_pair():
    assert full_graph(3) == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]


def test_a_topology_by_its_name():
    assert edges_of("full", 2) == edges_of("ring", 2) == [(0, 1), (1, 0)]
    with pytest.raises(InputError, match="'star'"):
        edges_of("star", 3)


def test_for_identical_generators_the_connectors_terms_cancel(untraced):
    method = okd(2, objective="wgan_gp")
    a, b = method.networks["generator_0"], method.networks["generator_1"]
    b.set_weights(a.get_weights())
    latents = StepNoise(5, 5).normal((4, tiny.LATENT_DIM))
    fakes = {name: method.networks[f"generator_{name}"](latents, training=True) for name in ("0", "1")}
    connector = method.networks["connector_0_1"]
    mix = tf.random.stateless_uniform((4, 1, 1, 1), (1, 2))
    penalty = losses.gradient_penalty(lambda x: connector(x, training=True), fakes["1"], fakes["0"], mix)
    found, _ = method._judge(connector, fakes["1"], fakes["0"], None, mix)
    assert float(found) == pytest.approx(10 * float(penalty), rel=1e-5)
    b.set_weights([weight + 0.3 for weight in b.get_weights()])
    other = method.networks["generator_1"](latents, training=True)
    found, _ = method._judge(connector, other, fakes["0"], None, mix)
    penalty = losses.gradient_penalty(lambda x: connector(x, training=True), other, fakes["0"], mix)
    assert abs(float(found) - 10 * float(penalty)) > 1e-4


def test_the_judges_update_moves_no_generator_and_the_generators_no_judge(untraced):
    method = okd(3)
    trainable = {name: network.trainable_variables for name, network in method.networks.items()}
    before = {name: tiny.values(variables) for name, variables in trainable.items()}
    noise = method.noise()
    latents = noise.normal((4, tiny.LATENT_DIM))
    with tf.GradientTape() as tape:
        fakes = {name: method.networks[f"generator_{name}"](latents, training=True) for name in method.peers}
    method._judges_step(images(), fakes, None, noise)
    after = {name: tiny.values(variables) for name, variables in trainable.items()}
    for name in trainable:
        assert tiny.moved(before[name], after[name]) == (not name.startswith("generator"))
    method._generators_step(tape, fakes, None)
    for name, variables in trainable.items():
        assert tiny.moved(after[name], tiny.values(variables)) == name.startswith("generator")


@pytest.mark.parametrize("topology", [ring, full_graph, alone])
def test_two_steps_move_every_network_and_average(topology, request):
    if topology is not ring:  # one of them shows that the step compiles
        request.getfixturevalue("untraced")
    method = okd(3, topology, optimizer=lambda: keras.optimizers.Adam(1e-2), ema_decay=0.9)
    parts = {name: network.weights for name, network in method.networks.items()}
    parts |= {f"average {name}": average.model.weights for name, average in method.averages.items()}
    before = {name: tiny.values(part) for name, part in parts.items()}
    history = method.fit(tiny.data().batches(4, seed=0), steps_per_epoch=2, verbose=0, shuffle=False).history
    for name, part in parts.items():
        old, new = before[name], tiny.values(part)
        if topology is not alone and name.startswith("connector"):
            assert tiny.moved(old, new), name  # its last bias shifts both of its terms alike
        else:
            assert tiny.all_moved(old, new), name
    assert set(history) == {f"{name}_loss" for name in method.networks}
    assert all(np.isfinite(value[0]) for value in history.values())


def test_one_step_is_the_written_out_update():
    """Two peers of eq. 6 to 8 in the non-saturating game; rho = 0.7 so that its place shows."""
    method, reference = okd(2, rho=0.7), okd(2, rho=0.7)
    real = images()
    method.train_step(real)
    latents = StepNoise(0, 0).normal((4, tiny.LATENT_DIM))
    networks = reference.networks
    fake = [tf.stop_gradient(networks[f"generator_{name}"](latents, training=True)) for name in "01"]
    games = {"discriminator_0": (real, fake[0]), "discriminator_1": (real, fake[1]),
             "connector_0_1": (fake[1], fake[0]), "connector_1_0": (fake[0], fake[1])}
    for name, (true, false) in games.items():
        judge = networks[name]
        with tf.GradientTape() as tape:
            loss = losses.non_saturating_discriminator_loss(judge(true), judge(false))
        tiny.assign(judge.trainable_variables, tiny.descended(tape, loss, judge.trainable_variables, 0.1))
    for own, connector in (("0", "connector_0_1"), ("1", "connector_1_0")):
        makers = networks[f"generator_{own}"].trainable_variables
        with tf.GradientTape() as tape:
            made = networks[f"generator_{own}"](latents, training=True)
            loss = losses.non_saturating_generator_loss(networks[f"discriminator_{own}"](made))
            loss += 0.7 * losses.non_saturating_generator_loss(networks[connector](made))
        tiny.assign(makers, tiny.descended(tape, loss, makers, 0.1))
    for name, network in method.networks.items():
        for a, b in zip(network.trainable_variables, networks[name].trainable_variables, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6, err_msg=name)


def test_without_connectors_peers_are_the_gans_they_would_be_alone(untraced):
    together = okd(1, alone, objective="wgan_gp")
    keras.utils.set_random_seed(0)
    single = tiny.GAN(tiny.generator(), tiny.discriminator(), "wgan_gp", ema_decay=0.0, seed=0)
    single.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    for method in (together, single):
        method.fit(tiny.data().batches(4, seed=0), steps_per_epoch=3, verbose=0, shuffle=False)
    for a, b in zip(together.networks["generator_0"].weights, single.generator.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    # The third of three unconnected peers ends the same whatever becomes of the others.
    three, changed = okd(3, alone), okd(3, alone)
    changed.networks["generator_0"].set_weights([w + 0.1 for w in changed.networks["generator_0"].get_weights()])
    for method in (three, changed):
        method.fit(tiny.data().batches(4, seed=0), steps_per_epoch=2, verbose=0, shuffle=False)
    for a, b in zip(three.networks["generator_2"].weights, changed.networks["generator_2"].weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_with_classes_the_class_losses_are_added_and_connectors_have_none():
    keras.utils.set_random_seed(0)
    method = OKD({name: tiny.conditional_generator() for name in "ab"},
                 {name: tiny.telling_discriminator() for name in "ab"},
                 {edge: tiny.discriminator() for edge in ring(2)}, "non_saturating", rho=0.5, ema_decay=0.0)
    method.compile(*[lambda: keras.optimizers.SGD(0.1)] * 3)
    real, labels = images(), tf.constant([0, 2, 1, 2])
    fake = method.networks["generator_a"](
        {"latents": StepNoise(0, 0).normal((4, tiny.LATENT_DIM)), "labels": labels}, training=True)
    judge, connector = method.networks["discriminator_a"], method.networks["connector_a_b"]
    real_out, fake_out = judge(real), judge(fake)

    def cross_entropy(outputs):
        return np.mean(keras.losses.sparse_categorical_crossentropy(labels, outputs["class"], from_logits=True))

    expected = losses.non_saturating_discriminator_loss(real_out["source"], fake_out["source"])
    expected += cross_entropy(real_out) + cross_entropy(fake_out)
    found, _ = method._judge(judge, real, fake, labels, None)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
    expected = losses.non_saturating_generator_loss(fake_out["source"]) + cross_entropy(fake_out)
    found, _ = method._pass(judge, fake, labels)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
    found, _ = method._pass(connector, fake, None)
    expected = losses.non_saturating_generator_loss(connector(fake))
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
    logs = method.train_step((real, labels))
    assert all(np.isfinite(float(value)) for value in logs.values())


def peers(num=2, generators=None, discriminators=None, edges=((0, 1), (1, 0)), **settings):
    names = [str(number) for number in range(num)]
    return OKD(generators or {name: tiny.generator() for name in names},
               discriminators or {name: tiny.discriminator() for name in names},
               {edge: tiny.discriminator() for edge in edges}, "non_saturating", **settings)


@pytest.mark.parametrize("make, words", [
    (lambda: peers(1, edges=[(0, 0)]), "two generators or more"),
    (lambda: peers(edges=[(0, 2)]), "(0, 2)"),
    (lambda: peers(edges=[(1, 1)]), "(1, 1)"),
    (lambda: peers(rho=-0.5), "-0.5"),
    (lambda: OKD({}, {}), "at least one peer"),
    (lambda: peers(discriminators={"0": tiny.discriminator()}), "['0', '1']"),
    (lambda: peers(generators={"0": tiny.generator(), "1": tiny.generator(latent_dim=9)}), "of 9 values"),
    (lambda: peers(generators={"0": tiny.generator(), "1": tiny.generator(shape=(8, 8, 3))}), "(8, 8, 3)"),
    (lambda: peers(discriminators={"0": tiny.discriminator(), "1": tiny.discriminator(shape=(16, 16, 1))}),
     "(16, 16, 1)"),
    (lambda: peers(generators={"0": tiny.conditional_generator(), "1": tiny.generator()}), "['0']"),
    (lambda: peers(generators={name: tiny.conditional_generator() for name in "01"},
                   discriminators={"0": tiny.telling_discriminator(3), "1": tiny.telling_discriminator(4)}), "'1': 4"),
    (lambda: OKD({"0": tiny.generator()}, {"0": tiny.discriminator(batch_norm=True)}), "batch norm"),
])
def test_what_does_not_fit_is_refused_at_construction(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
