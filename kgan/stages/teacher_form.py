"""Stage: takes in a teacher that was made elsewhere; and what later stages know of it.

Everything that does not fit is refused here, before anything is trained. What the stage leaves in its folder is all
that later stages need: the file or folder that the teacher came from may be gone by then.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np

from kgan.data.image_set import ImageSet
from kgan.data.pair_set import PairSet
from kgan.files import whole_file, write_json

NAME = "teacher"  # of the network, the stage, and what the teacher's images are called among data sets
SPLIT_SEED = 0  # of the pairs held out, and of the images that measures compare with: the same for all seeds
_FORM, _SPLIT = "teacher.json", "split.json"


@dataclasses.dataclass(frozen=True)
class Form:
    """What a teacher takes and gives; a student is to do the same.

    Attributes:
        latent_dim: length of a latent vector.
        image_shape: (H, W, C).
        num_classes: 0 for a teacher that takes no labels.
        latents_law: "normal" or "uniform".
        recorded: whether it is known by recorded pairs alone.
    """

    latent_dim: int
    image_shape: tuple[int, int, int]
    num_classes: int = 0
    latents_law: str = "normal"
    recorded: bool = False


def take_in(source, check, batch_size):
    """Stage: takes the teacher in and writes `teacher.json`, its `Form`.

    Args:
        source: a `GivenTeacher` or a `RecordedTeacher`.
        check: callable, told its `Form` before anything is kept; what it raises ends the stage.
        batch_size: of the trainings that follow: fewer recorded pairs to learn from are refused.
    """
    def run(work):
        form, keep = source.open(work.folder, batch_size)
        check(form)
        keep(work)
        write_json(work.folder / _FORM, dataclasses.asdict(form))

    return run


def form_of(run_dir):
    """The `Form` of the teacher that a run took in."""
    found = json.loads((Path(run_dir) / NAME / _FORM).read_text(encoding="utf-8"))
    return Form(**found | {"image_shape": tuple(found["image_shape"])})


def split_pairs(run_dir):
    """(those that students learn from, those held out) of the pairs that a run took in, `PairSet`s."""
    folder = Path(run_dir) / NAME
    held_out = json.loads((folder / _SPLIT).read_text(encoding="utf-8"))["held_out"]
    found = PairSet(NAME, _kept(folder, "latents"), _kept(folder, "images"), _kept(folder, "labels"))
    return found.split_off(held_out, SPLIT_SEED)


def keep_pairs(work, found, held_out):
    """Keeps a `PairSet` in the stage's folder, with the share of it that is held out, for `split_pairs`."""
    keep_arrays(work.folder, images=found.images, latents=found.latents, labels=found.labels)
    write_json(work.folder / _SPLIT, {"held_out": held_out})


def teacher_images(run_dir):
    """The teacher's own images that students' are compared with: an `ImageSet`, labelled where it takes classes."""
    form = form_of(run_dir)
    if form.recorded:
        return split_pairs(run_dir)[1].image_set(form.num_classes)
    folder = Path(run_dir) / NAME
    return ImageSet(NAME, _kept(folder, "images"), _kept(folder, "labels"), tuple(map(str, range(form.num_classes))),
                    "from latents of their own")


def teacher_images_are(form):
    """What `teacher_images` are, in words, for protocols."""
    return "recorded images of the teacher, held out" if form.recorded else (
        "images that the teacher made of other latents")


def keep_arrays(folder, **arrays):
    """Writes `<name>.npy` for each array that is not None."""
    for name, array in arrays.items():
        if array is not None:
            with whole_file(folder / f"{name}.npy") as file:
                np.save(file, array)


def _kept(folder, name):
    path = folder / f"{name}.npy"
    return np.load(path) if path.is_file() else None
