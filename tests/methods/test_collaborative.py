"""Knowledge transfer graphs in training: special cases written out, gates as applied, what moves, what is skipped."""

import random

import graphs
import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.methods import collaborative
from kgan.methods.collaborative import Collaborative
from kgan.methods.graph import Edge, all_through, mad_gan, mutual, one_way, with_gates
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.training.checkpoint import restore_checkpoint, save_checkpoint
from kgan.training.noise import StepNoise


def assert_equal_ends(method, reference, rtol=1e-4, atol=1e-6):
    for name, network in method.networks.items():
        for a, b in zip(network.weights, reference.networks[name].weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=f"{name}: {a.path}")


def assert_same_bits(one, other):
    for name, values in graphs.weights(one).items():
        assert not tiny.moved(values, tiny.values(other.networks[name].weights)), name


def single():
    return {"a": graphs.generator()}, graphs.discriminator(2, batch_norm=True)


def single_dcgan():
    return ({"a": dcgan_generator(1, (16, 16, 1), tiny.LATENT_DIM)},
            dcgan_discriminator(1, (16, 16, 1), spectral_norm=True, num_logits=2))


def two_widths():
    return {"a": graphs.generator(2), "b": graphs.generator(5)}, graphs.discriminator(3)


@pytest.mark.parametrize("networks, shape", [(single, graphs.SHAPE), (single_dcgan, (16, 16, 1))])
def test_one_generator_is_the_gan_of_two_classes_written_out(networks, shape):
    """With batch norm, and with spectral norms, whose estimates move with every update of the discriminator."""
    method, reference = (graphs.collaborative(networks=networks, names="a") for _ in range(2))
    start = graphs.weights(method)
    real = graphs.real_images(1, shape=shape)
    method.train_step(real)
    graphs.written_out(reference, real)
    assert_equal_ends(method, reference)
    for name, values in start.items():
        assert tiny.moved(values, tiny.values(method.networks[name].weights))


@pytest.mark.parametrize("edges, networks", [
    (mutual("ab", "image"), None),
    (mutual("ab", "output_side"), two_widths),
    (one_way("a", "b", ("stage3", "stage4")), two_widths),
    ([Edge("D", "a", weight=0.3), Edge("D", "b"), Edge("a", "b", "image", weight=2.5)], None),
])
def test_a_step_of_a_graph_is_the_written_out_update(edges, networks, request):
    if networks is None:  # the others, and the compiled training below, run the traced functions
        request.getfixturevalue("untraced")
    method, reference = (graphs.collaborative(edges, networks=networks) for _ in range(2))
    start = graphs.weights(method)
    for step in range(2):
        method.train_step(graphs.real_images())
        graphs.written_out(reference, graphs.real_images(), step)
    assert_equal_ends(method, reference)
    reached = {edge.target for edge in edges}
    for name in "ab":
        end = tiny.values(method.networks[f"generator_{name}"].weights)
        assert tiny.moved(start[f"generator_{name}"], end) == (name in reached)


def test_a_compiled_training_is_the_written_out_updates():
    method, reference = (graphs.collaborative() for _ in range(2))
    graphs.trained(method, 3)
    for step in range(3):
        graphs.written_out(reference, graphs.real_images(), step)
    assert_equal_ends(method, reference, rtol=1e-3, atol=1e-5)


def test_a_fixed_teacher_stays_bit_for_bit_and_teaches_in_inference_mode(untraced):
    method = graphs.collaborative(one_way("a", "b", "image"), optimizer=lambda: keras.optimizers.Adam(1e-2),
                                  ema_decay=0.9)
    teacher = method.networks["generator_a"]
    teacher.get_layer("bn").moving_mean.assign([0.5, -0.3])
    start = graphs.weights(method)
    losses = graphs.stepped(method, 3)
    assert not tiny.moved(start["generator_a"], tiny.values(teacher.weights))
    assert tiny.all_moved(start["generator_b"], tiny.values(method.networks["generator_b"].weights))
    assert set(losses) == {"generator_b_loss", "discriminator_loss"}
    assert set(method.averages) == {"generator_b"} and "generator_a" not in method.optimizers
    assert method.network_outputs()["generator_a"] is teacher
    latents = StepNoise(1, 1).normal((4, tiny.LATENT_DIM))
    images, teaching = teacher(latents, training=False), method._images("a", latents)
    np.testing.assert_allclose(teaching, images, rtol=1e-6)
    assert tiny.moved([np.array(images)], [np.array(method._images("b", latents))])


