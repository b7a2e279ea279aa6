"""Made-up runs of the kind "damage" in the form that its stage writes."""

import json

import numpy as np

PROTOCOL = {"name": "kgan-2", "num_fake": 898, "num_real": 898, "extractor": {"name": "digits_cnn"}, "is_seed": 0,
            "sampling_seed": 5}
UNITS = {"blur": "pixels", "noise": "grey values", "missing_classes": "classes", "jpeg": "quality"}
STRENGTHS = {"blur": [0.5, 1.0, 2.0], "jpeg": [50, 10]}
FD = {"undamaged": [2.0], "blur": [25.0, 60.0, 300.0], "jpeg": [4.0, 9.0]}
RECALL = {"undamaged": [0.9], "blur": [0.8, 0.5, 0.1], "jpeg": [0.7, 0.75]}
VOL = {"undamaged": [500.0], "blur": [300.0, 200.0, 90.0], "jpeg": [500.0, 500.0]}


def sets(fd=FD, recall=RECALL, vol=VOL, strengths=STRENGTHS):
    """metrics.json's "networks"."""
    found = {"undamaged": {"role": "undamaged", "level": 0, "strength": None, "unit": None}}
    for kind, values in strengths.items():
        for level, strength in enumerate(values, 1):
            found[f"{kind}_{level}"] = {"role": kind, "level": level, "strength": strength, "unit": UNITS[kind]}
    for entry in found.values():
        place = max(entry["level"] - 1, 0)
        entry |= {"fd_digits_cnn": fd[entry["role"]][place], "recall_digits_cnn": recall[entry["role"]][place],
                  "vol": vol[entry["role"]][place]}
    return found


def write_run(folder, seed=0, networks=None, without=(), **recipe):
    """Writes a whole run to `folder`."""
    documents = {
        "recipe.json": {"recipe": "measure_damage", "title": "Damage to digits", "seed": seed, "smoke": False,
                        "settings": {"seed": seed}, "versions": {"keras": "3.15.1"}, "revision": "abc123",
                        "machine": "two cores", "stages": ["features", "damage", "report"], **recipe},
        "metrics.json": {"kind": "damage", "protocol": PROTOCOL | {"sampling_seed": seed},
                         "headline": {"distance": "fd_digits_cnn"},
                         "networks": sets() if networks is None else networks},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        if name not in without:
            (folder / name).write_text(json.dumps(document))
    if "damage/samples.npz" not in without:
        (folder / "damage").mkdir(exist_ok=True)
        samples = {name: np.full((4, 6, 6, 1), 40 * place, np.uint8) for place, name in enumerate(sets())}
        np.savez_compressed(folder / "damage" / "samples.npz", **samples)
    return folder
