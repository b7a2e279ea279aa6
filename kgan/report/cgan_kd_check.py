"""What metrics.json of a cGAN-KD run must hold for the report; all else is refused in one line."""

from pathlib import Path

from kgan.errors import InputError
from kgan.report.cgan_kd_samples import SWEEPS
from kgan.report.load import check_objects, number

TASKS = ("classification", "regression")

_AGAIN = "run the evaluate stage again"


def check_metrics(metrics: dict, source: str) -> None:
    """Raises `InputError` where metrics.json, the file `source`, is damaged.

    Checked are `task`, the headline, the networks' arms, and the forms of `data`, `samples`, `sweeps` and
    `costs`, each of which may be missing.
    """
    if metrics.get("task") not in TASKS:
        raise InputError(f"'task' in {source!r} is {metrics.get('task')!r:.60}, not {' or '.join(TASKS)}: {_AGAIN}")
    if not metrics.get("headline", {}).get("error"):
        raise InputError(f"the headline in {source!r} names no 'error', the measure to compare arms by: {_AGAIN}")
    path = Path(source)
    check_objects(metrics, ("data", "samples", "sweeps", "costs"), path)
    check_objects(metrics.get("costs", {}), tuple(metrics.get("costs", {})), path)
    _check_arms(metrics, source)
    samples = metrics.get("samples", {})
    check_objects(samples, ("acceptance", "sets"), path)
    check_objects(samples.get("sets", {}), tuple(samples.get("sets", {})), path)
    for label, rate in samples.get("acceptance", {}).items():
        if number(rate) is None or not 0 <= rate <= 1:
            raise InputError(f"the acceptance of label {label!r} in {source!r} is {rate!r:.60}, not a share from 0 "
                             f"to 1: {_AGAIN}")
    _check_threshold(samples.get("threshold"), source)
    for name, points in metrics.get("sweeps", {}).items():
        _check_sweep(name, points, source)


def _check_arms(metrics: dict, source: str) -> None:
    arms = {}
    for name, network in metrics.get("networks", {}).items():
        arm = network.get("arm")
        if arm is not None and not isinstance(arm, str):
            raise InputError(f"the arm of {name!r} in {source!r} is {arm!r:.60}, not a name: {_AGAIN}")
        if arm is None and network.get("role") in ("student", "control"):
            raise InputError(f"{name!r} in {source!r} is a {network['role']} without an arm: {_AGAIN}")
        if arm is not None and arm in arms:
            raise InputError(f"{arms[arm]!r} and {name!r} in {source!r} are both of the arm {arm!r}: "
                             "a run has one network an arm")
        arms[arm] = name


def _check_threshold(threshold, source: str) -> None:
    values = threshold.values() if isinstance(threshold, dict) else [] if threshold is None else [threshold]
    for value in values:
        if number(value) is None:
            raise InputError(f"'threshold' in {source!r} holds {value!r:.60}, not a finite number: {_AGAIN}")


def _check_sweep(name: str, points, source: str) -> None:
    if name not in SWEEPS:
        raise InputError(f"'sweeps' in {source!r} holds {name!r:.60}: this version shows {', '.join(SWEEPS)}")
    if not isinstance(points, list) or not all(
            isinstance(point, dict) and number(point.get("value")) is not None for point in points):
        raise InputError(f"the sweep over {name} in {source!r} is not a list of objects with a 'value' each: {_AGAIN}")
