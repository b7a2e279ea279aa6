"""Reads a run folder into plain objects; a missing file is noted, a damaged one is an `InputError`."""

import csv
import json
import math
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kgan.errors import InputError
from kgan.report.kinds import find_kind, kind_named

# What numpy raises for archives that are cut short, are no archives, or hold pickles.
_NPZ_ERRORS = (ValueError, OSError, EOFError, KeyError, AttributeError, TypeError, NotImplementedError,
               zipfile.BadZipFile, zlib.error)

# What to do about a damaged file.
_STAGE_AGAIN, _EVALUATE_AGAIN = "run the stage that writes it again", "evaluate the run again"


@dataclass(frozen=True)
class Log:
    """A stage's `log.csv`: `columns[name]` is float64 [rows], NaN where a cell is empty or not finite.

    `not_finite[name]` counts the cells that say NaN or infinity, which a diverged training writes.
    """

    columns: dict[str, np.ndarray]
    not_finite: dict[str, int]


@dataclass(frozen=True)
class Run:
    """What a run folder says, without its images. Parts that are missing are empty."""

    folder: Path
    kind: str = "compression"  # a name in `kinds.NAMES`
    recipe: dict = field(default_factory=dict)
    metrics: dict = field(default_factory=dict)
    exports: dict = field(default_factory=dict)
    logs: dict[str, Log] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    evaluations: dict[str, dict] = field(default_factory=dict)  # the documents of `evaluations/<name>.json`

    @property
    def networks(self) -> dict[str, dict]:
        """The networks of `metrics.json` by name."""
        return self.metrics.get("networks", {})

    @property
    def seed(self):
        """The run's seed, or None when `recipe.json` does not say."""
        return self.recipe.get("seed")


@dataclass(frozen=True)
class Images:
    """The images of a run: uint8, `samples[name]` [n, H, W, C], `interpolation[name]` [rows, n, H, W, C]."""

    samples: dict[str, np.ndarray] = field(default_factory=dict)
    interpolation: dict[str, np.ndarray] = field(default_factory=dict)
    real: np.ndarray | None = None


def number(value) -> float | None:
    """`value` as a float when it is a finite number, else None (a NaN is an error, not a score)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def read_run(folder: Path) -> Run:
    """Reads `recipe.json`, `metrics.json`, `export/export.json`, `log.csv` of the stages and `evaluations/*.json`.

    Raises `InputError` when the folder does not exist, holds none of the files of a run, or holds one
    that is damaged. Files that are not there are named in `missing`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"no run folder at {str(folder)!r}: give the folder that `kgan fit` wrote")
    missing = []
    documents = {}
    for name in ("recipe.json", "metrics.json", "export/export.json"):
        documents[name] = read_json(folder / name)
        if documents[name] is None:
            missing.append(name)
    metrics = documents["metrics.json"] or {}
    _check_metrics(metrics, folder / "metrics.json")
    exports = documents["export/export.json"] or {}
    _check_rows(exports.get("files", []), "files", folder / "export/export.json")
    recipe = documents["recipe.json"] or {}
    check_objects(recipe, ("settings", "versions"), folder / "recipe.json")
    stages = _stages(folder, recipe)
    registers = {stage: _register(folder / stage / "networks.json") for stage in stages}
    registered = {stage: {entry["role"] for entry in entries or ()} for stage, entries in registers.items()}
    kind = find_kind(metrics, registered, str(folder / "metrics.json"))
    kind_named(kind).check(metrics, str(folder / "metrics.json"))
    logs = {}
    for stage in kind_named(kind).log_stages(stages, registered):
        path = folder / stage / "log.csv"
        if path.is_file():
            logs[stage] = _read_log(path)
        elif _trains(stage, recipe, registers.get(stage)):
            missing.append(path.relative_to(folder).as_posix())
    # A run that took a finished teacher in may know no real images.
    wanted = [part for part in kind_named(kind).arrays if part != "real" or metrics.get("real", True)]
    parts = [arrays_file(folder, part) for part in wanted]
    missing += [path.relative_to(folder).as_posix() for path in parts if not path.is_file()]
    if not kind_named(kind).trains:
        missing = [name for name in missing if name != "export/export.json"]
    there = [document for document in documents.values() if document is not None]
    if not there and not logs and not any(path.is_file() for path in parts):
        raise InputError(f"{str(folder)!r} holds none of the files of a run (recipe.json, ...): "
                         "give the folder that `kgan fit` wrote")
    return Run(folder, kind, recipe, metrics, exports, logs, tuple(missing), _read_evaluations(folder))


def read_images(folder: Path) -> Images:
    """Reads the images under `evaluate/`; a file that is not there leaves its part empty."""
    folder = Path(folder)
    samples = read_pictures(arrays_file(folder, "samples"), 4)
    interpolation = read_pictures(arrays_file(folder, "interpolation"), 5)
    return Images(samples, interpolation, read_pictures(arrays_file(folder, "real"), 4).get("real"))


