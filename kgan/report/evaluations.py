"""Further evaluations, which `kgan evaluate RUN` leaves in a run: put together over seeds, a table a protocol."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kgan.report.groups import Group
from kgan.report.load import Run

# A protocol gives it beside the weights of a classifier that the run itself trained, and of no other.
_OWN_CLASSIFIER = "held_out_accuracy"
_WEIGHTS = "weights_sha256"

#: The field under which `comparable` names the weights of classifiers that runs trained for themselves.
OWN_WEIGHTS = "weights of the runs' own classifiers"


class Measured(NamedTuple):
    """What one run says of one network: its name there, its weights (EMA or raw, None: not stated), its measures."""

    run: Run
    name: str
    weights: str | None
    measures: dict[str, float]


@dataclass
class Evaluation:
    """What the runs of a group measured by one protocol and on one number of images a network.

    `protocol` is without the fields that may differ between seeds. `networks[label]` holds an entry a run, and under
    the label None what is known of the reference; `sources` one a file: `{"seed", "file", "protocol", "seconds"}`.
    """

    protocol: dict
    num_samples: int
    networks: dict[str | None, list[Measured]] = field(default_factory=dict)
    sources: list[dict] = field(default_factory=list)

    def agrees(self, entries: dict[str | None, Measured]) -> bool:
        """Whether it holds no other number for a measure of one of the runs' networks."""
        pairs = [(before.measures, entry.measures) for label, entry in entries.items()
                 for before in self.networks.get(label, []) if before.run is entry.run]
        return all(before[name] == after[name] for before, after in pairs for name in before.keys() & after.keys())

    def add(self, entries: dict[str | None, Measured], source: dict) -> None:
        """Takes what a file holds; measures of a network that another file of the same run has are joined."""
        for label, entry in entries.items():
            found = self.networks.setdefault(label, [])
            before = next((other for other in found if other.run is entry.run), None)
            if before is None:
                found.append(entry._replace(measures=dict(entry.measures)))
            else:
                before.measures.update(entry.measures)
        self.sources.append(source)


def evaluations_of(group: Group) -> list[Evaluation]:
    """The evaluations of a group's runs, in the order of the runs and the names of their files.

    Seeds go together where protocol and number of images agree. Two files of one run do where they hold different
    measures or networks; of two measurements of the same each has an entry of its own.
    """
    found: list[tuple[str, Evaluation]] = []
    for run in group.runs:
        labels = {name: label for label, entries in group.networks.items()
                  for other, name, _ in entries if other is run}
        for file, document in run.evaluations.items():
            protocol, networks = document["protocol"], document.get("networks", {})
            source = {"seed": run.seed, "file": str(run.folder / "evaluations" / f"{file}.json"),
                      "protocol": protocol, "seconds": document.get("seconds", {})}
            reference = Measured(run, "reference", None, _numbers(document.get("reference", {}).get("measures", {})))
            for num_samples in dict.fromkeys(network["num_samples"] for network in networks.values()):
                entries = {_label(name, labels, group): _measured(run, name, network)
                           for name, network in networks.items() if network["num_samples"] == num_samples}
                entries[None] = reference
                key = _canonical([shared(protocol), num_samples])
                evaluation = next((other for known, other in found if known == key and other.agrees(entries)), None)
                if evaluation is None:
                    evaluation = Evaluation(shared(protocol), num_samples)
                    found.append((key, evaluation))
                evaluation.add(entries, source)
    return [evaluation for _, evaluation in found]


def shared(protocol):
    """A protocol without what may differ between seeds of one experiment.

    That are seeds of draws, and the weights and the accuracy of a classifier that each run trained for itself.
    """
    if not isinstance(protocol, dict):
        return protocol
    own = (_WEIGHTS, _OWN_CLASSIFIER) if _OWN_CLASSIFIER in protocol else ()
    return {name: shared(value) for name, value in protocol.items()
            if name not in own and name != "seed" and not name.endswith("_seed")}


def comparable(evaluation: dict, across: bool) -> dict:
    """What must agree for the numbers of two summarised evaluations to share a column.

    `across` groups the weights of the runs' own classifiers count: nothing says that they were trained alike.
    """
    own = own_weights([evaluation]) if across else []
    return {**evaluation["protocol"], "images a network": evaluation["num_samples"],
            **({OWN_WEIGHTS: own} if own else {})}


def own_weights(evaluations: Sequence[dict]) -> list[str]:
    """The different weights of classifiers that the runs of summarised evaluations trained for themselves."""
    return sorted({sha for evaluation in evaluations for source in evaluation["sources"]
                   for sha in _own_of(source["protocol"])})


