"""Stage: measures teacher, students and samples of a cGAN-KD run, and keeps images for the report."""

import json

import numpy as np

from kgan.data.processed import DROPPED_BY_M2, KEPT, read_index, shard_path
from kgan.data.processed_set import ProcessedSet
from kgan.files import whole_file, write_json
from kgan.stages.cgan_kd_sweeps import describe_points
from kgan.stages.measures import costs, error_protocol
from kgan.stages.students import SWEEP
from kgan.stages.subsampling import FOLDER
from kgan.stages.tasks import predictor, task_of
from kgan.stages.training import load_network, read_registers

PROTOCOL = "kgan-cgan-kd-1"  # raise the number when the same networks would measure otherwise
SHOWN = 40  # images a kind
JUDGED = 5000  # samples a set that the teacher is asked about


def evaluate_arms(train, test, *, sets=("unprocessed", "m1", "m1_m2"), rho, mode, whole_units=False, points=()):
    """Writes `metrics.json`, and in the stage's folder `pictures.npz` and `errors.npz`.

    Args:
        train, test: callables that give the `ImageSet` or `ValueSet` that was learned from, and another to test on.
        sets: stages whose samples are looked at.
        rho, mode, whole_units: of M2; predictions of whole units alone count as such in the errors, too.
        points: of sweeps, `kgan.stages.cgan_kd_sweeps.Point`s.
    """
    def run(work):
        real, held_out = train(), test()
        task, networks = task_of(held_out, whole_units), {}
        for entry in read_registers(work.run_dir):
            if "predicts" not in entry or entry["role"] == SWEEP:
                continue
            work.stop.check()
            network = load_network(work.run_dir, entry["name"])
            errors = {"test_error": task.error(network, held_out), "train_error": task.error(network, real)}
            networks[entry["name"]] = {key: entry[key] for key in _SAID} | errors
        sweeps = describe_points(work, points, networks, lambda network: task.error(network, held_out))
        folders = {name: work.run_dir / name / FOLDER for name in sets if (work.run_dir / name / FOLDER).is_dir()}
        predict = predictor(load_network(work.run_dir, "teacher"), task.output)
        described = {name: _described(folder, name, task, predict) for name, folder in folders.items()}
        _write_pictures(work, real, folders)
        samples = _samples(work, described, folders) | {"rho": rho, "mode": mode} if folders else {}
        write_json(work.run_dir / "metrics.json", {
            "kind": "cgan_kd", "task": task.name, "unit": task.unit,
            "data": {"name": real.name, "train": len(real), "test": len(held_out), **task_of(real).facts()},
            "headline": {"error": "test_error"},
            "protocol": {"name": PROTOCOL, "error": error_protocol(task, whole_units),
                         "pixels": "uint8", "train": real.split, "test": held_out.split, "num_test": len(held_out)},
            "networks": networks, "samples": samples, **({"sweeps": sweeps} if sweeps else {}),
            "costs": costs(work)})
        _say(work, task, networks, sweeps)

    return run


_SAID = ("role", "arm", "kd", "fakes", "parameters", "steps")


def _described(folder, name, task, predict):
    """How many samples a set holds, and how far the teacher is from their labels."""
    samples = ProcessedSet(folder)
    if name in ("unprocessed", "m1"):
        samples = samples.with_assigned_labels()
    rows = np.sort(np.random.default_rng(0).permutation(len(samples))[:JUDGED])
    _, predicted = task.disagreement(predict, samples.images(rows), samples.labels[rows])
    return {"num": len(samples), "label_error": task.label_error(samples.labels[rows], predicted)}


def _samples(work, described, folders):
    found = {"sets": described}
    if "m1" in folders:
        index = read_index(folders["m1"])
        rates = index["acceptance_by_label"]
        found |= {"generated": sum(entry["proposed"] for entry in rates),
                  "accepted": sum(entry["accepted"] for entry in rates),
                  "acceptance": {f"{entry['label']:g}": entry["rate"] for entry in rates}}
        errors, labels = _of_shards(folders["m1"], ("errors", "assigned_labels"), KEPT)
        with whole_file(work.folder / "errors.npz") as file:
            np.savez_compressed(file, errors=errors, labels=labels.astype(np.float32))
    if "m1_m2" in folders:
        threshold = json.loads((folders["m1_m2"].parent / "threshold.json").read_text())["threshold"]
        found |= {"kept": described["m1_m2"]["num"], **({} if threshold is None else {"threshold": threshold})}
    return found


def _of_shards(folder, names, code, num=None):
    """Columns of a folder's samples under a code of `dropped`; about `num` of all shards, mixed, if it is given."""
    parts, count, rng = [], read_index(folder)["num_shards"], np.random.default_rng(0)
    for number in range(count):
        with np.load(shard_path(folder, number)) as shard:
            rows = np.flatnonzero(shard["dropped"] == code)
            if num is not None:
                rows = rng.permutation(rows)[: -(-num // count)]
            parts.append([shard[name][rows] for name in names])
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    if num is None:
        return columns
    mixed = rng.permutation(len(columns[0]))[:num]
    return [column[mixed] for column in columns]


def _write_pictures(work, real, folders):
    """Images of each kind in an order of chance, so that the first few are of many labels."""
    rng = np.random.default_rng(0)
    pictures = {"real": real.images[rng.permutation(len(real))[:SHOWN]]}
    for name, folder in folders.items():
        samples = ProcessedSet(folder)
        pictures[name] = samples.images(rng.permutation(len(samples))[:SHOWN])
    if "m1_m2" in folders:
        for kind, code in (("kept", KEPT), ("dropped", DROPPED_BY_M2)):
            (images,) = _of_shards(folders["m1_m2"], ("images",), code, SHOWN)
            if len(images):
                pictures[kind] = images
    with whole_file(work.folder / "pictures.npz") as file:
        np.savez_compressed(file, **pictures)


def _say(work, task, networks, sweeps):
    for name, network in networks.items():
        work.console.say(f"{name}: test error {network['test_error']:.2f} {task.unit} "
                         f"({network['parameters']:,} parameters, {network['fakes']} generated images)")
    for over, points in sweeps.items():
        each = (f"{point.get('name', '')} {point['value']:g}: {point['test_error']:.2f}".strip() for point in points)
        work.console.say(f"sweep over {over}, test errors ({task.unit}): {', '.join(each)}")
