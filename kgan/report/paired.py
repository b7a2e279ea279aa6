"""Two roles of generators against each other over seeds: best, mean and place by place, paired by seed."""

import statistics
from collections.abc import Sequence

from kgan.report.directions import directions
from kgan.report.generators import Role, Roles, in_order, place_of
from kgan.report.groups import Group
from kgan.report.load import Run, number
from kgan.report.summary import mean_std, plain, plain_measure


def rule_for(what: str) -> str:
    """The rule by which two of a kind, such as arms, are compared; stated wherever a comparison is shown."""
    return (f"Two {what}s are paired by seed: the difference of their errors is taken within each seed. The {what} "
            "with the lower mean wins (it is ahead, the other behind) if the mean of the differences is larger in size "
            "than their sample standard deviation (n - 1) over the seeds; else it is a tie. With one seed chance is "
            "not excluded, and neither wins.")


def paired(pairs: Sequence[tuple], better: str) -> dict:
    """Compares two sides by `(seed, first, second)`; `better` is "higher" or "lower".

    The side ahead wins if the mean of the differences is larger in size than their sample standard deviation.
    """
    differences = [first - second for _, first, second in pairs]
    spread = mean_std(differences)
    sign = 1 if better == "higher" else -1
    ahead = {"first": sum(sign * difference > 0 for difference in differences),
             "second": sum(sign * difference < 0 for difference in differences)}
    if spread["std"] is None:
        result = "open"
    elif abs(spread["mean"]) > spread["std"]:
        result = "first" if sign * spread["mean"] > 0 else "second"
    else:
        result = "tie"
    return {"first": statistics.fmean(first for _, first, _ in pairs),
            "second": statistics.fmean(second for _, _, second in pairs),
            "pairs": [{"seed": seed, "first": first, "second": second} for seed, first, second in pairs],
            "difference": spread["mean"], "std": spread["std"], "n": len(pairs), "ahead": ahead, "result": result}


def result(entry: dict) -> str:
    """How a comparison ends for its first side: ahead, behind or tie; of one seed, that chance is not excluded."""
    if entry["result"] != "open":
        return {"first": "ahead", "second": "behind", "tie": "tie"}[entry["result"]]
    return f"{ahead_in_one(entry)}, one seed"


def ahead_in_one(entry: dict) -> str:
    """Of one seed: whether a comparison's first side is ahead, behind or equal."""
    first, second = entry["ahead"].values()
    return "ahead" if first else "behind" if second else "equal"


def plain_line(entry: dict, first: str, second: str, runs: int) -> str:
    """A comparison of two networks of these names for a terminal."""
    spread = "" if entry["std"] is None else f" +- {entry['std']:.4g}"
    ahead = "" if entry["n"] == 1 else f"; ahead in {entry['ahead']['first']} of {entry['n']} seeds, behind in " \
                                       f"{entry['ahead']['second']}"
    some = "" if entry["n"] == runs else f" (of {runs}, those with both numbers)"
    return (f"{first} against {second}: {entry['first']:.4g} against {entry['second']:.4g}, difference "
            f"{entry['difference']:+.4g}{spread}{ahead}{some}: {result(entry)}")


def contests(runs: Sequence[Run], first: str, second: str, headline: dict, places: bool = True) -> list[dict]:
    """The comparisons of two roles in each measure of the headline.

    A comparison is `{"kind", "place", "measure", "better", "first", "second", "pairs", "difference", "std", "n",
    "ahead", "result"}`: kind is "best", "mean" or (with `places`) "place", `first` and `second` the means of
    `pairs`, the roles' values by seed, `ahead` in how many of the n seeds each is better, result "first",
    "second", "tie", or "open" with one seed. A seed without all numbers is no pair.
    """
    comparisons = []
    for measure, better in directions(headline):
        sides = [(run.seed, _values(run, first, measure), _values(run, second, measure)) for run in runs]
        best = max if better == "higher" else min
        whole = [entry for entry in sides if None not in (*entry[1].values(), *entry[2].values())]
        found = [("best", None, [(seed, best(a.values()), best(b.values())) for seed, a, b in whole]),
                 ("mean", None, [(seed, statistics.fmean(a.values()), statistics.fmean(b.values()))
                                 for seed, a, b in whole])]
        for place in dict.fromkeys(place for _, a, _ in sides for place in a) if places else ():
            found.append(("place", place, [(seed, a[place], b[place]) for seed, a, b in sides
                                           if None not in (a.get(place), b.get(place))]))
        comparisons += [{"kind": kind, "place": place, "measure": measure, "better": better, **paired(pairs, better)}
                        for kind, place, pairs in found if pairs]
    return comparisons


