"""keras-tuner's oracles, whose state survives a kill at any moment, and a bisection.

keras-tuner writes its files in place, one after the other: a kill in between leaves a broken file, or a trial
that is finished in one file and in flight in the other. Here each file is replaced as a whole, and what two files
say differently is settled when they are read again.
"""

import json
import math
import sys
import warnings

import numpy as np
from keras_tuner import Objective, Oracle
from keras_tuner.oracles import BayesianOptimizationOracle, HyperbandOracle, RandomSearchOracle
from keras_tuner.src.engine.metrics_tracking import MetricsTracker

from kgan.errors import InputError
from kgan.files import whole_file
from kgan.search.space import bisect, searched, values_of
from kgan.search.trials import OBJECTIVE

ENDED = ("COMPLETED", "FAILED")
COLLISIONS = 1000  # draws in a row of values that were tried, after which a space counts as used up
POINTS, CENTRES, RADII = 2048, 8, (0.1, 0.03, 0.01)  # where the Bayesian search looks: anywhere, then near the best
HYPERBAND_EPOCHS, HYPERBAND_FACTOR = 9, 3  # trials of 1/9, 1/3 and all of the training; a third of each is kept


class Kept(Oracle):
    """What all oracles here share: their end, their files, what they do with trials that were in flight.

    Args:
        trials: number of trials after which the search ends, those of earlier processes included.
        direction: "max" or "min".
        seed: determines, with the results, what is proposed.
        on_end: called with the id of each trial that has ended, when the files say so.
    """

    def __init__(self, *, trials, direction, seed, on_end, **settings):
        super().__init__(objective=Objective(OBJECTIVE, direction), seed=seed,
                         max_consecutive_failed_trials=sys.maxsize, **settings)
        self.max_trials = None  # keras-tuner builds the ids' width from it: they would differ from call to call
        self.wanted, self.on_end = trials, on_end
        self.verbose = 0
        self._max_collisions = COLLISIONS

    def propose(self, trial_id):
        """keras-tuner's answer for the next trial, a dict of "status" and "values": what makes each search its own."""
        raise NotImplementedError("a search must say what it proposes")

    def populate_space(self, trial_id):
        """`propose`, until there are as many trials as wanted."""
        if len(self.trials) >= self.wanted:
            return {"status": "STOPPED"}
        return self.propose(trial_id)

    @property
    def complete(self):
        """Whether all wanted trials are there and ended."""
        return len(self.trials) >= self.wanted and not self.ongoing_trials and not self._retry_queue

    def end_trial(self, trial):
        """As keras-tuner's, with the results that the trial brings; a trial that has ended stays as it is.

        keras-tuner is told the results in a call of its own: a chief that is started again between the two would
        know of a completed trial without results.
        """
        if trial.trial_id in self.end_order:
            return
        self.trials[trial.trial_id].metrics = trial.metrics
        # After a restart of the chief, a worker may end a trial that waits to be run again.
        self._retry_queue = [name for name in self._retry_queue if name != trial.trial_id]
        super().end_trial(trial)
        self.on_end(trial.trial_id)

    def save(self):
        """Writes oracle.json, whole or not at all."""
        _write(self._get_oracle_fname(), self.get_state())

    def _save_trial(self, trial):
        _write(f"{self._get_trial_dir(trial.trial_id)}/trial.json", trial.get_state())

    def reload(self):
        """Reads the state; what was in flight is queued, first come first, to be run again."""
        try:
            super().reload()
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
            problem = " ".join(str(error).split())
            raise InputError(f"{self._get_oracle_fname()} cannot be read ({problem}): choose another "
                             "--run-dir") from error
        # oracle.json is written before a trial begins: one that it does not know has not begun, and is proposed anew.
        known = sorted(set(self.start_order) & set(self.trials), key=int)
        self.trials = {name: self.trials[name] for name in known}
        self._retry_queue = []
        for name, trial in self.trials.items():
            if trial.status in ENDED:
                if name not in self.end_order:  # killed between trial.json and oracle.json
                    self.end_order.append(name)
                    self._run_times[name] += 1
            else:
                trial.status, trial.metrics = "RUNNING", MetricsTracker()
                self._retry_queue.insert(0, name)  # taken from its end


class Random(Kept, RandomSearchOracle):
    """Values drawn at random, none twice."""

    propose = RandomSearchOracle.populate_space


