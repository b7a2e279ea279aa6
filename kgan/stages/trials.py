"""Trials of a search that are runs of the recipe, each in a folder of its own."""

import contextlib
import gc
import json
import shutil
import time

import filelock
import keras

from kgan.errors import InputError
from kgan.files import whole_path, write_json
from kgan.progress import Silent
from kgan.run import fit, plain, read_description

POLL = 0.5  # seconds between two looks at whether another worker has made the shared stages
NOT_COPIED = shutil.ignore_patterns(".*", "checkpoints", "samples")


class TrialRuns:
    """Runs of a recipe below `<run dir>/trials/`, whose shared stages are made once in `<run dir>/shared/`.

    Args:
        recipe, settings: the recipe and what all trials have in common; the shared stages are of its seed.
        run_dir: the search's folder.
        stages: names of the stages that a trial runs, None: all.
        shared: names of the first of them, which no searched setting touches.
        steps: settings that a share of the training shortens.
    """

    def __init__(self, recipe, settings, run_dir, *, smoke, console, stop, stages=None, shared=(),
                 steps=()):
        self.recipe, self.base, self.run_dir, self.smoke = recipe, settings, run_dir, smoke
        self.console, self.stop, self.stages, self.shared, self.steps = console, stop, stages, shared, steps
        self._shared_made = False
        known = [stage.name for stage in recipe.stages(settings)]
        unknown = [name for name in (*(stages or ()), *shared) if name not in known]
        if unknown:
            raise InputError(f"{recipe.path.name}: a trial has no stage {unknown[0]!r}; there are {', '.join(known)}")

    def settings(self, values, seed, share):
        """A trial's: the common ones, its values and its seed, with the durations shortened to a share."""
        found = self.base | values | ({"seed": seed} if "seed" in self.base else {})
        if share < 1.0:
            found |= {name: max(round(found[name] * share), 1) for name in self.steps}
        return found

    def run(self, values, seed, share, trial_id):
        """Runs a trial, or goes on with it; returns its folder."""
        folder = self.run_dir / "trials" / trial_id
        settings = self.settings(values, seed, share)
        with _forgotten():
            self.prepare(folder, settings)
            fit(self.recipe, settings, folder, smoke=self.smoke, console=Silent(), stop=self.stop, only=self.stages)
        return folder

    def prepare(self, folder, settings):
        """A folder that `fit` may take: the one that was begun with these settings, or one with the shared stages.

        Returns whether something else lay there, which is gone now.
        """
        if (folder / "recipe.json").is_file() and read_description(folder)["settings"] == plain(settings):
            return False
        foreign = folder.exists()
        if foreign:
            shutil.rmtree(folder)
        if self.shared:
            self._copy_shared(folder, settings)
        return foreign

    def _copy_shared(self, folder, settings):
        source = self._make_shared()
        with whole_path(folder) as copy:
            shutil.copytree(source, copy, ignore=NOT_COPIED)
            description = read_description(copy) | {"settings": plain(settings), "seed": settings.get("seed", 0)}
            write_json(copy / "recipe.json", description)

    def _make_shared(self):
        folder = self.run_dir / "shared"
        if not self._shared_made:
            with self._alone():
                fit(self.recipe, self.base, folder, smoke=self.smoke, console=self.console, stop=self.stop,
                    only=self.shared)
            self._shared_made = True
        return folder

    def _alone(self):
        """A lock that one worker has while the others wait for it."""
        lock = filelock.FileLock(self.run_dir / ".shared.lock", timeout=0)
        while True:
            self.stop.check()
            try:
                return lock.acquire()
            except filelock.Timeout:
                time.sleep(POLL)


@contextlib.contextmanager
def _forgotten():
    """Frees what a trial made, its graphs above all, which would stay to the end of the search."""
    gc.freeze()  # what is there before is not looked through, which takes a second with TensorFlow loaded
    try:
        yield
    finally:
        keras.utils.clear_session()
        gc.unfreeze()


def read_metrics(folder):
    """A run's metrics.json; InputError if its stages wrote none."""
    path = folder / "metrics.json"
    if not path.is_file():
        raise InputError(f"the run {folder} has no metrics.json: no stage of it measures")
    return json.loads(path.read_text(encoding="utf-8"))
