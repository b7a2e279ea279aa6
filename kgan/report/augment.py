"""What generated images are worth to a classifier that has few real ones: `augment.json` of a run's stage."""

import statistics
from pathlib import Path

from kgan.errors import InputError
from kgan.report.groups import Group
from kgan.report.load import check_objects, number, read_json
from kgan.report.paired import paired
from kgan.report.summary import mean_std
from kgan.report.verdict import Sentence

_BASE = "real"  # what the others are compared with: the real images alone
_RESULTS = {"first": "better", "second": "worse", "tie": "tie", "open": "one seed, chance not excluded"}


def summarise(group: Group) -> dict | None:
    """`{"runs", "of", "tested_on", "kinds"}` of the group's runs that hold an `augment.json`; None where none does.

    A kind of training images is `{"name", "images", "accuracy", "against_real"}`: accuracy is a `mean_std`
    over the seeds (of each the mean over its classifiers), or `of` one seed over its classifiers; against_real
    its `paired` comparison with the real images alone (first: these), None where there is none.
    """
    found = [(run.seed, read) for run in group.runs if (read := _read(run.folder))]
    if not found:
        return None
    single = len(found) == 1
    kinds = []
    for name in dict.fromkeys(name for _, read in found for name in read["accuracy"]):
        accuracies, pairs = [], []
        for seed, read in found:
            mine, base = _each(read, name, single), _each(read, _BASE, single)
            accuracies += mine
            # The classifiers of one run start from the same seeds, whatever they are trained on.
            pairs += [(seed, *pair) for pair in zip(mine, base, strict=True)] if len(mine) == len(base) else []
        against = paired(pairs, "higher") if pairs and name != _BASE else None
        if single and against:
            against["result"] = "open"  # classifiers from several seeds, yet of one training of the generators
        kinds.append({"name": name, "images": _shared([read["images"].get(name) for _, read in found]),
                      "accuracy": mean_std(accuracies), "against_real": against})
    return {"runs": len(found), "of": "classifiers" if single else "seeds",
            "tested_on": _shared([read.get("tested_on") for _, read in found]), "kinds": kinds}


def table(summary: dict) -> dict:
    """`{"columns", "rows", "of", "tested_on"}`: a row a kind of training images."""
    rows = []
    for kind in summary["kinds"]:
        against = kind["against_real"]
        cells = [_difference(against), *(f"{against['ahead'][side]} of {against['n']}" for side in ("first", "second"))
                 ] if against else ["", "", ""]
        rows.append([kind["name"], _count(kind["images"]), _percent(kind["accuracy"]), *cells,
                     _RESULTS[against["result"]] if against else ""])
    return {"columns": ["trained on", "images", "accuracy", "difference to real alone", "ahead", "behind", "result"],
            "rows": rows, "of": summary["of"], "tested_on": _count(summary["tested_on"])}


def lines(summary: dict) -> list[str]:
    """The same for a terminal."""
    found = []
    for kind in summary["kinds"]:
        against = kind["against_real"]
        text = f"classifier trained on {kind['name']} ({_count(kind['images'])} images): accuracy " \
               f"{_percent(kind['accuracy'])}"
        if against:
            text += f", {_difference(against)} to real alone: {_RESULTS[against['result']]}"
        found.append(text.replace("±", "+-"))
    return [*found, f"+- is the std over the {summary['of']}"]


def verdict(summary: dict) -> list[Sentence]:
    """A sentence for each kind of training images that is compared with the real ones alone."""
    real = next((kind for kind in summary["kinds"] if kind["name"] == _BASE), None)
    sentences = []
    for kind in summary["kinds"]:
        against = kind["against_real"]
        if not against:
            continue
        stressed = {"first": "student", "second": "control", "tie": "tie", "open": "warning"}[against["result"]]
        sentences.append(Sentence((
            (f"A classifier trained on {kind['name']} images ({_count(kind['images'])}) has an accuracy of "
             f"{_percent(kind['accuracy'])} against {_percent(real['accuracy'])} with the {_count(real['images'])} "
             f"real ones alone, difference {_difference(against)} over {against['n']} {summary['of']}: ", "plain"),
            (_RESULTS[against["result"]], stressed), (".", "plain")), apart=True))
    return sentences


def _read(folder: Path) -> dict | None:
    path = next((path for path in (folder / "augment.json", *sorted(folder.glob("*/augment.json")))
                 if path.is_file()), None)
    if path is None:
        return None
    document = read_json(path)
    check_objects(document, ("accuracy", "images"), path)
    accuracy = document.get("accuracy", {})
    for kind, values in accuracy.items():
        if not isinstance(values, list) or not values or None in map(number, values):
            raise InputError(f"accuracy {kind!r} in {str(path)!r} is {values!r:.60}, not a list of numbers: "
                             "run the stage that writes it again")
    return {"images": {}, **document, "accuracy": accuracy} if accuracy else None


def _each(read: dict, kind: str, single: bool) -> list[float]:
    values = read["accuracy"].get(kind, [])
    return values if single else [statistics.fmean(values)] if values else []


def _shared(values: list):
    return values[0] if all(value == values[0] for value in values) else None


def _count(value) -> str:
    return f"{value:,}" if isinstance(value, int) else "number varies"


def _percent(accuracy: dict) -> str:
    std = "" if accuracy["std"] is None else f" ± {accuracy['std']:.2%}"
    return f"{accuracy['mean']:.2%}{std}"


def _difference(against: dict) -> str:
    std = "" if against["std"] is None else f" ± {100 * against['std']:.2f}"
    return f"{100 * against['difference']:+.2f}{std} points"
