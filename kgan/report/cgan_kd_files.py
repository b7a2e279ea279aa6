"""What the stage `evaluate` of a cGAN-KD run keeps for the report: pictures of its fakes, and errors before M2."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kgan.errors import InputError
from kgan.report.load import arrays_file, read_arrays, read_pictures

ARRAYS = ("pictures", "errors")  # evaluate/<name>.npz


@dataclass(frozen=True)
class Errors:
    """The teacher's `errors` float32 [N] on M1's fakes before the filter, and their assigned `labels` float32 [N].

    An error is the cross entropy (classification) or the absolute difference in label units (regression).
    """

    errors: np.ndarray
    labels: np.ndarray


def read_sets(folder: Path) -> dict[str, np.ndarray]:
    """The pictures of a run folder, uint8 [n, H, W, C] by the name of their set; sets without any are left out."""
    pictures = read_pictures(arrays_file(folder, "pictures"), 4, empty=True)
    return {name: images for name, images in pictures.items() if images.size}


def read_errors(folder: Path) -> Errors | None:
    """The errors in a run folder, None where there are none; `InputError` for a damaged file."""
    path = arrays_file(folder, "errors")
    if not path.is_file():
        return None
    arrays = read_arrays(path)
    errors, labels = arrays.get("errors"), arrays.get("labels")
    if errors is None or labels is None:
        raise InputError(f"{str(path)!r} holds {', '.join(arrays) or 'nothing'}, not errors and labels: run the "
                         "evaluate stage again")
    if errors.ndim != 1 or errors.shape != labels.shape or not {errors.dtype.kind, labels.dtype.kind} <= set("fiu") \
            or not np.isfinite(errors).all() or (errors < 0).any():
        raise InputError(f"{str(path)!r} holds errors {errors.dtype} {list(errors.shape)} and labels {labels.dtype} "
                         f"{list(labels.shape)}, not N finite errors from 0 up and N labels: run the evaluate stage "
                         "again")
    return Errors(errors.astype(np.float32), labels) if errors.size else None


def thresholds_of(found: Errors, threshold: float | dict[str, float] | None, classes: list | None) -> np.ndarray:
    """The threshold of each fake, float32 [N]; NaN where none is stated for its label.

    Thresholds by class go by the classes' names, those in `classes`, or by their indices.
    """
    if not isinstance(threshold, dict):
        return np.full(found.errors.shape, np.nan if threshold is None else threshold, np.float32)
    names = [str(name) for name in classes or ()]
    named = bool(names) and set(threshold) <= set(names)
    values = np.full(found.errors.shape, np.nan, np.float32)
    for label in np.unique(found.labels):
        index = int(label)
        key = names[index] if named and 0 <= index < len(names) else str(index)
        values[found.labels == label] = threshold.get(key, np.nan)
    return values
