"""What measures see of damage: how each moves with the strength, and the mildest damage beside real against real."""

import itertools
from collections.abc import Iterator

from kgan.report.directions import better
from kgan.report.groups import Group
from kgan.report.load import number
from kgan.report.summary import plain_measure, text_table

RULE = ("A measure is monotone over a kind of damage where its means over seeds only rise, or only fall, from the "
        "mildest strength to the severest. The undamaged half of the real images against the other half is what a "
        "measure shows of no damage at all: a distance near it says nothing.")

UNDAMAGED = "undamaged"
#: The kinds of damage with their names for readers.
LABELS = {"blur": "blur", "noise": "noise", "missing_classes": "missing classes", "jpeg": "JPEG"}


def compare_all(group: Group, networks: dict[str, dict]) -> dict:
    """`{"comparisons", "counts", "damages"}` of a group.

    `damages` holds an entry for each measure and kind of damage: `measure`, `kind`, `names` (the measured sets, mildest
    first), `strengths`, `unit`, `trend` ("rises", "falls", "turns", "stays" or None for fewer than two strengths),
    `sees` (whether it gets worse with every strength; None where it has no better side or no trend is known), and of a
    distance `share`, real against real over the mildest damage (None where that is not above zero).
    """
    measures = list(dict.fromkeys(name for network in networks.values() for name in network["measures"]))
    found = []
    for measure in measures:
        for kind, names in kinds_of(networks).items():
            values = [_mean(networks[name], measure) for name in names]
            trend = trend_of(values)
            side = better(measure)
            worse = {"lower": "rises", "higher": "falls"}.get(side)
            found.append({
                "measure": measure, "kind": kind, "names": names,
                "strengths": [networks[name]["strength"] for name in names], "unit": networks[names[0]]["unit"],
                "trend": trend, "sees": None if worse is None or trend is None else trend == worse,
                "share": _share(_mean(networks.get(UNDAMAGED), measure), values[0]) if side == "lower" else None})
    return {"comparisons": [], "counts": {}, "damages": found}


def kinds_of(networks: dict[str, dict]) -> dict[str, list[str]]:
    """Of each kind of damage the names of its measured sets, mildest first."""
    found: dict[str, list[str]] = {}
    for name, network in sorted(networks.items(), key=lambda pair: number(pair[1]["level"]) or 0.0):
        if network["role"] != UNDAMAGED:
            found.setdefault(str(network["role"]), []).append(name)
    return {kind: found[kind] for kind in sorted(found, key=lambda kind: [*LABELS, kind].index(kind))}


def trend_of(values: list[float | None]) -> str | None:
    """How values go from first to last: "rises", "falls", "turns", "stays"; None for fewer than two, or one unknown."""
    if len(values) < 2 or None in values:
        return None
    steps = [after - before for before, after in itertools.pairwise(values)]
    if not any(steps):
        return "stays"
    return "rises" if min(steps) >= 0 else "falls" if max(steps) <= 0 else "turns"


def label_of(kind: str) -> str:
    """A kind of damage for readers."""
    return LABELS.get(kind, kind)


def lines(summary: dict) -> list[str]:
    """A group's summary as lines of plain text."""
    networks, runs = summary["networks"], len(summary["runs"])
    found = [summary["label"]]
    most = max((len(entry["names"]) for entry in summary["damages"]), default=0)
    rows = [["measure", "damage", UNDAMAGED, *map(str, range(1, most + 1)), "trend", "undamaged / mildest"]]
    for entry in summary["damages"]:
        cells = [plain_measure(networks.get(name, {}).get("measures", {}).get(entry["measure"]), runs)
                 for name in (UNDAMAGED, *entry["names"])]
        rows.append([entry["measure"], label_of(entry["kind"]), *cells, *[""] * (most + 1 - len(cells)),
                     entry["trend"] or "-", "" if entry["share"] is None else f"{entry['share']:.3f}"])
    return [*found, *(text_table(rows) if len(rows) > 1 else ["no measures"]), *strength_lines(summary)]


def strength_lines(summary: dict) -> Iterator[str]:
    """What the strengths of each kind are, in words."""
    for entry in {entry["kind"]: entry for entry in summary["damages"]}.values():
        strengths = ", ".join(f"{value:g}" if number(value) is not None else str(value) for value in entry["strengths"])
        yield f"{label_of(entry['kind'])} ({entry['unit']}): {strengths}"


def _mean(network: dict | None, measure: str) -> float | None:
    entry = network["measures"].get(measure) if network else None
    return entry["mean"] if entry and entry["n"] else None


def _share(undamaged: float | None, mildest: float | None) -> float | None:
    return undamaged / mildest if undamaged is not None and mildest is not None and mildest > 0 else None
