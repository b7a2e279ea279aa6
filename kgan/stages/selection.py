"""Choosing a training's best weights on held-out real images, and a warning where it gets worse.

A part of the data is held out from all trainings and measures of a run. While a training goes on, each of its
generators is measured against that part; the weights of the least Frechet distance (Heusel et al., 2017) are kept
beside the last ones, as validation chooses among checkpoints elsewhere. Diversity is watched by recall
(Kynkaanniemi et al., 2019).
"""

import csv

import keras
import numpy as np

from kgan.errors import InputError
from kgan.files import whole_file, whole_path
from kgan.metrics.frechet import frechet_distance
from kgan.metrics.manifold import precision_recall
from kgan.metrics.moments import Moments
from kgan.metrics.options import measure_name
from kgan.stages.checks import LEAST_SAMPLES
from kgan.stages.judge import Judge
from kgan.stages.training import load_network, save_network
from kgan.training.checkpoint import checkpoint_steps
from kgan.training.noise import fold_seed

SPLIT_SEED = 0  # of the part held out: the same images, and so the same classifier, in the runs of all seeds
MOST = 2000  # images of either side: the measures are taken ten times a training
NEIGHBOURS = 3  # of recall
WORSE = 3  # evaluations one after the other that make a warning


def hold_out(data, fraction, num_samples):
    """(data, selection): what all stages of a run train and measure on, and the `Selection` for its trainings.

    Args:
        data: callable that gives the labelled `ImageSet`.
        fraction: share of its images held out for the selection alone, in [0, 1). 0 holds none out, and the
            selection is None.
        num_samples: generated images a network of the run is measured on; the selection takes no more.
    """
    if not 0.0 <= fraction < 1.0:
        raise InputError(f"setting held_out must lie in [0, 1): the share of the images on which the best weights are "
                         f"chosen, 0 for no choice; received {fraction!r}")
    if fraction == 0.0:
        return data, None
    selection = Selection(data, fraction, num_samples)
    return selection.training_images, selection


class Selection:
    """What is held out in a run: made by `hold_out`, used by the training of each stage.

    Attributes:
        fraction: share of the images held out.
    """

    def __init__(self, data, fraction, num_samples):
        self.data, self.fraction, self.num_samples = data, fraction, num_samples
        self._held_out = None

    def training_images(self):
        """The `ImageSet` of all images that are not held out.

        InputError where so few are held out that no measure on them means anything.
        """
        rest, held_out = self.data().split_off(self.fraction, SPLIT_SEED)
        if len(held_out) < LEAST_SAMPLES:
            raise InputError(f"setting held_out of {self.fraction:g} holds out {len(held_out)} of "
                             f"{len(rest) + len(held_out)} images, but needs at least {LEAST_SAMPLES}: raise it, or "
                             "set it to 0 for no choice of the best weights")
        self._held_out = held_out
        return rest

    def held_out_images(self):
        """The `ImageSet` held out; kept, so that a stage loads the data once."""
        if self._held_out is None:
            self.training_images()
        return self._held_out

    def begin(self, work, shown, samplers):
        """The `Selector` of a training in a stage's folder; arguments as it has them."""
        return Selector(work, self.held_out_images(), self.num_samples, shown, samplers)


