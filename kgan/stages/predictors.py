"""Stages that train or take the classifier or regressor that teaches; how one is trained, and what is kept of it.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (2021), section 3.5 (module M3).
"""

import dataclasses
from pathlib import Path

import keras
import numpy as np

from kgan.errors import InputError
from kgan.files import whole_file
from kgan.methods.supervised import Supervised
from kgan.stages.tasks import check_predictor, predictor, task_of
from kgan.stages.training import begin_stage, save_network, train_in_run, write_register

EXAMPLES = 512  # real images that an export is calibrated on and checked with


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a network is trained on labelled images.

    Args:
        steps, batch_size: of the training.
        learning_rate: at its start; times `decay` from each share in `decay_at` of the steps on.
        decay_at, decay: of the learning rate.
        momentum: of SGD.
        l2: times each weight, added to its gradient.
        augment: a name in `kgan.methods.augmentation.AUGMENTATIONS`, or None.
        draw: how a regressor's batches of real images are drawn, of `ValueSet.batches`.
    """

    steps: int
    batch_size: int
    learning_rate: float
    decay_at: tuple[float, ...] = (0.625, 0.75, 0.875)
    decay: float = 0.1
    momentum: float = 0.9
    l2: float = 5e-4
    augment: str | None = None
    draw: str = "epochs"

    def optimizer(self, nesterov=False):
        """Fresh SGD with its schedule."""
        steps = [max(round(share * self.steps), 1) for share in self.decay_at]
        rates = [self.learning_rate * self.decay**place for place in range(len(steps) + 1)]
        schedule = keras.optimizers.schedules.PiecewiseConstantDecay(steps, rates) if steps else self.learning_rate
        return keras.optimizers.SGD(schedule, self.momentum, nesterov)


def teacher(data, network, plan, *, name="teacher", role="teacher", facts=None):
    """Stage: trains a teacher on the real images.

    Args:
        data: callable that gives the labelled `ImageSet` or the `ValueSet` to learn from.
        network: callable, images -> fresh network, whose outputs `Supervised` takes.
        plan: a `Plan`.
        name, role: the network's.
        facts: dict of what else the run's register says of it.
    """
    def run(work):
        images = data()
        task, seed = task_of(images), begin_stage(work, name)
        method = Supervised(network(), task.loss, l2=plan.l2, augment=plan.augment, seed=seed)
        method.compile(plan.optimizer())
        batches = task.batches(plan.batch_size, seed, plan.draw)
        train_in_run(work, method, batches, plan.steps, title=name, shown={})
        said = {"role": role, "arm": None, "kd": "none", "fakes": 0, "steps": plan.steps}
        keep_predictor(work, name, method.network, images, said | (facts or {}))

    return run


def given_teacher(data, path, *, name="teacher", facts=None):
    """Stage: takes a finished network as the teacher, and says how well it knows the real images.

    It takes images in [-1, 1] and gives logits of the data's classes in their order, or one value in [0, 1].

    Args:
        data: as for `teacher`.
        path: of a .keras file.
        name, facts: as for `teacher`.
    """
    def run(work):
        images = data()
        network, what = read_teacher(path), f"the teacher in {path}"
        check_predictor(network, images, what)
        task, rows = task_of(images), np.random.default_rng(0).permutation(len(images))[:EXAMPLES]
        pictures, predict = images.images[rows], predictor(network, task.output)
        if task.name == "classification":
            labels, outputs = images.labels[rows], predict(pictures)
            if outputs.min() >= 0.0 and np.allclose(outputs.sum(axis=1), 1.0, atol=1e-3):
                raise InputError(f"{what} gives probabilities, where logits are asked for: save it without its softmax")
        else:
            labels = images.values[rows]
        _, predicted = task.disagreement(predict, pictures, labels)
        work.console.say(f"the given teacher's error on {len(rows)} of the images to learn from: "
                         f"{task.label_error(labels, predicted):.2f} {task.unit}")
        said = {"role": "teacher", "arm": None, "kd": "none", "fakes": 0, "steps": 0}
        keep_predictor(work, name, network, images, said | (facts or {}))

    return run


def read_teacher(path):
    """The network in a .keras file; InputError in one line where there is none."""
    path = Path(path).expanduser()
    if path.suffix != ".keras" or not path.is_file():
        raise InputError(f"there is no teacher {path}: give the path of a finished network's .keras file")
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # whatever stands in a person's file
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"cannot read the teacher in {path} ({reason}); save it again with keras's save()") from None


def keep_predictor(work, name, network, images, entry):
    """Saves a trained network, its register and examples of what it takes."""
    save_network(work, name, network)
    rows = np.sort(np.random.default_rng(0).permutation(len(images))[:EXAMPLES])
    with whole_file(work.folder / "examples.npz") as file:
        np.savez_compressed(file, images=images.images[rows])
    task = task_of(images)
    predicts = {"predicts": task.name, "unit": task.unit, **task.facts()}
    examples = {"examples": f"{work.folder.name}/examples.npz"}
    write_register(work, [{"name": name, **entry, "parameters": network.count_params(), **predicts, **examples}])
