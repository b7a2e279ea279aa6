"""The last stages of a run: exports of its networks, and the report."""

from pathlib import Path

import keras
import numpy as np

from kgan.errors import InputError
from kgan.export.export import export_network
from kgan.export.inputs import LAWS
from kgan.export.tflite import QUANTISATIONS
from kgan.files import whole_file
from kgan.metrics.sampler import Sampler
from kgan.report.page import write_report
from kgan.run import read_description
from kgan.stages.training import load_network, read_registers

ROLES = ("teacher", "student", "peer", "graph")


def export(*, quantize, roles=ROLES, image_output="float32"):
    """Stage: exports the networks of these roles to the run's folder below `saved_models/`.

    Args:
        quantize: TFLite quantisations, each of none, float16, dynamic and int8.
        image_output: what the TFLite files of generators give, "float32" in [-1, 1] or "uint8" pixels.
    """
    def run(work):
        for entry in read_registers(work.run_dir):
            if entry["role"] in roles:
                work.stop.check()
                _export(work.run_dir, entry["name"], quantize, work.export_dir, work.run_id, image_output)
        _keep_register(work.folder, work.export_dir)

    return run


def export_run(run_dir, network, quantize, folder, run_id, image_output=None):
    """Exports one network of a run, or those of the roles in `ROLES`, to `folder`; yields the files' paths.

    Args:
        image_output: as for `export`; None takes the run's own setting of that name.
    """
    names = [network] if network else [entry["name"] for entry in read_registers(run_dir) if entry["role"] in ROLES]
    if not names:
        raise InputError(f"{run_dir} has no trained networks")
    for name in names:
        for entry in _export(run_dir, name, quantize or QUANTISATIONS, folder, run_id, image_output):
            yield folder / entry["file"]
    _keep_register(Path(run_dir) / "export", folder)


def _keep_register(stage_folder, export_dir):
    """The report reads the run's folder alone: it gets a copy of what was exported."""
    with whole_file(stage_folder / "export.json") as file:
        file.write((export_dir / "export.json").read_bytes())


def report():
    """Stage: writes the run's `report.html`."""
    def run(work):
        write_report([work.run_dir], work.run_dir / "report.html")

    return run


def _export(run_dir, name, quantize, folder, run_id, image_output):
    network = load_network(run_dir, name)
    entry = next((entry for entry in read_registers(run_dir) if entry["name"] == name), {})
    if "predicts" in entry:
        given = _predictor(run_dir, network, entry)
    else:
        given = _generator(network)
        image_output = image_output or read_description(run_dir)["settings"].get("image_output")
    return export_network(given.pop("network", network), folder, name=name, run=run_id, quantize=quantize,
                          image_output=image_output or "float32", **given)


def _generator(network):
    sampler = Sampler(network)
    if not sampler.conditional:
        return {"latents_law": sampler.latents_law}

    def inputs(count, seed):
        return {"latents": sampler.latents(count, seed), "labels": sampler.labels_of(count)}

    labels = "0 to 1" if sampler.continuous else f"0 to {sampler.num_classes - 1}"
    return {"inputs": inputs, "latents_law": f"latents {LAWS[sampler.latents_law][0]}, labels {labels}"}


def _predictor(run_dir, network, entry):
    """Arguments of `export_network` for a classifier, which gives logits, or a regressor, in the labels' unit."""
    with np.load(Path(run_dir) / entry["examples"]) as file:
        examples = file["images"].astype(np.float32) / 127.5 - 1.0
    regression = entry["predicts"] == "regression"
    outputs = network.output
    outputs = outputs["labels" if regression else "logits"] if isinstance(outputs, dict) else outputs
    if regression:
        outputs = keras.layers.Rescaling(entry["high"] - entry["low"], entry["low"], name="in_unit")(outputs)

    def inputs(count, seed):
        rows = np.random.default_rng(seed).integers(0, len(examples), count)
        return {network.inputs[0].name: examples[rows]}

    return {"network": keras.Model(network.input, outputs, name=network.name), "inputs": inputs,
            "latents_law": "images in [-1, 1] (pixel / 127.5 - 1), drawn from those of the training",
            "output_range": None}