def why_unpaired(run: Run, first: str, second: str, roles: Roles) -> str | None:
    """Why a run's two roles cannot be compared: one is missing, or they are not of the same number and sizes.

    A role of one generator alone only has to be there.
    """
    for role in (first, second):
        if not _by_place(run, role):
            return f"no {roles[role].noun}"
    if roles[second].tick or _sizes(run, first) == _sizes(run, second):
        return None
    return f"{roles[first].noun} and {roles[second].noun} are not of the same number and sizes"


def spreads(group: Group, role: str, networks: dict[str, dict], headline: dict) -> dict[str, dict]:
    """`{"mean"}` by measure, and `"best"` for one of the headline: a `mean_std` over the runs of the mean
    (the best) of a run's networks of that role."""
    names = [name for name, _ in in_order(networks, role)]
    choose = {measure: max if better == "higher" else min for measure, better in directions(headline)}
    found = {}
    for measure in dict.fromkeys(measure for name in names for measure in networks[name]["measures"]):
        runs = [_values(run, role, measure) for run in group.runs]
        whole = [values for values in runs if values and None not in values.values()]
        found[measure] = {"mean": mean_std([statistics.fmean(values.values()) for values in whole])}
        if measure in choose:
            found[measure]["best"] = mean_std([choose[measure](values.values()) for values in whole])
    return found


def table_rows(group: dict, roles: Roles) -> list[list[str]]:
    """Every network, and best and mean of each role, with the headline's measures, for a terminal."""
    runs = len(group["runs"])
    measures = [measure for measure, _ in directions(group["headline"])]
    table = [["network", "role", "size", "parameters", *measures]]
    for role, words in roles.items():
        entries = in_order(group["networks"], role)
        table += [[name, role, plain(network["size"]), plain(network["parameters"]),
                   *(plain_measure(network["measures"].get(measure), runs) for measure in measures)]
                  for name, network in entries]
        table += [[f"{words.several}, {kind}", "", "", "",
                   *(plain_measure(group["spreads"][role].get(measure, {}).get(kind), runs) for measure in measures)]
                  for kind in ("best", "mean") if len(entries) > 1]
    return table


def line(entry: dict, first: Role, second: Role, runs: int) -> str:
    """A comparison for a terminal."""
    contest = f"place {entry['place']}" if entry["kind"] == "place" else entry["kind"]
    spread = "" if entry["std"] is None else f" +- {entry['std']:.4g}"
    result = {"first": first.win, "second": second.win, "tie": "tie",
              "open": "one seed, chance not excluded"}[entry["result"]]
    led, lost = entry["ahead"].values()
    ahead = "" if entry["n"] == 1 else (f"; {first.several} ahead in {led} of {entry['n']} seeds, {second.several} in "
                                        f"{lost}")
    some = "" if entry["n"] == runs else f" (of {runs}, those with all numbers)"
    return (f"{entry['measure']} ({entry['better']} is better), {contest}: {first.several} {entry['first']:.4g}, "
            f"{second.several} {entry['second']:.4g}, difference {entry['difference']:+.4g}{spread}{ahead}{some}: "
            f"{result}")


def _by_place(run: Run, role: str) -> dict[str, dict]:
    """A run's networks of a role by place; one whose place is taken already goes by its name."""
    found: dict[str, dict] = {}
    for name, network in in_order(run.networks, role):
        place = place_of(name, network)
        found[name if place in found else place] = network
    return found


def _values(run: Run, role: str, measure: str) -> dict[str, float | None]:
    """A measure by place; None where it is missing or no finite number."""
    return {place: number(network.get(measure)) for place, network in _by_place(run, role).items()}


def _sizes(run: Run, role: str) -> dict[str, tuple]:
    return {place: (network.get("size"), network.get("parameters")) for place, network in _by_place(run, role).items()}
