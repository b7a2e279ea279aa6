"""The tables of a kd run: methods by pairs as the paper lays them out, differences, networks, times."""

from collections.abc import Sequence

from kgan.report.cgan_kd_summary import in_unit
from kgan.report.cgan_kd_tables import shared_or_range, smallest_files
from kgan.report.kd_methods import CONTROL, answer, key_of, label, students, teachers
from kgan.report.kd_summary import contests_of, seconds_of
from kgan.report.load import number
from kgan.report.paired import result
from kgan.report.paired_verdict import signed
from kgan.report.paper_tables import on_paper_scale
from kgan.report.rows import EMPTY, measure_cell, show, spread_cell

REFUSED = "NA"  # as in the paper


def method_table(summary: dict) -> dict:
    """The layout of the paper's tables 2 to 5: `{"columns", "rows"}`, a column a pair, a row a method.

    A column is `{"teacher", "student"}`, the teacher's own result in brackets; a row `{"name", "colour", "cells"}`, a
    cell `{"text", "mark"}`, mark "best" or "second" of its column. Classification shows accuracy, as the paper does.
    """
    columns = [{"teacher": teacher_heading(summary, teacher), "student": student}
               for teacher, student in summary["pairs"]]
    marks = [_marks(summary, pair) for pair in summary["pairs"]]
    rows = [{"name": label(method), "colour": "control" if method == CONTROL else "student",
             "cells": [{"text": result_cell(summary, *pair, method), "mark": marked.get(method, "")}
                       for pair, marked in zip(summary["pairs"], marks, strict=True)]}
            for method in summary["methods"]]
    return {"columns": columns, "rows": rows if columns else []}


def result_name(summary: dict) -> str:
    """What `method_table` shows: the accuracy, or in regression the error, with its unit."""
    return "test accuracy (%)" if summary["task"] == "classification" else \
        f"{(summary['headline']['error'] or 'error').replace('_', ' ')}{in_unit(summary)}"


def teacher_heading(summary: dict, teacher: str) -> str:
    """A teacher with its own result in brackets, where it was measured."""
    entry = _on_scale(summary, teachers(summary).get(teacher))
    return f"{teacher} ({spread_cell(entry, len(summary['runs']))})" if entry and entry["n"] else teacher


def result_cell(summary: dict, teacher: str, student: str, method: str) -> str:
    """What a method reaches on a pair, as the paper prints it; NA where the pair was refused."""
    text = spread_cell(_on_scale(summary, answer(summary, teacher, student, method)), len(summary["runs"]))
    refused = any((entry["teacher"], entry["student"], entry["kd"]) == (teacher, student, method)
                  for entry in summary["refused"])
    return REFUSED if refused and text == EMPTY else text


def refusals(summary: dict) -> list[str]:
    """Why pairs were refused, a line a reason: FitNet, AT (densenet121 to vgg8): no feature maps."""
    found: dict[str, dict[str, list[str]]] = {}
    for entry in summary["refused"]:
        pair = f"{entry['teacher']} to {entry['student']}"
        found.setdefault(entry["reason"], {}).setdefault(pair, []).append(label(entry["kd"]))
    return ["; ".join(f"{', '.join(methods)} ({pair})" for pair, methods in pairs.items()) + f": {reason}"
            for reason, pairs in found.items()]


def contest_table(summary: dict) -> dict:
    """Every paired difference of errors: `{"columns", "rows"}`."""
    rows = [[label(entry["method"]), label(entry["against"]), entry["teacher"], entry["student"], show(entry["first"]),
             show(entry["second"]), signed(entry), *(f"{entry['ahead'][side]} of {entry['n']}" for side in
                                                     ("first", "second")), result(entry)]
            for pair in summary["pairs"] for against in summary["counts"]
            for entry in contests_of(summary, pair, against)]
    return {"columns": ["method", "against", "teacher", "student", "its error", "the other's", "difference", "ahead in",
                        "behind in", "result"], "rows": rows}


