"""Made-up run folders of a distillation through cGAN samples, in the form that its stages write."""

import copy
import json
from pathlib import Path

import numpy as np
import report_runs

PROTOCOL = {"name": "test_split", "version": 1, "augmentation": "none"}
DATA = {"classification": {"name": "digits", "train": 100, "test": 797, "classes": ["one", "two", "three"]},
        "regression": {"name": "needles", "train": 200, "test": 500, "classes": None, "low": -90.0, "high": 90.0}}
UNITS = {"classification": "%", "regression": "degrees"}

#: Errors by seed. Differences to NOKD: as long 0, -1, 0; unprocessed 1, 2, 1; M1 0.5, -1, 0; M1 + M2 -2, -3, -2.5.
ERRORS = {"nokd": (12.0, 14.0, 13.0), "nokd_longer": (12.0, 13.0, 13.0), "unprocessed": (13.0, 16.0, 14.0),
          "m1": (12.5, 13.0, 13.0), "m1_m2": (10.0, 11.0, 10.5)}
TEACHER = (2.0, 3.0, 2.5)

SAMPLES = {"mode": "code", "rho": 0.9, "generated": 4000, "accepted": 2000, "kept": 1500,
           "acceptance": {"one": 0.5, "two": 0.125, "three": 0.625},
           "threshold": {"one": 0.25, "two": 0.5, "three": 1.0},
           "sets": {"m1_m2": {"num": 1500, "label_error": 2.0}, "unprocessed": {"num": 1500, "label_error": 16.0},
                    "m1": {"num": 1500, "label_error": 8.0}}}
SWEEPS = {"fakes": [{"value": 1500, "test_error": 10.0}, {"value": 500, "test_error": 12.0},
                    {"value": 15000, "test_error": 9.0}],
          "rho": [{"value": 0.5, "test_error": 11.0}, {"value": 0.9, "test_error": 10.0}],
          "teacher": [{"name": "wide", "value": 2.0, "parameters": 5000, "test_error": 10.0},
                      {"name": "small", "value": 6.0, "test_error": 11.5}]}
COSTS = {"gan": {"seconds": 300.0, "peak_mib": 900.0}, "students": {"seconds": 100.0, "peak_mib": 1200.0}}
#: One fake on its class's threshold, float32 as the stage writes them.
MEASURED = {"errors": np.array([0.0, 0.2, 0.25, 0.3, 0.4, 0.6, 0.9, 3.0], np.float32),
            "labels": np.array([0, 0, 0, 0, 1, 1, 2, 2], np.float32)}


def networks(errors, seed=0, teacher=TEACHER, steps=1000):
    """Networks of the arms in `errors`, arm -> errors by seed; those but the plain one train twice as long."""
    found = {} if teacher is None else {"teacher": {
        "role": "teacher", "arm": None, "kd": "none", "fakes": 0, "parameters": 5000, "steps": steps,
        "test_error": teacher[seed], "train_error": 0.5}}
    for arm, values in errors.items():
        base, _, loss = arm.partition("+")
        control = base.startswith("nokd")
        found[arm.replace("+", "_")] = {
            "role": "control" if control else "student", "arm": arm, "kd": loss or "none", "fakes": 0 if control else
            1500, "parameters": 800, "steps": steps if base == "nokd" else 2 * steps, "test_error": values[seed],
            "train_error": 1.0}
    return found


def write_run(folder: Path, seed=0, task="classification", errors=None, networks=None, without=(), metrics=None,
              pictures=None, measured=None, channels=1, logs=False, **recipe) -> Path:
    """Writes a whole run to `folder`: a stage with a log a network, or unless `logs` the teacher's alone for all.

    `without` names files and parts of metrics.json to leave out, `metrics` adds to metrics.json.
    """
    networks = copy.deepcopy(networks) if networks is not None else \
        _networks(ERRORS if errors is None else errors, seed)
    rng = np.random.default_rng(seed)
    registers = {"teacher": [{"name": "teacher", "role": "teacher"}], "gan": [{"name": "gan", "role": "generator"}]}
    registers |= {f"student_{name}": [{"name": name, **entry}] for name, entry in networks.items()
                  if entry["role"] != "teacher"}
    if not logs:
        registers = {"teacher": [entry for entries in registers.values() for entry in entries]}
    stated = {"kind": "cgan_kd", "task": task, "unit": UNITS[task], "data": DATA[task], "protocol": PROTOCOL,
              "headline": {"error": "test_error"}, "networks": networks, "samples": SAMPLES, "sweeps": SWEEPS,
              "costs": COSTS, **(metrics or {})}
    documents = {
        "recipe.json": {"recipe": "cgan_kd_digits", "title": "Distil through fakes of digits", "seed": seed,
                        "settings": {"seed": seed, "batch_size": 25}, "versions": {"keras": "3.15.1"},
                        "revision": "abc123", "machine": "two cores", "smoke": False,
                        "stages": [*registers, "evaluate"], **recipe},
        "metrics.json": {name: value for name, value in stated.items() if name not in without},
        "export/export.json": {"run": "cgan_kd_digits", "host": "two-core host",
                               "loading_snippet": report_runs.SNIPPET,
                               "files": [{"network": "m1_m2", "quantize": "none", "size_kib": 120.0},
                                         {"network": "m1_m2", "quantize": "int8", "size_kib": 33.5},
                                         {"network": "teacher", "quantize": "float16", "size_kib": 250.25}]},
        **{f"{stage}/networks.json": entries for stage, entries in registers.items()},
    }
    for name, document in documents.items():
        if name not in without:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(document))
    for stage in registers:
        columns = ["generator_loss", "discriminator_loss"] if stage == "gan" else ["loss"]
        if f"{stage}/log.csv" not in without:
            rows = [[step, step * 0.5, *(f"{np.exp(-step / 20):.5f}" for _ in columns)] for step in range(30)]
            (folder / stage).mkdir(parents=True, exist_ok=True)
            lines = [",".join(["step", "seconds", *columns]), *(",".join(map(str, row)) for row in rows)]
            (folder / stage / "log.csv").write_text("\n".join(lines) + "\n")
    sets = ("real", "unprocessed", "m1", "m1_m2", "kept", "dropped")
    arrays = {"pictures": pictures or {name: report_runs.draw(rng, (24,), 8, channels) for name in sets},
              "errors": measured or MEASURED}
    (folder / "evaluate").mkdir(parents=True, exist_ok=True)
    for name, content in arrays.items():
        if f"evaluate/{name}.npz" not in without:
            np.savez_compressed(folder / "evaluate" / f"{name}.npz", **content)
    return folder


_networks = networks


def seeds(folder: Path, number=3, **more) -> list[Path]:
    """One run a seed."""
    return [write_run(folder / f"seed-{seed}", seed=seed, **more) for seed in range(number)]
