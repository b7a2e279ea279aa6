"""What the page shows of an online distillation: charts of every generator, tables, and pictures."""

import csv
from pathlib import Path

from kgan.report import pictures
from kgan.report.figures import Points, in_columns
from kgan.report.groups import Group
from kgan.report.load import Images
from kgan.report.okd_summary import ROLES, directions, in_order, place_of, sizes_differ
from kgan.report.okd_verdict import counted, short, signed
from kgan.report.rows import EMPTY, measure_cell, show, spread_cell

#: The roles with the page's colours: what is tested, what it is tested against, what stands beside them.
COLOURS = {"peer": "student", "independent": "control", "single": "teacher"}

_PAPER_TABLE = Path(__file__).parent / "tables" / "okd_table1.csv"
_LEGEND = {"peer": "peers", "independent": "independent GANs (rho = 0)", "single": "single GAN"}
_CROWD = 4  # networks from which on one interpolation must do: their rows share a budget of bytes


def points_charts(group: dict, key: str) -> list[str]:
    """The score and the distance of every generator, a point a seed, with the mean of each role."""
    charts = []
    for measure, better in directions(group["headline"]):
        roles = []
        for role, colour in COLOURS.items():
            found = [(name, net, net["measures"][measure]["values"])
                     for name, net in in_order(group["networks"], role)
                     if net["measures"].get(measure, {}).get("n")]
            if found:
                labels = [_tick(name, net) for name, net, _ in found]
                roles.append(Points(_LEGEND[role], colour, labels, [values for *_, values in found]))
        if roles:
            texts = [f"{measure} of every generator, {better} is better."]
            for points in roles:
                each = (f"{label} {', '.join(map(show, values))}"
                        for label, values in zip(points.labels, points.values, strict=True))
                texts.append(f"{points.name}: {'; '.join(each)}.")
            charts.append(in_columns(f"{key}-{len(charts)}", " ".join(texts), f"{measure} ({better} is better)",
                                     roles))
    return charts


def size_table(group: dict) -> dict:
    """`{"measures", "rows"}`: a row `{"colour", "name", "cells", "whole"}` a generator, then best and mean.

    `measures` are (name, "higher", "lower" or None): the headline's first, then the others without their
    spread over splits. `whole` marks the rows of best and mean.
    """
    networks, runs = group["networks"], len(group["runs"])
    better = dict(directions(group["headline"]))
    named = dict.fromkeys(measure for net in networks.values() for measure in net["measures"])
    measures = list(better) + [measure for measure in named if measure not in better and not measure.endswith("_std")]
    wins = {(entry["kind"], entry["measure"], {"first": "peer", "second": "independent"}.get(entry["result"]))
            for entry in group["comparisons"]}
    rows = []
    for role, several in ROLES.items():
        entries = in_order(networks, role)
        for name, net in entries:
            described = [show(net["size"]), "varies" if net["parameters"] is None and len(net["names"]) > 1
                         else show(net["parameters"])]
            cells = [{"text": text} for text in (*described, *(measure_cell(net, measure, runs)
                                                              for measure in measures))]
            rows.append({"colour": COLOURS[role], "name": label(name, net), "cells": cells, "whole": False})
        for kind in ("best", "mean") if len(entries) > 1 else ():
            cells = [{"text": ""}, {"text": ""}]
            for measure in measures:
                entry = group["spreads"][role].get(measure, {}).get(kind)
                cells.append({"text": spread_cell(entry, runs), "win": (kind, measure, role) in wins})
            rows.append({"colour": COLOURS[role], "name": f"{several}, {kind}", "cells": cells, "whole": True})
    return {"measures": [(measure, better.get(measure)) for measure in measures], "rows": rows}


