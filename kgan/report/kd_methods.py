"""The knowledge distillation methods of a kd run and the pairs of teacher and student that they are tried on."""

from collections.abc import Collection

#: The student without a teacher, and the method that the others are tested against besides.
CONTROL, BASELINE = "nokd", "blkd"

#: The methods in the order of the paper's tables 2 and 3, as they are written.
_LABELS = {
    CONTROL: "NOKD", BASELINE: "BLKD", "fitnet": "FitNet", "at": "AT", "pkt": "PKT", "ft": "FT", "sp": "SP",
    "vid": "VID", "rkd": "RKD", "ab": "AB", "crd": "CRD", "takd": "TAKD", "sskd": "SSKD", "reviewkd": "ReviewKD",
    "semckd": "SemCKD", "simkd": "SimKD"}

#: The stage that a method trains before the student, by its name.
_PREPARATION = {"ft": "paraphraser_{teacher}", "ab": "connectors_{teacher}_{student}_ab",
                "takd": "assistant_{teacher}_{student}", "sskd": "head_{teacher}"}


def label(method: str) -> str:
    """A method as it is written; one that is not known stays as it is."""
    return _LABELS.get(method, method)


def key_named(name: str) -> str:
    """The key of a method as it is written."""
    return next((key for key, written in _LABELS.items() if written == name), name)


def in_order(methods: Collection[str]) -> list[str]:
    """The methods in the order of the paper's tables, each once; unknown ones last."""
    known = list(_LABELS)
    return sorted(dict.fromkeys(methods), key=lambda name: known.index(name) if name in known else len(known))


def preparation(method: str, teacher: str, student: str) -> str | None:
    """The name of the stage that a method trains before its student; None for one that needs none."""
    name = _PREPARATION.get(method)
    return name.format(teacher=teacher, student=student) if name else None


def key_of(network: dict) -> tuple | None:
    """(teacher, student, method) of a network of metrics.json or of a summary, teacher None of a plain student.

    None for a network that is no student.
    """
    if network.get("role") not in ("student", "control"):
        return None
    return network.get("teacher"), network.get("network"), network.get("kd")


def students(summary: dict) -> dict[tuple, tuple[str, dict]]:
    """(name, network) of a group's students by (teacher, student, method)."""
    return {key: (name, network) for name, network in summary["networks"].items() if (key := key_of(network))}


def teachers(summary: dict) -> dict[str, dict]:
    """A group's teachers by the name of their architecture."""
    return {network["network"]: network for network in summary["networks"].values() if network["role"] == "teacher"}


def answer(summary: dict, teacher: str, student: str, method: str) -> dict | None:
    """The summarised network of a pair and method; the plain student answers for every teacher."""
    found = students(summary).get((None if method == CONTROL else teacher, student, method))
    return found[1] if found else None
