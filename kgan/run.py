"""Runs a recipe's stages in a run folder: skips what is complete, goes on with what was interrupted."""

import dataclasses
import hashlib
import json
import os
import platform
import resource
import shutil
import subprocess
import time
from importlib import metadata
from pathlib import Path

import filelock

from kgan import __version__
from kgan.errors import InputError
from kgan.files import remove_parts, write_json
from kgan.progress import Console
from kgan.recipe import DURATION, Recipe, find_recipe
from kgan.training.signals import StopRequest

PLACES = ("data_dir", "cache_dir")  # settings that say where things lie, not what they are
_BEGUN = ("recipe.json", "basis.json", ".lock")  # what a run folder holds before a stage has left anything
PACKAGES = ("keras", "tensorflow", "tensorflow-gan", "tensorflow-datasets", "numpy", "scikit-learn")


@dataclasses.dataclass(frozen=True)
class Work:
    """What a stage's function is given."""

    run_dir: Path  # the run's folder
    folder: Path  # this stage's folder within it
    export_dir: Path  # saved_models/<run name>
    seed: int
    stop: StopRequest
    console: Console

    @property
    def networks(self):
        """Folder of the run's saved networks."""
        return self.run_dir / "networks"

    @property
    def run_id(self):
        """Name and place of the run: exports carry it, so that two runs do not mix in one folder."""
        return run_id(self.run_dir)


def run_id(run_dir):
    """`<folder's name>-<eight digits of its place's hash>`."""
    place = Path(run_dir).resolve()
    return f"{place.name}-{hashlib.sha256(str(place).encode()).hexdigest()[:8]}"


def plan(reference, assignments=(), *, smoke=False, seed=None, data_dir=None):
    """(recipe, settings) of a recipe's path or name and what the command line sets."""
    recipe = Recipe(find_recipe(reference))
    settings = recipe.settings(assignments, smoke)
    for name, value in (("seed", seed), ("data_dir", data_dir)):
        if value is None:
            continue
        if name not in settings:
            raise InputError(f"{recipe.path.name} has no setting {name!r}: leave the option out")
        settings[name] = value
    return recipe, settings


def fit(recipe, settings, run_dir, *, smoke=False, allow_change=(), console=None, stop=None, only=None):
    """Runs the recipe's stages in `run_dir`; returns the folder of its exports.

    Complete stages are skipped, an interrupted one goes on from its last checkpoint. `only` names the stages to
    run where not all are wanted; one that needs a stage that is left out does without. InputError if the
    folder belongs to another recipe, has other settings (durations may differ; `allow_change` names
    those that may, too), or is in use by another process. `Interrupted` after SIGTERM or SIGINT.

    A new run that is refused before a stage has left anything leaves no folder, so that the next call is free to have
    other settings.
    """
    run_dir, console = Path(run_dir), console or Console()
    stages = [stage for stage in recipe.stages(settings) if only is None or stage.name in only]
    export_dir = export_folder(run_dir)
    _check_folder(run_dir, recipe, settings, allow_change)
    with hold(run_dir), (stop or StopRequest()).listening() as stop:
        stage_folders = [folder for stage in stages for folder in (run_dir / stage.name).glob("**/")]
        for folder in (run_dir, run_dir / "networks", *stage_folders):
            remove_parts(folder)
        names = [stage.name for stage in stages]
        is_new = not (run_dir / "recipe.json").is_file()
        write_json(run_dir / "recipe.json", describe_run(recipe, settings, smoke) | {"stages": names})
        ids = {}
        try:
            for stage in stages:
                work = Work(run_dir, run_dir / stage.name, export_dir, settings.get("seed", 0), stop, console)
                _run_stage(stage, work, ids)
        except InputError:
            if is_new and all(path.name in _BEGUN or path.is_dir() for path in run_dir.rglob("*")):
                shutil.rmtree(run_dir, ignore_errors=True)
            raise
    return export_dir


def _run_stage(stage, work, ids):
    basis = {need: ids[need] for need in stage.needs if need in ids}
    ids[stage.name] = _stage_id(stage, basis)
    marker, basis_file = work.folder / "complete.json", work.folder / "basis.json"
    if marker.is_file() and json.loads(marker.read_text())["id"] == ids[stage.name]:
        work.console.say(f"{stage.name}: complete")
        return
    work.stop.check()
    # What was made from another teacher, say, must not be gone on with.
    if work.folder.is_dir() and (not basis_file.is_file() or json.loads(basis_file.read_text()) != basis):
        shutil.rmtree(work.folder)
    work.folder.mkdir(exist_ok=True)
    marker.unlink(missing_ok=True)
    write_json(basis_file, basis)
    began = time.perf_counter()
    work.console.say(f"{stage.name} ...")
    stage.function(work)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # of the process by then, not of the stage alone
    write_json(marker, {"id": ids[stage.name], "seconds": round(seconds, 1), "peak_mib": round(peak)})
    work.console.say(f"{stage.name}: done in {seconds:.0f} s")


