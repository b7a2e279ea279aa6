"""Images from a run's networks, for the command `sample`."""

import csv
import math

import numpy as np
from PIL import Image

from kgan.errors import InputError
from kgan.files import whole_file
from kgan.metrics.sampler import Sampler
from kgan.stages.evaluate import INTERPOLATED, interpolate
from kgan.stages.training import load_network, read_registers, write_grid


def sample_run(run_dir, network, num, seed, out, interpolated=False, class_name=None):
    """Writes `num` images of a run's network to `out`: a grid for a `.png`, else PNGs in a folder, where
    `labels.csv` says the class of each image of a generator that takes labels.

    Args:
        network: its name; None takes the first student, peer or generator of a graph, or else the teacher.
        seed: determines the latents, for all networks of the same latent_dim alike.
        interpolated: `num` rows of images between two latents each, as one grid.
        class_name: name or number of the class of all images, or their number where labels are numbers, in the
            data's unit; None takes the classes in turn, or numbers evenly spaced over their range.

    Returns: a line that says what was written where.
    """
    grid = out.suffix.lower() == ".png"
    if interpolated and not grid:
        raise InputError(f"--interpolate draws one grid: --out must end in .png; received {out}")
    _check_free(out, grid)
    name = network or _default(run_dir)
    loaded = load_network(run_dir, name)
    entry = next((entry for entry in read_registers(run_dir) if entry["name"] == name), {})
    if "predicts" in entry:
        raise InputError(f"{name} is made for {entry['predicts']}, it makes no images: name a generator by --network")
    sampler = Sampler(loaded)
    label = None if class_name is None else _label_of(class_name, name, sampler, entry)
    if interpolated:
        rows = interpolate(sampler, sampler.latents(2 * num, seed), label=label)
        write_grid(out, rows.reshape(-1, *rows.shape[2:]), INTERPOLATED)
        return f"{num} rows of {INTERPOLATED} images: {out}"
    labels = sampler.labels_of(num) if label is None else np.full(num, label)
    images = sampler.images_of(sampler.latents(num, seed), labels)
    if grid:
        write_grid(out, images)
        return f"{num} images: {out}"
    for number, image in enumerate(images):
        with whole_file(out / f"{number:06d}.png") as file:
            Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "PNG")
    if not sampler.conditional:
        return f"{num} images in {out}"
    _write_labels(out / "labels.csv", labels, entry, sampler.continuous)
    return f"{num} images in {out}, their {'values' if sampler.continuous else 'classes'} in labels.csv"


def _label_of(text, network, sampler, entry):
    """The label a generator takes for a class given by its name or number, or for a number in the data's unit."""
    if not sampler.conditional:
        raise InputError(f"{network} takes no labels: leave --class out")
    if sampler.continuous:
        low, high = _range_of(entry)
        try:
            share = (float(text) - low) / (high - low)
        except ValueError:
            share = math.nan
        if 0.0 <= share <= 1.0:
            return share
        raise InputError(f"{network} takes a number from {low:g} to {high:g} as --class; received {text!r}")
    known = entry.get("classes") or [str(label) for label in range(sampler.num_classes)]
    if text in known:
        return known.index(text)
    if text.isdecimal() and int(text) < sampler.num_classes:
        return int(text)
    raise InputError(f"{network} knows no class {text!r}; it knows {', '.join(known)}")


def _write_labels(path, labels, entry, continuous):
    """A line an image: its file, and its class as a number and by name, or its value in the data's unit."""
    if continuous:
        low, high = _range_of(entry)
        header, values = ["file", "value"], [[low + (high - low) * label] for label in labels.tolist()]
    else:
        names = entry.get("classes")
        header = ["file", "label", "class_name"]
        values = [[label, names[label] if names else label] for label in labels.tolist()]
    with whole_file(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([f"{number:06d}.png", *value] for number, value in enumerate(values))


def _range_of(entry):
    return entry.get("low", 0.0), entry.get("high", 1.0)


def _check_free(out, grid):
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not above.is_dir():
        raise InputError(f"{above} is a file, so {out} cannot be written: choose another --out")
    if grid and out.is_dir():
        raise InputError(f"{out} is a folder: --out takes a file ending in .png, or a folder of another name")
    if not grid and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there already: --out takes a new or empty folder, or a file ending in .png")


def _default(run_dir):
    entries = read_registers(run_dir)
    for role in ("student", "peer", "graph", "generator", "teacher"):
        for entry in entries:
            if entry["role"] == role and "predicts" not in entry:
                return entry["name"]
    raise InputError(f"{run_dir} has no trained networks")
