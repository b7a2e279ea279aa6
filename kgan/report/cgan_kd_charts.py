"""The charts of a cGAN-KD run: which numbers go into which figure of the paper."""

import statistics

import numpy as np

from kgan.report.cgan_kd_arms import CONTROLS, label, phrase
from kgan.report.cgan_kd_figures import Row, by_name, histogram, over_values
from kgan.report.cgan_kd_files import read_errors, thresholds_of
from kgan.report.cgan_kd_samples import SWEEPS
from kgan.report.cgan_kd_summary import by_arm, in_unit
from kgan.report.cgan_kd_tables import sweep_table
from kgan.report.groups import Group
from kgan.report.load import number
from kgan.report.rows import show

_MEASURES = {"seconds": "seconds", "peak_mib": "peak memory (MiB)"}


def ablation_chart(summary: dict, key: str) -> str | None:
    """Figure 9: the error of every arm and seed, with the plain student's mean through all rows."""
    measure, level = summary["headline"]["error"], plain_level(summary)
    rows = [Row(label(arm), "control" if network["role"] == "control" else "student",
                network["measures"][measure]["values"])
            for arm, (_, network) in by_arm(summary).items() if network["measures"].get(measure, {}).get("n")]
    if not rows:
        return None
    axis = f"{measure}{in_unit(summary)}, lower is better"
    each = (f"{row.label} {', '.join(map(show, row.values))}" for row in rows)
    return by_name(key, f"{axis}, a value a seed. {'; '.join(each)}.", axis, rows, level)


def sweep_charts(summary: dict, key: str) -> list[dict]:
    """Figures 10 and 11, and table 7 as a figure: `{"svg", "answers", "names", "words", "table"}` a sweep.

    answers is the figure or table of the paper, names those of the points that have one, in their order; words say
    what is varied, table holds the points as numbers.
    """
    measure, drawn = summary["headline"]["error"], []
    for sweep, points in summary["sweeps"].items():
        words, answers = SWEEPS[sweep]
        axis = words + (in_unit(summary) if sweep == "teacher" else "")
        ylabel = f"{measure}{in_unit(summary)}, lower is better"
        each = (f"{_point_name(point)} {show(point['error']['mean'], point['error']['std'])}" for point in points)
        level = plain_level(summary)
        alt = f"{ylabel}, over the {axis}: {'; '.join(each)}." + \
            (f" {level[0].capitalize()}: {show(level[1])}." if level else "")
        shown = [(point["value"], point["error"]["mean"], point["error"]["std"]) for point in points]
        drawn.append({"svg": over_values(f"{key}-{sweep}", alt, axis, ylabel, shown, level, _used(summary, sweep)),
                      "answers": answers, "names": [point["name"] for point in points if point["name"]],
                      "words": words, "table": sweep_table(summary, sweep)})
    return drawn


def cost_charts(summary: dict, key: str) -> list[str]:
    """Figure 12: time and memory of each stage."""
    drawn = []
    for part, axis in _MEASURES.items():
        rows = [Row(stage, "teacher", cost[part]["values"]) for stage, cost in summary["costs"].items()
                if cost[part]["n"]]
        if rows:
            each = (f"{row.label} {show(statistics.fmean(row.values))}" for row in rows)
            drawn.append(by_name(f"{key}-{part}", f"{axis} by stage: {'; '.join(each)}.", axis, rows, bars=True))
    return drawn


def error_chart(group: Group, summary: dict, key: str) -> str | None:
    """Figure 8: the teacher's errors on the first run's fakes before the filter, and the thresholds."""
    found = read_errors(group.first.folder)
    if found is None:
        return None
    metrics = group.first.metrics
    samples, classes = metrics.get("samples", {}), metrics.get("data", {}).get("classes")
    each = thresholds_of(found, samples.get("threshold"), classes if isinstance(classes, list) else None)
    # The paper keeps what equals its threshold, the authors' code drops it.
    within = found.errors <= each if samples.get("mode") == "paper" else found.errors < each
    kept = within | np.isnan(each)
    thresholds = np.unique(each[~np.isnan(each)]).astype(np.float64)
    axis = {"classification": "cross entropy of the teacher", "regression":
            f"absolute difference of label and prediction{in_unit(summary)}"}.get(summary["task"], "teacher's error")
    alt = f"Histogram of the {axis} on {len(kept):,} fakes after M1: {int(kept.sum()):,} kept, " \
          f"{int((~kept).sum()):,} dropped; {_in_words(thresholds)}."
    return histogram(key, alt, axis, found.errors, kept, thresholds)


def plain_level(summary: dict) -> tuple[str, float] | None:
    """The plain student's mean error, with its name."""
    found = by_arm(summary).get(CONTROLS[0])
    entry = found[1]["measures"].get(summary["headline"]["error"]) if found else None
    return (phrase(CONTROLS[0]), entry["mean"]) if entry and entry["n"] else None


def _used(summary: dict, sweep: str) -> float | None:
    """The setting of the run itself: rho, or the fakes of its arm with all modules."""
    if sweep == "rho":
        return summary["samples"].get("rho")
    found = by_arm(summary).get("m1_m2")
    return number(found[1]["fakes"]) if sweep == "fakes" and found else None


def _point_name(point: dict) -> str:
    return f"{point['name']} ({show(point['value'])})" if point["name"] else f"{point['value']:g}"


def _in_words(thresholds: np.ndarray) -> str:
    if not thresholds.size:
        return "no threshold stated"
    if thresholds.size == 1:
        return f"threshold {show(float(thresholds[0]))}"
    return f"{thresholds.size} thresholds from {show(float(thresholds[0]))} to {show(float(thresholds[-1]))}"
