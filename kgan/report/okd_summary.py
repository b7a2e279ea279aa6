"""Online distillation over seeds: the best and the mean of the generators, and differences paired by seed."""

import statistics
from collections.abc import Sequence

from kgan.report.groups import Group
from kgan.report.load import Run, number
from kgan.report.summary import count, mean_std, plain, plain_measure, text_table

#: The rule by which peers and independent GANs are compared, stated wherever a comparison is shown.
RULE = ("Peers and independent GANs are paired by seed: their difference is taken within each seed. The side ahead "
        "wins if the mean of the differences is larger in size than their sample standard deviation (n - 1) over the "
        "seeds; else it is a tie. With one seed chance is not excluded, and neither wins. The single GAN stands beside "
        "them: the best of several against one run is no fair contest.")

#: The roles in the order of the tables, and what several networks of one are called.
ROLES = {"peer": "peers", "independent": "independent", "single": "single"}


def place_of(name: str, network: dict) -> str:
    """A network's place on the ring, or its name where it states none."""
    return name if network.get("peer") is None else str(network["peer"])


def in_order(networks: dict[str, dict], role: str) -> list[tuple[str, dict]]:
    """(name, network) of a role in the order of their places."""
    found = [(name, network) for name, network in networks.items() if network.get("role") == role]

    def order(entry):
        place = place_of(*entry)
        return (0, int(place), "") if place.isdecimal() else (1, 0, place)

    return sorted(found, key=order)


def sizes_differ(networks: dict[str, dict]) -> bool:
    """Whether the peers are of different sizes."""
    sizes = {(str(net.get("size")), net.get("parameters")) for _, net in in_order(networks, "peer")}
    return len(sizes) > 1


def directions(headline: dict) -> list[tuple[str, str]]:
    """(measure, "higher" or "lower") of the headline's measures."""
    pairs = ((headline["score"], "higher"), (headline["distance"], "lower"))
    return [(measure, better) for measure, better in pairs if measure]


def compare_all(group: Group, networks: dict[str, dict], headline: dict) -> dict:
    """`spreads`, `comparisons`, `counts` and `unpaired` of a group's summary.

    `spreads[role][measure]` is `{"mean"}`, and `"best"` for a measure of the headline: a `mean_std` over the
    runs of the mean (the best) of a run's networks of that role. A comparison is `{"kind", "place",
    "measure", "better", "first", "second", "pairs", "difference", "std", "n", "ahead", "result"}`: kind is
    "best", "mean" or "place", first the peers, second the independent GANs (means of `pairs`, their values
    by seed), `ahead` in how many of the n seeds each is better, result "first", "second", "tie", or "open"
    with one seed. `unpaired` gives the reason for each run whose two sides cannot be compared.
    """
    unpaired = {str(run.folder): _why_unpaired(run) for run in group.runs}
    runs = [run for run in group.runs if not unpaired[str(run.folder)]]
    comparisons = []
    for measure, better in directions(headline):
        sides = [(run.seed, _values(run, "peer", measure), _values(run, "independent", measure)) for run in runs]
        best = max if better == "higher" else min
        whole = [entry for entry in sides if None not in (*entry[1].values(), *entry[2].values())]
        contests = [("best", None, [(seed, best(a.values()), best(b.values())) for seed, a, b in whole]),
                    ("mean", None, [(seed, statistics.fmean(a.values()), statistics.fmean(b.values()))
                                    for seed, a, b in whole])]
        places = dict.fromkeys(place for _, peers, _ in sides for place in peers)
        contests += [("place", place, [(seed, a[place], b[place]) for seed, a, b in sides
                                       if None not in (a.get(place), b.get(place))]) for place in places]
        comparisons += [{"kind": kind, "place": place, "measure": measure, "better": better, **paired(pairs, better)}
                        for kind, place, pairs in contests if pairs]
    return {"spreads": {role: _spreads(group, role, networks, headline) for role in ROLES},
            "comparisons": comparisons, "counts": count(comparisons),
            "unpaired": {folder: reason for folder, reason in unpaired.items() if reason}}


def paired(pairs: Sequence[tuple], better: str) -> dict:
    """Compares two sides by `(seed, first, second)`; `better` is "higher" or "lower". `RULE` is the rule."""
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


def _why_unpaired(run: Run) -> str | None:
    peers, independent = ({place: (network.get("size"), network.get("parameters"))
                           for place, network in _by_place(run, role).items()} for role in ("peer", "independent"))
    if not peers or not independent:
        return f"no {'peers' if not peers else 'independent GANs'}"
    if peers != independent:
        return "peers and independent GANs are not of the same number and sizes"
    return None


def _spreads(group: Group, role: str, networks: dict[str, dict], headline: dict) -> dict[str, dict]:
    names = [name for name, _ in in_order(networks, role)]
    choose = {measure: max if better == "higher" else min for measure, better in directions(headline)}
    spreads = {}
    for measure in dict.fromkeys(measure for name in names for measure in networks[name]["measures"]):
        runs = [_values(run, role, measure) for run in group.runs]
        whole = [values for values in runs if values and None not in values.values()]
        spreads[measure] = {"mean": mean_std([statistics.fmean(values.values()) for values in whole])}
        if measure in choose:
            spreads[measure]["best"] = mean_std([choose[measure](values.values()) for values in whole])
    return spreads


def lines(group: dict) -> list[str]:
    """A group's summary for a terminal: every network, best and mean, and the paired differences."""
    runs = len(group["runs"])
    measures = [measure for measure, _ in directions(group["headline"])]
    table = [["network", "role", "size", "parameters", *measures]]
    for role, several in ROLES.items():
        entries = in_order(group["networks"], role)
        table += [[name, role, plain(network["size"]), plain(network["parameters"]),
                   *(plain_measure(network["measures"].get(measure), runs) for measure in measures)]
                  for name, network in entries]
        table += [[f"{several}, {kind}", "", "", "",
                   *(plain_measure(group["spreads"][role].get(measure, {}).get(kind), runs) for measure in measures)]
                  for kind in ("best", "mean") if len(entries) > 1]
    late = any("late_stds" in measure for net in group["networks"].values() for measure in net["measures"].values())
    spread = "std over its late checkpoints" if late else "no std"
    found = [f"{group['label']}: " + (f"mean and std over {runs} runs" if runs > 1 else f"one run, {spread}"),
             *text_table(table)]
    differ = sizes_differ(group["networks"])
    found += [_line(entry, runs) for entry in group["comparisons"] if differ or entry["kind"] != "place"]
    if not group["comparisons"]:
        found.append("no peers and independent GANs to compare: nothing shows that the connectors helped")
    elif group["unpaired"]:
        found += [f"not compared: {folder}: {reason}" for folder, reason in group["unpaired"].items()]
    return found


def _line(entry: dict, runs: int) -> str:
    contest = f"place {entry['place']}" if entry["kind"] == "place" else entry["kind"]
    spread = "" if entry["std"] is None else f" +- {entry['std']:.4g}"
    result = {"first": "the peers win", "second": "the independent GANs win", "tie": "tie",
              "open": "one seed, chance not excluded"}[entry["result"]]
    first, second = entry["ahead"].values()
    ahead = "" if entry["n"] == 1 else f"; peers ahead in {first} of {entry['n']} seeds, independent in {second}"
    some = "" if entry["n"] == runs else f" (of {runs}, those with all numbers)"
    return (f"{entry['measure']} ({entry['better']} is better), {contest}: peers {entry['first']:.4g}, independent "
            f"{entry['second']:.4g}, difference {entry['difference']:+.4g}{spread}{ahead}{some}: {result}")
