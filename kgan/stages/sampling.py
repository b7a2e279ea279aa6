"""Images from a run's networks, for the command `sample`."""

import csv

from PIL import Image

from kgan.errors import InputError
from kgan.files import whole_file
from kgan.metrics.evaluate import Sampler, latents
from kgan.stages.evaluate import INTERPOLATED, interpolate
from kgan.stages.training import load_network, read_registers, write_grid


def sample_run(run_dir, network, num, seed, out, interpolated=False):
    """Writes `num` images of a run's network to `out`: a grid for a `.png`, else PNGs in a folder, where
    those of a generator that takes labels are of the classes in turn, as `labels.csv` says.

    Args:
        network: its name; None takes the first student or peer, or the teacher where there is none.
        seed: determines the latents, for all networks of the same latent_dim alike.
        interpolated: `num` rows of images between two latents each, as one grid.

    Returns: a line that says what was written where.
    """
    grid = out.suffix.lower() == ".png"
    if interpolated and not grid:
        raise InputError(f"--interpolate draws one grid: --out must end in .png; received {out}")
    _check_free(out, grid)
    name = network or _default(run_dir)
    sampler = Sampler(load_network(run_dir, name))
    names = next((entry.get("classes") for entry in read_registers(run_dir) if entry["name"] == name), None)
    if interpolated:
        rows = interpolate(sampler, latents(2 * num, sampler.latent_dim, seed))
        write_grid(out, rows.reshape(-1, *rows.shape[2:]), INTERPOLATED)
        return f"{num} rows of {INTERPOLATED} images: {out}"
    images, labels = sampler(num, seed), sampler.labels_of(num)
    if grid:
        write_grid(out, images)
        return f"{num} images: {out}"
    for number, image in enumerate(images):
        with whole_file(out / f"{number:06d}.png") as file:
            Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "PNG")
    if not sampler.conditional:
        return f"{num} images in {out}"
    _write_labels(out / "labels.csv", labels, names)
    return f"{num} images in {out}, their classes in labels.csv"


def _write_labels(path, labels, names):
    """A line an image: its file, its class as a number and by name."""
    with whole_file(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "label", "class_name"])
        writer.writerows([f"{number:06d}.png", label, names[label] if names else label]
                         for number, label in enumerate(labels.tolist()))


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
    for role in ("student", "peer", "teacher"):
        for entry in entries:
            if entry["role"] == role:
                return entry["name"]
    raise InputError(f"{run_dir} has no trained networks")
