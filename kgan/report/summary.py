"""Means, standard deviations, wins and ties over the seeds of each group of runs."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from kgan.report.groups import Group, group_runs
from kgan.report.load import Run, number, read_run

#: The rule by which two networks are compared, stated wherever a comparison is shown.
RULE = ("Means over seeds are compared; std is the sample standard deviation (n - 1). A difference of means "
        "no larger than the larger of the two stds is a tie. With one seed there is no std, and only equal "
        "numbers tie.")

#: Numbers of a network in metrics.json that describe it and are no measure of its images.
NOT_MEASURES = frozenset({"d", "parameters", "parameters_paper", "ratio", "learning_rate"})

_DESCRIPTION = ("role", "d", "objective", "weights", "parameters", "parameters_paper", "ratio",
                "learning_rate")


def summarise(runs: Sequence[Path | Run]) -> dict:
    """What several runs say together, as plain numbers, strings, lists and dicts (fit for JSON).

    Returns `{"rule", "groups"}`; a group holds the runs of one recipe with the same settings and protocol
    and has `recipe`, `title`, `smoke`, `seeds`, `runs`, `protocol`, `headline`, `real`, `networks`,
    `comparisons` and `counts`. `networks[name]` holds `role`, `d`, ... (None where the seeds differ),
    `names` a seed, and `measures[measure] = {"mean", "std", "n", "values"}` with std None when n is 1.
    A comparison is `{"kind", "d", "measure", "better", "first", "second", "difference", "std", "result"}`
    with result "first", "second" or "tie" and `difference` of the means, first - second.

    Raises `InputError` for a folder that is no run or holds a damaged file.
    """
    read = [run if isinstance(run, Run) else read_run(run) for run in runs]
    return {"rule": RULE, "groups": [summarise_group(group) for group in group_runs(read)]}


def summarise_group(group: Group) -> dict:
    """The entry of `summarise` for one group."""
    first = group.first
    networks = {name: _network(entries) for name, entries in group.networks.items()}
    headline = {kind: first.metrics.get("headline", {}).get(kind) for kind in ("score", "distance")}
    comparisons = _compare_all(networks, headline)
    return {
        "label": group.label,
        "recipe": first.recipe.get("recipe"),
        "title": first.recipe.get("title") or first.folder.name,
        "smoke": bool(first.recipe.get("smoke")),
        "seeds": group.seeds,
        "runs": [str(run.folder) for run in group.runs],
        "protocol": group.protocol,
        "headline": headline,
        "real": _measures([(run, "real", run.metrics.get("real", {})) for run in group.runs]),
        "networks": networks,
        "comparisons": comparisons,
        "counts": _count(comparisons),
    }


def mean_std(values: Sequence[float]) -> dict:
    """Mean, sample standard deviation (None for fewer than two values), n and the values themselves."""
    values = list(values)
    return {
        "mean": statistics.fmean(values) if values else None,
        "std": statistics.stdev(values) if len(values) > 1 else None,
        "n": len(values),
        "values": values,
    }


def compare(first: dict, second: dict, better: str) -> dict:
    """Compares two `mean_std` results; `better` is "higher" or "lower". `RULE` is the rule.

    `std` is the larger of the two stds, None when neither has one.
    """
    difference = first["mean"] - second["mean"]
    stds = [entry["std"] for entry in (first, second) if entry["std"] is not None]
    std = max(stds, default=None)
    if abs(difference) <= (std or 0.0):
        result = "tie"
    else:
        result = "first" if (difference > 0) == (better == "higher") else "second"
    return {"difference": difference, "std": std, "result": result}


def summary_lines(summary: dict) -> list[str]:
    """The summary as lines of a plain-text table, one block a group, for a terminal."""
    lines = []
    for group in summary["groups"]:
        measures = [name for name in group["headline"].values() if name]
        if any("vol_ratio" in network["measures"] for network in group["networks"].values()):
            measures.append("vol_ratio")
        rows = [["network", "role", "d", "parameters", *measures]]
        for name, network in group["networks"].items():
            cells = [network["measures"].get(measure) for measure in measures]
            rows.append([name, *(_plain(network[key]) for key in ("role", "d", "parameters")),
                         *(_cell(cell) for cell in cells)])
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines += ["", f"{group['label']}: mean and std over {len(group['runs'])} run(s)"]
        lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                  for row in rows]
        for measure, counts in group["counts"].get("student_vs_control", {}).items():
            lines.append(f"{measure}: student wins {counts['first']}, control wins {counts['second']}, "
                         f"ties {counts['tie']}")
    return [*lines[1:], "", summary["rule"]] if lines else [summary["rule"]]


def _network(entries: list[tuple[Run, str, dict]]) -> dict:
    description = {}
    for key in _DESCRIPTION:
        values = [network.get(key) for _, _, network in entries]
        description[key] = values[0] if all(value == values[0] for value in values) else None
    names = [{"seed": run.seed, "name": name, "d": network.get("d")} for run, name, network in entries]
    return {**description, "names": names, "measures": _measures(entries)}


def _measures(entries: list[tuple[Run, str, dict]]) -> dict[str, dict]:
    """mean_std of each measure; what is not finite is left out and counted in `not_finite`."""
    names: dict[str, list] = {}
    for _, _, network in entries:
        for key, value in network.items():
            # `<measure>_std` is the spread over the splits of one measurement, not over seeds.
            split_std = key.endswith("_std") and key.removesuffix("_std") in network
            if key not in NOT_MEASURES and not split_std and isinstance(value, int | float) \
                    and not isinstance(value, bool):
                names.setdefault(key, []).append(number(value))
    measures = {}
    for key, values in names.items():
        finite = [value for value in values if value is not None]
        measures[key] = {**mean_std(finite), "not_finite": len(values) - len(finite)}
    return measures


def _compare_all(networks: dict[str, dict], headline: dict) -> list[dict]:
    students = [(name, network) for name, network in networks.items() if network["role"] == "student"]
    controls = [(name, network) for name, network in networks.items() if network["role"] == "control"]
    directions = [(headline["score"], "higher"), (headline["distance"], "lower")]
    pairs = [("student_vs_control", directions, student, control)
             for student in students for control in controls if student[1]["d"] == control[1]["d"]]
    sharper = [("vol_ratio", "higher"), (headline["distance"], "lower")]
    pairs += [("joint_vs_mse", sharper, joint, mse) for joint in students for mse in students
              if (joint[1]["objective"], mse[1]["objective"]) == ("joint", "mse")
              and joint[1]["d"] == mse[1]["d"]]
    found = []
    for kind, measures, (first, first_network), (second, second_network) in pairs:
        for measure, better in measures:
            sides = [network["measures"].get(measure) for network in (first_network, second_network)]
            if measure and all(side and side["n"] for side in sides):
                found.append({"kind": kind, "d": first_network["d"], "measure": measure, "better": better,
                              "first": first, "second": second, **compare(*sides, better)})
    return sorted(found, key=lambda entry: (entry["kind"], number(entry["d"]) or 0.0))


def _count(comparisons: list[dict]) -> dict:
    counts: dict = {}
    for entry in comparisons:
        measure = counts.setdefault(entry["kind"], {}).setdefault(
            entry["measure"], {"first": 0, "second": 0, "tie": 0})
        measure[entry["result"]] += 1
    return counts


def _plain(value) -> str:
    return "-" if value is None else str(value)


def _cell(measure: dict | None) -> str:
    if not measure or not measure["n"]:
        return "-"
    spread = "" if measure["std"] is None else f" +- {measure['std']:.4g}"
    return f"{measure['mean']:.4g}{spread}"
