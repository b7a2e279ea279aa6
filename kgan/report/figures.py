"""The charts of measures and losses."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from kgan.report.canvas import INK, MARKERS, ROLE_COLOURS, STYLE, add_legend, new_axes, to_svg

_MOST_POINTS = 200  # of a loss curve: more can't be seen at the figure's width and would make the page heavy
_DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (6, 1.5, 1, 1.5)))


@dataclass(frozen=True)
class Series:
    """One line against d: `means[i]` at `ds[i]`; `stds[i]` is an error bar or None.

    `dashes` tells apart lines of one role: 0 is whole, others are broken with hollow markers.
    """

    label: str
    role: str
    ds: Sequence[float]
    means: Sequence[float]
    stds: Sequence[float | None]
    dashes: int = 0


def against_d(name: str, alt: str, ylabel: str, series: Sequence[Series], level: tuple | None = None,
              chosen: Sequence[tuple[float, float]] = ()) -> str:
    """An SVG of a measure against d (log2 axis).

    `level` is `(label, mean, std or None)`, drawn as the teacher's line across the figure; `chosen` are
    points (d, mean) to ring. `alt` describes the figure to who cannot see it; `name` makes its ids unique.
    """
    figure, axes = new_axes(name)
    with matplotlib.rc_context(STYLE):
        if level:
            _draw_level(axes, *level)
        _draw(axes, series)
        if chosen:
            axes.plot(*zip(*chosen, strict=True), "o", markersize=14, markerfacecolor="none", color=INK,
                      markeredgewidth=1.3, label="chosen", linestyle="none")
        ds = sorted({d for line in series for d in line.ds})
        axes.set_xscale("log", base=2)
        axes.set_xticks(ds, [f"{d:g}" for d in ds])
        axes.xaxis.set_minor_locator(NullLocator())
        if len(ds) == 1:
            axes.set_xlim(ds[0] / 2, ds[0] * 2)
        axes.set_xlabel("depth scale factor d")
        axes.set_ylabel(ylabel)
        add_legend(axes)
    return to_svg(figure, name, alt)


def against_ratio(name: str, alt: str, ylabel: str, series: Sequence[Series], level: tuple, log: bool = False) -> str:
    """An SVG of a measure relative to the teacher's against how many times smaller the networks are (log axis).

    The ratios stand in the place of `ds`; `level` and the others are as for `against_d`. With `log` the measure's
    axis is logarithmic, too, when all values are positive and span a factor over 4.
    """
    figure, axes = new_axes(name)
    with matplotlib.rc_context(STYLE):
        _draw_level(axes, *level)
        _draw(axes, series)
        if log:
            _log_if_wide(axes, np.concatenate([line.means for line in series]), 4)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("teacher's parameters / the network's")
        axes.set_ylabel(ylabel)
        add_legend(axes)
    return to_svg(figure, name, alt)


def over_levels(name: str, alt: str, ylabel: str, series: Sequence[Series], log: bool = False) -> str:
    """An SVG of a measure over the levels 0, 1, ... of something, which stand in the place of `ds`.

    With `log` the axis is logarithmic when all values are positive and span a factor over 20.
    """
    figure, axes = new_axes(name)
    with matplotlib.rc_context(STYLE):
        _draw(axes, series)
        levels = sorted({level for line in series for level in line.ds})
        axes.set_xticks(levels, [f"{level:g}" for level in levels])
        axes.set_xlabel("strength, 0: none")
        axes.set_ylabel(ylabel)
        if log:
            _log_if_wide(axes, np.concatenate([line.means for line in series]))
        add_legend(axes)
    return to_svg(figure, name, alt)


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
    figure, axes = new_axes(name)
    ticks: list[tuple[float, str]] = []
    everything = np.concatenate([np.concatenate(points.values) for points in roles])
    with matplotlib.rc_context(STYLE):
        for points in roles:
            first = ticks[-1][0] + 1.7 if ticks else 0.0
            places = [first + index for index in range(len(points.labels))]
            ticks += zip(places, points.labels, strict=True)
            xs = np.repeat(places, [len(values) for values in points.values])
            pooled = np.concatenate(points.values)
            axes.plot(xs, pooled, MARKERS[points.role], markersize=7,
                      color=ROLE_COLOURS[points.role], alpha=0.75, markeredgewidth=0, label=points.name)
            axes.hlines(pooled.mean(), first - 0.45, places[-1] + 0.45, color=ROLE_COLOURS[points.role],
                        linewidth=2.2)
        axes.plot([], [], color=INK, linewidth=2.2, label="mean")
        axes.set_xticks(*zip(*ticks, strict=True))
        axes.set_xlim(ticks[0][0] - 0.8, ticks[-1][0] + 0.8)
        axes.grid(False, axis="x")
        axes.set_ylabel(ylabel)
        _log_if_wide(axes, everything)
        add_legend(axes)
    return to_svg(figure, name, alt)


def over_steps(name: str, alt: str, ylabel: str, role: str, steps: np.ndarray,
               curves: dict[str, np.ndarray]) -> str:
    """An SVG of one loss of a stage's members over the steps: `steps` and each curve are float64 [rows].

    Curves are thinned by averaging equal blocks of rows. All lines have the colour of `role`, told apart by
    strength and dashes; the axis is logarithmic when all values are positive and span a factor over 20.
    """
    figure, axes = new_axes(name)
    dashes = ["-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.2, 1.5))]
    with matplotlib.rc_context(STYLE):
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
        add_legend(axes)
    return to_svg(figure, name, alt)


def _draw_level(axes: Axes, label: str, mean: float, std: float | None) -> None:
    """The teacher's line across the figure, with a band of its std."""
    axes.axhline(mean, color=ROLE_COLOURS["teacher"], linewidth=1.8, linestyle=(0, (1, 1.2)), label=label)
    if std:
        axes.axhspan(mean - std, mean + std, color=ROLE_COLOURS["teacher"], alpha=0.12, linewidth=0)


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    """Lines with a marker and an error bar at each point."""
    for line in series:
        errors = [std or 0.0 for std in line.stds]
        axes.errorbar(
            line.ds, line.means, yerr=errors if any(errors) else None, label=line.label, capsize=3,
            color=ROLE_COLOURS[line.role], linewidth=1.8, markersize=6,
            marker=MARKERS[line.role],
            markerfacecolor="none" if line.dashes else None,
            linestyle=_DASHES[min(line.dashes, len(_DASHES) - 1)])


def _log_if_wide(axes: Axes, values: np.ndarray, factor: float = 20) -> None:
    if values.min() > 0 and values.max() > factor * values.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def _thin(values: np.ndarray) -> np.ndarray:
    block = -(-len(values) // _MOST_POINTS)
    whole = len(values) // block * block
    thin = values[:whole].reshape(-1, block).mean(axis=1)
    return np.append(thin, values[whole:].mean()) if whole < len(values) else thin