def _stages(folder: Path, recipe: dict) -> list[str]:
    """The recipe's stages that left a folder with a log or networks; any such folder where it names none."""
    there = {path.parent.name for name in ("log.csv", "networks.json") for path in folder.glob(f"*/{name}")}
    stages = recipe.get("stages")
    return [stage for stage in map(str, stages) if stage in there] if isinstance(stages, list) else sorted(there)


def _register(path: Path) -> list[dict] | None:
    """The entries of a stage's `networks.json`, each with a role: a hint only, so a damaged one says nothing."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [{**entry, "role": str(entry["role"])} for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _trains(stage: str, recipe: dict, entries: list[dict] | None) -> bool:
    """Whether a stage is to have a log: it is one of the recipe's, and not all of its networks were given."""
    stages = recipe.get("stages")
    wanted = not isinstance(stages, list) or stage in map(str, stages)
    return wanted and (entries is None or any(entry.get("weights") != "given" for entry in entries))


def arrays_file(folder: Path, name: str) -> Path:
    """Where the arrays of that name lie in a run's folder."""
    return folder / "evaluate" / f"{name}.npz"


def read_json(path: Path, remedy: str = _STAGE_AGAIN) -> dict | None:
    """The object in a JSON file, None where there is no file; `InputError` for one that is damaged."""
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{str(path)!r} is not readable JSON ({reason}): {remedy}") from None
    if not isinstance(document, dict):
        raise InputError(f"{str(path)!r} holds a {type(document).__name__}, not an object: {remedy}")
    return document


def check_objects(document: dict, names: tuple[str, ...], path: Path, remedy: str = _STAGE_AGAIN) -> None:
    """Raises `InputError` where one of the entries `names` of the file `path` is there and no object."""
    for name in names:
        if not isinstance(document.get(name, {}), dict):
            raise InputError(f"{name!r} in {str(path)!r} is {document[name]!r:.60}, not an object: {remedy}")


def _check_metrics(metrics: dict, path: Path) -> None:
    check_objects(metrics, ("protocol", "headline", "real", "networks"), path)
    check_objects(metrics.get("networks", {}), tuple(metrics.get("networks", {})), path)
    for name, measure in metrics.get("headline", {}).items():
        if not isinstance(measure, str):
            raise InputError(f"headline {name!r} in {str(path)!r} is {measure!r:.60}, not a measure's name: "
                             "run the evaluate stage again")


def _read_evaluations(folder: Path) -> dict[str, dict]:
    """The documents `evaluations/<name>.json` by name; a run need not have any."""
    found = {}
    for path in sorted((folder / "evaluations").glob("*.json")):
        document = found[path.stem] = read_json(path, _EVALUATE_AGAIN) or {}
        check_objects(document, ("protocol", "reference", "networks", "seconds"), path, _EVALUATE_AGAIN)
        check_objects(document.get("reference", {}), ("measures",), path, _EVALUATE_AGAIN)
        networks = document.get("networks", {})
        check_objects(networks, tuple(networks), path, _EVALUATE_AGAIN)
        if not document.get("protocol"):
            raise InputError(f"{str(path)!r} states no protocol for its numbers: {_EVALUATE_AGAIN}")
        for name, network in networks.items():
            if type(network.get("num_samples")) is not int:
                raise InputError(f"'num_samples' of {name!r} in {str(path)!r} is {network.get('num_samples')!r:.60}, "
                                 f"not a whole number: {_EVALUATE_AGAIN}")
    return found


def _check_rows(rows, name: str, path: Path) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{name!r} in {str(path)!r} is not a list of objects: export again")


def _read_log(path: Path) -> Log:
    columns: dict[str, list[float]] = {}
    not_finite: dict[str, int] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns = {name: [] for name in reader.fieldnames or ()}
            for row in reader:
                for name, values in columns.items():
                    cell = row.get(name)
                    value = float(cell) if cell else math.nan
                    if cell and not math.isfinite(value):
                        not_finite[name] = not_finite.get(name, 0) + 1
                        value = math.nan
                    values.append(value)
    except (ValueError, csv.Error, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{str(path)!r} is not a log of numbers ({reason}): remove it or run the stage again"
                         ) from None
    return Log({name: np.asarray(values, np.float64) for name, values in columns.items()}, not_finite)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an npz file by name, none where there is no file; `InputError` for a damaged one."""
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except _NPZ_ERRORS:
        raise InputError(f"{str(path)!r} is not a readable npz file: run the evaluate stage again") from None


def read_pictures(path: Path, rank: int, empty: bool = False) -> dict[str, np.ndarray]:
    """The uint8 images [..., H, W, C] of an npz file by name, none where there is no file.

    Raises `InputError` for a damaged file, or arrays that are no images of that rank; one of no images is
    refused unless it may be `empty`.
    """
    arrays = read_arrays(path)
    for name, array in arrays.items():
        if array.dtype != np.uint8 or array.ndim != rank or array.shape[-1] not in (1, 3) \
                or not (array.size or empty):
            raise InputError(f"{name!r} in {str(path)!r} is {array.dtype} {list(array.shape)}, not uint8 "
                             f"images of rank {rank} with 1 or 3 channels: run the evaluate stage again")
    return arrays
