"""The smallest student of a compression that meets a target.

A target on quality is met by all students from some size on: the smallest of them is searched for. A target on
size is met by all students up to some size, and the smallest would say nothing: the largest is searched for,
which has most of the quality that fits. Both are found by bisection over the students' `d`.
"""

import dataclasses
import re
import shutil
import tempfile

from kgan.errors import InputError
from kgan.export.export import export_network
from kgan.files import write_json
from kgan.run import export_folder, fit
from kgan.search.space import bisect, check_space, searched, values_of
from kgan.search.trials import read_trials
from kgan.search.tuner import values_of_trial
from kgan.stages.pipeline import SHARED_STAGES, TRIAL_STAGES, TRIAL_STEPS
from kgan.stages.training import load_network
from kgan.stages.trials import TrialRuns, read_metrics

SETTING = "student_d"
FORMS = ("size_kib<=100", "score>=0.95*teacher", "distance<=1.1*teacher")
_TARGET = re.compile(r"\s*(size_kib|score|distance)\s*(<=|>=)\s*(\d+(?:\.\d*)?|\.\d+)\s*(\*\s*teacher)?\s*")


@dataclasses.dataclass(frozen=True)
class Target:
    """A bound on a student.

    `size_kib` is the size of the smallest TFLite file among those of the setting `quantize`, in KiB; `score` and
    `distance` are the run's headline measures, beside a number or a multiple of the teacher's.
    """

    text: str
    measure: str
    bound: float
    of_teacher: bool

    @classmethod
    def parse(cls, text):
        """From a text such as `score>=0.95*teacher`; InputError for any other."""
        found = _TARGET.fullmatch(text)
        sense = {"size_kib": "<=", "score": ">=", "distance": "<="}
        if not found or found[2] != sense[found[1]] or (found[1] == "size_kib" and found[4]) or not float(found[3]):
            raise InputError(f"--target takes a bound such as {', '.join(FORMS)}; received {text!r}")
        return cls("".join(text.split()), found[1], float(found[3]), bool(found[4]))

    @property
    def algorithm(self):
        """Which search of `kgan.search.tuner.search` finds the student."""
        return "largest" if self.measure == "size_kib" else "smallest"

    def margin(self, measures):
        """By how much the measures of a student lie within the bound; not negative where they meet it."""
        bound = self.bound * (measures[f"teacher_{self.measure}"] if self.of_teacher else 1.0)
        return measures[self.measure] - bound if self.measure == "score" else bound - measures[self.measure]


def student_space(recipe, settings):
    """The space of a search for one `student_d`: the recipe's `search_space`, or the values of the setting."""
    if SETTING not in settings:
        raise InputError(f"--target needs a recipe that compresses: {recipe.path.name} has no setting {SETTING}")
    given = recipe.search.search_space or (lambda hp: {SETTING: hp.Choice(SETTING, sorted(settings[SETTING]))})

    def space(hp):
        values = recipe.typed(given(hp))
        if len(hp.space) != 1 or list(values) != [SETTING] or len(values[SETTING]) != 1:
            raise InputError(f"{recipe.path.name}: with --target, search_space(hp) must give one {SETTING} alone")
        return values

    return space


