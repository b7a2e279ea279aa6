"""Charts as inline SVG: text stays text, and colours are the page's own, so light and dark both work.

The figures are drawn with matplotlib's objects (no pyplot) and are the same bytes for the same numbers.
"""

import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

#: A colour a role, everywhere on the page (Okabe and Ito's palette, safe for colour-blind readers):
#: the style sheet has lighter ones of the same palette for dark screens.
ROLE_COLOURS = {"teacher": "#0072b2", "student": "#d55e00", "control": "#009e73"}

# Drawn in this colour, text and axes take the colour of the text around the figure.
_INK = "#010203"

_STYLE = {
    "svg.fonttype": "none", "text.parse_math": False, "axes.spines.top": False, "axes.spines.right": False,
    "text.color": _INK, "axes.edgecolor": _INK, "axes.labelcolor": _INK, "xtick.color": _INK,
    "ytick.color": _INK, "axes.grid": True, "grid.color": _INK, "grid.alpha": 0.12, "grid.linewidth": 0.7,
    "axes.linewidth": 0.7, "axes.titlesize": 11, "axes.labelsize": 10, "legend.fontsize": 9.5,
    "legend.frameon": False, "legend.handlelength": 2.6, "xtick.labelsize": 9.5, "ytick.labelsize": 9.5,
    "axes.unicode_minus": False, "axes.axisbelow": True, "path.simplify_threshold": 0.5,
}

_MOST_POINTS = 200  # of a loss curve: more can't be seen at the figure's width and would make the page heavy


@dataclass(frozen=True)
class Series:
    """One line against d: `means[i]` at `ds[i]`; `stds[i]` is an error bar or None."""

    label: str
    role: str
    ds: Sequence[float]
    means: Sequence[float]
    stds: Sequence[float | None]
    dashed: bool = False


def against_d(name: str, alt: str, ylabel: str, series: Sequence[Series], level: tuple | None = None,
              chosen: Sequence[tuple[float, float]] = ()) -> str:
    """An SVG of a measure against d (log2 axis).

    `level` is `(label, mean, std or None)`, drawn as the teacher's line across the figure; `chosen` are
    points (d, mean) to ring. `alt` describes the figure to who cannot see it; `name` makes its ids unique.
    """
    figure, axes = _axes(name)
    with matplotlib.rc_context(_STYLE):
        if level:
            label, mean, std = level
            axes.axhline(mean, color=ROLE_COLOURS["teacher"], linewidth=1.8, linestyle=(0, (1, 1.2)),
                         label=label)
            if std:
                axes.axhspan(mean - std, mean + std, color=ROLE_COLOURS["teacher"], alpha=0.12, linewidth=0)
        for line in series:
            errors = [std or 0.0 for std in line.stds]
            axes.errorbar(
                line.ds, line.means, yerr=errors if any(errors) else None, label=line.label, capsize=3,
                color=ROLE_COLOURS[line.role], linewidth=1.8, markersize=6,
                marker={"teacher": "D", "student": "o", "control": "s"}[line.role],
                markerfacecolor="none" if line.dashed else None,
                linestyle=(0, (4, 2)) if line.dashed else "-")
        if chosen:
            axes.plot(*zip(*chosen, strict=True), "o", markersize=14, markerfacecolor="none", color=_INK,
                      markeredgewidth=1.3, label="chosen", linestyle="none")
        ds = sorted({d for line in series for d in line.ds})
        axes.set_xscale("log", base=2)
        axes.set_xticks(ds, [f"{d:g}" for d in ds])
        axes.xaxis.set_minor_locator(NullLocator())
        if len(ds) == 1:
            axes.set_xlim(ds[0] / 2, ds[0] * 2)
        axes.set_xlabel("depth scale factor d")
        axes.set_ylabel(ylabel)
        _legend(axes)
    return _svg(figure, name, alt)


@dataclass(frozen=True)
class Points:
    """Generators of one role: `values[i]` are what those called `labels[i]` reached, a value a run."""

    name: str
    role: str
    labels: Sequence[str]
    values: Sequence[Sequence[float]]


