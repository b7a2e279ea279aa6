"""Distillation methods over seeds: differences paired by seed, what was refused, what training cost."""

from kgan.report.cgan_kd_samples import summarise_costs
from kgan.report.groups import Group
from kgan.report.kd_methods import BASELINE, CONTROL, in_order, key_of, preparation
from kgan.report.load import Run, number
from kgan.report.paired import paired, rule_for
from kgan.report.summary import count, mean_std

#: The rule by which two methods are compared, stated wherever a comparison is shown.
RULE = rule_for("method")


def compare_all(group: Group, headline: dict) -> dict:
    """What the summary of a group holds besides its networks.

    `task`, `unit` and `data` are the runs', `pairs` their `[teacher, student]` by their first networks, `methods`
    their methods in the order of the paper. A comparison is `{"kind", "teacher", "student", "method", "against",
    "measure", "better", "first", "second", "pairs", "difference", "std", "n", "ahead", "result"}` as of
    `paired.paired`, the first the `method`; kind and `against` are "nokd" or "blkd". `counts` holds those of
    `summary.count` by `against`. `refused` are the runs' `{"teacher", "student", "kd", "reason"}`, each once. `costs`
    are those of `cgan_kd_samples`, `training` those of each method: `{"teacher", "student", "method", "seconds"}`,
    a `mean_std` of its student's seconds and what was trained before for it.
    """
    metrics, measure = group.first.metrics, headline["error"]
    errors = [(run.seed, _errors(run, measure)) for run in group.runs]
    keys = list(dict.fromkeys(key for _, found in errors for key in found))
    refused = _refused(group.runs)
    pairs = list(dict.fromkeys([key[:2] for key in keys if key[0] is not None] +
                               [(entry["teacher"], entry["student"]) for entry in refused]))
    methods = in_order([key[2] for key in keys] + [entry["kd"] for entry in refused])
    tried = [(*pair, method) for pair in pairs for method in methods if (*pair, method) in keys]
    comparisons = []
    for teacher, student, method in tried:
        for against, other in ((CONTROL, (None, student, CONTROL)), (BASELINE, (teacher, student, BASELINE))):
            both = [(seed, found[teacher, student, method], found[other]) for seed, found in errors
                    if None not in (found.get((teacher, student, method)), found.get(other))]
            if both and method != against:
                comparisons.append({"kind": against, "teacher": teacher, "student": student, "method": method,
                                    "against": against, "measure": measure, "better": "lower",
                                    **paired(both, "lower")})
    plain = [key for key in keys if key[0] is None]
    return {"task": metrics.get("task"), "unit": str(metrics.get("unit") or ""), "data": metrics.get("data", {}),
            "pairs": [list(pair) for pair in pairs], "methods": methods, "comparisons": comparisons,
            "counts": {against: count([entry for entry in comparisons if entry["against"] == against])
                       for against in dict.fromkeys(entry["against"] for entry in comparisons)},
            "refused": refused, "costs": summarise_costs(group),
            "training": [_training(group.runs, key) for key in (*plain, *tried)]}


def seconds_of(summary: dict, teacher: str, student: str, method: str) -> dict | None:
    """What training a method's student of a pair took, a `mean_std`; None where it was not trained."""
    key = (None if method == CONTROL else teacher, student, method)
    return next((entry["seconds"] for entry in summary["training"]
                 if (entry["teacher"], entry["student"], entry["method"]) == key), None)


def contests_of(summary: dict, pair: list[str], against: str) -> list[dict]:
    """The comparisons of a pair's methods with one of them, in the order of the tables."""
    return [entry for entry in summary["comparisons"]
            if [entry["teacher"], entry["student"]] == pair and entry["against"] == against]


def _errors(run: Run, measure: str | None) -> dict[tuple, float | None]:
    """A run's errors by (teacher, student, method); None where one is missing or no finite number."""
    return {key: number(network.get(measure)) for network in run.networks.values() if (key := key_of(network))}


def _refused(runs: list[Run]) -> list[dict]:
    """What the runs refused, reasons in one line; of equal teacher, student and method the first."""
    found = {}
    for entry in (entry for run in runs for entry in run.metrics.get("refused", [])):
        said = {part: entry[part] for part in ("teacher", "student", "kd")}
        found.setdefault(tuple(said.values()), {**said, "reason": " ".join(entry["reason"].split())})
    return list(found.values())


def _training(runs: list[Run], key: tuple) -> dict:
    teacher, student, method = key
    seconds = []
    for run in runs:
        names = [name for name, network in run.networks.items() if key_of(network) == key]
        before = preparation(method, teacher, student)
        costs = run.metrics.get("costs", {})
        own = [number(costs.get(name, {}).get("seconds")) for name in (*names, *([before] if before else []))]
        # A method whose preparation has no time on record would look cheaper than it is.
        if names and None not in own:
            seconds.append(sum(own))
    return {"teacher": teacher, "student": student, "method": method, "seconds": mean_std(seconds)}
