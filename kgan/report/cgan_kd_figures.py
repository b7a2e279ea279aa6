"""The drawings of a cGAN-KD run: values by name, an error over a setting, a histogram with its thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.ticker import FuncFormatter

from kgan.report.canvas import INK, MARKERS, ROLE_COLOURS, STYLE, add_legend, new_axes, to_svg

_BINS = 50
_INCH = 0.34  # height of a row of `by_name`
_LEFT = (0.3, 0.55)  # share of its width that the rows' names take, at least and at most
_LETTER = 0.0145  # share of the width that a letter takes, about


@dataclass(frozen=True)
class Row:
    """What a row of `by_name` shows: a value a seed, in a role's colour."""

    label: str
    role: str
    values: Sequence[float]


def by_name(name: str, alt: str, xlabel: str, rows: Sequence[Row], level: tuple[str, float] | None = None,
            bars: bool = False) -> str:
    """An SVG with a row a name: each value as a point, their mean as a line across the row, or as a bar from 0.

    `level` is (label, value) of a dashed line through all rows. `alt` describes the figure to who cannot see it.
    """
    height = 1.0 + _INCH * len(rows)
    longest = max(len(row.label) for row in rows)
    left = min(max(_LEFT[0], 0.02 + _LETTER * longest), _LEFT[1])
    figure, axes = new_axes(name, height, (left, 0.52 / height, 0.97 - left, (height - 0.86) / height))
    with matplotlib.rc_context(STYLE):
        for place, row in enumerate(rows):
            colour, mean = ROLE_COLOURS[row.role], float(np.mean(row.values))
            if bars:
                axes.barh(place, mean, 0.62, color=colour, alpha=0.3, linewidth=0)
            else:
                axes.vlines(mean, place - 0.34, place + 0.34, color=colour, linewidth=2.2)
            axes.plot(row.values, [place] * len(row.values), MARKERS[row.role], color=colour, alpha=0.75,
                      markersize=6, markeredgewidth=0)
        if level:
            axes.axvline(level[1], color=INK, linewidth=1.2, linestyle=(0, (4, 2)), alpha=0.7, label=level[0])
        axes.set_yticks(range(len(rows)), [row.label for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(False, axis="y")
        if bars:
            axes.set_xlim(left=0)
        axes.locator_params(axis="x", nbins=6)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.5g}"))
        axes.set_xlabel(xlabel)
        add_legend(axes)
    return to_svg(figure, name, alt)


def over_values(name: str, alt: str, xlabel: str, ylabel: str, points: Sequence[tuple], level: tuple | None = None,
                used: float | None = None) -> str:
    """An SVG of an error over a setting: `points` are (value, mean, std or None).

    `level` is (label, value) of the control's line, `used` the setting of the run itself, marked by a line. The
    axis of the setting is logarithmic where all values are positive and span a factor over 20.
    """
    figure, axes = new_axes(name)
    values, means, stds = zip(*points, strict=True)
    with matplotlib.rc_context(STYLE):
        if level:
            axes.axhline(level[1], color=ROLE_COLOURS["control"], linewidth=1.6, linestyle=(0, (4, 2)), label=level[0])
        if used is not None:
            axes.axvline(used, color=INK, alpha=0.35, linewidth=1.6, label="used in this run")
        errors = [std or 0.0 for std in stds]
        axes.errorbar(values, means, yerr=errors if any(errors) else None, color=ROLE_COLOURS["student"],
                      marker=MARKERS["student"], markersize=6, linewidth=1.8, capsize=3)
        if min(values) > 0 and max(values) > 20 * min(values):
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
        else:
            axes.locator_params(axis="x", nbins=7)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        add_legend(axes)
    return to_svg(figure, name, alt)


def bin_edges(errors: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Edges of equal bins from 0 to the 99th percentile of `errors`, or 1.5 times the largest threshold."""
    end = max(float(np.quantile(errors, 0.99)), 1.5 * float(thresholds.max(initial=0.0)))
    return np.linspace(0.0, end or 1.0, _BINS + 1)


def histogram(name: str, alt: str, xlabel: str, errors: np.ndarray, kept: np.ndarray, thresholds: np.ndarray) -> str:
    """An SVG of the histogram of `errors` float [N], those `kept` (bool [N]) and dropped apart.

    `thresholds` are drawn as a line, several of them as their median within their range. Errors beyond the axis
    count in its last bin. The axis of the counts is logarithmic where they span a factor over 20.
    """
    edges = bin_edges(errors, thresholds)
    inside = np.minimum(errors, edges[-1])
    figure, axes = new_axes(name)
    with matplotlib.rc_context(STYLE):
        tallest = 0
        for label, chosen, role in (("kept", kept, "student"), ("dropped", ~kept, "plain")):
            if chosen.any():
                words = label if thresholds.size else "fakes"
                counts, *_ = axes.hist(inside[chosen], edges, color=ROLE_COLOURS[role], alpha=0.55, linewidth=0,
                                       label=f"{words} ({int(chosen.sum()):,})")
                tallest = max(tallest, counts.max())
        if thresholds.size:
            if thresholds.size > 1:
                axes.axvspan(thresholds.min(), thresholds.max(), color=INK, alpha=0.1, linewidth=0)
            axes.axvline(np.median(thresholds), color=INK, linewidth=1.6, linestyle=(0, (4, 2)),
                         label="threshold" if thresholds.size == 1 else "thresholds, median")
        if tallest > 20:
            axes.set_yscale("log")
            axes.set_ylim(bottom=0.7)
            axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}"))
        axes.set_xlim(0.0, edges[-1])
        axes.set_xlabel(xlabel)
        axes.set_ylabel("fakes")
        add_legend(axes)
    return to_svg(figure, name, alt)
