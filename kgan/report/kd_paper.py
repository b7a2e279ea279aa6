"""Tables 2 to 5 of the cGAN-KD paper, with the numbers of a kd run beside the pairs that both have."""

import re

from kgan.report.kd_methods import CONTROL, answer, label
from kgan.report.kd_tables import result_cell, teacher_heading
from kgan.report.load import number
from kgan.report.paper_tables import by_dataset, methods, shown
from kgan.report.rows import EMPTY

_CGAN = "cGAN-KD"  # the paper's name of students that are trained with fakes


def paper_tables(summary: dict) -> list[dict]:
    """The paper's tables that answer a run's task: `{"heading", "caption", "table", "shared", "other_data"}` each.

    shared is how many of the table's pairs the run has, other_data whether the paper's data set is not the run's.
    """
    name, found = str(summary["data"].get("name") or ""), []
    pairs = {(architecture(teacher), architecture(student)): (teacher, student)
             for teacher, student in reversed(summary["pairs"])}
    for table, dataset, rows in by_dataset(summary["task"]):

        def own(teacher, student):
            pair = pairs.get((architecture(teacher), architecture(student)))
            if pair is None:
                return None
            heading = f"this run, {name or 'data not named'}: {teacher_heading(summary, pair[0])}"
            return heading, _cells(summary, pair)

        theirs = {(architecture(row["teacher"]), architecture(row["student"])) for row in rows}
        found.append({**shown(table, dataset, methods(rows, own)), "shared": len(theirs & set(pairs)),
                      "dataset": dataset, "other_data": _letters(name) != _letters(dataset)})
    return found


def architecture(name: str) -> str:
    """Equal for two ways to write one architecture: WRN40x2, WRN-40-2 and wrn40_2; ShuffleNetV1 and shufflev1."""
    letters = _letters(name).replace("wideresnet", "wrn").replace("shufflenet", "shuffle")
    # The x of ResNet8x4 stays: it tells it from ResNet84. A wide ResNet always has both numbers.
    return letters.replace("x", "") if letters.startswith("wrn") else letters


def _letters(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _cells(summary: dict, pair: tuple[str, str]) -> dict[str, str]:
    """A pair's own results by the paper's name of the method; trained with fakes it goes by cGAN-KD and its name."""
    cells = {}
    for method in summary["methods"]:
        network, name = answer(summary, *pair, method), label(method)
        if network and (number(network["fakes"]) or 0) > 0:
            name = _CGAN if method == CONTROL else f"{_CGAN} + {name}"
        text = result_cell(summary, *pair, method)
        if text != EMPTY:
            cells[name] = text
    return cells
