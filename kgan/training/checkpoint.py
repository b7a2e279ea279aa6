"""Checkpoints that bring back everything a method names in `state_groups`, written whole or not at all."""

import re
import zipfile
from pathlib import Path

import numpy as np

from kgan.errors import InputError
from kgan.files import remove_parts, whole_file

KEEP = 2


def save_checkpoint(folder, method, keep=KEEP):
    """Writes `<folder>/step-<step>.npz` and removes all but the `keep` newest.

    The file holds one array a variable under `<group>/<index>`. It gets its name after it was flushed to
    the disk; when the disk is full, the OSError leaves the older checkpoints as they were.
    """
    folder = Path(folder)
    arrays = {f"{group}/{index}": variable.numpy() for group, variables in method.state_groups().items()
              for index, variable in enumerate(variables)}
    path = folder / f"step-{method.steps_done:08d}.npz"
    with whole_file(path) as file:
        np.savez(file, **arrays)
    for old in _newest_first(folder)[keep:]:
        old.unlink()
    return path


def restore_checkpoint(folder, method, warn=lambda message: None):
    """Brings `method` to its newest whole checkpoint in `folder`; returns its step, 0 without one.

    A truncated or damaged file (the archive keeps a checksum of every array) is named through `warn` and
    the one before it is used. InputError if the arrays do not fit the method's variables.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return 0
    remove_parts(folder)
    for path in _newest_first(folder):
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in archive.files}
        except (zipfile.BadZipFile, ValueError, EOFError, KeyError, OSError) as error:
            warn(f"checkpoint {path} is damaged ({error}); trying the one before it")
            continue
        _assign(path, arrays, method)
        return method.steps_done
    return 0


def checkpoint_steps(folder):
    """The steps of the checkpoints in `folder`, the newest first: those from which a training may go on."""
    return [int(path.stem[5:]) for path in _newest_first(Path(folder))]


def _assign(path, arrays, method):
    groups = method.state_groups()
    expected = {f"{group}/{index}": variable for group, variables in groups.items()
                for index, variable in enumerate(variables)}
    unlike = sorted(set(expected) ^ set(arrays)) or sorted(
        key for key, variable in expected.items() if tuple(variable.shape) != arrays[key].shape)
    if unlike:
        raise InputError(f"checkpoint {path} belongs to other networks or optimisers (first difference: "
                         f"{unlike[0]}): choose another --run-dir or remove this stage's folder")
    for key, variable in expected.items():
        variable.assign(arrays[key])


def _newest_first(folder):
    paths = [path for path in folder.glob("step-*.npz") if re.fullmatch(r"step-\d+", path.stem)]
    return sorted(paths, key=lambda path: int(path.stem[5:]), reverse=True)
