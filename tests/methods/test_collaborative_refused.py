"""What does not fit a knowledge transfer graph's training is refused in one line."""

import graphs
import keras
import numpy as np
import pytest
import tiny

from kgan.errors import InputError
from kgan.methods.collaborative import Collaborative
from kgan.methods.graph import Edge, all_through


def fitting(**changed):
    settings = {"generators": {name: graphs.generator() for name in "ab"}, "discriminator": graphs.discriminator(3),
                "edges": all_through("ab", "output_side"), "steps": 5} | changed
    return Collaborative(**settings)


@pytest.mark.parametrize("changed, words", [
    (lambda: {"generators": {}}, "at least one generator"),
    (lambda: {"generators": {"a": graphs.generator(), "D": graphs.generator()}}, "rename it"),
    (lambda: {"generators": {"a": graphs.generator(), "b": graphs.generator(latent_dim=9)}}, "of 9 values"),
    (lambda: {"generators": {"a": graphs.generator(), "b": graphs.generator(shape=(16, 16, 1))}}, "(16, 16, 1)"),
    (lambda: {"generators": {name: tiny.conditional_generator() for name in "ab"}}, "takes labels"),
    (lambda: {"generators": {name: tiny.generator() for name in "ab"}}, "generator 'a' has no stage 'stage3'"),
    (lambda: {"edges": all_through("ab", ("maps", "dense"))}, "stage 'dense' of generator 'a' has no feature maps"),
    (lambda: {"edges": all_through("abz", "image")}, "there is no 'z'"),
    (lambda: {"edges": []}, "at least one edge"),
    (lambda: {"discriminator": graphs.discriminator(2)}, "must give 3 logits"),
    (lambda: {"discriminator": graphs.discriminator(3, shape=(16, 16, 1))}, "(16, 16, 1)"),
    (lambda: {"alpha": -1.0}, "-1.0"),
    (lambda: {"alpha": float("nan")}, "nan"),
    (lambda: {"reduction": "max"}, "'max'"),
    (lambda: {"steps": 0}, "received 0"),
    (lambda: {"steps": 2.5}, "received 2.5"),
    (lambda: {"ema_decay": 1.0}, "1.0"),
])
def test_what_does_not_fit_is_refused_at_construction(changed, words):
    with pytest.raises(InputError) as caught:
        fitting(**changed())
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_stages_of_unlike_sizes_are_refused_with_both():
    latents = keras.Input((tiny.LATENT_DIM,))
    maps = keras.layers.ReLU(name="stage3")(keras.layers.Reshape((8, 8, 1))(keras.layers.Dense(64)(latents)))
    wide = keras.Model(latents, keras.layers.ReLU(name="stage4")(maps))
    with pytest.raises(InputError) as caught:
        fitting(generators={"a": graphs.generator(), "b": wide})
    assert "stage3 has maps of 8x8 in 'b' and of 4x4 in 'a'" in str(caught.value)
    fitting(generators={"a": graphs.generator(), "b": wide}, edges=all_through("ab", "image"))


@pytest.mark.parametrize("gates, words", [
    (["through"] * 3, "4 edges"), (["ajar"] * 4, "'ajar'"), ([Edge("D", "a")], "no such edge"), ([], "4 edges"),
    ([*all_through("ab", "image")], "'image'"), ([3] * 4, "received 3")])
def test_gates_that_do_not_fit_change_nothing(gates, words):
    method = fitting()
    before = [np.array(value) for value in method.gates.values()]
    with pytest.raises(InputError) as caught:
        method.set_gates(gates)
    assert words in str(caught.value)
    assert not tiny.moved(before, list(method.gates.values())) and method.edges == all_through("ab", "output_side")


@pytest.mark.parametrize("num", [1, 3])
def test_batches_of_another_layout_are_refused(num):
    with pytest.raises(InputError, match=f"{num} groups of real images for 2 generators"):
        graphs.collaborative().train_step(graphs.real_images(num))
