"""Means, standard deviations, wins and ties over the seeds of each group of runs."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from kgan.report.evaluations import Evaluation, evaluation_lines, evaluations_of
from kgan.report.groups import Group, group_runs
from kgan.report.kinds import NAMES, kind_named
from kgan.report.load import Run, number, read_run

#: The rule by which two networks are compared, stated wherever a comparison is shown.
RULE = ("Means over seeds are compared; std is the sample standard deviation (n - 1). A difference of means "
        "no larger than the larger of the two stds is a tie. With one seed there is no std, and only equal "
        "numbers tie.")

_LATE_STD = "_late_std"  # of a measure that is a mean over late checkpoints: its spread over them


def summarise(runs: Sequence[Path | Run]) -> dict:
    """What several runs say together, as plain numbers, strings, lists and dicts (fit for JSON).

    Returns `{"rule", "groups"}`; a group holds the runs of one recipe with the same settings and protocol
    and has `kind`, `recipe`, `title`, `smoke`, `seeds`, `runs`, `protocol`, `headline`, `real`, `networks`,
    and what its kind compares: at least `comparisons` and `counts`. `networks[name]` holds `role`, its size
    and more (None where the seeds differ), `names` a seed, and
    `measures[measure] = {"mean", "std", "n", "values"}` with std None when n is 1. `evaluations` holds what
    `kgan evaluate` wrote into the runs, an entry for each protocol: `protocol` without what may differ between
    seeds, `num_samples`, `sources` (the files), `networks` and `reference`.

    Raises `InputError` for a folder that is no run or holds a damaged file.
    """
    read = [run if isinstance(run, Run) else read_run(run) for run in runs]
    groups = [summarise_group(group) for group in group_runs(read)]
    return {"rule": _rule(groups), "groups": groups}


def summarise_group(group: Group) -> dict:
    """The entry of `summarise` for one group."""
    first = group.first
    networks = {name: _network(group, entries) for name, entries in group.networks.items()}
    headline = {kind: first.metrics.get("headline", {}).get(kind) for kind in group.kind.headline}
    return {
        "kind": group.kind.name,
        "label": group.label,
        "recipe": first.recipe.get("recipe"),
        "title": first.recipe.get("title") or first.folder.name,
        "smoke": bool(first.recipe.get("smoke")),
        "seeds": group.seeds,
        "runs": [str(run.folder) for run in group.runs],
        "protocol": group.protocol,
        "headline": headline,
        "real": _measures([(run, "real", run.metrics.get("real", {})) for run in group.runs],
                          group.kind.description),
        "networks": networks,
        "evaluations": [_evaluation(evaluation) for evaluation in evaluations_of(group)],
        **group.kind.compare(group, networks, headline),
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


def count(comparisons: Sequence[dict]) -> dict:
    """How often each side won, by the comparisons' kind and measure."""
    counts: dict = {}
    for entry in comparisons:
        measure = counts.setdefault(entry["kind"], {}).setdefault(
            entry["measure"], {"first": 0, "second": 0, "tie": 0})
        measure[entry["result"]] = measure.get(entry["result"], 0) + 1
    return counts


def summary_lines(summary: dict) -> list[str]:
    """The summary as lines of a plain-text table, one block a group, for a terminal."""
    lines = []
    for group in summary["groups"]:
        lines += ["", *kind_named(group["kind"]).lines(group)]
        for title, rows in evaluation_lines(group, plain_measure):
            lines += ["", title, *text_table(rows)]
    return [*lines[1:], "", summary["rule"]] if lines else [summary["rule"]]


def text_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, the columns flush."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def plain(value) -> str:
    """A description of a network for a terminal."""
    return "-" if value is None else str(value)


def plain_measure(measure: dict | None, runs: int) -> str:
    """mean +- std of a `mean_std` over `runs` runs, for a terminal."""
    if not measure or not measure["n"]:
        return "-"
    std = spread_of(measure, runs)
    return f"{measure['mean']:.4g}" + ("" if std is None else f" +- {std:.4g}")


def spread_of(measure: dict, runs: int) -> float | None:
    """The std over the seeds; of a single run the std over its late checkpoints, where it has one."""
    return measure.get("late_stds", [None])[0] if runs == 1 else measure["std"]


def _rule(groups: Sequence[dict]) -> str:
    """The rule of the groups' kind; of several kinds each with its name."""
    kinds = [kind_named(name) for name in NAMES if name in {group["kind"] for group in groups}]
    if len(kinds) > 1:
        return "\n".join(f"{kind.heading}: {kind.rule}" for kind in kinds)
    return kinds[0].rule if kinds else RULE


def _network(group: Group, entries: list[tuple[Run, str, dict]]) -> dict:
    description, size = {}, group.kind.size
    for key in group.kind.description:
        values = [network.get(key) for _, _, network in entries]
        description[key] = values[0] if all(value == values[0] for value in values) else None
    names = [{"seed": run.seed, "name": name, size: network.get(size)} for run, name, network in entries]
    return {**description, "names": names, "measures": _measures(entries, group.kind.description)}


def _evaluation(evaluation: Evaluation) -> dict:
    """An entry of a group's `evaluations`."""
    networks = {}
    for label, entries in evaluation.networks.items():
        weights = sorted({entry.weights for entry in entries if entry.weights})
        networks[label] = {"names": [{"seed": entry.run.seed, "name": entry.name} for entry in entries],
                           "weights": " and ".join(weights) or None,
                           "measures": _spreads([entry.measures for entry in entries])}
    reference = networks.pop(None)["measures"]
    return {"protocol": evaluation.protocol, "num_samples": evaluation.num_samples, "sources": evaluation.sources,
            "networks": networks, "reference": reference}


def _spreads(found: Sequence[dict]) -> dict[str, dict]:
    """`_spread` of each measure over dictionaries of measures."""
    names = dict.fromkeys(name for measures in found for name in measures)
    return {name: _spread([number(measures[name]) for measures in found if name in measures]) for name in names}


def _spread(values: Sequence[float | None]) -> dict:
    """mean_std of those that are known; the others are counted in `not_finite`."""
    finite = [value for value in values if value is not None]
    return {**mean_std(finite), "not_finite": len(values) - len(finite)}


def _measures(entries: list[tuple[Run, str, dict]], description: Sequence[str]) -> dict[str, dict]:
    """mean_std of each measure; what is not finite is left out and counted in `not_finite`.

    Where the runs say it, `late_stds` holds the spread over the late checkpoints, a run each.
    """
    names: dict[str, list] = {}
    late_stds: dict[str, list] = {}
    for _, _, network in entries:
        for key, value in network.items():
            # `<measure>_std` is the spread over the splits of one measurement, not over seeds.
            split_std = key.endswith("_std") and key.removesuffix("_std") in network
            if key in description or split_std or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if key.endswith(_LATE_STD):
                late_stds.setdefault(key.removesuffix(_LATE_STD), []).append(number(value))
            else:
                names.setdefault(key, []).append(number(value))
    measures = {}
    for key, values in names.items():
        measures[key] = _spread(values)
        if key in late_stds:
            measures[key]["late_stds"] = late_stds[key]
    return measures
