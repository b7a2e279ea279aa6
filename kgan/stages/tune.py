"""The command `tune`: a recipe's search with keras-tuner, in a folder that it may be gone on with."""

import dataclasses
import functools
import json
import os
import shlex
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from kgan.errors import InputError, Interrupted
from kgan.files import write_json
from kgan.progress import Console
from kgan.run import PLACES, describe_run, hold, plain
from kgan.search.cluster import PATIENCE, role
from kgan.search.space import check_space, searched
from kgan.search.trials import TABLE, best_trials, read_trials
from kgan.search.tuner import search, values_of_trial
from kgan.stages.smallest import Smallest, Target, student_space
from kgan.stages.trials import TrialRuns, read_metrics
from kgan.training.signals import StopRequest

FILE = "search.json"
COMPARED = ("recipe", "settings", "seed", "smoke", "algorithm", "target", "direction", "space")
BEST = 5  # trials in the table at the end
POLL = 0.5  # seconds between two looks for the chief's search.json


@dataclasses.dataclass
class Plan:
    """What a search of a recipe consists of.

    `space` gives typed settings of recipe(), `facts` is what search.json holds.
    """

    recipe: object
    settings: dict
    seed: int
    smoke: bool
    algorithm: str
    direction: str
    target: Target | None
    space: Callable
    facts: dict


def plan_search(recipe, settings, *, algorithm=None, target=None, seed=0, smoke=False):
    """The `Plan`; InputError where the recipe brings no search, or what was asked for does not fit it.

    Args:
        settings: the recipe's, resolved; `search_space` gives values for some of them.
        algorithm: "random" (also None), "bayesian" or "hyperband".
        target: text of a `smallest.Target`; then the search is a bisection, and takes no algorithm.
    """
    name = recipe.path.name
    parts = recipe.search
    if target is not None:
        if algorithm is not None:
            raise InputError("--target searches by bisection: leave --algorithm out")
        target = Target.parse(target)
        space = student_space(recipe, settings)
    elif parts.search_space is None:
        raise InputError(f"{name} has no search_space(hp): there is nothing to search")
    elif parts.trial_runner is None and parts.objective is None:
        raise InputError(f"{name} has neither objective(metrics) nor trial_runner(**settings): nothing says "
                         "which trial is better")
    elif algorithm == "hyperband" and parts.trial_runner is None and not parts.steps:
        raise InputError(f"hyperband shortens trainings, and {name} names no setting in TRIAL_STEPS: choose another "
                         "--algorithm")
    else:
        space = functools.partial(_typed, recipe)
    hp = check_space(space)
    recipe.stages(settings | space(hp))  # raises where the recipe refuses its settings
    algorithm = target.algorithm if target else algorithm or "random"
    direction = "max" if target else parts.direction
    facts = describe_run(recipe, settings, smoke) | {
        "seed": seed, "algorithm": algorithm, "direction": direction, "target": target and target.text,
        "space": [{"kind": type(setting).__name__} | setting.get_config() for setting in hp.space]}
    facts["versions"]["keras-tuner"] = metadata.version("keras-tuner")
    return Plan(recipe, settings, seed, smoke, algorithm, direction, target, space, facts)


def tune(plan, run_dir, *, trials, console=None, stop=None):
    """Runs the search until it has `trials` trials in all, or goes on with it; returns lines of what was found.

    A generic trial is a run of the recipe in `<run_dir>/trials/<id>`, judged by the recipe's `objective` of its
    metrics.json; a recipe's `trial_runner` takes its place. With a target, the student found is then trained in
    full. As a worker it runs trials and returns nothing.

    Raises:
        InputError: the folder belongs to another search or something else, or is in use; no trial gave a result.
        Interrupted: after SIGTERM or SIGINT, or when a worker's chief does not answer.
    """
    run_dir, console, place = Path(run_dir), console or Console(), role()
    lock = f".lock-{os.environ['KERASTUNER_TUNER_ID'].replace('/', '-')}" if place == "worker" else ".lock"
    _check_place(run_dir)
    with (stop or StopRequest()).listening() as stop, hold(run_dir, lock):
        if place == "worker":
            _wait_for_chief(run_dir, stop)
        _check_same(plan, run_dir, write=place != "worker")
        given = {"smoke": plan.smoke, "console": console, "stop": stop}
        smallest = None
        if plan.target:
            smallest = Smallest(plan.target, plan.recipe, plan.settings, run_dir, plan.space, **given)
        search(run_dir, plan.space, smallest.run_trial if smallest else _runner(plan, run_dir, place, given),
               trials=trials, algorithm=plan.algorithm, direction=plan.direction, seed=plan.seed,
               share=plan.recipe.search.share if plan.target else 1.0, check=stop.check,
               on_end=_teller(plan, run_dir, trials, console))
        if place == "worker":
            return []
        _check_results(run_dir)
        lines = smallest.table() + smallest.finish() if smallest else _table(plan, run_dir, trials)
        return [*lines, f"trials: {run_dir / TABLE}"]


def show_plan(plan, run_dir):
    """Lines for --dry-run."""
    done = len(read_trials(run_dir))
    return [plan.recipe.title, f"folder: {run_dir}" + (f" ({done} trials so far)" if done else ""),
            f"algorithm: {plan.algorithm}" + (f", target {plan.target.text}" if plan.target else f", {plan.direction}"),
            "searched:", *(f"  {setting!r}" for setting in searched(check_space(plan.space)))]


