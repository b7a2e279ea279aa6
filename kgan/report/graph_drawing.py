"""Draws a knowledge transfer graph with its gates, as the collaborative paper's figure 8."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon

from kgan.report.canvas import GATE_COLOURS, INK, STYLE, add_legend, new_axes, to_svg
from kgan.report.collaborative_graph import DISCRIMINATOR, GATES, Edge, nodes
from kgan.report.generators import short

_DASHES = {"through": "-", "positive_linear": (0, (6, 2)), "negative_linear": (0, (6, 2, 1.2, 2)),
           "cutoff": (0, (1, 2.4))}
_RADIUS = 0.2  # of a node; the circle on which nodes stand has 1
_BEND = 0.16  # of the two edges of a pair, which then lie beside each other
_HEAD = 0.085  # length of an arrow's head
_MARGIN = 1.32  # half of the height shown


def draw_graph(name: str, alt: str, edges: Sequence[Edge], values: dict[str, str]) -> str:
    """An SVG of a graph, its nodes on a circle with D on top; a gate is a colour and a dash.

    `values[node]` is written below a generator's name.
    """
    return to_svg(graph_figure(name, edges, values), name, alt)


def graph_figure(name: str, edges: Sequence[Edge], values: dict[str, str]) -> Figure:
    """The figure of `draw_graph`."""
    figure, axes = new_axes(name, 4.6, (0.02, 0.02, 0.96, 0.84))
    names = [DISCRIMINATOR, *nodes(tuple(edges))]
    turn = 2 * np.pi / len(names)
    places = {node: np.array([np.sin(i * turn), np.cos(i * turn)]) for i, node in enumerate(names)}
    joined = {(edge.source, edge.target) for edge in edges}
    with matplotlib.rc_context(STYLE):
        # Cut edges first, below all others.
        for edge in sorted(edges, key=lambda edge: edge.gate != "cutoff"):
            bend = _BEND if (edge.target, edge.source) in joined else 0.0
            _draw_edge(axes, edge.gate, arc(places[edge.source], places[edge.target], bend))
        for node, place in places.items():
            axes.add_patch(Circle(place, _RADIUS, fill=False, edgecolor=INK, linewidth=1.6))
            shown, value = short(node), values.get(node)
            size = min(12.0, 48.0 / len(shown))
            x, y = place
            axes.text(x, y + (0.05 if value else 0), shown, ha="center", va="center", fontsize=size, fontweight="bold")
            if value:
                axes.text(x, y - 0.08, value, ha="center", va="center", fontsize=min(9.0, 42.0 / len(value)))
        width = _MARGIN * 5.6 * 0.96 / (4.6 * 0.84)
        axes.set_xlim(-width, width)
        axes.set_ylim(-_MARGIN, _MARGIN)
        axes.axis("off")
        add_legend(axes, [Line2D([], [], color=GATE_COLOURS[gate], linestyle=_DASHES[gate], linewidth=1.7, label=text)
                          for gate, text in GATES.items()])
    return figure


def arc(source: np.ndarray, target: np.ndarray, bend: float) -> np.ndarray:
    """Points [n, 2] of an edge between the rims of two nodes at `source` and `target`, bent to its left by
    half of `bend` times its length."""
    along = target - source
    middle = (source + target) / 2 + bend * np.array([-along[1], along[0]])
    t = np.linspace(0, 1, 400)[:, None]
    points = (1 - t) ** 2 * source + 2 * t * (1 - t) * middle + t**2 * target
    outside = np.minimum(np.hypot(*(points - source).T), np.hypot(*(points - target).T)) >= _RADIUS
    kept = points[outside]
    return kept[np.linspace(0, len(kept) - 1, 28).round().astype(int)]


def _draw_edge(axes: Axes, gate: str, points: np.ndarray) -> None:
    cut = gate == "cutoff"
    colour, alpha = GATE_COLOURS[gate], 0.6 if cut else 1.0
    tip = points[-1]
    body = points[np.hypot(*(points - tip).T) >= _HEAD * 0.8]
    way = (tip - body[-1]) / np.hypot(*(tip - body[-1]))
    body = np.append(body, [tip - 0.7 * _HEAD * way], axis=0)  # the line ends within the head
    side = _HEAD * 0.42 * np.array([-way[1], way[0]])
    axes.plot(*body.T, color=colour, linestyle=_DASHES[gate], linewidth=1.1 if cut else 1.7, alpha=alpha)
    axes.add_patch(Polygon([tip, tip - _HEAD * way + side, tip - _HEAD * way - side], facecolor=colour, linewidth=0,
                           alpha=alpha))