def in_columns(name: str, alt: str, ylabel: str, roles: Sequence[Points]) -> str:
    """An SVG of every value as a point, a column a generator, with the mean of each role as a line.

    The axis is logarithmic when all values are positive and span a factor over 20.
    """
    figure, axes = _axes(name)
    ticks: list[tuple[float, str]] = []
    everything = np.concatenate([np.concatenate(points.values) for points in roles])
    with matplotlib.rc_context(_STYLE):
        for points in roles:
            first = ticks[-1][0] + 1.7 if ticks else 0.0
            places = [first + index for index in range(len(points.labels))]
            ticks += zip(places, points.labels, strict=True)
            xs = np.repeat(places, [len(values) for values in points.values])
            pooled = np.concatenate(points.values)
            axes.plot(xs, pooled, {"teacher": "D", "student": "o", "control": "s"}[points.role], markersize=7,
                      color=ROLE_COLOURS[points.role], alpha=0.75, markeredgewidth=0, label=points.name)
            axes.hlines(pooled.mean(), first - 0.45, places[-1] + 0.45, color=ROLE_COLOURS[points.role],
                        linewidth=2.2)
        axes.plot([], [], color=_INK, linewidth=2.2, label="mean")
        axes.set_xticks(*zip(*ticks, strict=True))
        axes.set_xlim(ticks[0][0] - 0.8, ticks[-1][0] + 0.8)
        axes.grid(False, axis="x")
        axes.set_ylabel(ylabel)
        _log_if_wide(axes, everything)
        _legend(axes)
    return _svg(figure, name, alt)


def over_steps(name: str, alt: str, ylabel: str, role: str, steps: np.ndarray,
               curves: dict[str, np.ndarray]) -> str:
    """An SVG of one loss of a stage's members over the steps: `steps` and each curve are float64 [rows].

    Curves are thinned by averaging equal blocks of rows. All lines have the colour of `role`, told apart by
    strength and dashes; the axis is logarithmic when all values are positive and span a factor over 20.
    """
    figure, axes = _axes(name)
    dashes = ["-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.2, 1.5))]
    with matplotlib.rc_context(_STYLE):
        values = []
        for index, (label, curve) in enumerate(curves.items()):
            there = np.isfinite(steps) & np.isfinite(curve)
            if not there.any():
                continue
            thin_steps, thin_curve = _thin(steps[there]), _thin(curve[there])
            values.append(thin_curve)
            # Names that start with "_" would be left out of the legend.
            shown = f" {label}" if label.startswith("_") else label
            axes.plot(thin_steps, thin_curve, label=shown, color=ROLE_COLOURS[role], linewidth=1.4,
                      linestyle=dashes[index % len(dashes)], alpha=1.0 - 0.6 * index / max(len(curves), 2),
                      marker="o" if len(thin_curve) == 1 else None)
        _log_if_wide(axes, np.concatenate(values or [np.ones(1)]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel("step")
        axes.set_ylabel(ylabel)
        _legend(axes)
    return _svg(figure, name, alt)


def _log_if_wide(axes: Axes, values: np.ndarray) -> None:
    if values.min() > 0 and values.max() > 20 * values.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def _thin(values: np.ndarray) -> np.ndarray:
    block = -(-len(values) // _MOST_POINTS)
    whole = len(values) // block * block
    thin = values[:whole].reshape(-1, block).mean(axis=1)
    return np.append(thin, values[whole:].mean()) if whole < len(values) else thin


def _axes(name: str) -> tuple[Figure, Axes]:
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        # Fixed margins: a layout engine would draw every figure twice.
        figure = Figure(figsize=(5.6, 3.7))
        FigureCanvasSVG(figure)
        return figure, figure.add_axes((0.14, 0.14, 0.84, 0.72))


def _legend(axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    # Above the axes, where it hides no point.
    columns = 2 if max(map(len, labels)) > 16 or len(labels) == 4 else 3
    rows = -(-len(labels) // columns)
    if rows > 2:
        left, bottom, width, height = axes.get_position().bounds
        axes.set_position((left, bottom, width, height - 0.055 * (rows - 2)))
    axes.legend(handles, labels, loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.2,
                ncols=min(columns, len(labels)), columnspacing=1.4)


def _svg(figure: Figure, name: str, alt: str) -> str:
    """The figure as an SVG element for an HTML page: no ids, links or colours that leave the page."""
    file = io.StringIO()
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg"):]
    view = re.search(r'viewBox="([^"]*)"', text).group(1)
    body = text[text.index(">") + 1:text.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    # Its one rule holds for every element; in a page that would be all of the page.
    body = re.sub(r"<style.*?</style>\s*", "", body, flags=re.DOTALL)
    body = body.replace("xlink:href", "href")
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'href="#', f'href="#{name}-', body)
    body = re.sub(r"url\(#", f"url(#{name}-", body)
    body = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = body.replace(_INK, "currentColor")
    for role, colour in ROLE_COLOURS.items():
        body = body.replace(colour, f"var(--{role}, {colour})")
    title = html.escape(alt)
    return f'<svg class="chart" viewBox="{view}" role="img" aria-label="{title}">{body}</svg>'
