"""Stage: measures students beside a teacher that was made elsewhere, against its own images or real ones."""

import dataclasses
from collections.abc import Callable

import numpy as np

from kgan.files import whole_file, write_json
from kgan.metrics import pixel_error
from kgan.metrics.sampler import Sampler
from kgan.stages.evaluate import ROWS, SHOWN, Evaluation, interpolate, order_of
from kgan.stages.judge import Judge
from kgan.stages.teacher_form import NAME, form_of, split_pairs, teacher_images, teacher_images_are
from kgan.stages.training import load_network, read_registers, run_latents


@dataclasses.dataclass(frozen=True)
class Lesson:
    """What all students are measured on: inputs, and the teacher's images of them.

    Attributes:
        latents: float32 [N, latent_dim].
        labels: int32 [N], or None.
        images: uint8 [N, H, W, C].
    """

    latents: np.ndarray
    labels: np.ndarray | None
    images: np.ndarray


@dataclasses.dataclass(frozen=True)
class RealEvaluation(Evaluation):
    """Stage: `evaluate` with real images of the run's own data, which the command `evaluate` compares with too."""

    def __call__(self, work):
        evaluate(work, self.num_samples, self.data)


def against_teacher(num_samples):
    """Stage: `evaluate` without real images."""
    return lambda work: evaluate(work, num_samples)


def evaluate(work, num_samples, data: Callable | None = None):
    """Writes `metrics.json`, and in the stage's folder images of all networks from the same latents.

    Every student is measured against the real images of `data`, or, where there are none, against images that the
    teacher made of other latents; and by `pixel_mse` against the teacher's images of the same latents. Those are
    latents of the run's own, or of recorded pairs those held out. The teacher is measured alike, but for recorded
    pairs without real images: the images of those held out are what is compared with, so they have no distance.

    Args:
        num_samples: images a network is measured on; of recorded pairs at most those held out.
        data: callable that gives the `ImageSet` of real images, or None.
    """
    form, lesson = form_of(work.run_dir), lesson_of(work, num_samples)
    compared = data() if data else teacher_images(work.run_dir)
    judge = Judge(work, compared, len(lesson.images), None if data else teacher_images_are(form))
    entries = read_registers(work.run_dir)
    taught = next((entry for entry in entries if entry["role"] == "teacher"), _RECORDED)
    own = judge.measures(lesson.images)
    if form.recorded and not data:  # they are what is compared with: what compares with nothing remains
        own = {name: own[name] for name in judge.real_measures()}
    networks = {NAME: _facts(taught) | own}
    samples, lines = {NAME: lesson.images[:SHOWN]}, {}
    for entry in entries:
        work.stop.check()
        sampler = Sampler(load_network(work.run_dir, entry["name"]))
        lines[entry["name"]] = interpolate(sampler, run_latents(work, 2 * ROWS, form.latent_dim, sampler.latents_law))
        if entry["role"] == "teacher":
            continue
        student = entry["role"] == "student"
        generated = sampler.images_of(lesson.latents, lesson.labels) if student else sampler.images_of(
            run_latents(work, len(lesson.images), sampler.latent_dim))
        error = {pixel_error.NAME: pixel_error.pixel_mse(lesson.images, generated)} if student else {}
        networks[entry["name"]] = _facts(entry) | judge.measures(generated) | error
        samples[entry["name"]] = generated[:SHOWN]
    _add_ratios(networks)
    arrays = {"samples": samples, "interpolation": lines}
    if data:
        arrays["real"] = {"real": compared.images[order_of(judge.seed, len(compared), SHOWN)]}
    for name, content in arrays.items():
        with whole_file(work.folder / f"{name}.npz") as file:
            np.savez_compressed(file, **content)
    write_json(work.run_dir / "metrics.json", {
        "protocol": judge.protocol() | _protocol(form), "headline": judge.headline,
        "real": judge.real_measures() if data else {}, "networks": networks})


def lesson_of(work, num_samples):
    """The `Lesson` of a run: from latents of its own, or the first of the recorded pairs held out."""
    form = form_of(work.run_dir)
    if form.recorded:
        held_out = split_pairs(work.run_dir)[1].take(num_samples)
        return Lesson(held_out.latents, held_out.labels, held_out.images)
    sampler = Sampler(load_network(work.run_dir, NAME))
    latents = run_latents(work, num_samples, form.latent_dim, form.latents_law)
    labels = sampler.labels_of(num_samples) if sampler.conditional else None
    return Lesson(latents, labels, sampler.images_of(latents, labels))


# What is known of a teacher of whom there are recorded pairs alone.
_RECORDED = {"name": NAME, "role": "teacher", "d": None, "objective": None, "weights": "recorded", "parameters": None,
             "parameters_paper": None}


def _facts(entry):
    return {key: value for key, value in entry.items() if key != "name"}


def _add_ratios(networks):
    """Each network's ratios to the teacher; that of sizes in all parameters, for no other count of it is known."""
    teacher = networks[NAME]
    for network in networks.values():
        if teacher["parameters"]:
            network["ratio"] = teacher["parameters"] / network["parameters"]
        network["vol_ratio"] = network["vol"] / teacher["vol"] if teacher["vol"] else None


def _protocol(form):
    """What protocols say of `pixel_mse`."""
    latents = "recorded, held out" if form.recorded else "the run's own"
    return {pixel_error.NAME: "mean square of the difference to the teacher's images from the same latents "
            f"({latents}), pixels as x / 127.5 - 1"}
