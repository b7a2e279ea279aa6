"""Stage: measures every network of a run and keeps images for the report."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from kgan.files import whole_file, write_json
from kgan.metrics.embedding import tsne
from kgan.metrics.sampler import Sampler
from kgan.stages.judge import Judge
from kgan.stages.selection import best_measures, best_protocol
from kgan.stages.training import load_network, read_registers, run_latents

SHOWN = 32  # images a network in the report
INTERPOLATED = 9  # images between two latents
ROWS = 3


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Stage: writes `metrics.json`, and in the stage's folder images of all networks from the same latents.

    A network whose training kept late weights is measured with each of them: its measures are the means,
    and `<measure>_late_std` the standard deviations. One whose best weights were chosen on held-out images has
    `<measure>_best` beside them.

    Args:
        data: callable that gives the `ImageSet` of real images.
        num_samples: generated images a network is measured on.
        facts: dict of what else `metrics.json` is to say of the run.
        embedded: dict, role -> number of images of each of its networks, from the same latents, whose features
            are laid out in the plane together with as many real ones.
    """

    data: Callable
    num_samples: int
    facts: Mapping[str, object] = dataclasses.field(default_factory=dict)
    embedded: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def __call__(self, work):
        images = self.data()
        judge = Judge(work, images, self.num_samples)
        entries = read_registers(work.run_dir)
        networks, samples, lines, features = {}, {}, {}, {}
        for entry in entries:
            work.stop.check()
            network = load_network(work.run_dir, entry["name"])
            sampler = Sampler(network)
            inputs = run_latents(work, self.num_samples, sampler.latent_dim, sampler.latents_law)
            generated = sampler.images_of(inputs)
            measures = judge.measures(generated)
            if entry.get("late"):
                measures = _late_measures(work, entry["late"], network, sampler, inputs, judge)
            networks[entry["name"]] = _facts(entry) | measures | best_measures(work, entry, judge)
            samples[entry["name"]] = generated[:SHOWN]
            if entry["role"] in self.embedded:
                features[entry["name"]] = judge.extractor.extract(generated[: self.embedded[entry["role"]]])[0]
            ends = run_latents(work, 2 * ROWS, sampler.latent_dim, sampler.latents_law)
            lines[entry["name"]] = interpolate(sampler, ends)
        _add_ratios(networks)
        order = order_of(judge.seed, len(images), SHOWN)
        _write_arrays(work.folder / "samples.npz", samples)
        _write_arrays(work.folder / "interpolation.npz", lines)
        _write_arrays(work.folder / "real.npz", {"real": images.images[order]})
        if features:
            known = judge.real.features
            chosen = order_of(judge.seed, len(known), max(map(len, features.values())))
            _write_embedding(work, features | {"real": known[chosen]}, judge.seed)
        late = {int(step) for entry in entries for step in entry.get("late", {})}
        protocol = judge.protocol() | ({"late_checkpoints": sorted(late)} if late else {}) | best_protocol(entries)
        write_json(work.run_dir / "metrics.json", dict(self.facts) | {
            "protocol": protocol, "headline": judge.headline, "real": judge.real_measures(), "networks": networks})


def order_of(seed, num, shown):
    """Places of at most `shown` of `num` real images, drawn by the seed, in ascending order."""
    return np.sort(np.random.default_rng(seed).permutation(num)[:shown])


def interpolate(sampler, ends, num=INTERPOLATED, label=None):
    """uint8 images [rows, num, H, W, C] on straight lines between pairs of latents [2 rows, latent_dim].

    A generator that takes labels makes all of the class `label`, or a class a line, in turn.
    """
    share = np.linspace(0.0, 1.0, num, dtype=np.float32)[None, :, None]
    points = (1.0 - share) * ends[0::2, None] + share * ends[1::2, None]
    lines = sampler.labels_of(len(points)) if label is None else np.full(len(points), label)
    labels = np.repeat(lines, num)  # one class along a line
    images = sampler.images_of(points.reshape(-1, ends.shape[-1]), labels)
    return images.reshape(len(points), num, *images.shape[1:])


def _facts(entry):
    return {key: value for key, value in entry.items() if key not in ("name", "late")}


def _late_measures(work, late, network, sampler, inputs, judge):
    """Means and standard deviations of the measures over a network's late weights, which it takes in turn."""
    found = []
    for path in late.values():
        network.load_weights(work.run_dir / path)
        found.append(judge.measures(sampler.images_of(inputs)))
    means = {name: float(np.mean([measures[name] for measures in found])) for name in found[0]}
    spread = {f"{name}_late_std": float(np.std([measures[name] for measures in found], ddof=1)) if len(found) > 1
              else None for name in found[0] if not name.endswith("_std")}
    return means | spread


def _add_ratios(networks):
    teacher = next((network for network in networks.values() if network["role"] == "teacher"), None)
    if teacher is None:
        return
    for network in networks.values():
        network["ratio"] = teacher["parameters_paper"] / network["parameters_paper"]
        network["vol_ratio"] = network["vol"] / teacher["vol"] if teacher["vol"] else None


def _write_embedding(work, features, seed):
    """`embedding.npz`: points [M, 2] of all features together, and whose each is."""
    points = tsne(np.concatenate(list(features.values())), seed)
    names = np.repeat(list(features), [len(values) for values in features.values()])
    _write_arrays(work.folder / "embedding.npz", {"points": points, "names": names})


def _write_arrays(path, arrays):
    with whole_file(path) as file:
        np.savez_compressed(file, **arrays)
