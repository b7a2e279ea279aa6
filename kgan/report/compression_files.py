"""What quantisation costs: a run's TFLite files measured beside the Keras networks that they were made of."""

import json
from collections.abc import Sequence

from kgan.errors import InputError
from kgan.report.groups import Group, shared_fields
from kgan.report.load import Run, check_objects, number, read_json
from kgan.report.rows import EMPTY, shared_pairs, spread_cell, text
from kgan.report.summary import mean_std, plain_measure
from kgan.report.verdict import Sentence, say

#: What a row of a Keras network says in the place of a quantisation.
KERAS = "Keras"

_AGAIN = "run the stage measure_files again"
_ORDER = (KERAS, "none", "float16", "dynamic", "int8")
_NUMBERS = ("bytes", "latency_p50_ms")


def files_of(group: Group) -> list[dict]:
    """An entry for each protocol by which the group's runs measured their files; none where no run did.

    An entry is `{"protocol", "measures", "runs", "hosts", "threads", "outdated", "rows"}`: the protocols, a run each;
    the measures that decide, in order; how many runs; where and how latencies were measured; the files that were
    exported anew since, with other weights or another image output. A row is `{"network", "quantize", "image_output",
    "bytes", "latency_p50_ms", "measures", "differences"}`, `quantize` `KERAS` for a Keras network, whose other fields
    but the measures are None. All numbers are of `mean_std` over the runs; a difference is the file's measure minus
    its network's, taken within each run.

    Raises `InputError` for a damaged file.
    """
    found: dict[str, list[tuple[Run, dict]]] = {}
    for run in group.runs:
        document = _read(run)
        if document:
            key = json.dumps([shared_fields(document["protocol"]), document["headline"]], sort_keys=True, default=str)
            found.setdefault(key, []).append((run, document))
    return [_entry(group, documents) for documents in found.values()]


def tables(summary: dict) -> list[dict]:
    """What the page shows of each entry: `{"costs", "measured", "others", "hosts", "threads", "outdated", "protocol"}`.

    `costs` has a row a quantisation, `measured` a row a file with the measures that decide, `others` one with all
    other measures (None where there are none).
    """
    return [{"costs": _costs(entry), "measured": _measured(entry), "others": _others(entry),
             "hosts": ", ".join(entry["hosts"]), "threads": ", ".join(entry["threads"]),
             "outdated": ", ".join(entry["outdated"]), "protocol": shared_pairs(entry["protocol"])}
            for entry in summary["files"]]


def sentences(summary: dict) -> list[Sentence]:
    """What the verdict says of int8 files, where there are some."""
    for entry in summary["files"]:
        row = next((row for row in _costs(entry)["rows"] if row[0] == "int8"), None)
        if row:
            _, size, time, *changes = row
            parts = [] if size == EMPTY else [
                f"they take {size} of the float32 files' bytes and {time} of their milliseconds"]
            found = [f"{measure} changes by {change}"
                     for measure, change in zip(entry["measures"], changes, strict=True) if change != EMPTY]
            if found:
                parts.append(f"against the Keras networks {', '.join(found)}")
            return [say(f"The networks as int8 files: {'; '.join(parts)}.", apart=True)] if parts else []
    return []


def lines(summary: dict) -> list[list[list[str]]]:
    """The measured files for a terminal: rows of cells, a table for each entry of `files_of`."""
    found = []
    for entry in summary["files"]:
        rows = [["network", "file", "KiB", "ms", *(f"{measure} (difference)" for measure in entry["measures"])]]
        for row in entry["rows"]:
            cells = [plain_measure(row["measures"].get(measure), entry["runs"]) for measure in entry["measures"]]
            if row["quantize"] != KERAS:
                cells = [cell if cell == "-" else f"{cell} ({_change(row, measure)})"
                         for cell, measure in zip(cells, entry["measures"], strict=True)]
            rows.append([row["network"], row["quantize"], plain_measure(_kib(row["bytes"]), entry["runs"]),
                         plain_measure(row["latency_p50_ms"], entry["runs"]), *cells])
        found.append(rows)
    return found


