"""What the stages of knowledge distillation share: a student's trainer beside a teacher, and what is trained before.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (2021), section 5, with the schedules of its code; those of each technique's own code where it has none.
"""

import dataclasses
from collections.abc import Mapping

import tensorflow as tf

from kgan.data.negatives import num_negatives, with_negatives
from kgan.errors import InputError
from kgan.export.quicken import quickened
from kgan.methods.kd.catalogue import check_task, make_technique, settings_of, technique_class
from kgan.methods.kd.distillation import Distillation
from kgan.methods.kd.pair import check_pair
from kgan.stages.training import load_network

WARM_UP = 20 / 240  # of a training: ReviewKD's weight grows for so long
_OF_TRAINER = ("ce_weight", "kl_weight", "kd_weight", "temperature", "mode")
_OF_RUN = ("num_images", "batch_size", "seed", "prepared", "warm_up_steps")


@dataclasses.dataclass(frozen=True)
class KD:
    """How a student distils.

    Args:
        method: a name in `kgan.methods.kd.catalogue.TECHNIQUES`.
        teacher: the run's network that teaches.
        settings: of `Distillation` (weights, temperature, mode) and of the technique (layers by name, and others).
        prepared: the run's network that was trained beforehand, where the technique has a preparation.

    Raises InputError for an unknown method, and for a setting that it does not have or that follows from the run.
    """

    method: str
    teacher: str = "teacher"
    settings: Mapping[str, object] = dataclasses.field(default_factory=dict)
    prepared: str | None = None

    def __post_init__(self):
        known = [*_OF_TRAINER, *(name for name in settings_of(self.method) if name not in _OF_RUN)]
        for name in self.settings:
            if name in _OF_RUN:
                raise InputError(f"{name} follows from the run: leave it out of the technique's settings")
            if name not in known:
                raise InputError(f"{self.technique.title} has no setting {name!r}; it has {', '.join(known)}")

    @property
    def technique(self):
        """The technique's class."""
        return technique_class(self.method)

    def of_technique(self):
        """The settings that are not the trainer's."""
        return {name: value for name, value in self.settings.items() if name not in _OF_TRAINER}

    def of_trainer(self):
        """The settings that are the trainer's."""
        return {name: value for name, value in self.settings.items() if name in _OF_TRAINER}


def distillation(work, student, task, kd, plan, *, num_images, seed):
    """A compiled `Distillation` of the student beside the run's teacher.

    Args:
        student: a fresh network, or one that goes on.
        task: of `kgan.stages.tasks`.
        kd, plan: a `KD` and a `Plan`.
        num_images: that the student learns from, samples among them.
        seed: of the stage.
    """
    teacher = load_network(work.run_dir, kd.teacher)
    prepared = load_network(work.run_dir, kd.prepared) if kd.prepared else None
    technique = _made(kd, student, teacher, plan, num_images, seed, prepared)
    method = Distillation(student, teacher, technique, task.loss, l2=plan.l2, augment=plan.augment, seed=seed,
                          quicken=quickened, **kd.of_trainer())
    method.compile(plan.optimizer(nesterov=technique.nesterov))
    return method


def with_draws(batches, labels, seed):
    """Callable, step -> batches with negatives of other classes, from a callable that gives them with rows."""
    num = num_negatives(labels)
    return lambda step: with_negatives(batches(step), labels, num, seed=seed, start_step=step)


def preparation(work, student, kd, plan, seed):
    """(compiled `Preparation`, its steps): what a technique trains before the student, on batches as the student's."""
    made = kd.technique.preparation
    teacher = load_network(work.run_dir, kd.teacher)
    layers = {name: value for name, value in kd.settings.items() if name.endswith("_layers")}
    method = made(student, teacher, **layers, l2=plan.l2, augment=plan.augment, seed=seed)
    steps = preparation_steps(kd, plan)
    rate = made.rate or plan.learning_rate
    method.compile(dataclasses.replace(plan, steps=steps, learning_rate=rate, decay_at=made.decay_at).optimizer())
    return method, steps


def preparation_steps(kd, plan):
    """Steps of the preparation beside a student's plan."""
    return max(round(plan.steps * kd.technique.preparation.schedule_share), 1)


def check_technique(kd, student, teacher, task, plan):
    """InputError where a technique cannot serve a pair of networks, before anything is trained."""
    check_pair(student, teacher, task.loss)
    check_task(kd.technique, task.loss)
    layers = {name: value for name, value in kd.settings.items() if name.endswith("_layers")}
    before = kd.technique.preparation
    prepared = before(student, teacher, **layers).product if before else None
    technique = _made(kd, student, teacher, plan, 2, 0, prepared)
    Distillation(student, teacher, technique, task.loss, **kd.of_trainer())


def _made(kd, student, teacher, plan, num_images, seed, prepared):
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    offered = {"num_images": num_images, "batch_size": plan.batch_size // replicas, "seed": seed, "prepared": prepared,
               "warm_up_steps": round(plan.steps * WARM_UP)}  # `_OF_RUN`
    return make_technique(kd.method, student, teacher, **offered, **kd.of_technique())