def network_table(summary: dict, files: Sequence[dict]) -> dict:
    """Every network with its size and error: `{"columns", "rows"}`.

    `files` are those of export.json: of each network the smallest TFLite file is named. The ratio of a plain student
    is to its teacher where it has one alone.
    """
    measure, runs, smallest = summary["headline"]["error"], len(summary["runs"]), smallest_files(files)
    rows = []
    for name, network in summary["networks"].items():
        ratio = compression(summary, network)
        rows.append([name, str(network["role"]), show(network["network"]), _method_of(network),
                     shared_or_range(network, "parameters"), EMPTY if ratio is None else f"{ratio:,.1f} : 1",
                     show(network["steps"]), measure_cell(network, measure, runs),
                     *([smallest.get(name, EMPTY)] if smallest else [])])
    return {"columns": ["network", "role", "architecture", "method", "parameters", "teacher / it", "steps",
                        f"{(measure or 'error').replace('_', ' ')}{in_unit(summary)}",
                        *(["smallest TFLite"] if smallest else [])], "rows": rows}


def compression(summary: dict, network: dict) -> float | None:
    """How many times more parameters a student's teacher has; None where either is not known."""
    key = key_of(network)
    if not key:
        return None
    names = {key[0]} if key[0] is not None else {teacher for teacher, student in summary["pairs"] if student == key[1]}
    teacher = teachers(summary).get(next(iter(names))) if len(names) == 1 else None
    large, small = (number(entry["parameters"]) if entry else None for entry in (teacher, network))
    return large / small if large and small else None


def time_table(summary: dict) -> dict | None:
    """Seconds of training in the layout of `method_table`: `{"columns", "rows"}`, None where none are known."""
    runs = len(summary["runs"])
    rows = [[label(method), *(spread_cell(seconds_of(summary, *pair, method), runs) for pair in summary["pairs"])]
            for method in summary["methods"]]
    rows = [row for row in rows if set(row[1:]) - {EMPTY}]
    columns = ["method", *(f"{teacher} to {student}" for teacher, student in summary["pairs"])]
    return {"columns": columns, "rows": rows} if rows else None


def side_by_side(summaries: list[dict], measure: str) -> dict:
    """A measure of several groups, a column each: teachers, students, then their differences to the plain ones."""
    rows: dict[str, list[str]] = {}
    for index, summary in enumerate(summaries):
        runs = len(summary["runs"])
        shown = [(f"teacher {name}", measure_cell(network, measure, runs))
                 for name, network in teachers(summary).items()]
        shown += [(_student_name(*key), measure_cell(network, measure, runs))
                  for key, (_, network) in students(summary).items()]
        shown += [(f"{_student_name(entry['teacher'], entry['student'], entry['method'])}, difference to "
                   f"{label(CONTROL)}", signed(entry)) for entry in summary["comparisons"]
                  if (entry["against"], entry["measure"]) == (CONTROL, measure)]
        for name, cell in shown:
            rows.setdefault(name, [EMPTY] * len(summaries))[index] = cell
    ordered = sorted(rows, key=lambda name: (", difference to " in name, not name.startswith("teacher ")))
    return {"columns": ["network", *(summary["label"] for summary in summaries)],
            "rows": [[name, *rows[name]] for name in ordered]}


def _student_name(teacher: str | None, student: str, method: str) -> str:
    return f"{student}, {label(method)}" if teacher is None else f"{teacher} to {student}, {label(method)}"


def _method_of(network: dict) -> str:
    """A student's method; a teacher has none, and an assistant stands for that of its student."""
    return label(network["kd"]) if key_of(network) and network["kd"] else EMPTY


def _on_scale(summary: dict, network: dict | None) -> dict | None:
    """A network's error as the paper prints it; None where it was not measured."""
    entry = network["measures"].get(summary["headline"]["error"]) if network else None
    return on_paper_scale(entry, summary["task"]) if entry and entry["n"] else None


def _marks(summary: dict, pair: list[str]) -> dict[str, str]:
    """The methods of a pair with the lowest and the next lowest mean error, as shown, where others are behind them."""
    measure = summary["headline"]["error"]
    found = {method: answer(summary, *pair, method) for method in summary["methods"]}
    # Rounded: means that differ in the last bit alone are equal.
    means = {method: round(network["measures"][measure]["mean"], 9) for method, network in found.items()
             if network and network["measures"].get(measure, {}).get("n")}
    levels = sorted(set(means.values()))
    names = dict(zip(levels[:-1], ("best", "second"), strict=False))
    return {method: names[mean] for method, mean in means.items() if mean in names}