def paired_table(group: dict) -> dict:
    """The paired differences: best, mean and, where sizes differ, each place: `{"columns", "rows"}`."""
    differ = sizes_differ(group["networks"])
    counts = {place_of(name, net): counted(net) for name, net in in_order(group["networks"], "peer")}
    rows = []
    for entry in group["comparisons"]:
        if entry["kind"] == "place" and not differ:
            continue
        place = entry["place"]
        contest = entry["kind"] if place is None else f"{short(place)}, {counts.get(place, EMPTY)}"
        result = {"first": "peers", "second": "independent", "tie": "tie", "open": "open"}[entry["result"]]
        rows.append([f"{entry['measure']} ({entry['better']} is better)", contest, show(entry["first"]),
                     show(entry["second"]), signed(entry), *(f"{entry['ahead'][side]} of {entry['n']}"
                                                             for side in ("first", "second")), result])
    return {"columns": ["measure", "of", "peers", "independent", "difference", "peers ahead", "independent ahead",
                        "winner"], "rows": rows}


def side_by_side(summaries: list[dict], measure: str) -> dict:
    """A measure of several groups, a column each: of each role best and mean, then every generator.

    A column of one run shows no spread: beside a std over seeds one over late checkpoints would mislead.
    """
    sizes = {str(net["size"]) for group in summaries for net in group["networks"].values()}
    rows = []
    for role, several in ROLES.items():
        cells: dict[tuple[int, str], list[str]] = {}  # by the row's order and name
        for index, group in enumerate(summaries):
            runs, entries = len(group["runs"]), in_order(group["networks"], role)
            measured = {(-2 + i, f"{several}, {kind}"): group["spreads"][role].get(measure, {}).get(kind)
                        for i, kind in enumerate(("best", "mean")) if len(entries) > 1}
            for i, (name, net) in enumerate(entries):
                size = f", size {show(net['size'])}" if len(sizes) > 1 and net["size"] is not None else ""
                measured[i, label(name, net) + size] = net["measures"].get(measure)
            for row, entry in measured.items():
                of_seeds = {**entry, "late_stds": [None]} if entry else None
                cells.setdefault(row, [EMPTY] * len(summaries))[index] = spread_cell(of_seeds, runs)
        rows += [[name, *shown] for (_, name), shown in sorted(cells.items())]
    return {"columns": ["network", *(group["label"] for group in summaries)], "rows": rows}


def sample_rows(group: Group, images: Images, share: int) -> dict:
    """Figure 3: `{"real", "count", "rows"}`, the first run's single GAN, independent GANs and peers."""
    labels = _picture_labels(group, images.samples)
    if not labels:
        return {"real": None, "count": 0, "rows": []}
    columns = pictures.sample_columns(images, len(labels) + 1, share)
    rows = [pictures.row(*labels[name], images.samples[name][:columns], f"samples of {name}") for name in labels]
    return {"real": pictures.real_strip(images, columns), "count": columns, "rows": rows}


def interpolation_blocks(group: Group, images: Images, share: int) -> list[dict]:
    """Interpolations of every generator of the first run."""
    labels = _picture_labels(group, images.interpolation)
    return pictures.interpolation_rows(images, labels, share, 1 if len(labels) > _CROWD else 2)


def label(name: str, network: dict) -> str:
    """A network on the page: peer G1, independent G2, single."""
    if network["role"] == "single":
        return name
    return f"{network['role']} {short(place_of(name, network))}"


def paper_table() -> dict:
    """The paper's table 1: `{"columns", "rows"}`, a row a model."""
    with _PAPER_TABLE.open(newline="", encoding="utf-8") as file:
        source = list(csv.DictReader(file))
    columns = list(dict.fromkeys(row["generator"] for row in source))
    cells = {(row["model"], row["generator"]): row["fid"] for row in source}
    return {"columns": ["model", *(column or "alone" for column in columns)],
            "rows": [[model, *(cells.get((model, column), EMPTY) for column in columns)]
                     for model in dict.fromkeys(row["model"] for row in source)]}


def _picture_labels(group: Group, shown: dict) -> dict[str, tuple[str, str]]:
    """(label, colour) of the first run's networks that have pictures, in the order of the paper's figure 3."""
    networks = group.first.networks
    differ = sizes_differ(networks)
    labels = {}
    for role in reversed(ROLES):
        for name, network in in_order(networks, role):
            if name in shown:
                size = f", {show(network.get('parameters'))} parameters" if differ else ""
                labels[name] = (label(name, network) + size, COLOURS[role])
    return labels


def _tick(name: str, network: dict) -> str:
    return "single" if network["role"] == "single" and name == "single" else short(place_of(name, network))
