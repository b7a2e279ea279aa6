"""A keras-tuner search whose trials are calls of a function."""

import contextlib
import errno
import io
import math
import time
import zlib
from pathlib import Path

from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial as KerasTrial
from keras_tuner.src.engine.metrics_tracking import MetricsTracker

from kgan.errors import Interrupted
from kgan.files import remove_parts
from kgan.search.cluster import Client, role, serve
from kgan.search.oracles import ALGORITHMS, Bisection, share_of
from kgan.search.space import check_space
from kgan.search.trials import OBJECTIVE, PROJECT, read_trial, write_outcome, write_table

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LONGEST = 500  # characters of a reason; TensorFlow's can fill pages
IDLE = 0.5  # seconds until the oracle is asked again


def search(run_dir, space, run_trial, *, trials, algorithm="random", direction="max", seed=0, share=1.0,
           check=lambda: None, on_end=lambda trial: None):
    """Searches until `trials` trials are there in all, or no untried values are left.

    The state is keras-tuner's project folder `<run_dir>/search`: called again, the search goes on, and runs
    again what was in flight. `<run_dir>/trials.csv` is written anew after each trial. With keras-tuner's
    environment variables (`cluster.role`) this is the chief, which serves and runs no trial, or a worker.
    All of them need the same `run_dir`.

    Args:
        space: callable, `keras_tuner.HyperParameters` -> dict of the values to try.
        run_trial: callable, (values, seed, share, trial_id) -> dict of floats with the key "objective";
            `share` is the part of the full training in (0, 1] that the trial is worth. An exception, or an
            objective that is not finite, is recorded and the search goes on; `Interrupted` and a full disk end it.
        algorithm: "random", "bayesian", "hyperband", or "smallest" and "largest": the smallest and the largest
            value of the only searched setting whose objective is not negative.
        direction: "max" or "min".
        seed: determines what is proposed and, with a trial's number, the trial's seed.
        share: of the longest trials; Hyperband begins with a ninth of it.
        check: called between trials and while waiting; raises to end the search.
        on_end: called with the `trials.Trial` of each trial that has ended.

    Raises:
        InputError: nothing to search, a state that cannot be read, environment variables that do not fit.
    """
    place = role()
    check_space(space)
    run_dir = Path(run_dir)
    if place != "worker":
        for folder in (run_dir, run_dir / PROJECT):
            remove_parts(folder)
        for folder in run_dir.glob(f"{PROJECT}/trial_*"):  # workers may be writing there while their chief starts again
            remove_parts(folder, of="trial.json" if place == "chief" else "*")

    def ended(trial_id):
        write_table(run_dir)
        on_end(read_trial(run_dir, trial_id))

    given = {"trials": trials, "direction": direction, "seed": _fold(seed, "search") or 1, "on_end": ended}
    if algorithm in ALGORITHMS:
        oracle = ALGORITHMS[algorithm](**given)
    else:
        oracle = Bisection(largest_first=algorithm == "largest", **given)
    tuner = Tuner(oracle, space, run_trial, run_dir, seed, share, check)
    if place == "chief":
        tuner.save()
        serve(oracle, check)
    else:
        tuner.search(on_end=on_end if place == "worker" else lambda trial: None)
    if place != "worker":
        write_table(run_dir)


def trial_seed(seed, number):
    """The seed in [0, 2^31) of a search's trial by its number."""
    return _fold(seed, "trial", number)


def values_of_trial(run_dir, trial_id, space):
    """What `space` made of a trial's hyperparameters."""
    path = Path(run_dir) / PROJECT / f"trial_{trial_id}" / "trial.json"
    return space(KerasTrial.load(str(path)).hyperparameters)


class Tuner(BaseTuner):
    """keras-tuner's loop around `run_trial`; see `search` for the arguments."""

    def __init__(self, oracle, space, function, run_dir, seed, share, check):
        self.function, self.space, self.run_dir = function, space, run_dir
        self.seed, self.share, self.check = seed, share, check
        with contextlib.redirect_stdout(io.StringIO()):  # it prints that it reloads
            super().__init__(oracle, hypermodel=space, directory=str(run_dir), project_name=PROJECT)
        if self._is_worker():
            self.oracle = Client(oracle, check)

    def search(self, on_end):
        """Runs trials until the oracle has no more."""
        while True:
            self.check()
            trial = self.oracle.create_trial(self.tuner_id)
            if trial.status == "STOPPED":
                return
            if trial.status == "IDLE":  # other workers' results are needed first
                time.sleep(IDLE)
                continue
            measures, why = self.run_trial(trial)
            if measures is None:
                trial.status, trial.message = "FAILED", why
            else:
                trial.status, trial.metrics = "COMPLETED", self._tracked(measures)
            self.oracle.end_trial(trial)
            on_end(read_trial(self.run_dir, trial.trial_id))

    def run_trial(self, trial):
        """(finite measures, None) of a trial, or (None, why it failed)."""
        seed = trial_seed(self.seed, int(trial.trial_id))
        share = self.share * share_of(trial.hyperparameters.values)
        began = time.perf_counter()
        measures, why = {}, ""
        try:
            values = self.space(trial.hyperparameters)
            measures = _floats(self.function(values, seed, share, trial.trial_id))
            if measures[OBJECTIVE] is None:
                why = "the objective is not a finite number"
        except Interrupted:
            raise
        except Exception as error:
            if getattr(error, "errno", None) in NO_ROOM:
                raise
            why = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST]
        seconds = round(time.perf_counter() - began, 3)
        write_outcome(self.run_dir, trial.trial_id, seed=seed, share=share, seconds=seconds, tuner=self.tuner_id,
                      measures=measures, why=why)
        if why:
            return None, why
        return {name: value for name, value in measures.items() if value is not None}, None

    def _tracked(self, measures):
        tracker = MetricsTracker()
        tracker.register(OBJECTIVE, self.oracle.objective.direction)  # the direction of others means nothing here
        for name, value in measures.items():
            tracker.update(name, value)
        return tracker

    def save(self):
        """The oracle's state is all there is."""
        if not self._is_worker():
            self.oracle.save()

    def reload(self):
        """Reads what `save` wrote; a worker's chief does so."""
        if not self._is_worker():
            self.oracle.reload()

    def _get_tuner_fname(self):
        # Whether there is a state to go on with; keras-tuner's own name for it depends on the process' role.
        return self.oracle._get_oracle_fname()


def _floats(results):
    """The results as plain floats, None where they are not finite; keras-tuner takes no tensors."""
    if not isinstance(results, dict) or OBJECTIVE not in results:
        raise TypeError(f"a trial must give a dict with the key {OBJECTIVE!r}; received {results!r:.80}")
    plain = {name: float(value) for name, value in results.items()}
    return {name: value if math.isfinite(value) else None for name, value in plain.items()}


def _fold(seed, *words):
    # The numbers of kgan.training.noise.fold_seed, which this room does not import.
    return zlib.crc32("/".join(str(part) for part in (seed, *words)).encode()) & 0x7FFFFFFF
