"""The tables of the page as plain strings: what stands in which cell."""

import csv
from pathlib import Path

from kgan.report.load import number
from kgan.report.summary import spread_of

_PAPER_TABLE = Path(__file__).parent / "tables" / "compression_table1.csv"
#: What stands in a cell without a value.
EMPTY = "–"  # noqa: RUF001


def show(value, std: float | None = None) -> str:
    """A number for reading, with its std behind it: 47,324,929; 912.3; 9.10 ± 0.12; 0.0123; 2e-05."""
    finite = number(value)
    if finite is None:
        return EMPTY if value is None or isinstance(value, float) else str(value)
    if finite == int(finite) and (isinstance(value, int) or abs(finite) >= 1e6) and std is None:
        return f"{int(finite):,}"
    size = abs(finite)
    if 0 < size < (0.1 if std is None else 0.001):
        return f"{finite:.3g}" + ("" if std is None else f" ± {std:.2g}")
    places = 1 if size >= 100 else 2 if size >= 1 else 3
    return f"{finite:,.{places}f}" + ("" if std is None else f" ± {std:,.{places}f}")


def measure_cell(network: dict | None, measure: str | None, runs: int) -> str:
    """mean ± std of a measure of a summarised network; n is named where it is not all `runs`."""
    return spread_cell(network["measures"].get(measure) if network else None, runs)


def spread_cell(entry: dict | None, runs: int) -> str:
    """mean ± std of a `mean_std`; n is named where it is not all `runs`."""
    if not entry or not entry["n"]:
        return EMPTY
    return show(entry["mean"], spread_of(entry, runs)) + (f" (n = {entry['n']})" if entry["n"] != runs else "")


def size_table(group: dict) -> dict:
    """Table 1 of a group: `{"columns", "rows"}`, a row `{"cells", "kind"}`, kind "teacher" or "student".

    One row a student (and a control without one), smallest d first: d, parameters, the paper's count,
    ratio, then student, control and the better of them for the score and for the distance.
    """
    networks, runs = group["networks"], len(group["runs"])
    measures = [group["headline"]["score"], group["headline"]["distance"]]
    students = [(name, net) for name, net in networks.items() if net["role"] == "student"]
    controls = [(name, net) for name, net in networks.items() if net["role"] == "control"]
    pairs = []
    for name, student in students:
        equal = [entry for entry in controls if entry[1]["d"] == student["d"]] or [(None, None)]
        pairs += [(name, student, *control) for control in equal]
    sizes = [student["d"] for _, student in students]
    pairs += [(None, None, name, control) for name, control in controls if control["d"] not in sizes]
    pairs.sort(key=lambda pair: number((pair[1] or pair[3])["d"]) or 0.0)

    results = {(entry["first"], entry["second"], entry["measure"]): entry["result"]
               for entry in group["comparisons"] if entry["kind"] == "student_vs_control"}
    rows = []
    for first, student, second, control in pairs:
        cells = _size_cells(student or control, (student or {}).get("objective"))
        for measure in measures:
            result = results.get((first, second, measure))
            better = {"first": "student", "second": "control", "tie": "tie"}.get(result, EMPTY)
            cells += [{"text": measure_cell(student, measure, runs), "win": better == "student"},
                      {"text": measure_cell(control, measure, runs), "win": better == "control"},
                      {"text": better, "better": better}]
        rows.append({"cells": cells, "kind": "student"})
    for network in networks.values():
        if network["role"] == "teacher":
            cells = _size_cells(network, "teacher")
            for measure in measures:
                cells.append({"text": measure_cell(network, measure, runs), "span": 3})
            rows.append({"cells": cells, "kind": "teacher"})
    return {"measures": measures, "rows": rows}


def _size_cells(network: dict, objective: str | None) -> list[dict]:
    ds = {show(entry["d"]) for entry in network["names"]}
    texts = [" or ".join(sorted(ds)), objective or EMPTY, *(
        show(network[key]) if network[key] is not None or len(network["names"]) == 1 else "varies"
        for key in ("parameters", "parameters_paper"))]
    ratio = number(network["ratio"])
    if ratio is None:
        return [{"text": text} for text in (*texts, EMPTY)]
    return [{"text": text} for text in (*texts, ratio_text(ratio))]


def ratio_text(ratio: float) -> str:
    """How many times more parameters the teacher has, for reading."""
    return f"{ratio:,.{0 if ratio >= 10 else 1}f} : 1"


