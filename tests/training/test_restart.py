"""A method that starts again in place ends as a fresh one, bit for bit, without a new trace."""

import random

import graphs
import keras
import numpy as np
import pytest
import tiny

from kgan.errors import InputError
from kgan.methods.collaborative import Collaborative
from kgan.methods.compression import Distiller, Joint
from kgan.methods.gan import GAN
from kgan.methods.graph import all_through
from kgan.methods.side_by_side import SideBySide
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator


def adam():
    return keras.optimizers.Adam(1e-2, 0.5)


def nadam():
    return keras.optimizers.Nadam(1e-2)  # one of its variables starts at 1


def plain_networks():
    return {"generator": tiny.generator(), "discriminator": tiny.discriminator()}


def spectral_networks():
    return {"generator": dcgan_generator(1, (16, 16, 1), 3),
            "discriminator": dcgan_discriminator(1, (16, 16, 1), spectral_norm=True)}


def distillers_networks():
    return {"a": tiny.generator(2), "a/discriminator": tiny.discriminator()}


def graphs_networks():
    return {"generator_a": graphs.generator(2), "generator_b": graphs.generator(2),
            "discriminator": graphs.discriminator(3)}


def members_networks():
    return {f"{member}/{name}": network for member in "ab" for name, network in plain_networks().items()}


def gan(networks, seed, optimizer=adam):
    method = GAN(**networks, ema_decay=0.9, seed=seed)
    method.compile(optimizer(), optimizer())
    return method


def distiller(networks, seed):
    random.seed(99)
    method = Distiller(tiny.generator(5), {"a": networks["a"]}, Joint(alpha=0.3), {"a": networks["a/discriminator"]},
                       seed=seed)
    method.compile({"a": nadam()}, {"a": nadam()})
    return method


def graph(networks, seed):
    method = Collaborative({name: networks[f"generator_{name}"] for name in "ab"}, networks["discriminator"],
                           all_through("ab", "output_side"), steps=5, ema_decay=0.9, seed=seed)
    method.compile(adam, adam)
    return method


def side_by_side(networks, seed):
    parts = {member: {name: networks[f"{member}/{name}"] for name in plain_networks()} for member in "ab"}
    return SideBySide({member: gan(part, seed) for member, part in parts.items()})


def fresh(networks, seed):
    random.seed(seed)
    return networks()


def images(method, shape=tiny.SHAPE):
    return graphs.real_images(2 if hasattr(method, "edges") else 1, shape=shape)


def stepped(method, shape=tiny.SHAPE):
    for _ in range(2):
        method.train_step(images(method, shape))


def fitted(method, shape=tiny.SHAPE):
    graphs.trained(method, 2, num=2 if hasattr(method, "edges") else 1)


def state(method):
    return {f"{name}/{i}": np.array(v) for name, group in method.state_groups().items() for i, v in enumerate(group)}


def assert_same_state(found, expected):
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.mark.parametrize("build, networks, train, shape", [
    (gan, plain_networks, fitted, tiny.SHAPE), (graph, graphs_networks, fitted, tiny.SHAPE),
    (gan, spectral_networks, stepped, (16, 16, 1)), (distiller, distillers_networks, stepped, tiny.SHAPE),
    (side_by_side, members_networks, stepped, tiny.SHAPE)])
def test_a_restarted_training_ends_like_a_fresh_one(build, networks, train, shape):
    method = build(fresh(networks, 2), 2)
    start = state(method)
    train(method, shape)
    end, function = state(method), method.train_function
    method.restart(fresh(networks, 1), 1)
    train(method, shape)
    assert tiny.moved(state(method).values(), end.values())
    method.restart(fresh(networks, 2), 2)
    assert_same_state(state(method), start)
    train(method, shape)
    assert_same_state(state(method), end)
    assert method.train_function is function


def test_the_seed_alone_makes_another_training_and_may_have_more_than_thirty_two_bits():
    method, ends = gan(fresh(plain_networks, 1), 3), {}
    stepped(method)
    first = tiny.values(method.generator.weights)
    for seed in (2**40 + 3, -3, 3):
        method.restart(fresh(plain_networks, 1), seed)
        assert int(method.seed) == seed
        stepped(method)
        ends[seed] = tiny.values(method.generator.weights)
    assert tiny.moved(first, ends[2**40 + 3]) and tiny.moved(first, ends[-3]) and not tiny.moved(first, ends[3])
    assert int(gan(plain_networks(), 2**40 + 3).seed) == 2**40 + 3


def test_the_learning_rate_stays_and_the_given_networks_are_left_alone():
    method, given = gan(fresh(plain_networks, 1), 1), fresh(plain_networks, 2)
    method.optimizers["generator"].learning_rate.assign(0.25)
    before = tiny.values(given["generator"].weights)
    method.restart(given, 2)
    stepped(method)
    assert float(method.optimizers["generator"].learning_rate) == 0.25
    assert not tiny.moved(before, tiny.values(given["generator"].weights))


def test_gates_stay():
    method = graph(graphs_networks(), 1)
    method.set_gates(["through", "cutoff", "positive_linear", "negative_linear"], steps=9)
    before = [np.array(value) for value in [*method.gates.values(), method.length]]
    method.restart(graphs_networks(), 2)
    assert not tiny.moved(before, [np.array(value) for value in [*method.gates.values(), method.length]])
    assert [edge.gate for edge in method.edges] == ["through", "cutoff", "positive_linear", "negative_linear"]


@pytest.mark.parametrize("networks, words", [
    (lambda: {"generator": tiny.generator()}, "each of discriminator, generator; received generator"),
    (lambda: plain_networks() | {"generator": tiny.generator(4)}, "network 'generator' is of another form: its layer 1 "
                                                                  "is Dense {'units': 64}, not Dense {'units': 48}"),
    (lambda: plain_networks() | {"discriminator": tiny.discriminator(batch_norm=True)}, "'discriminator'"),
    (lambda: plain_networks() | {"generator": keras.Sequential([keras.Input((3,)), keras.layers.Reshape((3, 1))])},
     "Reshape"),
])
def test_networks_of_another_form_are_refused_before_anything_is_assigned(networks, words):
    method = gan(fresh(plain_networks, 1), 1)
    before = state(method)
    with pytest.raises(InputError) as caught:
        method.restart(networks(), 2)
    assert words in str(caught.value)
    assert not tiny.moved(before.values(), state(method).values())


def test_side_by_side_names_the_networks_it_takes():
    method = side_by_side(members_networks(), 1)
    with pytest.raises(InputError, match="a/discriminator, a/generator, b/discriminator, b/generator; received none"):
        method.restart({}, 2)