def _typed(recipe, hp):
    """The recipe's `search_space`, checked: settings of recipe(), typed as the command line would."""
    try:
        values = recipe.search.search_space(hp)
        if not isinstance(values, dict) or not values:
            raise TypeError(f"it must give a dict of settings; it gave {values!r}")
    except Exception as error:  # whatever a person's function raises
        raise InputError(f"{recipe.path}: search_space(hp) fails: {type(error).__name__}: {error}") from error
    return recipe.typed(values)


def _runner(plan, run_dir, place, given):
    """What runs a trial, or None for a chief, which runs none."""
    parts = plan.recipe.search
    if place == "chief":
        return None
    if parts.trial_runner is not None:
        return parts.trial_runner(**plan.settings)
    runs = TrialRuns(plan.recipe, plan.settings, run_dir, stages=parts.stages, shared=parts.shared, steps=parts.steps,
                     **given)
    return lambda *trial: {"objective": parts.objective(read_metrics(runs.run(*trial)))}


def _teller(plan, run_dir, total, console):
    best = best_trials(read_trials(run_dir), plan.direction)[:1]

    def tell(trial):
        best[:] = best_trials([*best, trial], plan.direction)[:1]
        values = _shown(trial.values)
        if trial.status == "failed":
            console.say(f"trial {trial.id} of {total}: failed in {trial.seconds:.1f} s; {values}; {trial.why}")
        elif plan.target:
            found = f"{'meets' if trial.objective >= 0 else 'misses'} {plan.target.text} by {abs(trial.objective):.4g}"
            console.say(f"trial {trial.id}, at most {total}: {values} {found}, in {trial.seconds:.1f} s")
        else:
            found = f"{trial.objective:.4g}" + (f" at {trial.share:.0%} of the training" if trial.share < 1 else "")
            console.say(f"trial {trial.id} of {total}: {found} in {trial.seconds:.1f} s; {values}; "
                        f"best {best[0].objective:.4g} ({best[0].id})")

    return tell


def _shown(values, most=8):
    texts = [f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()]
    return ", ".join(texts[:most] + (["..."] if len(texts) > most else []))


def _check_results(run_dir):
    trials = read_trials(run_dir)
    if not any(trial.status == "completed" for trial in trials):
        reason = next((trial.why for trial in trials if trial.why), "none was begun")
        raise InputError(f"none of {len(trials)} trials gave a result; the first: {reason}")


def _table(plan, run_dir, wanted):
    """The best trials, and the command that trains the best one's settings in full."""
    trials = read_trials(run_dir)
    failed = sum(trial.status == "failed" for trial in trials)
    lines = [f"{len(trials)} trials, {failed} failed; the best:"]
    lines += [f"  {trial.id}  {trial.objective:10.4g}  {_shown(trial.values)}"
              for trial in best_trials(trials, plan.direction)[:BEST]]
    if len(trials) < wanted:
        lines.append("the search space has no untried values left")
    return [*lines, _command(plan, run_dir)]


def _command(plan, run_dir):
    """The command that trains the best trial's settings in full."""
    best = best_trials(read_trials(run_dir), plan.direction)[0]
    before = plan.recipe.settings((), plan.smoke)
    values = {name: value for name, value in plan.settings.items() if value != before[name]}
    values |= values_of_trial(run_dir, best.id, plan.space)
    words = [f"--set {shlex.quote(text)}" for text in plan.recipe.assignments(values)]
    return " ".join(["the best in full: python cli.py fit", shlex.quote(str(plan.recipe.path)), *words,
                     *(["--smoke"] if plan.smoke else [])])


def _check_place(run_dir):
    if run_dir.exists() and not run_dir.is_dir():
        raise InputError(f"{run_dir} is a file; --run-dir needs a folder")
    foreign = [path.name for path in run_dir.glob("*") if not path.name.startswith(".")]
    if foreign and not (run_dir / FILE).is_file():
        raise InputError(f"{run_dir} is no folder of a search (it holds {foreign[0]}): choose another --run-dir")


def _wait_for_chief(run_dir, stop):
    deadline = time.monotonic() + PATIENCE
    while not (run_dir / FILE).is_file():
        stop.check()
        if time.monotonic() > deadline:
            raise Interrupted(f"no chief has begun a search in {run_dir}; all processes need the same --run-dir")
        time.sleep(POLL)


def _check_same(plan, run_dir, write):
    now = plain(plan.facts)
    path = run_dir / FILE
    if path.is_file():
        try:
            then = json.loads(path.read_text(encoding="utf-8"))
            changed = list(_differences(then, now))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} is damaged ({error}): choose another --run-dir") from None
        if changed:
            raise InputError(f"{run_dir} was begun otherwise: {'; '.join(changed)}. Choose another --run-dir")
    if write:
        write_json(path, now)


def _differences(then, now):
    for key in COMPARED:
        before, after = then[key], now[key]
        if key == "settings":
            for name in {**before, **after}:
                if name not in PLACES and before.get(name, "not there") != after.get(name, "not there"):
                    yield f"{name} was {before.get(name, 'not there')!r}, now {after.get(name, 'not there')!r}"
        elif before != after:
            yield f"{key} was {before!r}, now {after!r}"
