"""A teacher that other code saved: opened, looked at on a few latents, and kept as a network like the run's own."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kgan.data.ranges import AUTO, check_range, range_of
from kgan.errors import InputError
from kgan.metrics.sampler import Sampler, latents
from kgan.metrics.saved_network import contents_sha256, reason
from kgan.networks.given import ClassLabels, given_generator
from kgan.networks.latents import check_law
from kgan.stages.foreign_generators import open_foreign
from kgan.stages.teacher_form import NAME, SPLIT_SEED, Form, keep_arrays
from kgan.stages.training import GRID, save_network, write_grid, write_register
from kgan.training.noise import fold_seed

LOOKED_AT = 64  # images on which a teacher is looked at
STEADY = 1e-2  # of the range of its values, what two runs on the same latents may differ by: rounding


@dataclasses.dataclass(frozen=True)
class GivenTeacher:
    """A generator that other code saved.

    Args:
        path: of a `.keras` file or a SavedModel folder; or a callable that is given a folder, saves a generator
            there and returns its path.
        image_range: as `kgan.data.ranges.range_of` has it.
        latents_law: "normal" or "uniform", what its latents are drawn from.
        latent_dim, labels_input: as for `open_foreign`.
        num_classes: of a generator that takes labels and does not say how many classes there are.
        num_images: of its images that measures compare students' with.
    """

    path: str | Path | Callable
    image_range: str = AUTO
    latents_law: str = "normal"
    latent_dim: int | None = None
    labels_input: str | None = None
    num_classes: int | None = None
    num_images: int = 2000

    def __post_init__(self):
        check_range(self.image_range)
        check_law(self.latents_law)

    def open(self, folder, batch_size):
        """(its `Form`, a callable that is given the stage's `Work` and keeps it); nothing is written before that.

        Args:
            folder: of the stage.
            batch_size: of the trainings that follow.
        """
        path = Path(self.path(folder) if callable(self.path) else self.path).expanduser()
        opened = open_foreign(path, self.latent_dim, self.labels_input)
        classes = _class_labels(opened, self.num_classes)
        found, place, steady = look_at(opened, classes, self.latents_law)
        found_range = range_of(float(found.min()), float(found.max()), self.image_range, f"the images of {path}")
        network = given_generator(opened.image_maker(place, found.shape[1:]), opened.latent_dim, found_range,
                                  self.latents_law, classes, NAME)
        form = Form(opened.latent_dim, found.shape[1:], classes.num_classes if classes else 0, self.latents_law)
        facts = {"source": str(path), "source_sha256": contents_sha256(path), "image_range": list(found_range),
                 "steady": steady}
        return form, lambda work: self._keep(work, network, facts)

    def _keep(self, work, network, facts):
        save_network(work, NAME, network)
        sampler = Sampler(network)
        drawn = sampler.latents(self.num_images, fold_seed(SPLIT_SEED, "reference"))
        labels = sampler.labels_of(self.num_images)
        images = sampler.images_of(drawn, labels)
        keep_arrays(work.folder, images=images, labels=labels if sampler.conditional else None)
        write_grid(work.folder / "samples" / f"{NAME}.png", images[: GRID * GRID])
        parameters = network.count_params()
        write_register(work, [{"name": NAME, "role": "teacher", "d": None, "objective": None, "weights": "given",
                               "parameters": parameters, "parameters_paper": None, "steps": 0, **facts}])
        low, high = facts["image_range"]
        work.console.say(f"teacher: {facts['source']}, {parameters:,} parameters, images in [{low:g}, {high:g}]")
        if not facts["steady"]:
            work.console.say("teacher: it makes other images of the same latents each time, so it draws noise of its "
                             "own; students can only learn the mean")


def look_at(opened, classes, latents_law):
    """(its images [N, H, W, C] as they are, their place among its outputs, whether it makes them again).

    Raises:
        InputError: it cannot be run, gives no images or several kinds, or the same ones whatever the latents.
    """
    drawn = latents(LOOKED_AT, opened.latent_dim, fold_seed(SPLIT_SEED, "look"), latents_law)
    labels, of_first = None, slice(None)
    if classes is not None:
        spread = np.rint(np.linspace(0.0, classes.num_classes - 1.0, LOOKED_AT)).astype(np.int32)  # to the last class
        labels, of_first = np.asarray(classes(spread)), spread == 0
    try:
        outputs, again = (opened.run(drawn, labels) for _ in range(2))
    except Exception as error:  # whatever a graph or a layer raises
        raise InputError(f"{opened.where} cannot be run on {LOOKED_AT} latents ({reason(error)})") from None
    shapes = [value.shape for value in outputs]
    places = [place for place, shape in enumerate(shapes)
              if len(shape) == 4 and shape[0] == LOOKED_AT and shape[3] in (1, 3)]
    if len(places) != 1:
        told = ", ".join(str(["B", *shape[1:]]).replace("'", "") for shape in shapes)
        raise InputError(f"{opened.where} gives {told}, where one output of images [B, H, W, C] with 1 or 3 channels, "
                         "which stand last, is asked for")
    images, others = (np.asarray(made[places[0]], np.float32) for made in (outputs, again))
    if not np.isfinite(images).all():
        raise InputError(f"{opened.where} gives NaN or infinite images: it has diverged, or takes other inputs")
    alike = images[of_first]
    if len(alike) > 1 and np.ptp(alike, axis=0).max() == 0.0:
        raise InputError(f"{opened.where} gives the same image whatever the latents are: is it trained, and is the "
                         "right signature served?")
    return images, places[0], bool(np.abs(images - others).max() <= STEADY * np.ptp(images))


def _class_labels(opened, num_classes):
    """The layer that brings classes into the form that an opened generator takes; None where it takes none."""
    if opened.labels is None:
        if num_classes is not None:
            raise InputError(f"{opened.where} takes no labels, so num_classes={num_classes} does not fit: leave it out")
        return None
    own = opened.labels.num_classes
    if own is None and num_classes is None:
        raise InputError(f"{opened.where} takes labels and does not say of how many classes: set num_classes")
    if opened.labels.form == "one_hot" and num_classes not in (None, own):
        raise InputError(f"{opened.where} takes labels of {own} classes, not of num_classes={num_classes}: leave "
                         "num_classes out")
    return ClassLabels(num_classes or own, opened.labels.form, opened.labels.dtype, name="classes")
