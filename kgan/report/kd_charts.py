"""The charts of a kd run: the errors of every method, a chart a pair of teacher and student."""

from kgan.report.cgan_kd_figures import Row, by_name
from kgan.report.cgan_kd_summary import in_unit
from kgan.report.kd_methods import CONTROL, answer, label
from kgan.report.rows import show


def error_charts(summary: dict, key: str) -> list[dict]:
    """`{"pair", "svg"}` of each pair with a distilled student: each seed's errors, and the plain student's mean."""
    measure, drawn = summary["headline"]["error"], []
    axis = f"{measure}{in_unit(summary)}, lower is better"
    for index, (teacher, student) in enumerate(summary["pairs"]):
        found = {method: answer(summary, teacher, student, method) for method in summary["methods"]}
        measured = {method: network["measures"][measure] for method, network in found.items()
                    if network and network["measures"].get(measure, {}).get("n")}
        if not set(measured) - {CONTROL}:
            continue
        rows = [Row(label(method), "control" if method == CONTROL else "student", entry["values"])
                for method, entry in measured.items()]
        level = (label(CONTROL), measured[CONTROL]["mean"]) if CONTROL in measured else None
        each = (f"{row.label} {', '.join(map(show, row.values))}" for row in rows)
        alt = f"{teacher} to {student}: {axis}, a value a seed. {'; '.join(each)}."
        drawn.append({"pair": f"{teacher} to {student}", "svg": by_name(f"{key}-{index}", alt, axis, rows, level)})
    return drawn
