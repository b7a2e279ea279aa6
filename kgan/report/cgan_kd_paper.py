"""The tables of the cGAN-KD paper, with the own numbers of a run of cGAN-KD beside them."""

from kgan.report.cgan_kd_samples import agreement
from kgan.report.cgan_kd_summary import by_arm
from kgan.report.kd_methods import key_named
from kgan.report.paper_tables import by_dataset, cell, methods, on_paper_scale, read_rows, shown
from kgan.report.rows import spread_cell


def arm_of(method: str) -> str:
    """The run's arm that answers a method of the paper, such as "m1_m2+blkd" for cGAN-KD + BLKD."""
    base, _, technique = method.partition(" + ") if method.startswith("cGAN-KD") else ("", "", method)
    arm = "m1_m2" if base else "nokd"
    return arm if technique in ("", "NOKD") else f"{arm}+{key_named(technique)}"


def paper_tables(summary: dict) -> list[dict]:
    """The paper's tables that answer a run's task, `{"heading", "caption", "table"}` each.

    In tables 2 to 5 a column holds the run's own arms: their accuracy in percent, or their mean absolute error.
    """
    classification = summary["task"] == "classification"
    found = []
    for number, dataset, rows in by_dataset(summary["task"]):
        table = methods(rows)
        table["columns"].insert(1, "this run")
        for row in table["rows"]:
            row.insert(1, _own(summary, row[0]))
        found.append(shown(number, dataset, table))
    if classification:
        found.append(shown(6, "", _consistency(summary)))
    dataset = "CIFAR-100" if classification else "Steering Angle"
    table = _students([row for row in read_rows(7) if row["dataset"] == dataset])
    return [*found, shown(7, dataset, table)]


def _students(rows: list[dict]) -> dict:
    """A row a student, a column a teacher."""
    teachers = {row["teacher"]: row["teacher_score"] for row in rows}
    cells = {(row["student"], row["teacher"]): row for row in rows}
    return {"columns": ["student", *(f"{teacher} ({score})" if teacher else "NOKD"
                                     for teacher, score in teachers.items())],
            "rows": [[student, *(cell(cells.get((student, teacher))) for teacher in teachers)]
                     for student in dict.fromkeys(row["student"] for row in rows)]}


def _consistency(summary: dict) -> dict:
    """Table 6, the run's own fakes after M1 and after M1 + M2 in its last row."""
    rows = [[row["dataset"], row["before"], row["after"]] for row in read_rows(6)]
    own = [spread_cell(agreement(summary, name), len(summary["runs"])) for name in ("m1", "m1_m2")]
    return {"columns": ["fakes of", "before", "after"], "rows": [*rows, ["this run", *own]]}


def _own(summary: dict, method: str) -> str:
    """The run's own number for a method of the paper, on the paper's scale."""
    found = by_arm(summary).get(arm_of(method))
    error = found[1]["measures"].get(summary["headline"]["error"]) if found else None
    return spread_cell(on_paper_scale(error, summary["task"]), len(summary["runs"]))