class Smallest:
    """The trials of the search, and what follows it.

    Args:
        target: the `Target`.
        settings: of the recipe, `student_d` aside.
        run_dir: the search's folder.
    """

    def __init__(self, target, recipe, settings, run_dir, space, *, smoke, console, stop):
        self.target, self.recipe, self.settings, self.run_dir = target, recipe, settings, run_dir
        self.space, self.smoke, self.console, self.stop = space, smoke, console, stop
        base = settings | {SETTING: settings[SETTING][:1]}  # the shared stages train no student
        self.runs = TrialRuns(recipe, base, run_dir, smoke=smoke, console=console, stop=stop, stages=TRIAL_STAGES,
                              shared=SHARED_STAGES, steps=TRIAL_STEPS)

    def run_trial(self, values, seed, share, trial_id):
        """Trains one student for a share of its steps and measures it beside the teacher."""
        folder = self.runs.run(values, seed, share, trial_id)
        found = self.measure(folder, lambda name: self._size_kib(folder, name))
        return {"objective": self.target.margin(found)} | found

    def measure(self, folder, size_kib):
        """Measures of a run's student; of several objectives' students that which meets the target best.

        Args:
            size_kib: callable, a network's name -> KiB.
        """
        metrics = read_metrics(folder)
        networks, headline = metrics["networks"], metrics["headline"]
        teacher = next(network for network in networks.values() if network["role"] == "teacher")
        students = [
            {"size_kib": size_kib(name), "parameters": float(network["parameters"])}
            | {measure: network[headline[measure]] for measure in ("score", "distance")}
            | {f"teacher_{measure}": teacher[headline[measure]] for measure in ("score", "distance")}
            for name, network in networks.items() if network["role"] == "student"]
        return max(students, key=self.target.margin)

    def table(self):
        """Lines: the students that were tried, by size."""
        trials = sorted(read_trials(self.run_dir), key=lambda trial: list(trial.values.values()))
        return [f"{SETTING}, and by how much it meets {self.target.text}:"] + [
            f"  {_value(trial):4}  " + (trial.why or f"{trial.objective:10.4g}  {_shown(trial.measures)}")
            for trial in trials]

    def finish(self):
        """Trains the student that was found to the end in `<run dir>/best` and exports it; lines that say so."""
        chosen, left = self._answer()
        values = values_of_trial(self.run_dir, chosen.id, self.space)
        settings = self.settings | values
        best = self.run_dir / "best"
        if self.runs.prepare(best, settings):  # more trials have found another one
            shutil.rmtree(export_folder(best), ignore_errors=True)
        exports = fit(self.recipe, settings, best, smoke=self.smoke, console=self.console, stop=self.stop)
        found = self.measure(best, lambda name: min(
            path.stat().st_size for path in exports.glob(f"{name}.*.tflite")) / 1024)
        meets = self.target.margin(found) >= 0
        (d,) = values[SETTING]
        write_json(self.run_dir / "smallest.json", {
            "target": self.target.text, "student_d": d, "trial": chosen.id, "meets": meets, "measures": found,
            "untried": left, "folder": str(best)})
        lines = [f"{SETTING} = {d} is the {self.target.algorithm} that met {self.target.text} in trials of "
                 f"{self.recipe.search.share:.0%} of the training"]
        if left:
            lines.append(f"not decided: {', '.join(map(str, left))} untried; more --trials go on")
        lines.append(f"fully trained it {'meets' if meets else 'DOES NOT MEET'} {self.target.text}: {_shown(found)}")
        return lines + [str(path) for path in sorted(exports.glob("student*.tflite"))]

    def _answer(self):
        """(trial of the student, sizes that might serve and were not tried); InputError if none meets."""
        (setting,) = searched(check_space(self.space))
        trials = {_value(trial): trial for trial in read_trials(self.run_dir)}
        values = sorted(values_of(setting), reverse=self.target.algorithm == "largest")
        met = {value: trial.objective >= 0 if trial.status == "completed" else None for value, trial in trials.items()}
        first, left = bisect(values, met)
        if first is None:
            tried = "; ".join(f"{value}: {trial.why or f'{trial.objective:.4g}'}" for value, trial in trials.items())
            more = f". Untried: {', '.join(map(str, left))}; give more --trials" if left else ""
            raise InputError(f"no {SETTING} that was tried meets {self.target.text}; by how much: {tried}{more}")
        return trials[first], left

    def _size_kib(self, folder, name):
        """Of the smallest TFLite file, made as the export makes it."""
        with tempfile.TemporaryDirectory() as place:
            entries = export_network(load_network(folder, name), place, name=name, run="trial",
                                     quantize=self.settings["quantize"], saved_model=False,
                                     image_output=self.settings.get("image_output", "float32"))
        return min(entry["size_kib"] for entry in entries)


def _value(trial):
    (value,) = trial.values.values()
    return value


def _shown(measures):
    return ", ".join(f"{name} {value:.4g}" for name, value in measures.items())
