"""What the page shows of generators in roles: charts of every one, tables, and pictures."""

from kgan.report import pictures
from kgan.report.directions import directions
from kgan.report.figures import Points, in_columns
from kgan.report.generators import (
    Role,
    Roles,
    counted,
    in_order,
    label,
    place_of,
    short,
    sizes_differ,
    tick,
)
from kgan.report.groups import Group
from kgan.report.load import Images
from kgan.report.paired_verdict import signed
from kgan.report.rows import EMPTY, measure_cell, show, spread_cell

_CROWD = 4  # networks from which on one interpolation must do: their rows share a budget of bytes


def points_charts(roles: Roles, group: dict, key: str) -> list[str]:
    """The score and the distance of every generator, a point a seed, with the mean of each role."""
    charts = []
    for measure, better in directions(group["headline"]):
        drawn = []
        for role, words in roles.items():
            found = [(name, net, net["measures"][measure]["values"])
                     for name, net in in_order(group["networks"], role)
                     if net["measures"].get(measure, {}).get("n")]
            if found:
                labels = [tick(name, net, roles) for name, net, _ in found]
                drawn.append(Points(words.legend, words.colour, labels, [values for *_, values in found]))
        if drawn:
            texts = [f"{measure} of every generator, {better} is better."]
            for points in drawn:
                each = (f"{name} {', '.join(map(show, values))}"
                        for name, values in zip(points.labels, points.values, strict=True))
                texts.append(f"{points.name}: {'; '.join(each)}.")
            charts.append(in_columns(f"{key}-{len(charts)}", " ".join(texts), f"{measure} ({better} is better)",
                                     drawn))
    return charts


def size_table(roles: Roles, group: dict, wins: set[tuple[str, str, str]] = frozenset()) -> dict:
    """`{"measures", "rows"}`: a row `{"colour", "name", "cells", "whole"}` a generator, then best and mean.

    `measures` are (name, "higher", "lower" or None): the headline's first, then the others without their
    spread over splits. `whole` marks the rows of best and mean; of these, ("best" or "mean", measure, role)
    in `wins` are set off.
    """
    networks, runs = group["networks"], len(group["runs"])
    better = dict(directions(group["headline"]))
    named = dict.fromkeys(measure for net in networks.values() for measure in net["measures"])
    measures = list(better) + [measure for measure in named if measure not in better and not measure.endswith("_std")]
    rows = []
    for role, words in roles.items():
        entries = in_order(networks, role)
        for name, net in entries:
            described = [show(net["size"]), "varies" if net["parameters"] is None and len(net["names"]) > 1
                         else show(net["parameters"])]
            cells = [{"text": text} for text in (*described, *(measure_cell(net, measure, runs)
                                                              for measure in measures))]
            rows.append({"colour": words.colour, "name": label(name, net, roles), "cells": cells, "whole": False})
        for kind in ("best", "mean") if len(entries) > 1 else ():
            cells = [{"text": ""}, {"text": ""}]
            for measure in measures:
                entry = group["spreads"][role].get(measure, {}).get(kind)
                cells.append({"text": spread_cell(entry, runs), "win": (kind, measure, role) in wins})
            rows.append({"colour": words.colour, "name": f"{words.several}, {kind}", "cells": cells, "whole": True})
    return {"measures": [(measure, better.get(measure)) for measure in measures], "rows": rows}


def paired_table(roles: Roles, group: dict, comparisons: list[dict], first: Role, second: Role) -> dict:
    """The paired differences of two roles: best, mean and, where sizes differ, each place: `{"columns", "rows"}`."""
    differ = sizes_differ(group["networks"], roles)
    counts = {place_of(name, net): counted(net) for name, net in in_order(group["networks"], next(iter(roles)))}
    sides, rows = (first.several, second.several), []
    for entry in comparisons:
        if entry["kind"] == "place" and not differ:
            continue
        place = entry["place"]
        contest = entry["kind"] if place is None else f"{short(place)}, {counts.get(place, EMPTY)}"
        result = {"first": sides[0], "second": sides[1]}.get(entry["result"], entry["result"])
        rows.append([f"{entry['measure']} ({entry['better']} is better)", contest, show(entry["first"]),
                     show(entry["second"]), signed(entry), *(f"{entry['ahead'][side]} of {entry['n']}"
                                                             for side in ("first", "second")), result])
    return {"columns": ["measure", "of", *sides, "difference", *(f"{side} ahead" for side in sides), "winner"],
            "rows": rows}


def side_by_side(roles: Roles, summaries: list[dict], measure: str) -> dict:
    """A measure of several groups, a column each: of each role best and mean, then every generator.

    A column of one run shows no spread: beside a std over seeds one over late checkpoints would mislead.
    """
    sizes = {str(net["size"]) for group in summaries for net in group["networks"].values()}
    rows = []
    for role, words in roles.items():
        cells: dict[tuple[int, str], list[str]] = {}  # by the row's order and name
        for index, group in enumerate(summaries):
            runs, entries = len(group["runs"]), in_order(group["networks"], role)
            measured = {(-2 + i, f"{words.several}, {kind}"): group["spreads"][role].get(measure, {}).get(kind)
                        for i, kind in enumerate(("best", "mean")) if len(entries) > 1}
            for i, (name, net) in enumerate(entries):
                size = f", size {show(net['size'])}" if len(sizes) > 1 and net["size"] is not None else ""
                measured[i, label(name, net, roles) + size] = net["measures"].get(measure)
            for row, entry in measured.items():
                of_seeds = {**entry, "late_stds": [None]} if entry else None
                cells.setdefault(row, [EMPTY] * len(summaries))[index] = spread_cell(of_seeds, runs)
        rows += [[name, *shown] for (_, name), shown in sorted(cells.items())]
    return {"columns": ["network", *(group["label"] for group in summaries)], "rows": rows}


def sample_rows(roles: Roles, group: Group, images: Images, share: int) -> dict:
    """`{"real", "count", "rows"}`: samples of the first run's networks from the same latents, in the order of
    `roles`."""
    labels = _picture_labels(roles, group, images.samples)
    if not labels:
        return {"real": None, "count": 0, "rows": []}
    columns = pictures.sample_columns(images, len(labels) + 1, share)
    rows = [pictures.row(*labels[name], images.samples[name][:columns], f"samples of {name}") for name in labels]
    return {"real": pictures.real_strip(images, columns), "count": columns, "rows": rows}


def interpolation_blocks(roles: Roles, group: Group, images: Images, share: int) -> list[dict]:
    """Interpolations of every generator of the first run."""
    labels = _picture_labels(roles, group, images.interpolation)
    return pictures.interpolation_rows(images, labels, share, 1 if len(labels) > _CROWD else 2)


def _picture_labels(roles: Roles, group: Group, shown: dict) -> dict[str, tuple[str, str]]:
    """(label, colour) of the first run's networks that have pictures."""
    networks = group.first.networks
    sizes = {(str(net.get("size")), net.get("parameters")) for net in networks.values() if net.get("role") in roles}
    labels = {}
    for role, words in roles.items():
        for name, network in in_order(networks, role):
            if name in shown:
                size = f", {show(network.get('parameters'))} parameters" if len(sizes) > 1 else ""
                labels[name] = (label(name, network, roles) + size, words.colour)
    return labels