def test_mad_gan_is_the_graph_without_edges_between_generators(untraced):
    cut = graphs.collaborative(mad_gan("abc"), "abc")
    absent = graphs.collaborative([Edge("D", name) for name in "abc"], "abc")
    through = graphs.collaborative(all_through("abc", "output_side"), "abc")
    for method in (cut, absent, through):
        graphs.stepped(method, 1, num=3)
    assert_equal_ends(cut, absent, rtol=1e-5, atol=1e-7)
    assert tiny.moved(graphs.weights(cut)["generator_b"], graphs.weights(through)["generator_b"])


def test_gates_as_the_step_applies_them():
    """One edge has a gate, in a training of five steps: it is an open edge of that weight, or one cut off."""
    edges = [Edge("D", "a"), Edge("D", "b"), Edge("b", "a", "image"), Edge("a", "b", "image", "cutoff")]
    method = graphs.collaborative(edges)
    random.seed(0)
    fresh = {"generator_a": graphs.generator(), "generator_b": graphs.generator(),
             "discriminator": graphs.discriminator(3)}

    def ends(gate, step, weight=1.0):
        method.restart(fresh, seed=4)
        method.set_gates([*edges[:2], Edge("b", "a", "image", gate, weight), edges[3]])
        method.step_counter.assign(step)
        graphs.trained(method, 1)
        return graphs.weights(method)["generator_a"]

    for gate, step, weight in (
            ("positive_linear", 0, 0.0), ("positive_linear", 2, 0.5), ("positive_linear", 4, 1.0),
            ("positive_linear", 9, 1.0), ("negative_linear", 0, 1.0), ("negative_linear", 1, 0.75),
            ("negative_linear", 4, 0.0)):
        expected = ends("through", step, weight) if weight else ends("cutoff", step)
        assert not tiny.moved(ends(gate, step), expected), (gate, step)
    none, half, whole = (ends("through", 2, weight) for weight in (0.0, 0.5, 1.0))
    assert tiny.moved(none, half) and tiny.moved(half, whole)


def test_an_edge_moves_its_target_alone():
    """c is fixed, b rests: its edges are cut off for now. Only a moves, by what it learns of both."""
    edges = [Edge("b", "a", "output_side"), Edge("c", "a", "image"), Edge("D", "b", gate="cutoff"),
             Edge("a", "b", "image", "positive_linear")]
    method = graphs.collaborative(edges, "abc", optimizer=lambda: keras.optimizers.Adam(1e-2), steps=5)
    start = graphs.weights(method)
    slots = {name: tiny.values(method.optimizers[f"generator_{name}"].variables) for name in "ab"}
    graphs.trained(method, 1, num=3)
    end = graphs.weights(method)
    assert tiny.all_moved(start["generator_a"], end["generator_a"])
    for name in ("generator_b", "generator_c"):  # batch norm's statistics among them
        assert not tiny.moved(start[name], end[name])
    assert tiny.all_moved(start["discriminator"], end["discriminator"])
    found = {name: tiny.values(method.optimizers[f"generator_{name}"].variables) for name in "ab"}
    assert tiny.moved(slots["a"], found["a"]) and not tiny.moved(slots["b"], found["b"])
    graphs.trained(method, 1, num=3)  # the gate has opened to a quarter
    assert tiny.all_moved(start["generator_b"], graphs.weights(method)["generator_b"])


def test_the_discriminators_updates_their_images_and_targets(untraced):
    method = graphs.collaborative(seed=3)
    judge, seen = method._judge, []
    method._judge = lambda network, images, target: (
        seen.append((np.array(images), int(target))), judge(network, images, target))[1]
    real, noise = graphs.real_images(), StepNoise(3, 0)
    fakes = [method._images(name, noise.normal((graphs.BATCH, tiny.LATENT_DIM))) for name in "ab"]
    method.train_step(real)
    assert [target for _, target in seen] == [2, 0, 2, 1]
    for (images, _), expected in zip(seen, (real[:, 0], fakes[0], real[:, 1], fakes[1]), strict=True):
        np.testing.assert_allclose(images, expected, rtol=1e-6)


