"""The tables of the cGAN-KD paper, with the run's own numbers beside them."""

import csv
from pathlib import Path

from kgan.report.cgan_kd_samples import agreement
from kgan.report.cgan_kd_summary import by_arm
from kgan.report.rows import EMPTY, measure_cell, spread_cell
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
#: The run's arm that answers a method of the paper.
_ARMS = {"NOKD": "nokd", "BLKD": "nokd+blkd", "cGAN-KD": "m1_m2", "cGAN-KD + BLKD": "m1_m2+blkd"}


def paper_tables(summary: dict) -> list[dict]:
    """The paper's tables that answer a run's task, `{"heading", "caption", "table"}` each.

    In tables 2 to 5 a column holds the run's own arms: their accuracy in percent, or their mean absolute error.
    """
    classification = summary["task"] == "classification"
    found = []
    for number in (2, 3, 4) if classification else (5,):
        rows = _rows(number)
        for dataset in dict.fromkeys(row["dataset"] for row in rows):
            table = _methods([row for row in rows if row["dataset"] == dataset])
            table["columns"].insert(1, "this run")
            for row in table["rows"]:
                row.insert(1, _own(summary, row[0]))
            found.append(_shown(number, dataset, table))
    if classification:
        found.append(_shown(6, "", _consistency(summary)))
    dataset = "CIFAR-100" if classification else "Steering Angle"
    table = _students([row for row in _rows(7) if row["dataset"] == dataset])
    return [*found, _shown(7, dataset, table)]


def _shown(number: int, dataset: str, table: dict) -> dict:
    unit = _UNITS.get(dataset, "")
    measure = f"mean absolute test error in {unit}" if unit else "top-1 test accuracy in percent"
    named = f", {dataset}" if number in (5, 7) else ""
    return {"heading": f"Table {number}{named}", "table": table,
            "caption": _CAPTIONS[number].format(unit=unit, measure=measure)}


def _methods(rows: list[dict]) -> dict:
    """A row a method, a column a teacher and student."""
    pairs = {(row["teacher"], row["student"]): row["teacher_score"] for row in rows}
    cells = {(row["method"], row["teacher"], row["student"]): row for row in rows}
    names = (f"{teacher} ({score}) to {student}" for (teacher, student), score in pairs.items())
    return {"columns": ["method", *names],
            "rows": [[method, *(_cell(cells.get((method, *pair))) for pair in pairs)]
                     for method in dict.fromkeys(row["method"] for row in rows)]}


def _students(rows: list[dict]) -> dict:
    """A row a student, a column a teacher."""
    teachers = {row["teacher"]: row["teacher_score"] for row in rows}
    cells = {(row["student"], row["teacher"]): row for row in rows}
    return {"columns": ["student", *(f"{teacher} ({score})" if teacher else "NOKD"
                                     for teacher, score in teachers.items())],
            "rows": [[student, *(_cell(cells.get((student, teacher))) for teacher in teachers)]
                     for student in dict.fromkeys(row["student"] for row in rows)]}


def _consistency(summary: dict) -> dict:
    """Table 6, the run's own fakes after M1 and after M1 + M2 in its last row."""
    rows = [[row["dataset"], row["before"], row["after"]] for row in _rows(6)]
    own = [spread_cell(agreement(summary, name), len(summary["runs"])) for name in ("m1", "m1_m2")]
    return {"columns": ["fakes of", "before", "after"], "rows": [*rows, ["this run", *own]]}


def _own(summary: dict, method: str) -> str:
    """The run's own number for a method of the paper, on the paper's scale."""
    found = by_arm(summary).get(_ARMS.get(method, ""))
    measure, runs = summary["headline"]["error"], len(summary["runs"])
    if not found or summary["task"] == "regression":
        return measure_cell(found[1] if found else None, measure, runs)
    values = found[1]["measures"].get(measure, {}).get("values", [])
    return spread_cell(mean_std([100.0 - value for value in values]), runs)


def _cell(row: dict | None) -> str:
    if not row or not row["score"]:
        return EMPTY
    return row["score"] + (f" ± {row['std']}" if row["std"] else "")


def _rows(number: int) -> list[dict]:
    with (_TABLES / f"cgan_kd_table{number}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
