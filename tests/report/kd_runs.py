"""Made-up run folders of distillation methods on pairs of teacher and student, in the form that the stages write."""

import copy
import json
from pathlib import Path

PROTOCOL = {"name": "kgan-kd-1", "error": "percent of test images", "pixels": "uint8", "train": "train",
            "test": "test", "num_test": 797}
DATA = {"classification": {"name": "digits", "train": 1000, "test": 797, "classes": ["one", "two"]},
        "regression": {"name": "needles", "train": 200, "test": 500, "classes": None, "low": -90.0, "high": 90.0}}
UNITS = {"classification": "%", "regression": "degrees"}
PARAMETERS = {"wrn40_2": 9000, "resnet32x4": 20000, "vgg8": 3000, "mobilenetv2": 1000, "wrn16_2": 5000}

TEACHERS = {"wrn40_2": (2.0, 3.0, 2.5), "resnet32x4": (1.0, 1.0, 4.0)}
#: Errors by seed. vgg8's differences to NOKD: BLKD -1, -2, -1.5; FitNet 1, 1, 2; AT 0.5, -1, 0; CRD -2, -3, -2.5.
PLAIN = {"vgg8": (12.0, 14.0, 13.0), "mobilenetv2": (20.0, 22.0, 24.0)}
STUDENTS = {
    ("wrn40_2", "vgg8"): {"crd": (10.0, 11.0, 10.5), "blkd": (11.0, 12.0, 11.5), "fitnet": (13.0, 15.0, 15.0),
                          "at": (12.5, 13.0, 13.0)},
    ("resnet32x4", "vgg8"): {"blkd": (12.0, 14.5, 12.5), "takd": (11.0, 13.5, 11.5)},
    ("resnet32x4", "mobilenetv2"): {"blkd": (19.0, 20.0, 21.0), "simkd": (15.0, 15.0, 16.0)},
}
REFUSED = [{"teacher": "resnet32x4", "student": "mobilenetv2", "kd": "fitnet", "reason": "no map\n of equal size"},
           {"teacher": "resnet32x4", "student": "mobilenetv2", "kd": "at", "reason": "no map of equal size"}]


def networks(seed=0, teachers=None, plain=None, students=None, **more):
    """Networks of the errors by seed; `more` is added to each student's entry."""
    found = {}
    for teacher, values in (TEACHERS if teachers is None else teachers).items():
        found[f"teacher_{teacher}"] = _entry("teacher", teacher, None, "none", values[seed])
    for student, values in (PLAIN if plain is None else plain).items():
        found[f"student_{student}_nokd"] = _entry("control", student, None, "nokd", values[seed])
    for (teacher, student), methods in (STUDENTS if students is None else students).items():
        for method, values in methods.items():
            if method == "takd":
                found[f"assistant_{teacher}_{student}"] = _entry("assistant", "wrn16_2", teacher, "takd", 5.0)
            entry = _entry("student", student, teacher, method, values[seed])
            # SimKD's student keeps the teacher's classifier.
            entry["parameters"] += 500 if method == "simkd" else 0
            found[f"student_{teacher}_{student}_{method}"] = entry | more
    return found


def _entry(role, network, teacher, method, error):
    return {"role": role, "network": network, "teacher": teacher, "kd": method, "fakes": 0,
            "parameters": PARAMETERS.get(network, 7000), "steps": 400, "test_error": error, "train_error": 0.5}


def costs(names, seed=0):
    """Seconds by stage: 10 of each network and one a seed more, 4 of an assistant."""
    return {name: {"seconds": 4.0 if name.startswith("assistant") else 10.0 + seed, "peak_mib": 300.0}
            for name in names}


def write_run(folder: Path, seed=0, task="classification", networks=None, without=(), metrics=None, logs=(),
              files=None, **recipe) -> Path:
    """Writes a whole run to `folder`; `logs` are the stages that left a log, and a register of their network.

    `without` names files and parts of metrics.json to leave out, `metrics` adds to metrics.json.
    """
    found = copy.deepcopy(networks) if networks is not None else _networks(seed)
    stated = {"kind": "kd", "task": task, "unit": UNITS[task], "data": DATA[task], "protocol": PROTOCOL,
              "headline": {"error": "test_error"}, "networks": found, "refused": REFUSED,
              "costs": costs(found, seed), **(metrics or {})}
    stages = list(logs)
    documents = {
        "recipe.json": {"recipe": "kd_digits", "title": "Distil by every method", "seed": seed,
                        "settings": {"seed": seed, "batch_size": 25}, "versions": {"keras": "3.15.1"},
                        "revision": "abc123", "machine": "two cores", "smoke": False, "stages": [*stages, "evaluate"],
                        **recipe},
        "metrics.json": {name: value for name, value in stated.items() if name not in without},
        "export/export.json": {"run": "kd_digits", "host": "two-core host", "loading_snippet": "run()", "files": [
            {"network": "student_wrn40_2_vgg8_crd", "quantize": "none", "size_kib": 120.0},
            {"network": "student_wrn40_2_vgg8_crd", "quantize": "int8", "size_kib": 33.5}] if files is None else files},
        **{f"{name}/networks.json": [{"name": name, **found[name]}] for name in stages if name in found},
    }
    for name, document in documents.items():
        if name not in without:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(document))
    for stage in logs:
        (folder / stage).mkdir(parents=True, exist_ok=True)
        rows = [f"{step},{step * 0.5},{2.0 / (step + 1):.4f}" for step in range(20)]
        (folder / stage / "log.csv").write_text("\n".join(["step,seconds,loss", *rows]) + "\n")
    return folder


_networks = networks


def seeds(folder: Path, number=3, **more) -> list[Path]:
    """One run a seed; `networks`, if given, is asked for those of a seed."""
    ask = more.pop("networks", _networks)
    return [write_run(folder / f"seed-{seed}", seed=seed, networks=ask(seed), **more) for seed in range(number)]
