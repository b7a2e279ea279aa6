"""Tables 2 to 7 of the cGAN-KD paper: its numbers as printed, and tables 2 to 5 with a run's own beside them."""

import csv
from collections.abc import Callable
from pathlib import Path

from kgan.report.rows import EMPTY
from kgan.report.summary import mean_std

_TABLES = Path(__file__).parent / "tables"
_CAPTIONS = {
    2: "CIFAR-100, KD between similar architectures: top-1 test accuracy in percent, mean ± std of four runs.",
    3: "CIFAR-100, KD between different architectures: top-1 test accuracy in percent, mean ± std of four runs.",
    4: "ImageNet-100: top-1 test accuracy in percent, one run.",
    5: "Mean absolute test error in {unit}, one run.",
    6: "Label consistency of 50,000 fakes after M1, before and after the filter at rho = 0.9: percent whose label the "
       "teacher names.",
    7: "Effect of the teacher in M2, one run: {measure}. A teacher's own in brackets.",
}
_UNITS = {"Steering Angle": "degrees", "UTKFace": "years"}

#: A run's own column for a (teacher, student) of the paper: its heading, and its cells by method; None without one.
Own = Callable[[str, str], "tuple[str, dict[str, str]] | None"]


def read_rows(number: int) -> list[dict]:
    """The rows of a table of the paper, of each column its text, empty where the paper prints nothing."""
    with (_TABLES / f"cgan_kd_table{number}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def by_dataset(task: str | None) -> list[tuple[int, str, list[dict]]]:
    """(number, data set, rows) of the tables of methods that answer a task: 2 to 4, or 5 (regression)."""
    found = []
    for number in (2, 3, 4) if task == "classification" else (5,):
        rows = read_rows(number)
        found += [(number, dataset, [row for row in rows if row["dataset"] == dataset])
                  for dataset in dict.fromkeys(row["dataset"] for row in rows)]
    return found


def shown(number: int, dataset: str, table: dict) -> dict:
    """A table with its heading and caption: `{"heading", "table", "caption"}`."""
    unit = _UNITS.get(dataset, "")
    measure = f"mean absolute test error in {unit}" if unit else "top-1 test accuracy in percent"
    named = f", {dataset}" if number in (5, 7) else ""
    return {"heading": f"Table {number}{named}", "table": table,
            "caption": _CAPTIONS[number].format(unit=unit, measure=measure)}


def methods(rows: list[dict], own: Own | None = None) -> dict:
    """A row a method, a column a teacher and student: `{"columns", "rows"}`; the run's pairs first, its own beside."""
    pairs = {(row["teacher"], row["student"]): row["teacher_score"] for row in rows}
    cells = {(row["method"], row["teacher"], row["student"]): row for row in rows}
    names = list(dict.fromkeys(row["method"] for row in rows))
    columns = [["method", *names]]
    besides = {pair: own(*pair) if own else None for pair in pairs}
    for pair in sorted(pairs, key=lambda pair: besides[pair] is None):
        heading = f"{pair[0]} ({pairs[pair]}) to {pair[1]}"
        columns.append([heading, *(cell(cells.get((name, *pair))) for name in names)])
        if besides[pair]:
            heading, values = besides[pair]
            columns.append([heading, *(values.get(name, EMPTY) for name in names)])
    heads, *lines = zip(*columns, strict=True)
    return {"columns": list(heads), "rows": [list(line) for line in lines]}


def cell(row: dict | None) -> str:
    """A number of the paper with its spread, as printed."""
    if not row or not row["score"]:
        return EMPTY
    return row["score"] + (f" ± {row['std']}" if row["std"] else "")


def on_paper_scale(entry: dict | None, task: str | None) -> dict | None:
    """A test error, a `mean_std`, as the paper prints it: the accuracy in percent, of a regression the error."""
    if not entry or task != "classification":
        return entry
    return mean_std([100.0 - value for value in entry["values"]])