def test_an_update_of_the_discriminator_raises_its_target(untraced):
    method = graphs.collaborative()
    network, images = method.networks["discriminator"], graphs.real_images()[:, 0]
    for target in (2, 0, 1):
        before = np.mean(tf.nn.softmax(network(images)), axis=0)
        _, gradients = method._judge(network, images, tf.constant(target))
        method.apply({"discriminator": gradients})
        rise = np.mean(tf.nn.softmax(network(images)), axis=0) - before
        assert rise[target] > 1e-4 and rise[target] == max(rise)


def test_one_trace_serves_every_gate_weight_length_and_seed(monkeypatch):
    traces = []
    step = Collaborative.train_step
    monkeypatch.setattr(Collaborative, "train_step", lambda self, data: (traces.append(1), step(self, data))[1])
    method = graphs.collaborative()
    functions = [method._sample, method._make, method._judge, method._pass]
    found = []
    for gates in (["through"] * 4, ["cutoff"] * 4, ["positive_linear", "negative_linear", "cutoff", "through"]):
        method.set_gates(gates, steps=len(found) + 3)
        found.append(graphs.trained(method, 2)["generator_a_loss"][0])
    method.set_gates([Edge(edge.source, edge.target, edge.transfer, weight=0.1) for edge in reversed(method.edges)])
    method.restart({name: keras.models.clone_model(network) for name, network in method.networks.items()}, seed=8)
    found.append(graphs.trained(method, 2)["generator_a_loss"][0])
    assert len(traces) == 1
    assert [len(function.traced) for function in functions] == [1, 1, 1, 1]  # both generators share theirs
    assert found[1] == 0.0 and len(set(found)) == 4


class Counted(keras.layers.Layer):
    """Hands images on and counts when this happens in a run, not when it is traced."""

    calls = 0

    def call(self, images):
        def count():
            Counted.calls += 1

        with tf.control_dependencies([tf.py_function(count, [], [])]):
            return tf.identity(images)


def test_an_edge_that_is_cut_off_is_not_computed(monkeypatch):
    """Counted in one compiled step: the discriminator's runs, and those of the loss of each stage."""
    counts = []
    loss = collaborative.transfer.unit_transfer_loss

    def counted(*arguments):
        with tf.control_dependencies([tf.py_function(lambda: counts.append(1), [], [])]):
            return tf.identity(loss(*arguments))

    monkeypatch.setattr(collaborative.transfer, "unit_transfer_loss", counted)
    method = graphs.collaborative(networks=lambda: (
        {name: graphs.generator() for name in "ab"}, graphs.discriminator(3, extra=Counted(name="counted"))))
    for gates, passes, transfers in ((["through"] * 4, 2, 4), (["cutoff", "through", "through", "cutoff"], 1, 2),
                                     (["cutoff"] * 4, 0, 0)):
        method.set_gates(gates)
        Counted.calls = 0
        counts.clear()
        graphs.trained(method, 1)
        assert (Counted.calls, len(counts)) == (2 * 2 + passes, transfers)


def test_adam_moves_every_weight_average_and_statistic(untraced):
    method = graphs.collaborative(optimizer=lambda: keras.optimizers.Adam(1e-2), ema_decay=0.9)
    parts = {name: network.weights for name, network in method.networks.items()}
    parts |= {f"average {name}": average.model.weights for name, average in method.averages.items()}
    before = {name: tiny.values(part) for name, part in parts.items()}
    losses = graphs.stepped(method, 2)
    for name, part in parts.items():
        assert tiny.all_moved(before[name], tiny.values(part)), name
    assert set(losses) == {"generator_a_loss", "generator_b_loss", "discriminator_loss"}
    assert np.isfinite(list(losses.values())).all()
    outputs = method(StepNoise(1, 1).normal((3, tiny.LATENT_DIM)))
    assert {name: images.shape for name, images in outputs.items()} == {name: (3, *graphs.SHAPE) for name in "ab"}
    assert method.network_outputs()["generator_a"] is method.averages["generator_a"].model


def test_an_interrupted_training_ends_like_a_whole_one(tmp_path, untraced):
    gates = ["through", "positive_linear", "negative_linear", "through"]

    def build():
        return graphs.collaborative(with_gates(all_through("ab", "image"), gates), ema_decay=0.9,
                                    optimizer=lambda: keras.optimizers.Adam(1e-2))

    whole, rest = build(), build()
    graphs.stepped(whole, 2)
    save_checkpoint(tmp_path, whole)
    graphs.stepped(whole, 2)
    assert restore_checkpoint(tmp_path, rest) == 2
    graphs.stepped(rest, 2)
    assert_same_bits(whole, rest)
