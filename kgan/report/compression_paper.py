"""The numbers of the compression paper's table 1 beside a run's: as printed, and both relative to their teachers.

Scores and distances of the paper stand on Inception networks and other images: no column holds both. What a student
keeps of its own teacher's measure can be held beside what the paper's students keep of theirs.
"""

import functools

from kgan.report.figures import Series, against_d, against_ratio
from kgan.report.groups import Group
from kgan.report.load import number
from kgan.report.rows import EMPTY, paper_rows, ratio_text, show
from kgan.report.summary import mean_std

#: The paper's measure that answers a measure of the headline.
_ANSWERS = {"score": "IS", "distance": "FID"}


def teachers() -> list[dict]:
    """The teachers that the paper chose: `{"dataset", "measure", "d", "value"}`."""
    return [{"dataset": row["dataset"], "measure": row["measure"], "d": row["d"], "value": row["teacher"]}
            for row in paper_rows() if row["teacher"] is not None]


@functools.cache
def printed_charts() -> tuple[str, ...]:
    """The paper's figure 1, drawn from its table 1: student, regular GAN and teacher against d, a chart a data set."""
    drawn = []
    for teacher in teachers():
        rows = [row for row in paper_rows() if row["dataset"] == teacher["dataset"]]
        series = [_line(name, role, [(row["d"], row[key], None) for row in rows if row[key] is not None])
                  for name, role, key in (("student", "student", "student"), ("regular GAN", "control", "regular"))]
        better = "higher" if teacher["measure"] == "IS" else "lower"
        title = f"{teacher['measure']} of {teacher['dataset']} ({better} is better)"
        level = f"teacher (d = {teacher['d']})", teacher["value"], None
        alt = f"The paper's {title} against d. {level[0]}: {show(level[1])}. {_words(series, 'd')}"
        drawn.append(against_d(f"paper-{len(drawn)}", alt, title, series, level))
    return tuple(drawn)


def relative_table(group: Group, summary: dict) -> dict | None:
    """Table 1 relative to the teachers: `{"heads", "columns", "rows", "objective"}`, a row a d of the run or the paper.

    `heads` are (text, number of columns) above `columns`. A score is a share of the teacher's, a distance a multiple
    of it; a run's is taken within each seed. `objective` is that of the run's students here, None where it is not
    known. None where the run has no student and teacher with a measure.
    """
    measured = {kind: measure for kind, measure in summary["headline"].items() if measure in _known(summary)}
    own = {kind: _relative(group, summary, measure) for kind, measure in measured.items()}
    if not any(sides["student"] for sides in own.values()):
        return None
    printed = {teacher["dataset"]: {row["d"]: row for row in paper_rows() if row["dataset"] == teacher["dataset"]}
               for teacher in teachers()}
    chosen = {number(entry["d"]) for net in summary["networks"].values() if net["role"] == "teacher"
              for entry in net["names"]} - {None}
    ds = chosen | {d for sides in own.values() for points in sides.values() for d in points}
    ds |= {row["d"] for row in paper_rows()}
    rows = [[f"{d:g}", *_own_cells(own, d, d in chosen, len(group.runs)),
             *(cell for teacher in teachers() for cell in _printed_cells(printed[teacher["dataset"]].get(d), teacher))]
            for d in sorted(ds)]
    heads = [("", 1), ("this run", 1), *((measure, 2) for measure in measured.values()),
             *((f"paper's {teacher['dataset']}, {teacher['measure']}", 3) for teacher in teachers())]
    columns = ["d", "ratio", *["student", "control"] * len(own), *["ratio", "student", "regular"] * len(printed)]
    return {"heads": heads, "columns": columns, "rows": rows, "objective": _objective(summary)}


def _own_cells(own: dict, d: float, chosen: bool, runs: int) -> list[str]:
    """The run's ratio at a d, which may be the teacher's, then student and control by each measure."""
    pairs = {kind: [sides[role].get(d) for role in ("student", "control")] for kind, sides in own.items()}
    ratio = next((entry["ratio"] for pair in pairs.values() for entry in pair if entry), None)
    cells = [ratio_text(ratio) if ratio is not None else "teacher" if chosen else EMPTY]
    for kind, pair in pairs.items():
        for entry in pair:
            some = f" (n = {entry['n']})" if entry and entry["n"] != runs else ""
            cells.append(_text(entry["mean"], entry["std"], kind) + some if entry else EMPTY)
    return cells


