"""The summary of kd runs as plain text, for a terminal."""

from kgan.report.cgan_kd_summary import in_unit
from kgan.report.kd_methods import label, students
from kgan.report.kd_summary import seconds_of
from kgan.report.kd_tables import compression, method_table, refusals, result_name
from kgan.report.paired import plain_line
from kgan.report.rows import EMPTY
from kgan.report.summary import plain, plain_measure, text_table

_MARKS = {"best": " **", "second": " *", "": ""}


def lines(summary: dict) -> list[str]:
    """A group's summary: methods by pairs as in the paper, every network, the paired differences."""
    runs = len(summary["runs"])
    found = [f"{summary['label']}: " + (f"mean and std over {runs} runs" if runs > 1 else "one run, no std")]
    table = method_table(summary)
    if table["rows"]:
        heads = [_plain(f"{column['teacher']} to {column['student']}") for column in table["columns"]]
        rows = [[row["name"], *(_plain(cell["text"]) + _MARKS[cell["mark"]] for cell in row["cells"])]
                for row in table["rows"]]
        found += [f"{result_name(summary)}; a teacher's own in brackets, ** best, * second best of a column",
                  *text_table([["method", *heads], *rows])]
    found += [f"NA: {line}" for line in refusals(summary)]
    found += ["", *text_table(_networks(summary)), ""]
    found += [f"{entry['teacher']} to {entry['student']}, " +
              plain_line(entry, label(entry["method"]), label(entry["against"]), runs)
              for entry in summary["comparisons"]]
    if not summary["comparisons"]:
        found.append("nothing to compare the methods with: nothing shows that a teacher helped")
    return found


def _networks(summary: dict) -> list[list[str]]:
    """Every network with its size, its error, and the seconds that it and what its method trains before took."""
    measure, runs = summary["headline"]["error"], len(summary["runs"])
    keys = {name: key for key, (name, _) in students(summary).items()}
    rows = [["network", "parameters", "teacher / it", f"{measure}{in_unit(summary)}", "seconds in all"]]
    for name, network in summary["networks"].items():
        ratio = compression(summary, network)
        seconds = seconds_of(summary, *keys[name]) if name in keys else summary["costs"].get(name, {}).get("seconds")
        rows.append([name, plain(network["parameters"]), "-" if ratio is None else f"{ratio:,.1f} : 1",
                     plain_measure(network["measures"].get(measure), runs), plain_measure(seconds, runs)])
    return rows


def _plain(cell: str) -> str:
    """A cell of the page for a terminal."""
    return "-" if cell == EMPTY else cell.replace("±", "+-")