class Selector:
    """Measures the generators of one training against held-out images and keeps the best weights of each.

    Rows (step, network, distance, recall) go to `<stage>/selection.csv`, whole after each evaluation; the weights of
    a network's least distance so far to `<stage>/best/<network>-<step>.weights.h5`. All that it knows it reads from
    there, so that a training that goes on from a checkpoint ends as one that was never stopped.

    Args:
        work: the stage's `Work`; the run has the classifier of its stage `features`.
        held_out: the `ImageSet` of held-out images. As many of them as are generated count, drawn by a fixed seed.
        num_samples: generated images at most; no more than are held out, and than `MOST`.
        shown: dict, name -> generator.
        samplers: dict, name -> its `Sampler`.
    """

    def __init__(self, work, held_out, num_samples, shown, samplers):
        self.work, self.shown, self.samplers = work, shown, samplers
        self.num = min(len(held_out), num_samples, MOST)
        self.extractor = Judge(work, held_out, self.num).extractor
        self.columns = [measure_name(name, self.extractor.name) for name in ("fid", "recall")]
        chosen = np.sort(np.random.default_rng(SPLIT_SEED).permutation(len(held_out))[: self.num])
        self.real, _ = self.extractor.extract(held_out.images[chosen])
        self.path, self.folder = work.folder / "selection.csv", work.folder / "best"
        self.rows = self._read()

    def go_on_from(self, step):
        """Forgets what was measured after the checkpoint of `step`, from which the training goes on."""
        self.rows = [row for row in self.rows if row[0] <= step]
        if self.path.is_file():
            self._write()
        for path in self.folder.glob("*.weights.h5"):
            if int(path.name.split(".")[0].rpartition("-")[2]) > step:
                path.unlink()

    def evaluate(self, step):
        """Measures all generators, keeps the weights of those that are better than before, and warns."""
        for name, sampler in self.samplers.items():
            inputs = sampler.latents(self.num, fold_seed(self.work.seed, "selection"))
            features, _ = self.extractor.extract(sampler.images_of(inputs))
            distance, recall = distance_and_recall(self.real, features)
            best = self._best(name, step)
            if best is None or distance < best[2]:
                with whole_path(self._weights(name, step)) as path:
                    self.shown[name].save_weights(path)
            self.rows.append((step, name, distance, recall))
            self._warn(name)
        self._write()
        self._keep([*checkpoint_steps(self.work.folder / "checkpoints"), step])

    def finish(self):
        """Saves each network's best as `networks/<name>_best.keras`.

        Returns: {name: {"best": {"step", "measure", "value", "held_out"}}} for the stage's register; `held_out`
        counts the images. A network that was never measured has no best.
        """
        found = {}
        last = max((row[0] for row in self.rows), default=0)
        for name, network in self.shown.items():
            best = self._best(name, last)
            if best is not None:
                chosen = keras.models.clone_model(network)
                chosen.load_weights(self._weights(name, best[0]))
                save_network(self.work, f"{name}_best", chosen)
                found[name] = {"best": {"step": best[0], "measure": self.columns[0], "value": best[2],
                                        "held_out": self.num}}
        self._keep([last])
        return found

    def _best(self, name, step):
        """The row of the least distance up to a step, of those whose weights are there."""
        rows = [row for row in self.rows if row[1] == name and row[0] <= step and self._weights(name, row[0]).is_file()]
        return min(rows, key=lambda row: row[2], default=None)

    def _keep(self, steps):
        """Removes the weights that are the best of none of these steps.

        Those of the checkpoints must stay: a training that goes on from one may find nothing better after it.
        """
        bests = [self._best(name, step) for name in self.shown for step in steps]
        needed = {self._weights(best[1], best[0]) for best in bests if best}
        for path in set(self.folder.glob("*.weights.h5")) - needed:
            path.unlink()

    def _weights(self, name, step):
        return self.folder / f"{name}-{step:08d}.weights.h5"

    def _warn(self, name):
        rows = [row for row in self.rows if row[1] == name]
        for place, sign, said, meaning in ((2, 1, "rose", "the weights of its least distance are kept"),
                                           (3, -1, "fell", "its images cover less and less of the real ones")):
            values = [row[place] for row in rows]
            if rises([sign * value for value in values]) == WORSE:  # a longer rise has been told of
                last = ", ".join(f"{value:.4g}" for value in values[-1 - WORSE :])
                self.work.console.say(
                    f"{self.work.folder.name}: {self.columns[place - 2]} of {name} {said} in {WORSE} evaluations one "
                    f"after the other ({last} at steps {rows[-1 - WORSE][0]} to {rows[-1][0]}): {meaning}")

    def _read(self):
        if not self.path.is_file():
            return []
        try:
            with open(self.path, newline="", encoding="utf-8") as file:
                return [(int(row["step"]), row["network"], *(float(row[name]) for name in self.columns))
                        for row in csv.DictReader(file)]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.path} does not hold the measures of this training ({error!r}): remove the "
                             f"folder {self.work.folder}, or choose another --run-dir") from None

    def _write(self):
        with whole_file(self.path, "w") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["step", "network", *self.columns])
            # In full: a training that goes on compares with what it reads here.
            writer.writerows([step, name, *map(repr, values)] for step, name, *values in self.rows)


def distance_and_recall(real, fake):
    """Frechet distance, and recall with `NEIGHBOURS` neighbours, of features [N, D] and [M, D]."""
    _, recall = precision_recall(real, fake, NEIGHBOURS)
    # Few held-out images still tell better weights from worse: they are the same for all.
    return frechet_distance(Moments.of(real), Moments.of(fake), few=True), recall


def rises(values):
    """How many times in a row, up to the last, a value was larger than the one before it."""
    count = 0
    while count + 1 < len(values) and values[-1 - count] > values[-2 - count]:
        count += 1
    return count


def best_measures(work, entry, judge):
    """Measures of a registered network's best weights as `<measure>_best`; none where none were chosen."""
    if "best" not in entry:
        return {}
    measures = judge.measures(judge.images(load_network(work.run_dir, f"{entry['name']}_best")))
    # The spread of one measurement stays the measure's name with `_std` behind it.
    return {f"{name.removesuffix('_std')}_best{'_std' if name.endswith('_std') else ''}": value
            for name, value in measures.items()}


def best_protocol(entries):
    """What a run's protocol says of how the best weights were chosen; nothing where none were."""
    for entry in entries:
        if "best" in entry:
            best = entry["best"]
            return {"best_weights": f"least {best['measure']} of as many generated images against {best['held_out']} "
                                    "held-out real ones, in evaluations while training"}
    return {}
