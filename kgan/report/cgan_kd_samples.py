"""What cGAN-KD runs say over seeds of their fakes, of settings that were varied, and of costs."""

import statistics

from kgan.report.groups import Group
from kgan.report.load import number
from kgan.report.summary import mean_std

#: What a sweep varies, in words, and the figure or table of the paper that it answers.
SWEEPS = {"fakes": ("number of fakes", "figure 10"), "rho": ("filtering quantile rho", "figure 11"),
          "teacher": ("test error of the teacher in M2", "table 7")}

_COUNTS = ("generated", "accepted", "kept")
#: The sets of fakes in the order in which they are made, with their names.
SETS = {"unprocessed": "unprocessed", "m1": "after M1", "m1_filter": "after M1 and filtering", "m1_m2": "after M1 + M2"}


def summarise_samples(group: Group) -> dict:
    """`{"mode", "rho", "counts", "acceptance", "sets"}` of the runs that state their samples, else empty.

    mode and rho are None where the runs differ. `counts[name]` of generated, accepted and kept,
    `acceptance[label]` and `sets[name]` with its `num` and `label_error` are each a `mean_std` over the seeds.
    """
    stated = [run.metrics["samples"] for run in group.runs if run.metrics.get("samples")]
    if not stated:
        return {}
    acceptances = [entry.get("acceptance", {}) for entry in stated]
    sets = [entry.get("sets", {}) for entry in stated]
    return {"mode": _shared(stated, "mode"), "rho": number(_shared(stated, "rho")),
            "counts": {name: _spread(stated, name) for name in _COUNTS if any(name in entry for entry in stated)},
            "acceptance": {label: _spread(acceptances, label) for label in _names(acceptances)},
            "sets": {name: {part: _spread([entry.get(name, {}) for entry in sets], part)
                            for part in ("num", "label_error")} for name in _in_order(_names(sets))}}


def summarise_sweeps(group: Group, measure: str | None) -> dict[str, list[dict]]:
    """Of each sweep its points `{"name", "value", "values", "parameters", "error"}` in the order of their values.

    A point is that of all seeds with the same name, or where it has none, the same value. values and error are
    each a `mean_std`, value is the mean of values; parameters, of a teacher, are None where the seeds differ.
    """
    sweeps = [run.metrics.get("sweeps", {}) for run in group.runs]
    found = {}
    for sweep in _names(sweeps):
        points: dict = {}
        for entry in (entry for run in sweeps for entry in run.get(sweep, [])):
            points.setdefault(str(entry.get("name", entry["value"])), []).append(entry)
        shown = [{"name": name if "name" in entries[0] else None,
                  "value": statistics.fmean(entry["value"] for entry in entries), "values": _spread(entries, "value"),
                  "parameters": _shared(entries, "parameters"), "error": _spread(entries, measure)}
                 for name, entries in points.items()]
        found[sweep] = sorted((point for point in shown if point["error"]["n"]), key=lambda point: point["value"])
    return {sweep: points for sweep, points in found.items() if points}


def summarise_costs(group: Group) -> dict[str, dict]:
    """`{"seconds", "peak_mib"}` of each stage, each a `mean_std` over the seeds."""
    costs = [run.metrics.get("costs", {}) for run in group.runs]
    return {stage: {part: _spread([run.get(stage, {}) for run in costs], part) for part in ("seconds", "peak_mib")}
            for stage in _names(costs)}


def agreement(summary: dict, name: str) -> dict | None:
    """A set's label consistency in percent (classification) or label error in label units, a `mean_std`."""
    entry = summary["samples"].get("sets", {}).get(name, {}).get("label_error")
    if not entry or not entry["n"] or summary["task"] != "classification":
        return entry
    return mean_std([100.0 - value for value in entry["values"]])


def _spread(entries: list[dict], name: str | None) -> dict:
    values = [number(entry.get(name)) for entry in entries]
    return mean_std([value for value in values if value is not None])


def _shared(entries: list[dict], name: str):
    values = [entry.get(name) for entry in entries]
    return values[0] if all(value == values[0] for value in values) else None


def _names(entries: list[dict]) -> list[str]:
    return list(dict.fromkeys(name for entry in entries for name in entry))


def _in_order(names: list[str]) -> list[str]:
    return [name for name in SETS if name in names] + [name for name in names if name not in SETS]
