"""Stage: measures teachers and students of a knowledge distillation run."""

import json
from pathlib import Path

from kgan.files import write_json
from kgan.stages.measures import costs, error_protocol
from kgan.stages.tasks import task_of
from kgan.stages.training import load_network, read_registers

PROTOCOL = "kgan-kd-1"  # raise the number when the same networks would measure otherwise
_SAID = ("role", "network", "teacher", "kd", "fakes", "parameters", "steps")


def refused_file(run_dir):
    """The file of a run that names the pairs which a method cannot serve."""
    return Path(run_dir) / "data" / "refused.json"


def read_refused(run_dir):
    """Its entries, dicts of teacher, student, kd and reason."""
    return json.loads(refused_file(run_dir).read_text(encoding="utf-8"))


def diverged_file(folder):
    """The file of a stage whose training diverged: entries as those of `refused_file`."""
    return Path(folder) / "diverged.json"


def _left_out(run_dir):
    """What was refused or diverged, each pair and method once."""
    stages = json.loads((run_dir / "recipe.json").read_text(encoding="utf-8"))["stages"]
    files = [refused_file(run_dir), *(diverged_file(run_dir / stage) for stage in stages)]
    entries = [entry for file in files if file.is_file() for entry in json.loads(file.read_text(encoding="utf-8"))]
    return list({(entry["teacher"], entry["student"], entry["kd"]): entry for entry in entries}.values())


def evaluate_methods(train, test, *, whole_units=False):
    """Writes `metrics.json`.

    Args:
        train, test: callables that give the `ImageSet` or `ValueSet` that was learned from, and another to test on.
        whole_units: as for `kgan.stages.tasks.task_of`.
    """
    def run(work):
        real, held_out = train(), test()
        task, networks = task_of(held_out, whole_units), {}
        for entry in read_registers(work.run_dir):
            work.stop.check()
            network = load_network(work.run_dir, entry["name"])
            errors = {"test_error": task.error(network, held_out), "train_error": task.error(network, real)}
            networks[entry["name"]] = {key: entry[key] for key in _SAID} | errors
        write_json(work.run_dir / "metrics.json", {
            "kind": "kd", "task": task.name, "unit": task.unit,
            "data": {"name": real.name, "train": len(real), "test": len(held_out), **task_of(real).facts()},
            "headline": {"error": "test_error"},
            "protocol": {"name": PROTOCOL, "error": error_protocol(task, whole_units), "pixels": "uint8",
                         "train": real.split, "test": held_out.split, "num_test": len(held_out)},
            "networks": networks, "refused": _left_out(work.run_dir), "costs": costs(work)})
        for name, network in networks.items():
            work.console.say(f"{name}: test error {network['test_error']:.2f} {task.unit} "
                             f"({network['parameters']:,} parameters)")

    return run