def _read(run: Run) -> dict | None:
    path = run.folder / "measure_files" / "files.json"
    document = read_json(path, _AGAIN)
    if document is None:
        return None
    document = {"protocol": {}, "headline": {}, "networks": {}, "files": []} | document
    check_objects(document, ("protocol", "headline", "networks"), path, _AGAIN)
    check_objects(document["networks"], tuple(document["networks"]), path, _AGAIN)
    files = document["files"]
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        raise InputError(f"'files' in {str(path)!r} is not a list of objects: {_AGAIN}")
    for file in files:
        if file.get("quantize") not in _ORDER[1:] or str(file.get("network")) not in document["networks"] or \
                not isinstance(file.get("measures"), dict):
            raise InputError(f"a file in {str(path)!r} has no quantisation, network or measures "
                             f"({str(file.get('file'))!r:.60}): {_AGAIN}")
    return document


def _entry(group: Group, found: list[tuple[Run, dict]]) -> dict:
    rows, files = [], [file for _, document in found for file in document["files"]]
    for label, entries in group.networks.items():
        names = {id(run): name for run, name, _ in entries}
        mine = [(document, names[id(run)]) for run, document in found if id(run) in names]
        networks = [document["networks"][name] for document, name in mine if name in document["networks"]]
        if networks:
            rows.append(_row(label, KERAS, networks, networks))
        for kind in _ORDER[1:]:
            pairs = [(file, document["networks"][name]) for document, name in mine for file in document["files"]
                     if (file["network"], file["quantize"]) == (name, kind)]
            if pairs:
                rows.append(_row(label, kind, [file["measures"] for file, _ in pairs],
                                 [network for _, network in pairs], [file for file, _ in pairs]))
    headline = found[0][1]["headline"]
    wanted = [headline.get("score"), headline.get("distance"), "vol"]
    known = {name for row in rows for name in row["measures"]}
    return {"protocol": [document["protocol"] for _, document in found], "runs": len(found), "rows": rows,
            "measures": [name for name in wanted if name in known],
            "hosts": _different([_host(file.get("host")) for file in files]),
            "threads": _different([file.get("threads") for file in files]),
            "outdated": _different([name for run, document in found for name in _outdated(run, document["files"])])}


def _outdated(run: Run, files: list[dict]) -> list[str]:
    """Those of the measured files in whose place the run's exports have others by now."""
    exported = {file.get("file"): file for file in run.exports.get("files", [])}
    gone = []
    for file in files:
        now = exported.get(file.get("file"), {})
        output = now.get("output") if isinstance(now.get("output"), dict) else {}
        pairs = ((file.get("weights_sha256"), now.get("weights_sha256")),
                 (file.get("image_output"), output.get("dtype")))
        if any(None not in pair and pair[0] != pair[1] for pair in pairs):
            gone.append(str(file.get("file")))
    return gone


def _row(label: str, kind: str, measured: list[dict], networks: list[dict], files: Sequence[dict] = ()) -> dict:
    """A row of measures, a dict a run, beside those of the Keras networks in the same runs."""
    # `<measure>_std` is the spread over the splits of one measurement.
    names = [name for name in dict.fromkeys(name for measures in measured for name in measures)
             if not (name.endswith("_std") and name.removesuffix("_std") in measured[0])]
    pairs = {name: [(number(measures.get(name)), number(network.get(name)))
                    for measures, network in zip(measured, networks, strict=True)] for name in names}
    whole = {name: [pair for pair in found if None not in pair] for name, found in pairs.items()}
    numbers = {key: mean_std(value for file in files if (value := number(file.get(key))) is not None)
               if files else None for key in _NUMBERS}
    return {"network": label, "quantize": kind, **numbers,
            "image_output": " or ".join(_different([file.get("image_output") for file in files])) or None,
            "measures": {name: mean_std(first for first, _ in found) for name, found in whole.items()},
            "differences": {name: mean_std(first - second for first, second in found)
                            for name, found in whole.items()} if files else {}}


