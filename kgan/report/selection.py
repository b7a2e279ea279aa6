"""The choice of the best weights on held-out images: its measures over the steps, and the best beside the last."""

import csv
import math
from pathlib import Path

import numpy as np

from kgan.errors import InputError
from kgan.report.figures import over_steps
from kgan.report.groups import Group
from kgan.report.rows import show

_MOST_CURVES = 12  # in a chart


def section(group: Group, key: str) -> dict | None:
    """`{"charts", "table"}` of the group's first run; None where no stage of it has a `selection.csv`.

    A chart is `{"stage", "measure", "svg"}`; the table has a row a network, its least distance and its last one.
    Raises `InputError` for a damaged file.
    """
    charts, rows, measures = [], [], []
    for stage in group.first.logs:
        path = group.first.folder / stage / "selection.csv"
        if not path.is_file():
            continue
        measures, networks = _read(path)
        for place, measure in enumerate(measures):
            drawn = dict(list(networks.items())[:_MOST_CURVES])
            steps = np.array(sorted({step for found in drawn.values() for step in found}), np.float64)
            curves = {name: np.array([found.get(int(step), [math.nan] * 2)[place] for step in steps])
                      for name, found in drawn.items()}
            alt = f"{measure} of {', '.join(drawn)} on held-out images over the steps of the stage {stage}."
            some = "" if len(drawn) == len(networks) else f" ({len(drawn)} of {len(networks)} networks)"
            charts.append({"stage": stage, "measure": measure + some, "svg": over_steps(
                f"{key}-{len(charts)}", alt, measure, group.kind.stage_colour(stage, measure), steps, curves)})
        for name, found in networks.items():
            last, best = max(found), min(found, key=lambda step: (found[step][0], step))
            rows.append([name, *(show(value) for step in (best, last) for value in (step, *found[step]))])
    if not charts:
        return None
    columns = [f"{when} {what}" for when in ("best", "last") for what in ("step", *measures)]
    return {"charts": charts, "table": {"columns": ["network", *columns], "rows": rows}}


def _read(path: Path) -> tuple[list[str], dict[str, dict[int, list[float]]]]:
    """(the distance's and the diversity's names, {network: {step: their values}})."""
    networks: dict[str, dict[int, list[float]]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            first, *rows = csv.reader(file)
        if first[:2] != ["step", "network"] or len(first) != 4 or not rows:
            raise ValueError("its columns are not step, network and two measures, or it has no rows")
        for step, name, *values in rows:
            if len(values) != 2 or not all(map(math.isfinite, map(float, values))):
                raise ValueError(f"the row of step {step}")
            networks.setdefault(name, {})[int(step)] = list(map(float, values))
    except (ValueError, csv.Error, OSError) as error:
        raise InputError(f"{str(path)!r} is not a table of measures while training "
                         f"({' '.join(str(error).split())}): run the stage again") from None
    return first[2:], networks
