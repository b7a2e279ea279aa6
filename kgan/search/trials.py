"""What keras-tuner's project folder says of the trials of a search, and the table of it."""

import csv
import dataclasses
import json
from pathlib import Path

from kgan.errors import InputError
from kgan.files import whole_file, write_json

PROJECT = "search"  # keras-tuner's folder within the run's
TABLE = "trials.csv"
OUTCOME = "outcome.json"  # beside each trial's trial.json: what keras-tuner has no place for
OBJECTIVE = "objective"


@dataclasses.dataclass(frozen=True)
class Trial:
    """One trial.

    `status` is "completed", "failed" or "running" (begun, and not ended); `why` the reason of a failure.
    A trial without an outcome has `objective`, `seed` and `seconds` None and no `measures`.
    """

    id: str
    values: dict  # searched settings by name, as the space has them
    status: str
    objective: float | None
    measures: dict  # what else the trial reported; None for numbers that are not finite
    share: float
    seed: int | None
    seconds: float | None
    why: str


def read_trials(run_dir):
    """All trials of a run's search in the order of their numbers."""
    folders = sorted(Path(run_dir).glob(f"{PROJECT}/trial_*"), key=lambda folder: int(folder.name.split("_")[1]))
    return [read_trial(run_dir, folder.name.split("_")[1]) for folder in folders if (folder / "trial.json").is_file()]


def read_trial(run_dir, trial_id):
    """One trial; InputError if its files cannot be read."""
    folder = Path(run_dir) / PROJECT / f"trial_{trial_id}"
    try:
        state = json.loads((folder / "trial.json").read_text(encoding="utf-8"))
        ended = state["status"] in ("COMPLETED", "FAILED")
        known = json.loads((folder / OUTCOME).read_text(encoding="utf-8")) if ended else {}
        values = {name: value for name, value in state["hyperparameters"]["values"].items()
                  if not name.startswith("tuner/")}
        measures = dict(known.get("measures", {}))
        return Trial(
            trial_id, values, state["status"].lower(), measures.pop(OBJECTIVE, None), measures,
            known.get("share", 1.0), known.get("seed"), known.get("seconds"), known.get("why", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder} does not hold a trial that can be read ({error}): choose another "
                         "--run-dir") from error


def write_outcome(run_dir, trial_id, **outcome):
    """Keeps what a trial gave: seed, share, seconds, measures, why."""
    write_json(Path(run_dir) / PROJECT / f"trial_{trial_id}" / OUTCOME, outcome)


def best_trials(trials, direction):
    """The completed trials, best first. Longer trainings stand before shorter ones: they are not alike."""
    sign = -1.0 if direction == "max" else 1.0
    return sorted((trial for trial in trials if trial.status == "completed"),
                  key=lambda trial: (-trial.share, sign * trial.objective, trial.id))


def write_table(run_dir):
    """Writes `trials.csv` anew: a row a trial, a column a searched setting and a measure."""
    trials = read_trials(run_dir)
    values = list(dict.fromkeys(name for trial in trials for name in trial.values))
    measures = list(dict.fromkeys(name for trial in trials for name in trial.measures))
    columns = [f"{name} (measured)" if name in values else name for name in measures]
    with whole_file(Path(run_dir) / TABLE, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["trial", *values, OBJECTIVE, *columns, "share", "seconds", "seed", "status", "why"])
        for trial in trials:
            share = f"{trial.share:.4g}"
            writer.writerow([trial.id, *(trial.values.get(name) for name in values), trial.objective,
                             *(trial.measures.get(name) for name in measures), share, trial.seconds, trial.seed,
                             trial.status, trial.why])
