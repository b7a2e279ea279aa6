"""What metrics.json of a kd run must hold for the report; all else is refused in one line."""

from pathlib import Path

from kgan.errors import InputError
from kgan.report.kd_methods import CONTROL, key_of
from kgan.report.load import check_objects, number

TASKS = ("classification", "regression")

_AGAIN = "run the evaluate stage again"
_SAID = ("teacher", "student", "kd", "reason")  # of a refused pair


def check_metrics(metrics: dict, source: str) -> None:
    """Raises `InputError` where metrics.json, the file `source`, is damaged.

    Checked are `task`, the headline, what the networks are and their errors, and the forms of `data`, `costs` and
    `refused`, each of which may be missing.
    """
    if metrics.get("task") not in TASKS:
        raise InputError(f"'task' in {source!r} is {metrics.get('task')!r:.60}, not {' or '.join(TASKS)}: {_AGAIN}")
    measure = metrics.get("headline", {}).get("error")
    if not measure:
        raise InputError(f"the headline in {source!r} names no 'error', the measure to compare methods by: {_AGAIN}")
    check_objects(metrics, ("data", "costs"), Path(source))
    check_objects(metrics.get("costs", {}), tuple(metrics.get("costs", {})), Path(source))
    trained = {}
    for name, network in metrics.get("networks", {}).items():
        _check_network(name, network, source)
        _check_error(name, number(network.get(measure)), metrics["task"], source)
        # Assistants may well be of one architecture: each belongs to a student that only its name tells.
        key = key_of(network) or (network["role"], network.get("network"))
        if key in trained and network["role"] != "assistant":
            raise InputError(f"{trained[key]!r} and {name!r} in {source!r} have the same teacher, network and method: "
                             "a run has one network of each")
        trained[key] = name
    _check_refused(metrics.get("refused", []), trained, source)


def _check_network(name: str, network: dict, source: str) -> None:
    role, teacher, method = (network.get(key) for key in ("role", "teacher", "kd"))
    if role not in ("teacher", "assistant", "student", "control"):
        raise InputError(f"the role of {name!r} in {source!r} is {role!r:.60}, not teacher, assistant, student or "
                         f"control: {_AGAIN}")
    wanted = {"network": role in ("teacher", "student", "control"), "teacher": role == "student",
              "kd": role in ("student", "control")}
    for key, needed in wanted.items():
        value = network.get(key)
        if not (isinstance(value, str) and value) and (needed or value is not None):
            raise InputError(f"{key!r} of {name!r} in {source!r} is {value!r:.60}, not a name: {_AGAIN}")
    if role == "control" and (method != CONTROL or teacher is not None):
        raise InputError(f"the control {name!r} in {source!r} has kd {method!r:.60} and the teacher {teacher!r:.60}: a "
                         f"control is of {CONTROL!r} and without a teacher; {_AGAIN}")
    if role == "student" and method == CONTROL:
        raise InputError(f"the student {name!r} in {source!r} is of {CONTROL!r}, which is a control's: {_AGAIN}")


def _check_error(name: str, error: float | None, task: str, source: str) -> None:
    if error is not None and not 0 <= error <= (100 if task == "classification" else float("inf")):
        wanted = "a percentage from 0 to 100" if task == "classification" else "an error from 0 up"
        raise InputError(f"the error of {name!r} in {source!r} is {error:g}, not {wanted}: {_AGAIN}")


def _check_refused(entries, trained: dict, source: str) -> None:
    if not isinstance(entries, list) or not all(
            isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in _SAID) for entry in entries):
        raise InputError(f"'refused' in {source!r} is not a list of objects with {', '.join(_SAID)}, each a text: "
                         f"{_AGAIN}")
    for entry in entries:
        key = tuple(entry[part] for part in _SAID[:3])
        if key in trained:
            raise InputError(f"{trained[key]!r} in {source!r} is trained and also among 'refused': {_AGAIN}")
