"""The folder that exports are written to, and its register `export.json`."""

import json
import os
import platform
import shutil
from importlib import metadata
from pathlib import Path

from kgan.errors import InputError
from kgan.files import flush, write_json

REGISTER = "export.json"
_PACKAGES = ("ai-edge-litert", "keras", "numpy", "tensorflow")


def host():
    """The machine that latencies are measured on: CPU count, architecture, Python and package versions."""
    return {
        "cpu_count": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
    }


def read_register(folder, run):
    """The content of `<folder>/export.json`, or a new one for `run` where there is none.

    Raises:
        InputError: the folder belongs to another run, or its register cannot be read.
    """
    path = Path(folder) / REGISTER
    if path.parent.exists() and not path.parent.is_dir():
        raise InputError(f"export: {str(folder)!r} is not a folder; name another one")
    if not path.exists():
        return {"run": run, "host": host(), "files": [], "saved_models": [], "loading_snippet": ""}
    try:
        register = json.loads(path.read_text(encoding="utf-8"))
        owner = register["run"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(f"export: {str(path)!r} is not an export.json ({error!r}); move it away") from error
    if owner != run:
        raise InputError(
            f"export: the folder {str(folder)!r} belongs to the run {owner!r}, not to {run!r}; "
            "export into another folder or remove that one"
        )
    return register


def claim(folder, register, name, weights, files):
    """Write the register without the entries that are about to be replaced, before files are touched.

    A file that the register does not list counts as absent, so a kill between the files and the register
    leaves no numbers beside a file they do not describe. Entries of the same network with other weights go
    too, with their files: one network's files in a folder are all of one training state.

    Args:
        name: the network's name.
        weights: SHA-256 of its weights.
        files: names of the files and folders that will be replaced.
    """
    stale = []
    for kind in ("files", "saved_models"):
        kept = []
        for entry in register[kind]:
            outdated = entry["network"] == name and entry["weights_sha256"] != weights
            if outdated and entry["file"] not in files:
                stale.append(Path(folder) / entry["file"])
            if not outdated and entry["file"] not in files:
                kept.append(entry)
        register[kind] = kept
    here = host()
    if register["host"] != here:  # numbers measured elsewhere keep their host
        for entry in register["files"]:
            entry.setdefault("host", register["host"])
        register["host"] = here
    write_json(Path(folder) / REGISTER, register)
    for path in stale:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def flush_tree(folder):
    """Flush every file below `folder` to disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            with open(Path(parent) / name, "rb") as file:
                os.fsync(file.fileno())
        flush(parent)


def folder_kib(folder):
    """The size of all files below `folder` in KiB."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1024
