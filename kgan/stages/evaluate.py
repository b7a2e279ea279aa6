"""Stage: measures every network of a run and keeps images for the report."""

import numpy as np

from kgan.files import whole_file, write_json
from kgan.metrics.evaluate import Sampler
from kgan.stages.judge import Judge
from kgan.stages.training import load_network, read_registers, run_latents

SHOWN = 32  # images a network in the report
INTERPOLATED = 9  # images between two latents
ROWS = 3


def evaluate(data, *, num_samples):
    """Writes `metrics.json`, and in the stage's folder images of all networks from the same latents.

    Args:
        data: callable that gives the `ImageSet` of real images.
        num_samples: generated images a network is measured on.
    """
    def run(work):
        images = data()
        judge = Judge(work, images, num_samples)
        entries = read_registers(work.run_dir)
        networks, samples, lines = {}, {}, {}
        for entry in entries:
            work.stop.check()
            sampler = Sampler(load_network(work.run_dir, entry["name"]))
            generated = sampler.images_of(run_latents(work, num_samples, sampler.latent_dim))
            networks[entry["name"]] = _facts(entry) | judge.measures(generated)
            samples[entry["name"]] = generated[:SHOWN]
            lines[entry["name"]] = interpolate(sampler, run_latents(work, 2 * ROWS, sampler.latent_dim))
        _add_ratios(networks)
        order = np.random.default_rng(judge.seed).permutation(len(images))[:SHOWN]
        _write_arrays(work.folder / "samples.npz", samples)
        _write_arrays(work.folder / "interpolation.npz", lines)
        _write_arrays(work.folder / "real.npz", {"real": images.images[np.sort(order)]})
        write_json(work.run_dir / "metrics.json", {
            "protocol": judge.protocol(), "headline": judge.headline,
            "real": judge.real.measures(judge.extractor.name), "networks": networks})

    return run


def interpolate(sampler, ends, num=INTERPOLATED):
    """uint8 images [rows, num, H, W, C] on straight lines between pairs of latents [2 rows, latent_dim]."""
    share = np.linspace(0.0, 1.0, num, dtype=np.float32)[None, :, None]
    points = (1.0 - share) * ends[0::2, None] + share * ends[1::2, None]
    images = sampler.images_of(points.reshape(-1, ends.shape[-1]))
    return images.reshape(len(points), num, *images.shape[1:])


def _facts(entry):
    return {key: value for key, value in entry.items() if key != "name"}


def _add_ratios(networks):
    teacher = next(network for network in networks.values() if network["role"] == "teacher")
    for network in networks.values():
        network["ratio"] = teacher["parameters_paper"] / network["parameters_paper"]
        network["vol_ratio"] = network["vol"] / teacher["vol"] if teacher["vol"] else None


def _write_arrays(path, arrays):
    with whole_file(path) as file:
        np.savez_compressed(file, **arrays)
