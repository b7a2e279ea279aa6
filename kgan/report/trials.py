"""The trials of a search over gates: reads `trials.csv`, and draws what the objective owes to each gate."""

import csv
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kgan.errors import InputError
from kgan.report.box_plots import Boxes, draw_boxes
from kgan.report.collaborative_graph import DISCRIMINATOR, GATES, edge_label
from kgan.report.generators import short
from kgan.report.rows import show

_GATE = "gate_"  # of a column: gate_2_1 is the gate of the edge from 2 to 1
_MOST = 6  # edges in one chart
_YLABEL = "objective (higher is better)"


@dataclass(frozen=True)
class Trials:
    """The trials in `path`: `rows` of those completed, `objectives` theirs, `statuses` how many ended how.

    Of trials that were trained for unlike shares of the time only the longest are in `rows`: `shorter` is the
    number of the others.
    """

    path: Path
    rows: Sequence[dict[str, str]]
    objectives: Sequence[float]
    statuses: dict[str, int]
    shorter: int

    @property
    def best(self) -> int:
        """The index of the best completed trial; there must be one."""
        return max(range(len(self.objectives)), key=self.objectives.__getitem__)

    def by(self, column: str) -> dict[str, list[float]]:
        """The objectives by the value of a column, trials without one left out."""
        found: dict[str, list[float]] = {}
        for row, objective in zip(self.rows, self.objectives, strict=True):
            if row.get(column):
                found.setdefault(row[column], []).append(objective)
        return found

    @property
    def edges(self) -> list[tuple[str, str]]:
        """(source, target) of every searched gate: by target, that from D first."""
        names = [name.removeprefix(_GATE).rpartition("_") for name in self.rows[0] if name.startswith(_GATE)] \
            if self.rows else []
        order = {node: (node != DISCRIMINATOR, not node.isdecimal(), int(node) if node.isdecimal() else 0, node)
                 for source, _, target in names for node in (source, target)}
        return sorted(((source, target) for source, _, target in names), key=lambda edge: (order[edge[1]],
                                                                                         order[edge[0]]))


def read_trials(folder: Path) -> Trials | None:
    """The search's trials: `trials.csv` in the run folder or in its `search/`.

    None where there is none; `InputError` for a damaged one.
    """
    path = next((path for path in (Path(folder) / "trials.csv", Path(folder) / "search" / "trials.csv")
                 if path.is_file()), None)
    if path is None:
        return None
    completed, statuses = [], Counter()
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if not {"objective", "status"} <= set(reader.fieldnames or ()):
                raise ValueError("no columns objective and status")
            for row in reader:
                status = (row["status"] or "").lower()
                statuses[status or "unknown"] += 1
                if status == "completed":
                    completed.append((_share(row), _objective(row), row))
    except (ValueError, csv.Error, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{str(path)!r} is not a table of trials ({reason}): run `tune` again, which writes it anew"
                         ) from None
    whole = max((share for share, _, _ in completed), default=1.0)
    kept = [(objective, row) for share, objective, row in completed if share == whole]
    return Trials(path, [row for _, row in kept], [objective for objective, _ in kept], dict(statuses),
                  len(completed) - len(kept))


def _share(row: dict) -> float:
    return float(row.get("share") or 1.0)


def _objective(row: dict) -> float:
    """The objective of a completed trial, whose gates must be known ones."""
    unknown = next((f"{name} = {value}" for name, value in row.items()
                    if name and name.startswith(_GATE) and value and value not in GATES), None)
    if unknown:
        raise ValueError(f"unknown gate {unknown}")
    objective = float(row["objective"] or "nan")
    if not math.isfinite(objective):
        raise ValueError(f"a completed trial with the objective {row['objective'] or 'empty'}")
    return objective


def summary(trials: Trials) -> dict:
    """`{"file", "trials", "statuses", "shorter", "compared", "best", "transfers"}` for a group's summary.

    best is the highest objective of the `compared` trials, None where there are none; transfers the same by
    what is transferred, where the search varied that.
    """
    return {"file": str(trials.path), "trials": sum(trials.statuses.values()), "statuses": trials.statuses,
            "shorter": trials.shorter, "compared": len(trials.rows), "best": max(trials.objectives, default=None),
            "transfers": {transfer: max(values) for transfer, values in trials.by("transfer").items()}}


def told(search: dict) -> str:
    """The same in a sentence, without its full stop."""
    ends = ", ".join(f"{count} {status}" for status, count in search["statuses"].items())
    text = f"The search made {search['trials']} trial{'s' if search['trials'] != 1 else ''} ({ends})"
    if search["shorter"]:
        text += f", {search['shorter']} of them stopped early and not compared"
    return text + (f"; the best of {search['compared']} reached {show(search['best'])}" if search["compared"] else "")


def charts(trials: Trials, key: str) -> list[str]:
    """Figure 7: all completed trials and those of each transfer, then by the gate of each edge, a chart a target."""
    drawn = []
    groups = [Boxes("all trials", [(None, trials.objectives)])]
    groups += [Boxes(transfer.replace("_", " "), [(None, values)]) for transfer, values in
               sorted(trials.by("transfer").items())]
    drawn.append(draw_boxes(f"{key}-0", _alt(groups), "completed trials", _YLABEL, groups))
    targets = dict.fromkeys(target for _, target in trials.edges)
    for target in targets:
        into = [edge for edge in trials.edges if edge[1] == target]
        for first in range(0, len(into), _MOST):
            groups = [group for edge in into[first:first + _MOST] if (group := _by_gate(trials, edge)).boxes]
            if groups:
                drawn.append(draw_boxes(f"{key}-{len(drawn)}", _alt(groups), f"gates of the edges into {short(target)}",
                                        _YLABEL, groups))
    return drawn


def gate_table(trials: Trials) -> dict:
    """The medians behind the charts: `{"columns", "rows"}`, a row an edge, beside the best trial's gate."""
    rows = []
    for source, target in trials.edges:
        found = trials.by(f"{_GATE}{source}_{target}")
        best = trials.rows[trials.best].get(f"{_GATE}{source}_{target}")
        rows.append([edge_label(source, target), *(_median(found.get(gate, ())) for gate in GATES),
                     GATES.get(best, "")])
    return {"columns": ["edge", *(f"median, {text}" for text in GATES.values()), "best trial"], "rows": rows}


def _by_gate(trials: Trials, edge: tuple[str, str]) -> Boxes:
    found = trials.by(f"{_GATE}{edge[0]}_{edge[1]}")
    return Boxes(edge_label(*edge), [(gate, found[gate]) for gate in GATES if gate in found])


def _median(values: Sequence[float]) -> str:
    return f"{show(statistics.median(values))} ({len(values)})" if values else ""


def _alt(groups: Sequence[Boxes]) -> str:
    """The figure in words: the median of every box."""
    texts = ["Box plots of the objective over completed trials."]
    for group in groups:
        each = (f"{f'{GATES[gate]} ' if gate else ''}median {show(statistics.median(values))} of {len(values)}"
                for gate, values in group.boxes)
        texts.append(f"{group.label}: {', '.join(each)}.")
    return " ".join(texts)
