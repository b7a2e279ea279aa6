"""Drawings of graphs, box plots of a search's trials, and features in the plane."""

import itertools
import re

import collaborative_runs as made_up
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Circle
from read_page import Page, page_of, verdict_of

from kgan.errors import InputError
from kgan.report.box_plots import Boxes, boxes_figure
from kgan.report.collaborative_graph import Edge
from kgan.report.embedding import read_embedding
from kgan.report.graph_drawing import arc, graph_figure
from kgan.report.load import read_run
from kgan.report.page import render
from kgan.report.trials import charts, gate_table, read_trials, summary, told

GATES = ("through", "positive_linear", "negative_linear", "cutoff")


def texts_of(figure):
    """Every visible text of a figure with its box, in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    (axes,) = figure.axes
    texts = [*axes.texts, *axes.get_legend().get_texts()]
    if axes.axison:
        texts += [*axes.get_xticklabels(), axes.xaxis.label]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text()]


def assert_apart(figure):
    found = texts_of(figure)
    assert len(found) > 4
    for (one, first), (other, second) in itertools.combinations(found, 2):
        assert not first.overlaps(second), (one, other)
    for text, box in found:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_texts_of_a_graph_do_not_overlap(k):
    nodes = [str(node) for node in range(1, k + 1)]
    pairs = [("D", node) for node in nodes] + list(itertools.permutations(nodes, 2))
    edges = [Edge(source, target, "image", GATES[i % 4], 1.0) for i, (source, target) in enumerate(pairs)]
    figure = graph_figure("g", edges, {node: "12.34" for node in nodes})
    assert_apart(figure)
    (axes,) = figure.axes
    circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
    assert len(circles) == k + 1 and len(axes.lines) == k * k and len(axes.patches) - len(circles) == k * k
    # Every text of a node stands within its circle.
    for text, box in [entry for entry in texts_of(figure)[:2 * k + 1]]:
        assert any(circle.get_window_extent().x0 < box.x0 and box.x1 < circle.get_window_extent().x1
                   and circle.get_window_extent().y0 < box.y0 and box.y1 < circle.get_window_extent().y1
                   for circle in circles), text
    low, high = axes.get_xlim(), axes.get_ylim()
    for circle in circles:
        x, y = circle.center
        assert low[0] < x - circle.radius and x + circle.radius < low[1]
        assert high[0] < y - circle.radius and y + circle.radius < high[1]


def test_an_edge_runs_from_rim_to_rim_and_a_pair_lies_side_by_side():
    one, other = np.array([0.0, 1.0]), np.array([0.0, -1.0])
    points = arc(one, other, 0.0)
    # Straight down the middle, between circles of radius 0.2.
    assert points[:, 0] == pytest.approx(np.zeros(28), abs=1e-12)
    assert points[0, 1] == pytest.approx(0.8, abs=0.01) and points[-1, 1] == pytest.approx(-0.8, abs=0.01)
    there, back = arc(one, other, 0.16), arc(other, one, 0.16)
    # Half of 0.16 times the length 2, to the left of each: of the way down that is to the right of the page.
    assert there[14, 0] == pytest.approx(0.16, abs=0.005) and back[14, 0] == pytest.approx(-0.16, abs=0.005)
    for points in (there, back):
        assert np.hypot(*(points - one).T).min() >= 0.2 and np.hypot(*(points - other).T).min() >= 0.2


def test_a_gate_is_a_colour_and_a_dash():
    edges = [Edge(source, target, "image", gate, 1.0) for (source, target), gate in
             zip([("D", "1"), ("D", "2"), ("1", "2"), ("2", "1")], GATES, strict=True)]
    lines = graph_figure("g", edges, {}).axes[0].lines
    assert len({line.get_color() for line in lines}) == 4
    assert len({str(line._unscaled_dash_pattern) for line in lines}) == 4
    assert lines[0].get_alpha() < 1.0  # the cut edge, drawn first, is faint
    assert [line.get_alpha() for line in lines[1:]] == [1.0] * 3


@pytest.mark.parametrize("edges", [1, 3, 6])
def test_texts_of_box_plots_do_not_overlap(edges):
    groups = [Boxes(f"G{i + 1} to G5", [(gate, [1.0, 2.0, 3.0, 9.0]) for gate in GATES]) for i in range(edges)]
    assert_apart(boxes_figure("b", "gates of the edges into G5", "objective (higher is better)", groups))


TRIALS = [  # objective by (gate of D to 1, gate of 2 to 1)
    made_up.trial(5.0, {"gate_D_1": "through", "gate_2_1": "cutoff"}, transfer="image"),
    made_up.trial(7.0, {"gate_D_1": "through", "gate_2_1": "positive_linear"}, transfer="output_side"),
    made_up.trial(9.0, {"gate_D_1": "through", "gate_2_1": "positive_linear"}, transfer="output_side"),
    made_up.trial(1.5, {"gate_D_1": "cutoff", "gate_2_1": "cutoff"}, transfer="image"),
    {"status": "failed", "gate_D_1": "cutoff"}, {"status": "running"},
]


def test_what_a_search_says(tmp_path):
    trials = read_trials(made_up.write_trials(tmp_path / "trials.csv", TRIALS).parent)
    assert summary(trials) == {
        "file": str(tmp_path / "trials.csv"), "trials": 6, "statuses": {"completed": 4, "failed": 1, "running": 1},
        "shorter": 0, "compared": 4, "best": 9.0, "transfers": {"image": 5.0, "output_side": 9.0}}
    assert told(summary(trials)) == \
        "The search made 6 trials (4 completed, 1 failed, 1 running); the best of 4 reached 9.00"
    assert gate_table(trials)["rows"] == [
        ["D to G1", "7.00 (3)", "", "", "1.50 (1)", "through"],
        ["G2 to G1", "", "8.00 (2)", "", "3.25 (2)", "positive linear"]]


def test_box_plots_by_transfer_and_by_gate(tmp_path):
    trials = read_trials(made_up.write_trials(tmp_path / "search" / "trials.csv", TRIALS).parents[1])
    every, into_1 = charts(trials, "t")
    assert 'aria-label="Box plots of the objective over completed trials. all trials: median 6.00 of 4. image: ' \
        'median 3.25 of 2. output side: median 8.00 of 2."' in every
    assert "D to G1: through median 7.00 of 3, cut off median 1.50 of 1. G2 to G1: positive linear median 8.00 of 2, " \
        'cut off median 3.25 of 2."' in into_1
    assert re.findall(r">(through|positive linear|negative linear|cut off)</text>", into_1) == [
        "through", "positive linear", "cut off"]
    assert "var(--rising, " in into_1 and "var(--falling, " not in into_1


def test_trials_that_were_stopped_early_are_not_compared(tmp_path):
    rows = [made_up.trial(objective, {"gate_D_1": gate}, share=share) for objective, gate, share in
            [(6.0, "through", 1), (8.0, "cutoff", 0.33), (5.0, "cutoff", 1)]]
    trials = read_trials(made_up.write_trials(tmp_path / "trials.csv", rows).parent)
    assert trials.objectives == [6.0, 5.0]
    assert told(summary(trials)) == "The search made 3 trials (3 completed), 1 of them stopped early and not " \
        "compared; the best of 2 reached 6.00"


def test_the_edges_of_many_generators_are_split(tmp_path):
    rows = [made_up.trial(5.0 + i, {f"gate_{source}_1": GATES[i] for source in ("D", *map(str, range(2, 11)))})
            for i in range(4)]
    trials = read_trials(made_up.write_trials(tmp_path / "trials.csv", rows).parent)
    assert [source for source, _ in trials.edges] == ["D", *map(str, range(2, 11))]
    assert [len(re.findall(r">\w+ to G1</text>", svg)) for svg in charts(trials, "t")] == [0, 6, 4]


@pytest.mark.parametrize(("text", "problem"), [
    ("trial,status\n0,completed\n", "no columns objective and status"),
    ("objective,status\nhigh,completed\n", "could not convert"), ("objective,status\n,completed\n", "objective empty"),
    ("objective,status\nnan,completed\n", "objective nan"),
    ("objective,status,gate_D_1\n3,completed,ajar\n", "unknown gate gate_D_1 = ajar"),
])
def test_damaged_trials_are_refused_in_one_line(tmp_path, text, problem):
    (tmp_path / "trials.csv").write_text(text)
    with pytest.raises(InputError, match=problem) as caught:
        read_trials(tmp_path)
    assert "\n" not in str(caught.value) and "trials.csv" in str(caught.value)


def test_the_search_on_the_page(tmp_path):
    folder = made_up.write_run(tmp_path / "run", without=("graph/log.csv", "controls/log.csv"))
    made_up.write_trials(folder / "trials.csv", TRIALS)
    page = page_of(folder)
    assert "The search made 6 trials" in page.text and page.table("best trial")[1][0] == "D to G1"
    assert page.table("this run: best trial's objective")[1:] == [
        ["generated image", "4.42 ± 0.04", "46.06", "5.00"],
        ["feature maps, input side", "4.46 ± 0.04", "50.09", DASH],
        ["feature maps, output side", "4.48 ± 0.05", "40.93", "9.00"]]
    made_up.write_trials(folder / "trials.csv", [{"status": "failed", "objective": ""}])
    assert "No box plots: no trial was completed." in page_of(folder).text


def test_a_search_without_networks_has_a_page(tmp_path):
    folder = made_up.write_run(tmp_path / "run", networks={}, graphs={})
    made_up.write_trials(folder / "trials.csv", TRIALS)
    html = render([read_run(folder)])
    assert verdict_of(html) == \
        "The search made 6 trials (4 completed, 1 failed, 1 running); the best of 4 reached 9.00."
    assert "Every generator" not in Page(html).text and "Search over gates" in Page(html).text


DASH = "–"  # noqa: RUF001
POINTS = np.zeros((4, 2), np.float32)
NAMES = np.array(["graph_1", "graph_1", "real", "real"])


@pytest.mark.parametrize("content", [
    {"points": POINTS}, {"points": POINTS[:, :1], "names": NAMES}, {"points": POINTS[:3], "names": NAMES},
    {"points": POINTS * np.nan, "names": NAMES}, {"points": POINTS.astype(int), "names": NAMES},
    {"points": POINTS, "names": np.arange(4)}, {"points": POINTS[:0], "names": NAMES[:0]},
    {"points": POINTS, "names": NAMES.astype(object)},
])
def test_damaged_features_are_refused_in_one_line(tmp_path, content):
    (tmp_path / "evaluate").mkdir()
    np.savez(tmp_path / "evaluate" / "embedding.npz", **content)
    with pytest.raises(InputError, match=r"embedding\.npz") as caught:
        read_embedding(tmp_path)
    assert "\n" not in str(caught.value)
