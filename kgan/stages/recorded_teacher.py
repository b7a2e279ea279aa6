"""A teacher that is known by what it made of which latents alone: one of any framework."""

import dataclasses
from pathlib import Path

import numpy as np

from kgan.data import pairs
from kgan.data.ranges import AUTO, check_range
from kgan.errors import InputError
from kgan.networks.latents import check_law
from kgan.stages.checks import LEAST_SAMPLES
from kgan.stages.teacher_form import NAME, Form, keep_pairs
from kgan.stages.training import GRID, write_grid, write_register


@dataclasses.dataclass(frozen=True)
class RecordedTeacher:
    """What a generator of any framework made of which latents.

    Args:
        latents, images, labels, image_range: as for `kgan.data.pairs.load`.
        latents_law: "normal" or "uniform", what the latents were drawn from.
        held_out: share of the pairs that students do not learn from and are measured on, in (0, 1).
    """

    latents: str | Path
    images: str | Path
    labels: str | Path | None = None
    image_range: str = AUTO
    latents_law: str = "normal"
    held_out: float = 0.1

    def __post_init__(self):
        check_range(self.image_range)
        check_law(self.latents_law)
        if not 0.0 < self.held_out < 1.0:
            raise InputError("setting held_out must lie in (0, 1): the share of the recorded pairs that students are "
                             f"measured on; received {self.held_out!r}")

    def open(self, folder, batch_size):
        """As `GivenTeacher.open`."""
        found = pairs.load(self.latents, self.images, self.labels, self.image_range, NAME)
        _check_drawn(found.latents, self.latents_law, self.latents)
        held_out = round(self.held_out * len(found))
        if held_out < LEAST_SAMPLES:
            raise InputError(f"setting held_out of {self.held_out:g} holds out {held_out} of {len(found)} recorded "
                             f"pairs, but measures need at least {LEAST_SAMPLES}: raise it, or record more pairs")
        if len(found) - held_out < batch_size:
            raise InputError(f"{len(found)} recorded pairs without the {held_out} held out are fewer than a batch of "
                             f"{batch_size}: take a smaller batch_size, or record more pairs")
        form = Form(found.latent_dim, found.image_shape, found.num_classes, self.latents_law, recorded=True)
        return form, lambda work: self._keep(work, found, held_out)

    def _keep(self, work, found, held_out):
        keep_pairs(work, found, self.held_out)
        write_register(work, [])  # there is no network
        write_grid(work.folder / "samples" / f"{NAME}.png", found.images[: GRID * GRID])
        work.console.say(f"teacher: {len(found):,} recorded pairs, {held_out:,} of them held out")


def _check_drawn(drawn, law, path):
    greatest = float(np.abs(drawn).max())
    if law == "uniform" and greatest > 1.0:
        raise InputError(f"the latents in {path} reach {greatest:.3g}, those of U(-1, 1) end at 1: set "
                         "latents_law=normal")
    if law == "normal" and greatest <= 1.0 and drawn.size >= 1000:
        raise InputError(f"the {drawn.size} numbers in {path} all lie in [-1, 1], as those of U(-1, 1) do: set "
                         "latents_law=uniform")