def _printed_cells(row: dict | None, teacher: dict) -> list[str]:
    """The paper's ratio at a d, then student and regular GAN."""
    if row is None or row["teacher"] is not None:
        return ["teacher" if row else EMPTY, EMPTY, EMPTY]
    return [f"{row['ratio']} : 1", *(EMPTY if row[key] is None else
                                       _text(row[key] / teacher["value"], None, _kind(teacher))
                                       for key in ("student", "regular"))]


def relative_charts(group: Group, summary: dict, key: str) -> list[str]:
    """The same against the ratio of parameters: the run's student and control whole, the paper's broken lines."""
    drawn = []
    for kind, measure in summary["headline"].items():
        sides = _relative(group, summary, measure) if measure in _known(summary) else {"student": {}}
        if not any(entry["ratio"] for entry in sides["student"].values()):
            continue
        series = [_line(role, role, [(entry["ratio"], entry["mean"], entry["std"])
                                     for entry in sides[role].values() if entry["ratio"]])
                  for role in ("student", "control")]
        answering = [teacher for teacher in teachers() if teacher["measure"] == _ANSWERS[kind]]
        for dashes, teacher in enumerate(answering, start=1):
            rows = [row for row in paper_rows() if row["dataset"] == teacher["dataset"]]
            series += [_line(f"paper's {teacher['dataset']}, {name}", role, [
                (row["ratio"], row[name] / teacher["value"], None) for row in rows if row[name] is not None], dashes)
                for name, role in (("student", "student"), ("regular", "control"))]
        series = [line for line in series if line.ds]
        title = f"{measure} / teacher's"
        alt = f"{title} against the ratio of parameters. {_words(series, 'ratio')}"
        drawn.append(against_ratio(f"{key}-{len(drawn)}", alt, title, series, ("teacher", 1.0, None),
                                   log=kind == "distance"))
    return drawn


def _known(summary: dict) -> set[str]:
    return {name for network in summary["networks"].values() for name in network["measures"]}


def _relative(group: Group, summary: dict, measure: str) -> dict[str, dict[float, dict]]:
    """{"student", "control": {d: `mean_std` over the runs of measure / teacher's measure, and "ratio"}}."""
    objective = _objective(summary)
    found: dict[str, dict[float, dict]] = {"student": {}, "control": {}}
    for label, entries in group.networks.items():
        net = summary["networks"][label]
        d = number(net["d"])
        if net["role"] not in found or d is None or (net["role"] == "student" and net["objective"] != objective):
            continue
        shares, ratios = [], []
        for run, _, network in entries:
            teacher = next((other for other in run.networks.values() if other.get("role") == "teacher"), {})
            value, whole, ratio = number(network.get(measure)), number(teacher.get(measure)), network.get("ratio")
            if value is not None and whole is not None and whole > 0:
                shares.append(value / whole)
                ratios += [ratio] if number(ratio) is not None else []
        if shares and d not in found[net["role"]]:
            found[net["role"]][d] = {**mean_std(shares), "ratio": mean_std(ratios)["mean"]}
    return found


def _objective(summary: dict) -> str | None:
    """Of students of several objectives those of MSE stand beside the paper, as in its table 1; else the first's."""
    objectives = {net["objective"] for net in summary["networks"].values() if net["role"] == "student"} - {None}
    return "mse" if "mse" in objectives else min(objectives, key=str, default=None)


def _kind(teacher: dict) -> str:
    return "score" if teacher["measure"] == _ANSWERS["score"] else "distance"


def _text(mean: float, std: float | None, kind: str) -> str:
    """A relative measure for reading: a score in percent of the teacher's, a distance as a factor."""
    if kind == "score":
        return f"{mean:.0%}" if std is None else f"{mean:.1%} ± {std:.1%}"
    return show(mean, std)


def _line(label: str, role: str, points: list[tuple], dashes: int = 0) -> Series:
    points = sorted(points, key=lambda point: point[0])
    return Series(label, role, *(list(part) for part in (zip(*points, strict=True) if points else ([], [], []))),
                  dashes=dashes)


def _words(series: list[Series], axis: str) -> str:
    """The lines in words: every point of each."""
    texts = (f"{line.label}: " + ", ".join(f"{axis} {x:,.4g} {show(mean, std)}" for x, mean, std in zip(
        line.ds, line.means, line.stds, strict=True)) + "." for line in series)
    return " ".join(texts)