def by_protocol(summaries: Sequence[dict]) -> list[list[tuple[dict, dict]]]:
    """The evaluations of summarised groups as `(summary, evaluation)`, one of each group to a table of one protocol.

    Where a group measured the same twice by one protocol, the second stands in another table.
    """
    tables: list[tuple[str, list[tuple[dict, dict]]]] = []
    for summary in summaries:
        for evaluation in summary["evaluations"]:
            key = _canonical(comparable(evaluation, across=True))
            table = next((parts for known, parts in tables
                          if known == key and all(other is not summary for other, _ in parts)), None)
            if table is None:
                tables.append((key, [(summary, evaluation)]))
            else:
                table.append((summary, evaluation))
    return [parts for _, parts in tables]


def evaluation_table(parts: Sequence[tuple[dict, dict]], cell: Callable[[dict | None, int], str], blank: str,
                     named: bool = False) -> dict:
    """Networks by measures, of `(summary, evaluation)` of one protocol: `{"columns", "rows", "text_columns"}`.

    Args:
        parts: as of `by_protocol`.
        cell: (a `mean_std` or None, number of runs) -> its text.
        blank: what stands where nothing is known.
        named: whether a first column names the group.
    """
    measures = measures_of(parts)
    weighed = any(network["weights"] for _, evaluation in parts for network in evaluation["networks"].values())
    rows = []
    for summary, evaluation in parts:
        for name, weights, found in lines_of(evaluation):
            rows.append([*([summary["label"]] if named else []), name, *([weights or blank] if weighed else []),
                         *(cell(found.get(measure), len(summary["runs"])) for measure in measures)])
    text_columns = [*(["runs"] if named else []), "network", *(["weights"] if weighed else [])]
    return {"columns": [*text_columns, *measures], "rows": rows, "text_columns": len(text_columns)}


def lines_of(evaluation: dict) -> list[tuple[str, str | None, dict]]:
    """Name, weights and measures of each network of a summarised evaluation, then of the reference, where known."""
    networks = [(name, network["weights"], network["measures"]) for name, network in evaluation["networks"].items()]
    return networks + ([("reference", None, evaluation["reference"])] if evaluation["reference"] else [])


def measures_of(parts: Sequence[tuple[dict, dict]]) -> list[str]:
    """The measures of the evaluations, in the order of their files; the reference's own come last."""
    networks = [network for _, evaluation in parts for network in evaluation["networks"].values()]
    return list(dict.fromkeys([name for network in networks for name in network["measures"]] +
                              [name for _, evaluation in parts for name in evaluation["reference"]]))


def title_of(parts: Sequence[tuple[dict, dict]]) -> str:
    """The names of the files, the protocol, the extractor and the number of images in a line."""
    evaluation = parts[0][1]
    files = dict.fromkeys(Path(source["file"]).stem for _, part in parts for source in part["sources"])
    extractor = evaluation["protocol"].get("extractor")
    extractor = extractor.get("name") if isinstance(extractor, dict) else extractor
    said = [f"protocol {evaluation['protocol'].get('name') or 'without a name'}",
            *([f"extractor {extractor}"] if extractor else []), f"N = {evaluation['num_samples']:,} images a network"]
    return f"{', '.join(files)}: {', '.join(said)}"


def evaluation_lines(summary: dict, cell: Callable[[dict | None, int], str]) -> list[tuple[str, list[list[str]]]]:
    """A group's evaluations for a terminal: a title and rows of cells each."""
    found = []
    for evaluation in summary["evaluations"]:
        parts = [(summary, evaluation)]
        table = evaluation_table(parts, cell, "-")
        measured, runs = len({Path(source["file"]).parent for source in evaluation["sources"]}), len(summary["runs"])
        some = f" ({measured} of {runs} runs)" if measured < runs else ""
        found.append((f"evaluation {title_of(parts)}{some}", [table["columns"], *table["rows"]]))
    return found


def _label(name: str, labels: dict[str, str], group: Group) -> str:
    """The name under which the group's summary has a network; one that is not there keeps its own."""
    if name in labels:
        return labels[name]
    # A summary may name networks of several names by one that is none of theirs.
    taken = {label for label, entries in group.networks.items() if all(other != name for _, other, _ in entries)}
    while name in taken:
        name += "'"
    return name


def _measured(run: Run, name: str, network: dict) -> Measured:
    weights = network.get("weights", run.networks.get(name, {}).get("weights"))
    return Measured(run, name, None if weights is None else str(weights), _numbers(network))


def _numbers(entry: dict) -> dict[str, float]:
    return {name: value for name, value in entry.items()
            if name != "num_samples" and isinstance(value, int | float) and not isinstance(value, bool)}


def _own_of(protocol) -> list[str]:
    """The weights that `shared` leaves out."""
    if not isinstance(protocol, dict):
        return []
    own = [str(protocol[_WEIGHTS])] if _OWN_CLASSIFIER in protocol and _WEIGHTS in protocol else []
    return own + [sha for value in protocol.values() for sha in _own_of(value)]


def _canonical(value) -> str:
    return json.dumps(value, sort_keys=True, default=str)
