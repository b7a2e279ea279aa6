"""Box plots side by side, coloured by the gates of a knowledge transfer graph."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib import cbook
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from kgan.report.canvas import GATE_COLOURS, INK, STYLE, add_legend, new_axes, to_svg
from kgan.report.collaborative_graph import GATES


@dataclass(frozen=True)
class Boxes:
    """Boxes side by side under one label: (gate or None, values) each."""

    label: str
    boxes: Sequence[tuple[str | None, Sequence[float]]]


def draw_boxes(name: str, alt: str, xlabel: str, ylabel: str, groups: Sequence[Boxes]) -> str:
    """An SVG of box plots: median, quartiles, whiskers to the last value within 1.5 interquartile ranges."""
    return to_svg(boxes_figure(name, xlabel, ylabel, groups), name, alt)


def boxes_figure(name: str, xlabel: str, ylabel: str, groups: Sequence[Boxes]) -> Figure:
    """The figure of `draw_boxes`."""
    figure, axes = new_axes(name)
    ticks, at = [], 0.0
    with matplotlib.rc_context(STYLE):
        for group in groups:
            places = at + np.arange(len(group.boxes))
            for place, (gate, values) in zip(places, group.boxes, strict=True):
                colour = GATE_COLOURS.get(gate, INK)
                line = {"color": colour, "linewidth": 1.3}
                axes.bxp(cbook.boxplot_stats(values), positions=[place], widths=0.7, patch_artist=True,
                         manage_ticks=False, whiskerprops=line, capprops=line, medianprops={**line, "linewidth": 2.2},
                         boxprops={"facecolor": (*matplotlib.colors.to_rgb(colour), 0.16), "edgecolor": colour},
                         flierprops={"marker": ".", "markersize": 4, "markerfacecolor": colour,
                                     "markeredgecolor": "none"})
            ticks.append((places.mean(), group.label))
            at = places[-1] + 2.0
        shown = {gate for group in groups for gate, _ in group.boxes}
        axes.set_xticks(*zip(*ticks, strict=True))
        axes.set_xlim(-0.9, at - 1.1)
        axes.grid(False, axis="x")
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        add_legend(axes, [Patch(color=GATE_COLOURS[gate], alpha=0.7, linewidth=0, label=text)
                          for gate, text in GATES.items() if gate in shown])
    return figure
