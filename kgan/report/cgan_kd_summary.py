"""cGAN-KD over seeds: the error of every arm, and differences paired by seed."""

from kgan.report.cgan_kd_arms import in_order, modules, references
from kgan.report.cgan_kd_samples import summarise_costs, summarise_samples, summarise_sweeps
from kgan.report.groups import Group
from kgan.report.load import Run, number
from kgan.report.paired import paired, rule_for
from kgan.report.summary import count

#: The rule by which two arms are compared, stated wherever a comparison is shown.
RULE = rule_for("arm")


def compare_all(group: Group, headline: dict) -> dict:
    """What the summary of a group holds besides its networks.

    `task`, `unit` and `data` are the runs'. A comparison is `{"kind", "arm", "against", "measure", "better",
    "first", "second", "pairs", "difference", "std", "n", "ahead", "result"}` as of `paired.paired`, the first the
    `arm`; kind is "control", or "module" for an arm against that without its last module. `counts` holds those of
    `summary.count` by the arm `against`. `samples`, `sweeps` and `costs` are those of `cgan_kd_samples`, empty
    where no run states any.
    """
    metrics, measure = group.first.metrics, headline["error"]
    errors = [(run.seed, errors_by_arm(run, measure)) for run in group.runs]
    arms = in_order([arm for _, found in errors for arm in found])
    contests = [("control", arm, against) for arm in arms for against in references(arm, arms)]
    contests += [("module", arm, before) for arm, before in modules(arms)]
    comparisons = []
    for kind, arm, against in contests:
        pairs = [(seed, found[arm], found[against]) for seed, found in errors
                 if None not in (found.get(arm), found.get(against))]
        if pairs:
            comparisons.append({"kind": kind, "arm": arm, "against": against, "measure": measure, "better": "lower",
                                **paired(pairs, "lower")})
    return {"task": metrics.get("task"), "unit": str(metrics.get("unit") or ""), "data": metrics.get("data", {}),
            "comparisons": comparisons,
            "counts": {against: count([entry for entry in comparisons if entry["against"] == against])
                       for against in dict.fromkeys(entry["against"] for entry in comparisons)},
            "samples": summarise_samples(group), "sweeps": summarise_sweeps(group, measure),
            "costs": summarise_costs(group)}


def errors_by_arm(run: Run, measure: str) -> dict[str, float | None]:
    """A run's errors by arm; None where one is missing or no finite number."""
    return {network["arm"]: number(network.get(measure)) for network in run.networks.values()
            if network.get("arm") is not None}


def by_arm(summary: dict) -> dict[str, tuple[str, dict]]:
    """(name, network) of a group's summary by arm, in the order of the tables."""
    found = {network["arm"]: (name, network) for name, network in summary["networks"].items()
             if network["arm"] is not None}
    return {arm: found[arm] for arm in in_order(found)}


def teachers(summary: dict) -> list[tuple[str, dict]]:
    """(name, network) of a group's teachers."""
    return [(name, network) for name, network in summary["networks"].items() if network["role"] == "teacher"]


def in_unit(summary: dict) -> str:
    """The unit of the error, in brackets behind a name; empty where it is not stated."""
    return f" ({summary['unit']})" if summary["unit"] else ""
