"""Stages that train classifiers and regressors: the teacher of cGAN-KD, its students, and what they are held against.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (2021), section 3.5 (module M3).
"""

import dataclasses
from pathlib import Path

import keras
import numpy as np

from kgan.data.processed_set import ProcessedSet
from kgan.data.union import union_batches
from kgan.errors import InputError
from kgan.files import whole_file
from kgan.methods.supervised import Supervised
from kgan.recipe import Stage
from kgan.stages.tasks import check_predictor, predictor, task_of
from kgan.stages.training import begin_stage, load_network, save_network, train_in_run, write_register

EXAMPLES = 512  # real images that an export is calibrated on and checked with
SWEEP = "sweep"  # role of a network that shows the effect of one setting and is none of the run's results


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

    def optimizer(self):
        """Fresh SGD with its schedule."""
        steps = [max(round(share * self.steps), 1) for share in self.decay_at]
        rates = [self.learning_rate * self.decay**place for place in range(len(steps) + 1)]
        schedule = keras.optimizers.schedules.PiecewiseConstantDecay(steps, rates) if steps else self.learning_rate
        return keras.optimizers.SGD(schedule, self.momentum)


@dataclasses.dataclass(frozen=True)
class Arm:
    """One way to train the student.

    Args:
        name: such as "nokd" or "m1_m2".
        samples: the stage whose processed samples it learns from beside the real images; None for none.
        num_fakes: how many of them.
        blkd: whether the teacher's soft labels are in its loss too.
        start: the arm from whose finished student it goes on; None begins from scratch.
        assigned_labels: learn the labels that samples were made for, whatever they were replaced by.
        swept: whether it is a point of a sweep, not one of the run's arms.
    """

    name: str
    samples: str | None = None
    num_fakes: int = 0
    blkd: bool = False
    start: str | None = None
    assigned_labels: bool = False
    swept: bool = False

    @property
    def role(self):
        """"student" for what is tested, "control" for what it is held against (arms without fakes), or "sweep"."""
        return SWEEP if self.swept else "student" if self.samples else "control"


def teacher(data, network, plan, *, name="teacher", role="teacher"):
    """Stage: trains a teacher on the real images.

    Args:
        data: callable that gives the labelled `ImageSet` or the `ValueSet` to learn from.
        network: callable, images -> fresh network, whose outputs `Supervised` takes.
        plan: a `Plan`.
        name, role: the network's.
    """
    def run(work):
        images = data()
        task, seed = task_of(images), begin_stage(work, name)
        method = Supervised(network(), task.loss, l2=plan.l2, augment=plan.augment, seed=seed)
        method.compile(plan.optimizer())
        batches = task.batches(plan.batch_size, seed, plan.draw)
        train_in_run(work, method, batches, plan.steps, title=name, shown={})
        facts = {"role": role, "arm": None, "kd": "none", "fakes": 0, "steps": plan.steps}
        _keep(work, name, method.network, images, facts)

    return run


def given_teacher(data, path):
    """Stage: takes a finished network as the teacher, and says how well it knows the real images.

    It takes images in [-1, 1] and gives logits of the data's classes in their order, or one value in [0, 1].

    Args:
        data: as for `teacher`.
        path: of a .keras file.
    """
    def run(work):
        images = data()
        network, what = _read_teacher(path), f"the teacher in {path}"
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
        _keep(work, "teacher", network, images, {"role": "teacher", "arm": None, "kd": "none", "fakes": 0, "steps": 0})

    return run


def student(data, network, plan, arm, *, kd=None):
    """Stage: trains a student under an `Arm`, from the same first weights in every arm.

    Args:
        data, network, plan: as for `teacher`.
        kd: dict of `Supervised`'s settings of BLKD, for arms that ask for it.
    """
    def run(work):
        images = data()
        task, seed = task_of(images), begin_stage(work, "student")  # the same weights in all arms
        made = network()
        if arm.start:
            made.set_weights(load_network(work.run_dir, name_of(arm.start)).get_weights())
        told = load_network(work.run_dir, "teacher") if arm.blkd else None
        method = Supervised(made, task.loss, told, l2=plan.l2, augment=plan.augment, seed=seed, **(kd or {}))
        method.compile(plan.optimizer())
        batches = task.batches(plan.batch_size, seed, plan.draw)
        if arm.samples:
            samples = ProcessedSet(work.run_dir / arm.samples / "samples")
            samples = chosen(samples, arm, images, seed)

            def batches(step):
                return union_batches(images, samples, plan.batch_size, seed=seed, start_step=step)

        train_in_run(work, method, batches, plan.steps, title=work.folder.name, shown={})
        _keep(work, name_of(arm.name), method.network, images, {
            "role": arm.role, "arm": arm.name, "kd": "blkd" if arm.blkd else "none", "fakes": arm.num_fakes,
            "steps": plan.steps})

    return run


def student_stage(data, network, plan, arm, *, kd=None):
    """The `Stage` of `student`, which bears the network's name and needs what the arm stands on."""
    needs = [arm.samples, arm.start and name_of(arm.start), "teacher" if arm.blkd else None]
    return Stage(name_of(arm.name), student(data, network, plan, arm, kd=kd), tuple(filter(None, needs)),
                 {"steps": plan.steps, "num_fakes": arm.num_fakes})


def chosen(samples, arm, images, seed):
    """As many of the samples as an arm asks for, of classes equally many; InputError where there are fewer."""
    if arm.assigned_labels:
        samples = samples.with_assigned_labels()
    if samples.labels.dtype != np.int32:
        return samples.take(arm.num_fakes, seed)
    per_class, rest = divmod(arm.num_fakes, images.num_classes)
    if rest or not per_class:
        raise InputError(f"num_fakes must be a multiple of the {images.num_classes} classes, an equal number of each; "
                         f"received {arm.num_fakes}")
    return samples.take_per_class(per_class, seed)


def name_of(arm):
    """The network's name of an arm's student."""
    return f"student_{arm}".replace("+", "_")


def _read_teacher(path):
    path = Path(path).expanduser()
    if path.suffix != ".keras" or not path.is_file():
        raise InputError(f"there is no teacher {path}: give the path of a finished network's .keras file")
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # whatever stands in a person's file
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"cannot read the teacher in {path} ({reason}); save it again with keras's save()") from None


def _keep(work, name, network, images, entry):
    """Saves a trained network, its register and examples of what it takes."""
    save_network(work, name, network)
    rows = np.sort(np.random.default_rng(0).permutation(len(images))[:EXAMPLES])
    with whole_file(work.folder / "examples.npz") as file:
        np.savez_compressed(file, images=images.images[rows])
    task = task_of(images)
    predicts = {"predicts": task.name, "unit": task.unit, **task.facts()}
    examples = {"examples": f"{work.folder.name}/examples.npz"}
    write_register(work, [{"name": name, **entry, "parameters": network.count_params(), **predicts, **examples}])