class Bayesian(Kept, BayesianOptimizationOracle):
    """A Gaussian process over what has been found, after three random trials a searched setting.

    The process and its lower confidence bound are keras-tuner's. It minimises the bound by fifty descents with
    numeric gradients, two seconds a trial for two settings and more for more; here the bound is looked at in many
    points at once, and the best that was not tried is taken.
    """

    def propose(self, trial_id):
        """Depends on the seed, the number of the trial and the results alone, also after a restart."""
        size = len(self._nonfixed_space())
        completed = sum(trial.status == "COMPLETED" for trial in self.trials.values())
        if completed < max(3 * size, 3):
            return self._random_populate_space()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit that stops at its limits serves all the same
            self.gpr.fit(*self._vectorize_trials())
        draw = np.random.RandomState((self.seed + len(self.trials)) % 2**32)
        points = draw.uniform(size=(POINTS, size))
        for radius in RADII:
            centres = np.repeat(points[np.argsort(self._bound(points))[:CENTRES]], POINTS // CENTRES // 4, axis=0)
            points = np.concatenate([points, np.clip(centres + radius * draw.normal(size=centres.shape), 0.0, 1.0)])
        for place in np.argsort(self._bound(points)):
            values = {name: value.item() if isinstance(value, np.generic) else value
                      for name, value in self._vector_to_values(points[place]).items()}
            if not self._duplicate(values):
                return {"status": "RUNNING", "values": values}
        return self._random_populate_space()

    def _bound(self, points):
        mean, spread = self.gpr.predict(points, return_std=True)
        return mean - self.beta * spread

    def _make_gpr(self):
        process = super()._make_gpr()
        process.n_restarts_optimizer = 4  # it has one parameter
        return process


class Hyperband(Kept, HyperbandOracle):
    """Many short trials, of which the better third is tried again at three times the length."""

    def __init__(self, **settings):
        super().__init__(max_epochs=HYPERBAND_EPOCHS, factor=HYPERBAND_FACTOR, hyperband_iterations=sys.maxsize,
                         **settings)

    def propose(self, trial_id):
        """keras-tuner's answer with failed trials as the worst of their round.

        It waits for results of a number of trials before it prolongs the best, and failed ones have none: a round
        with a few of them would never end.
        """
        failed = [trial for trial in self.trials.values() if trial.status == "FAILED"]
        for trial in failed:
            trial.status, trial.score = "COMPLETED", math.inf if self.objective.direction == "min" else -math.inf
        try:
            return HyperbandOracle.populate_space(self, trial_id)
        finally:
            for trial in failed:
                trial.status, trial.score = "FAILED", None


class Bisection(Kept):
    """Finds the first of the values of one setting whose objective is not negative.

    It takes for granted that if a value meets (objective >= 0), so do all that come after it in the order.
    Values whose trials failed are left out.

    Args:
        largest_first: the order; else the smallest first.
    """

    def __init__(self, *, largest_first, **settings):
        super().__init__(**settings)
        self.largest_first = largest_first

    def propose(self, trial_id):
        """The middle of the values that are open; none is left when the answer is known."""
        (setting,) = searched(self.hyperparameters)
        values = sorted(values_of(setting), reverse=self.largest_first)
        tried = {trial.hyperparameters.values[setting.name]: trial for trial in self.trials.values()}
        met = {value: bool(trial.score >= 0) if trial.status == "COMPLETED" else None for value, trial in tried.items()}
        _, left = bisect(values, met)
        if left:
            others = {hp.name: hp.default for hp in self.hyperparameters.space}
            return {"status": "RUNNING", "values": others | {setting.name: left[len(left) // 2]}}
        return {"status": "IDLE" if self.ongoing_trials else "STOPPED"}

    @property
    def complete(self):
        """Whether the answer is known, or all wanted trials are there and ended."""
        waiting = self.ongoing_trials or self._retry_queue
        return super().complete or (not waiting and self.propose("")["status"] == "STOPPED")


ALGORITHMS = {"random": Random, "bayesian": Bayesian, "hyperband": Hyperband}


def share_of(values):
    """The share of the longest trial that a trial's values ask for, in (0, 1]; below 1 with Hyperband alone."""
    return values.get("tuner/epochs", HYPERBAND_EPOCHS) / HYPERBAND_EPOCHS


def _write(path, state):
    with whole_file(path, "w") as file:
        file.write(json.dumps(state))