def network_table(group: dict, described: dict[str, str], subject: str = "network") -> dict:
    """Every network with every measure, candidates too: `{"columns": [...], "rows": [[...], ...]}`.

    `described` gives the columns before the measures: a network's key and the heading. `subject` heads the names.
    """
    runs = len(group["runs"])
    measures = list(dict.fromkeys(name for net in group["networks"].values() for name in net["measures"]))
    measures += [name for name in group["real"] if name not in measures]
    rows = []
    for name, net in group["networks"].items():
        rows.append([name, *(show(net[key]) for key in described),
                     *(measure_cell(net, measure, runs) for measure in measures)])
    if group["real"]:
        real = {"measures": group["real"]}
        cells = [measure_cell(real, measure, runs) for measure in measures]
        rows.append(["real images", *[EMPTY] * len(described), *cells])
    return {"columns": [subject, *described.values(), *measures], "rows": rows}


def side_by_side(groups: list[dict], measure: str) -> dict:
    """One measure of groups that share a protocol, a column a group: `{"columns", "rows"}`."""
    shown = [net for group in groups for net in group["networks"].values()
             if net["role"] in ("teacher", "student", "control")]
    shown.sort(key=lambda net: (net["role"] != "teacher", number(net["d"]) or 0.0, net["role"] != "student"))
    names = list(dict.fromkeys(map(label, shown)))
    rows = []
    for name in names:
        cells = []
        for group in groups:
            nets = [net for net in group["networks"].values() if label(net) == name]
            cells.append("; ".join(measure_cell(net, measure, len(group["runs"])) for net in nets) or EMPTY)
        rows.append([name, *cells])
    return {"columns": ["network", *(group["label"] for group in groups)], "rows": rows}


def label(network: dict) -> str:
    """What a network is called where several runs stand side by side."""
    if network["role"] == "teacher":
        return "teacher"
    objective = f", {network['objective']}" if network["role"] == "student" and network["objective"] else ""
    return f"{network['role']}, d = {show(network['d'])}{objective}"


def shared_pairs(protocols: list[dict]) -> list[tuple[str, str]]:
    """The fields of protocols as of `pairs`; a field that differs between them shows all of its values."""
    found: dict[str, list[str]] = {}
    for protocol in protocols:
        for name, value in pairs(protocol):
            found.setdefault(name, []).append(value)
    return [(name, ", ".join(dict.fromkeys(values))) for name, values in found.items()]


def pairs(values: dict, prefix: str = "") -> list[tuple[str, str]]:
    """Names and values for reading; a field of an inner object is named `outer.inner`."""
    found = []
    for name, value in values.items():
        if isinstance(value, dict):
            found += pairs(value, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", text(value)))
    return found


def text(value) -> str:
    """What a run's file says, for reading."""
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(text(entry) for entry in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {text(entry)}" for name, entry in value.items())
    return str(value)


_EXPORT_COLUMNS = {"network": "network", "quantize": "quantisation", "size_kib": "KiB",
                   "parity_max_abs": "largest error", "parity_mean_abs": "mean error",
                   "latency_p50_ms": "p50 ms", "latency_p95_ms": "p95 ms", "threads": "threads"}


def export_table(files: list[dict]) -> dict:
    """The TFLite files: network, quantisation, KiB, error against Keras, latency, threads."""
    rows = [[show(file.get(key)) for key in _EXPORT_COLUMNS] for file in files]
    return {"columns": list(_EXPORT_COLUMNS.values()), "rows": rows}


def paper_rows() -> list[dict]:
    """The rows of the paper's table 1 as numbers: dataset, measure, d, parameters, ratio, student, regular,
    teacher; None where the paper prints nothing."""
    with _PAPER_TABLE.open(newline="", encoding="utf-8") as file:
        return [{key: cell if key in ("dataset", "measure") else
                 (float(cell) if "." in cell else int(cell)) if cell else None
                 for key, cell in row.items()} for row in csv.DictReader(file)]


def paper_table() -> dict:
    """The paper's table 1 for the page: a row a d, and ratio, student and regular for each data set."""
    source = paper_rows()
    datasets = list(dict.fromkeys((row["dataset"], row["measure"]) for row in source))
    rows = []
    for d, parameters in sorted({(row["d"], row["parameters"]) for row in source}):
        cells = [{"text": str(d)}, {"text": show(parameters)}]
        for dataset, _ in datasets:
            row = next((row for row in source if (row["dataset"], row["d"]) == (dataset, d)), None)
            if row and row["teacher"] is not None:
                cells.append({"text": f"teacher {row['teacher']:.2f}", "span": 3, "teacher": True})
            elif row:
                cells += [{"text": f"{row['ratio']} : 1"},
                          *({"text": EMPTY if row[key] is None else f"{row[key]:.2f}"}
                            for key in ("student", "regular"))]
            else:
                cells += [{"text": EMPTY}] * 3
        rows.append(cells)
    return {"datasets": datasets, "rows": rows}
