"""Made-up run folders in the form that the other rooms write, for the tests of the report."""

import copy
import json
from pathlib import Path

import numpy as np

PROTOCOL = {"name": "digits_cnn", "version": 1, "num_fake": 2000, "num_real": 1797, "weights_sha256": "aa11",
            "held_out_accuracy": 0.981, "splits": {"count": 10}, "is_seed": 0, "sampling_seed": 7}
HEADLINE = {"score": "is_digits_cnn", "distance": "fd_digits_cnn"}
SNIPPET = "from ai_edge_litert.interpreter import Interpreter\nprint('a < b')"


def network(role, d, score, distance, **more):
    """An entry of metrics.json's networks; the counts follow the paper's formula for one channel."""
    paper = 672 * d * d + 12831 * d + 1
    entry = {"role": role, "d": d, "parameters": paper + 60 * d, "parameters_paper": paper,
             "ratio": (672 * 256 + 12831 * 16 + 1) / paper, "weights": "ema", "learning_rate": 0.0002,
             "objective": "mse" if role == "student" else "gan",
             "is_digits_cnn": score, "is_digits_cnn_std": 0.05, "fd_digits_cnn": distance}
    return {**entry, **more}


NETWORKS = {
    "d16": network("teacher", 16, 9.0, 10.0, vol=900.0, vol_ratio=1.0),
    "d8": network("teacher_candidate", 8, 8.4, 14.0, vol=880.0),
    "student_d2": network("student", 2, 8.5, 13.0, vol=700.0, vol_ratio=0.78),
    "student_d1": network("student", 1, 6.3, 31.0, vol=500.0, vol_ratio=0.56),
    "control_d2": network("control", 2, 7.0, 25.0, vol=950.0, vol_ratio=1.06),
    "control_d1": network("control", 1, 6.9, 28.0, vol=910.0, vol_ratio=1.01),
    "control_d1_slow": network("control_candidate", 1, 5.0, 60.0, learning_rate=0.00005),
}


def write_run(folder: Path, seed=0, networks=None, protocol=None, without=(), side=8, channels=1, images=12,
              steps=60, **recipe) -> Path:
    """Writes a whole run to `folder`; `without` names files to leave out, `recipe` overrides recipe.json."""
    networks = copy.deepcopy(NETWORKS if networks is None else networks)
    rng = np.random.default_rng(seed)
    documents = {
        "recipe.json": {"recipe": "compress_digits", "title": "Compress a digit GAN", "seed": seed,
                        "settings": {"seed": seed, "batch": 64, "student_d": [1, 2], "alpha": 0.1},
                        "versions": {"keras": "3.15.1"}, "revision": "abc123", "machine": "two cores",
                        "smoke": False, **recipe},
        "metrics.json": {"protocol": PROTOCOL if protocol is None else protocol, "headline": HEADLINE,
                         "real": {"is_digits_cnn": 9.7, "vol": 930.0}, "networks": networks},
        "export/export.json": {"run": "compress_digits", "host": "two-core host", "loading_snippet": SNIPPET,
                               "files": [{"network": "student_d2", "quantize": "int8",
                                          "file": "student_d2.int8.tflite",
                                          "size_kib": 51.25, "parity_max_abs": 0.0123,
                                          "parity_mean_abs": 0.0017, "latency_p50_ms": 0.42,
                                          "latency_p95_ms": 0.61, "threads": 2}]},
    }
    for name, document in documents.items():
        if name not in without:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(document))
    roles = {"teacher": ("teacher", "teacher_candidate"), "students": ("student",),
             "controls": ("control", "control_candidate")}
    for stage, wanted in roles.items():
        members = [name for name, entry in networks.items() if entry["role"] in wanted]
        losses = ("mse",) if stage == "students" else ("generator_loss", "discriminator_loss")
        columns = [f"{member}/{loss}" for member in members for loss in losses]
        rows = [[step, step * 0.5, *(f"{np.exp(-step / 20) + 0.1 * rng.random():.5f}" for _ in columns)]
                for step in range(steps)]
        if f"{stage}/log.csv" not in without:
            (folder / stage).mkdir(parents=True, exist_ok=True)
            lines = [",".join(["step", "seconds", *columns]), *(",".join(map(str, row)) for row in rows)]
            (folder / stage / "log.csv").write_text("\n".join(lines) + "\n")
    arrays = {"samples": {name: draw(rng, (images,), side, channels) for name in networks},
              "interpolation": {name: draw(rng, (3, 9), side, channels) for name, entry in networks.items()
                                if entry["role"] in ("teacher", "student")},
              "real": {"real": draw(rng, (images,), side, channels)}}
    (folder / "evaluate").mkdir(parents=True, exist_ok=True)
    for name, content in arrays.items():
        if f"evaluate/{name}.npz" not in without:
            np.savez_compressed(folder / "evaluate" / f"{name}.npz", **content)
    return folder


def draw(rng, lead, side, channels):
    """uint8 [*lead, side, side, channels]: bright rings of various sizes on a dark ground."""
    y, x = np.mgrid[:side, :side] / (side - 1) - 0.5
    centre, radius = rng.uniform(-0.15, 0.15, (*lead, 2)), rng.uniform(0.15, 0.4, (*lead, channels))
    away = np.hypot(y - centre[..., :1, None], x - centre[..., 1:, None])[..., None]
    ring = np.exp(-((away - radius[..., None, None, :]) / 0.09) ** 2)
    return np.uint8(255 * ring)