def _costs(entry: dict) -> dict:
    """A row a quantisation: bytes and milliseconds as shares of the float32 file's, differences of the measures; of
    several networks from the least to the largest."""
    plain = {row["network"]: row for row in entry["rows"] if row["quantize"] == "none"}
    rows = []
    for kind in _ORDER[1:]:
        mine = [row for row in entry["rows"] if row["quantize"] == kind]
        if not mine:
            continue
        cells = []
        for key in _NUMBERS:
            shares = [row[key]["mean"] / plain[row["network"]][key]["mean"] for row in mine
                      if row["network"] in plain and row[key]["n"] and plain[row["network"]][key]["mean"]]
            cells.append(_span([f"{share:.0%}" for share in sorted(shares)]))
        for measure in entry["measures"]:
            known = [row for row in mine if row["differences"].get(measure, {}).get("n")]
            known.sort(key=lambda row, name=measure: row["differences"][name]["mean"])
            cells.append(_span([_change(row, measure) for row in known]))
        rows.append([kind, *cells])
    return {"columns": ["file", "bytes / float32 file's", "ms / float32 file's",
                        *(f"{measure}, difference" for measure in entry["measures"])], "rows": rows}


def _measured(entry: dict) -> dict:
    columns = ["network", "file", "images", "KiB", "ms"]
    for measure in entry["measures"]:
        columns += [measure, "difference"]
    rows = []
    for row in entry["rows"]:
        sizes = (spread_cell(_kib(row["bytes"]), entry["runs"]), spread_cell(row["latency_p50_ms"], entry["runs"]))
        rows.append([row["network"], row["quantize"], row["image_output"] or EMPTY, *sizes,
                     *_pairs(row, entry["measures"], entry["runs"])])
    return {"columns": columns, "rows": rows}


def _others(entry: dict) -> dict | None:
    measures = [name for name in dict.fromkeys(name for row in entry["rows"] for name in row["measures"])
                if name not in entry["measures"]]
    columns = ["network", "file"]
    for measure in measures:
        columns += [measure, "difference"]
    rows = [[row["network"], row["quantize"], *_pairs(row, measures, entry["runs"])] for row in entry["rows"]]
    return {"columns": columns, "rows": rows} if measures else None


def _pairs(row: dict, measures: Sequence[str], runs: int) -> list[str]:
    """Each measure's cell and its difference's."""
    return [cell for measure in measures for cell in (spread_cell(row["measures"].get(measure), runs),
                                                      _change(row, measure, spread=True))]


def cell_with_change(row: dict, measure: str, runs: int) -> str:
    """A row's measure with its difference to the Keras network in brackets."""
    cell = spread_cell(row["measures"].get(measure), runs)
    return cell if cell == EMPTY else f"{cell} ({_change(row, measure)})"


def _change(row: dict, measure: str, spread: bool = False) -> str:
    """A row's difference with its sign, a place more behind the point than `show` gives the measure itself."""
    entry = row["differences"].get(measure)
    if not entry or not entry["n"]:
        return EMPTY
    size = abs(row["measures"][measure]["mean"])
    places = 2 if size >= 100 else 3 if size >= 1 else 4
    mean = f"{entry['mean']:+,.{places}f}"
    if not mean.strip("+-0."):
        mean = mean[1:]  # nothing has no sign
    return mean + (f" ± {entry['std']:,.{places}f}" if spread and entry["std"] is not None else "")


def _span(texts: list[str]) -> str:
    """The first and the last of some texts in order, or the only one."""
    return " to ".join(dict.fromkeys([texts[0], texts[-1]])) if texts else EMPTY


def _kib(entry: dict | None) -> dict | None:
    """A `mean_std` of bytes in KiB; where all are equal, without a std, for sizes are no measurement."""
    found = mean_std(value / 1024 for value in entry["values"]) if entry else None
    return {**found, "std": found["std"] or None} if found else None


def _host(host) -> str | None:
    if not isinstance(host, dict):
        return None if host is None else str(host)
    return " ".join(text(host[key]) for key in ("system", "machine") if host.get(key)) + (
        f", {host['cpu_count']} CPUs" if host.get("cpu_count") else "")


def _different(values: Sequence) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values if value is not None))
