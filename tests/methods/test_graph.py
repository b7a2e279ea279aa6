"""Knowledge transfer graphs as data: the special cases, gates in order, and what is refused."""

import json

import pytest

from kgan.errors import InputError
from kgan.methods.graph import (
    Edge,
    all_through,
    check_graph,
    edges_as_dicts,
    mad_gan,
    mutual,
    one_way,
    regated,
    with_gates,
)

THREE = ("a", "b", "c")


def test_all_through_has_every_edge_those_from_the_discriminator_first():
    edges = all_through(THREE, "image")
    assert [(edge.source, edge.target) for edge in edges] == [
        ("D", "a"), ("D", "b"), ("D", "c"), ("b", "a"), ("c", "a"), ("a", "b"), ("c", "b"), ("a", "c"), ("b", "c")]
    assert [edge.transfer for edge in edges] == ["adversarial"] * 3 + ["image"] * 6
    assert {(edge.gate, edge.weight) for edge in edges} == {("through", 1.0)}
    assert mutual(THREE, "image") == edges
    assert all_through(["one"], "image") == [Edge("D", "one")]
    check_graph(edges, THREE)


def test_mad_gan_cuts_the_edges_between_generators_and_keeps_them():
    edges, through = mad_gan(THREE, "input_side"), all_through(THREE, "input_side")
    assert [edge.gate for edge in edges] == ["through"] * 3 + ["cutoff"] * 6
    assert with_gates(edges, ["through"] * 9) == through


def test_one_way_leaves_the_teacher_without_edges():
    assert one_way("big", "small", ("stage2",)) == [Edge("D", "small"), Edge("big", "small", ("stage2",))]
    check_graph(one_way("big", "small", ("stage2",)), ("big", "small"))


def test_a_generator_needs_no_adversarial_edge():
    check_graph([Edge("D", "a"), Edge("a", "b", "image")], ("a", "b"))


def test_gates_go_to_the_edges_in_order():
    edges = [Edge("D", "a"), Edge("b", "a", "image", weight=0.5)]
    assert with_gates(edges, ["positive_linear", "cutoff"]) == [
        Edge("D", "a", gate="positive_linear"), Edge("b", "a", "image", "cutoff", 0.5)]
    assert edges[0].gate == "through"
    for gates, words in ((["through"], "2 edges"), (["through", "ajar"], "'ajar'")):
        with pytest.raises(InputError) as caught:
            with_gates(edges, gates)
        assert words in str(caught.value)


def test_the_stages_of_a_transfer():
    assert Edge("b", "a", "input_side").stages == ("stage2", "stage3")
    assert Edge("b", "a", "output_side").stages == ("stage3", "stage4")
    assert Edge("b", "a", ["stage1"]).stages == ("stage1",)
    assert Edge("b", "a", "image").stages == Edge("D", "a").stages == ()


def test_edges_go_to_json_and_back():
    edges = [Edge("D", "a"), Edge("b", "a", ("stage1", "stage4"), "negative_linear", 0.25)]
    found = json.loads(json.dumps(edges_as_dicts(edges)))
    assert found[1] == {"source": "b", "target": "a", "transfer": ["stage1", "stage4"], "gate": "negative_linear",
                        "weight": 0.25}
    assert [Edge(**entry) for entry in found] == edges


def test_the_same_edges_are_brought_into_order():
    edges = [Edge("D", "a"), Edge("b", "a", "output_side")]
    wanted = [Edge("b", "a", ("stage3", "stage4"), "cutoff", 3.0), Edge("D", "a", gate="positive_linear")]
    assert regated(edges, wanted, ("a", "b")) == wanted[::-1]
    for other, words in (([Edge("D", "a")], "no such edge"),
                         ([Edge("D", "a"), Edge("b", "a", "image")], "'image'"),
                         ([*edges, Edge("D", "b")], "'D' -> 'b' is not in the graph")):
        with pytest.raises(InputError) as caught:
            regated(edges, other, ("a", "b"))
        assert words in str(caught.value)


@pytest.mark.parametrize("edges, words", [
    ([], "at least one edge"),
    ([Edge("D", "z")], "there is no 'z'; the generators are a, b"),
    ([Edge("z", "a", "image")], "there is no 'z'; an edge starts at D or at one of a, b"),
    ([Edge("a", "D", "image")], "no edge leads to the discriminator"),
    ([Edge("a", "a", "image")], "no edge to itself"),
    ([Edge("D", "a"), Edge("D", "a", gate="cutoff")], "'D' -> 'a' is given twice"),
    ([Edge("b", "a", "image"), Edge("b", "a", "output_side")], "'b' -> 'a' is given twice"),
    ([Edge("D", "a", gate="ajar")], "edge 'D' -> 'a': a gate is one of through, cutoff, positive_linear, "
                                    "negative_linear; received 'ajar'"),
    ([Edge("b", "a", "sound")], "'sound'"),
    ([Edge("b", "a")], "received 'adversarial'"),
    ([Edge("D", "a", "image")], "received transfer='image'"),
    ([Edge("b", "a", ())], "received ()"),
    ([Edge("b", "a", ("stage1", 2))], "received ('stage1', 2)"),
    ([Edge("b", "a", ("stage1", "stage1"))], "named twice"),
    ([Edge("D", "a", weight=-0.5)], "received -0.5"),
    ([Edge("D", "a", weight=float("nan"))], "received nan"),
    ([Edge("D", "a", weight=float("inf"))], "received inf"),
    ([Edge("D", "a", weight="1")], "received '1'"),
    ([("D", "a")], "('D', 'a')"),
])
def test_what_does_not_fit_is_one_line(edges, words):
    with pytest.raises(InputError) as caught:
        check_graph(edges, ("a", "b"))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_generator_is_called_like_the_discriminator():
    with pytest.raises(InputError, match="'D'"):
        check_graph([Edge("D", "a")], ("a", "D"))
