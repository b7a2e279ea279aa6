"""Stages that train students of labelled images: alone, on processed samples, beside a teacher.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (2021), section 3.5 (module M3).
"""

import dataclasses

import numpy as np

from kgan.data.processed_set import ProcessedSet
from kgan.data.union import union_batches, union_labels
from kgan.errors import InputError
from kgan.methods.supervised import Supervised
from kgan.recipe import Stage
from kgan.stages.distil import KD, distillation, preparation, preparation_steps, with_draws
from kgan.stages.predictors import keep_predictor
from kgan.stages.tasks import task_of
from kgan.stages.training import begin_stage, load_network, save_network, train_in_run

SWEEP = "sweep"  # role of a network that shows the effect of one setting and is none of the run's results


@dataclasses.dataclass(frozen=True)
class Arm:
    """One way to train the student.

    Args:
        name: such as "nokd" or "m1_m2".
        samples: the stage whose processed samples it learns from beside the real images; None for none.
        num_fakes: how many of them.
        kd: a `kgan.stages.distil.KD`, or None for no teacher.
        start: the arm from whose finished student it goes on; None begins from scratch.
        assigned_labels: learn the labels that samples were made for, whatever they were replaced by.
        swept: whether it is a point of a sweep, not one of the run's arms.
    """

    name: str
    samples: str | None = None
    num_fakes: int = 0
    kd: KD | None = None
    start: str | None = None
    assigned_labels: bool = False
    swept: bool = False

    @property
    def role(self):
        """"student" for what is tested, "control" for what it is held against (arms without fakes), or "sweep"."""
        return SWEEP if self.swept else "student" if self.samples else "control"


def student(data, network, plan, arm, facts=None):
    """Stage: trains a student under an `Arm`, from the same first weights in every arm.

    Args:
        data, network, plan: as for `teacher`.
        facts: dict of what else the run's register says of the network.
    """
    def run(work):
        images = data()
        task, seed = task_of(images), begin_stage(work, "student")  # the same weights in all arms
        made, kd = _begun(work, network(), arm), arm.kd
        batches, num = _batches(work, images, task, plan, arm, seed)
        if kd is None:
            method = Supervised(made, task.loss, l2=plan.l2, augment=plan.augment, seed=seed)
            method.compile(plan.optimizer())
        else:
            if kd.prepared and kd.technique.starts_from_prepared:
                made.set_weights(load_network(work.run_dir, kd.prepared).get_weights())
            method = distillation(work, made, task, kd, plan, num_images=num, seed=seed)
        train_in_run(work, method, batches, plan.steps, title=work.folder.name, shown={})
        keep_predictor(work, work.folder.name, method.network_outputs()["network"], images, {
            "role": arm.role, "arm": arm.name, "kd": kd.method if kd else "none", "fakes": arm.num_fakes,
            "steps": plan.steps, **(facts or {})})

    return run


def prepare(data, network, plan, arm):
    """Stage: trains what the technique of an `Arm` wants before its student is trained; arguments as of `student`."""
    def run(work):
        images = data()
        task, seed = task_of(images), begin_stage(work, "student")
        made = _begun(work, network(), arm)
        real = dataclasses.replace(arm, samples=None) if arm.kd.technique.preparation.real_images_only else arm
        batches, _ = _batches(work, images, task, plan, dataclasses.replace(real, kd=None), seed)
        method, steps = preparation(work, made, arm.kd, plan, seed)
        train_in_run(work, method, batches, steps, title=work.folder.name, shown={})
        save_network(work, work.folder.name, method.product)

    return run


def student_stages(data, network, plan, arm, name=None, facts=None):
    """The `Stage`s of `prepare`, where there is such a thing, and `student`; each bears its network's name.

    Args:
        data, network, plan, arm, facts: as for `student`.
        name: of the student; None for `name_of(arm.name)`.
    """
    name, before = name or name_of(arm.name), []
    needs = [arm.samples, arm.start and name_of(arm.start), arm.kd and arm.kd.teacher]
    if arm.kd and arm.kd.technique.preparation:
        made = arm.kd.technique.preparation
        alone = not made.of_pair and (made.real_images_only or not arm.samples)
        whose = arm.kd.teacher.removeprefix("teacher_") if alone else name.removeprefix("student_")
        prepared = f"{made.part}_{whose}"
        arm = dataclasses.replace(arm, kd=dataclasses.replace(arm.kd, prepared=prepared))
        steps = preparation_steps(arm.kd, plan)
        # What the teacher alone determines waits for no student.
        lone, asked = (dataclasses.replace(arm, start=None), needs[-1:]) if alone else (arm, needs)
        before = [Stage(prepared, prepare(data, network, plan, lone), tuple(filter(None, asked)), {"steps": steps})]
        needs.append(prepared)
    return [*before, Stage(name, student(data, network, plan, arm, facts), tuple(filter(None, needs)),
                           {"steps": plan.steps, "num_fakes": arm.num_fakes,
                            **({"kd": arm.kd.method, **arm.kd.settings} if arm.kd else {})})]


def _begun(work, network, arm):
    """The student with the weights that the arm starts from."""
    if arm.start:
        network.set_weights(load_network(work.run_dir, name_of(arm.start)).get_weights())
    return network


def _batches(work, images, task, plan, arm, seed):
    """(callable, step -> the batches of an arm; how many images they are drawn from)."""
    draws = arm.kd is not None and arm.kd.technique.draws
    if arm.samples:
        samples = chosen(ProcessedSet(work.run_dir / arm.samples / "samples"), arm, images, seed)

        def batches(step):
            return union_batches(images, samples, plan.batch_size, seed=seed, start_step=step, with_rows=bool(draws))

        labels = union_labels(images, samples)
    else:
        batches = task.batches(plan.batch_size, seed, plan.draw)
        labels = images.labels if task.name == "classification" else images.targets
        if draws:
            def batches(step):
                return images.batches(plan.batch_size, seed=seed, start_step=step, with_labels=True, with_rows=True)

    return with_draws(batches, labels, seed) if draws else batches, len(labels)


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