def _stage_id(stage, basis):
    text = json.dumps([stage.name, dict(stage.settings), basis], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _check_folder(run_dir, recipe, settings, allow_change):
    unknown = [name for name in allow_change if name not in settings]
    begun = (run_dir / "recipe.json").is_file()
    if begun:  # a setting that the recipe had when the run was begun may be gone by now
        unknown = [name for name in unknown if name not in read_description(run_dir)["settings"]]
    if unknown:
        raise InputError(f"--allow-change names {unknown[0]!r}, which is no setting of {recipe.path.name}")
    if run_dir.exists() and not run_dir.is_dir():
        raise InputError(f"{run_dir} is a file; --run-dir needs a folder")
    if not begun:
        foreign = [path.name for path in run_dir.glob("*") if not path.name.startswith(".")] if run_dir.is_dir() else []
        if foreign:
            raise InputError(f"{run_dir} is no run folder (it holds {foreign[0]}): choose another --run-dir")
        return
    before = read_description(run_dir)
    if before["recipe"] != recipe.name:
        raise InputError(f"{run_dir} is a run of the recipe {before['recipe']!r}, not {recipe.name!r}: "
                         "choose another --run-dir")
    now, then = plain(settings), before["settings"]
    changed = [name for name in {**then, **now} if then.get(name, "(not there)") != now.get(name, "(not there)")
               and not name.endswith(DURATION) and name not in PLACES and name not in allow_change]
    if changed:
        shown = "; ".join(f"{name} was {then.get(name, 'not there')!r}, now {now.get(name, 'not there')!r}"
                          for name in changed)
        raise InputError(f"{run_dir} was begun with other settings: {shown}. Choose another --run-dir, or "
                         f"accept with {' '.join(f'--allow-change {name}' for name in changed)}")


def hold(run_dir, name=".lock"):
    """Makes a run's folder and keeps other processes out within a `with` block; InputError if one is in it."""
    _make_folder(run_dir)
    try:
        return filelock.FileLock(run_dir / name, timeout=0).acquire()
    except filelock.Timeout:
        raise InputError(f"{run_dir} is in use by another process: wait for it or choose another --run-dir") from None


def _make_folder(run_dir):
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{run_dir} cannot be made ({error.strerror}): choose another --run-dir") from None


def read_description(run_dir):
    """A run's `recipe.json`; InputError if the folder has none that can be read."""
    path = Path(run_dir) / "recipe.json"
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{run_dir} is no run folder: it has no recipe.json") from None
    except ValueError as error:
        raise InputError(f"{path} is damaged: {error}") from None
    if not isinstance(description, dict) or not {"recipe", "settings"} <= set(description):
        raise InputError(f"{path} does not describe a run: choose another --run-dir")
    return description


def export_folder(run_dir):
    """`saved_models/<run name>`; InputError if another run's exports lie there."""
    run_dir = Path(run_dir).resolve()  # "." has no name
    name = run_dir.name
    if name.startswith("seed-") or (run_dir.parent / "search.json").is_file():  # runs/<recipe>/seed-<s>, <search>/best
        name = f"{run_dir.parent.name}-{name}"
    elif (run_dir.parent.parent / "search.json").is_file():  # <search>/trials/<number>
        name = f"{run_dir.parent.parent.name}-trial-{name}"
    folder = Path("saved_models") / name
    file = folder / "export.json"
    if file.is_file():
        try:
            owner = json.loads(file.read_text(encoding="utf-8"))["run"]
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{file} does not describe a run's exports: move {folder} away") from None
        if owner != run_id(run_dir):
            raise InputError(f"{folder} holds the exports of another run ({owner}): move that folder away or "
                             "choose a --run-dir of another name")
    return folder


def describe_run(recipe, settings, smoke):
    """What recipe.json says of a run besides its stages."""
    return {"recipe": recipe.name, "file": str(recipe.path.resolve()), "title": recipe.title,
            "settings": plain(settings), "seed": settings.get("seed", 0), "smoke": smoke,
            "versions": _versions(), "revision": _revision(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"}


def plain(settings):
    """The settings as JSON gives them back."""
    return json.loads(json.dumps(settings, default=str))


def _versions():
    return {"kgan": __version__, "python": platform.python_version()} | {
        package: metadata.version(package) for package in PACKAGES}


def _revision():
    """The checkout's git revision, with a plus if it was changed since; None outside a checkout."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        return subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=root, capture_output=True,
                              text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
