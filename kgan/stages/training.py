"""What the training stages share: the loop's surroundings in a run, sample grids, saved networks."""

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from kgan.errors import InputError
from kgan.files import whole_file, whole_path, write_json
from kgan.metrics.sampler import Sampler, latents
from kgan.networks import frozen_graph, given  # noqa: F401  (layers of the networks that `load_network` loads)
from kgan.training.loop import train
from kgan.training.noise import fold_seed

GRID = 8  # images a side
CHECKPOINTS = 5  # checkpoints a training, besides the last
LATE = 0.6  # share of a training after which its networks count as late


def begin_stage(work, name):
    """Makes what the stage builds next (weights, seeds) depend on the run's seed and the stage alone."""
    seed = fold_seed(work.seed, name)
    keras.utils.set_random_seed(seed)
    return seed


def train_in_run(work, method, batches, steps, *, title, shown, late=False, selection=None):
    """Trains `method` for `steps` steps within a stage's folder.

    Args:
        batches: callable, step -> endless data set from that step on, as for `train`.
        shown: dict, name -> callable that gives the generator whose samples are drawn into
            `samples/<name>-<step>.png`, ten times in a training.
        late: keep the weights of the shown generators at the last of these times, for measures that are
            averaged over them (`late_weights`).
        selection: a `kgan.stages.selection.Selection`: the shown generators are measured on its held-out images at
            these times, and the best weights of each are saved as `networks/<name>_best.keras`.

    Returns: dict, name of a shown generator -> what its entry in the register says besides: "best", if selected.
    """
    samplers = {name: Sampler(generator, GRID * GRID) for name, generator in shown.items()}
    selector = selection.begin(work, shown, samplers) if selection else None

    def batches_from(step):  # asked for once, when the checkpoint is known that the training goes on from
        if selector:
            selector.go_on_from(step)
        return batches(step)

    def write_samples(step):
        for name, sampler in samplers.items():
            images = sampler(GRID * GRID, fold_seed(work.seed, "samples"))
            write_grid(work.folder / "samples" / f"{name}-{step:08d}.png", images)
            if late and step >= LATE * steps:
                with whole_path(_late_folder(work) / f"{name}-{step:08d}.weights.h5") as path:
                    shown[name].save_weights(path)
        if selector:
            selector.evaluate(step)

    every = max(steps // 10, 1)
    with work.console.progress(title, steps) as progress:
        train(method, batches_from, steps, work.folder, log_every=min(50, every), sample_every=every,
              checkpoint_every=max(steps // CHECKPOINTS, 1), write_samples=write_samples, stop=work.stop,
              progress=progress, warn=work.console.say)
    chosen = selector.finish() if selector else {}
    return {name: chosen.get(name, {}) for name in shown}


def late_weights(work, name, steps):
    """{step: path within the run} of the weights that a training of `steps` steps kept late."""
    found = {int(path.name.split("-")[-1].split(".")[0]): path
             for path in sorted(_late_folder(work).glob(f"{name}-*.weights.h5"))}
    return {step: str(path.relative_to(work.run_dir)) for step, path in found.items() if LATE * steps <= step <= steps}


def _late_folder(work):
    return work.folder / "late"


def image_batches(data, batch_size, seed, critic_steps=1, with_labels=False):
    """Callable, step -> batches of an `ImageSet` from that step on.

    With labels they are (images, labels). With several critic steps they are [batch_size, critic_steps, H, W, C],
    and labels [batch_size, critic_steps]: real images of its own for each update of the critic. Where the set is
    smaller than all of a step's images, each critic step's are drawn from a pass of its own.
    """
    def batches(step):
        if critic_steps == 1:
            return data.batches(batch_size, seed=seed, start_step=step, with_labels=with_labels)
        group = (batch_size, critic_steps)
        if len(data) < batch_size * critic_steps:
            parts = data.batches(batch_size, seed=seed, start_step=step * critic_steps, with_labels=with_labels)
            parts = parts.batch(critic_steps, drop_remainder=True)
            return parts.map(lambda *of_step: _nested(of_step, lambda part: tf.stack(tf.unstack(part), axis=1)))
        whole = data.batches(batch_size * critic_steps, seed=seed, start_step=step, with_labels=with_labels)
        return whole.map(lambda *of_step: _nested(of_step, lambda part: tf.reshape(part, (*group, *part.shape[1:]))))

    return batches


def _nested(parts, change):
    found = tuple(map(change, parts))
    return found if len(found) > 1 else found[0]


def write_grid(path, images, columns=GRID):
    """Writes uint8 images [N, H, W, C] as one PNG, `columns` a row; missing places stay black."""
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    canvas = np.zeros((rows * columns, height, width, channels), np.uint8)
    canvas[:count] = images
    sheet = canvas.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    with whole_file(path) as file:
        Image.fromarray(sheet[..., 0] if channels == 1 else sheet).save(file, "PNG")


def save_network(work, name, network):
    """Writes `networks/<name>.keras`."""
    with whole_path(work.networks / f"{name}.keras") as path:
        network.save(path)


def load_network(run_dir, name):
    """The network `networks/<name>.keras` of a run; InputError naming those there are if it is not there."""
    path = Path(run_dir) / "networks" / f"{name}.keras"
    if not path.is_file():
        known = ", ".join(sorted(other.stem for other in path.parent.glob("*.keras"))) or "none yet"
        raise InputError(f"{run_dir} has no network {name!r}; it has {known}")
    return keras.models.load_model(path, compile=False)


def write_register(work, entries):
    """Writes the stage's `networks.json`: what later stages know of its networks, a dict each."""
    write_json(work.folder / "networks.json", entries)


def read_registers(run_dir):
    """The entries of the `networks.json` of a run's stages, in the stages' order."""
    description = Path(run_dir) / "recipe.json"
    if not description.is_file():
        raise InputError(f"{run_dir} is no run folder: it has no recipe.json")
    stages = json.loads(description.read_text(encoding="utf-8"))["stages"]
    paths = [Path(run_dir) / stage / "networks.json" for stage in stages]
    return [entry for path in paths if path.is_file() for entry in json.loads(path.read_text(encoding="utf-8"))]


def run_latents(work, num, latent_dim, law="normal"):
    """The latents from which all networks of a run are sampled: float32 [num, latent_dim], as `sampler.latents`."""
    return latents(num, latent_dim, fold_seed(work.seed, "evaluation"), law)
