"""Several compressions side by side: which measures, and their int8 files' own."""

import json
from collections.abc import Sequence

from kgan.report import rows
from kgan.report.compression_files import cell_with_change
from kgan.report.groups import shared_fields
from kgan.report.load import number
from kgan.report.rows import EMPTY

_INT8 = ", int8 files"


def files_across(summaries: Sequence[dict]) -> list[str]:
    """What `int8_files` shows: the measures of the headline by which int8 files of two groups were measured alike."""
    found = [entry for _, entry in _alike(summaries)
             if entry and any(row["quantize"] == "int8" for row in entry["rows"])]
    if len(found) < 2:
        return []
    return [measure + _INT8 for measure in summaries[0]["headline"].values() if measure in found[0]["measures"]]


def shows_files(measure: str) -> bool:
    """Whether a measure is one of `files_across`."""
    return measure.endswith(_INT8)


def int8_files(summaries: Sequence[dict], measure: str) -> dict:
    """A measure of the int8 files of groups, a column a group: `{"columns", "rows", "caption"}`."""
    measure = measure.removesuffix(_INT8)
    cells: dict[str, dict[int, str]] = {}
    order = {}
    for column, (summary, entry) in enumerate(_alike(summaries)):
        for row in entry["rows"] if entry else ():
            if row["quantize"] != "int8":
                continue
            network = summary["networks"][row["network"]]
            label = rows.label(network)
            order[label] = (network["role"] != "teacher", number(network["d"]) or 0.0)
            cells.setdefault(label, {})[column] = cell_with_change(row, measure, entry["runs"])
    table = [[label, *(found.get(column, EMPTY) for column in range(len(summaries)))]
             for label, found in sorted(cells.items(), key=lambda item: order[item[0]])]
    protocol = next(entry["protocol"][0] for _, entry in _alike(summaries) if entry)
    counts = [f"{protocol[key]:,} {text}" for key, text in (("num_fake", "generated"), ("num_real", "real"))
              if number(protocol.get(key)) is not None]
    caption = "int8 files' own images, and in brackets the difference to the Keras networks of the same weights"
    return {"columns": ["network", *(summary["label"] for summary in summaries)], "rows": table,
            "caption": caption + (f"; N = {' and '.join(counts)} images" if counts else "")}


def _alike(summaries: Sequence[dict]) -> list[tuple[dict, dict | None]]:
    """Each group with its measured files of the protocol that the first with any has; None where there are none."""
    key = next((_key(entry) for summary in summaries for entry in summary["files"]), None)
    return [(summary, next((entry for entry in summary["files"] if _key(entry) == key), None)) for summary in summaries]


def _key(entry: dict) -> str:
    return json.dumps([shared_fields(entry["protocol"][0]), entry["measures"]], sort_keys=True, default=str)
