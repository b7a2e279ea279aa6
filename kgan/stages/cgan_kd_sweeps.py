"""Sweeps of cGAN-KD: the student when one setting of its samples is another, all else as in the arm "m1_m2".

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (2021): figure 10 (number of samples), figure 11 (rho) and table 7 (the teacher in M2).
"""

import dataclasses
import math
from collections.abc import Mapping

from kgan.errors import InputError
from kgan.methods import label_filter
from kgan.recipe import Stage
from kgan.stages import predictors, students, subsampling
from kgan.stages.students import SWEEP, name_of
from kgan.stages.tasks import task_of
from kgan.stages.training import load_network

_SPREADS = 3  # standard deviations of the number of samples that M2 may keep by chance


@dataclasses.dataclass(frozen=True)
class Sweeps:
    """Settings to try besides the run's own, which are a point of each sweep too.

    Args:
        fakes: numbers of samples for a student.
        rho: shares that M2 keeps.
        teachers: name -> (callable that gives a network, `Plan`) of teachers that judge in M2 in the place of the
            run's own. M1's samples stay the same.
    """

    fakes: tuple[int, ...] = ()
    rho: tuple[float, ...] = ()
    teachers: Mapping = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Args:
        over: "fakes", "rho" or "teacher".
        value: the setting; of a teacher, its name.
        student: the network's name that was trained with it.
        teacher: of a sweep over teachers, the network's name.
    """

    over: str
    value: int | float | str
    student: str
    teacher: str | None = None


def sweep_stages(train, network, plan, sampling, sweeps, arm):
    """The stages of all sweeps, each with a network or a set of samples of its own, and their `Point`s.

    Args:
        train: callable that gives the `ImageSet` or `ValueSet` to learn from.
        network, plan: of the students, as of `students.student`.
        sampling: the run's `kgan.stages.cgan_kd.Sampling`.
        sweeps: `Sweeps`; nothing is swept over what is empty.
        arm: the run's own `Arm` "m1_m2".
    """
    stages, points = [], []

    def add(over, value, teacher=None, **changes):
        point = dataclasses.replace(arm, name=f"{arm.name}_{over}_{value}", swept=True, **changes)
        stages.extend(students.student_stages(train, network, plan, point))
        points.append(Point(over, value, name_of(point.name), teacher))

    def samples(name, judge=None, **changes):
        settings = sampling.m2 | changes
        needs = ("m1", judge) if judge else ("m1",)
        stages.append(Stage(name, subsampling.adjust(train, **settings, judge=judge), needs, settings))
        return name

    for num in dict.fromkeys(sweeps.fakes):
        if num != sampling.num_fakes:
            add("fakes", num, num_fakes=num)
    for rho in dict.fromkeys(sweeps.rho):
        if rho != sampling.rho:
            add("rho", rho, samples=samples(f"{arm.samples}_rho_{rho}", rho=rho))
    for name, (judge, judge_plan) in sweeps.teachers.items():
        teacher = f"teacher_{name}"
        trained = predictors.teacher(train, judge, judge_plan, name=teacher, role=SWEEP)
        stages.append(Stage(teacher, trained, settings={"steps": judge_plan.steps}))
        add("teacher", name, teacher, samples=samples(f"{arm.samples}_{teacher}", teacher))
    own = {"fakes": (sampling.num_fakes, None), "rho": (sampling.rho, None), "teacher": ("teacher", "teacher")}
    swept = {"fakes": sweeps.fakes, "rho": sweeps.rho, "teacher": sweeps.teachers}
    points += [Point(over, value, name_of(arm.name), teacher) for over, (value, teacher) in own.items() if swept[over]]
    return stages, points


def describe_points(work, points, networks, test_error):
    """`sweeps` of metrics.json: {"fakes", "rho", "teacher": list of points by rising value}, those that there are.

    A point is {"value", "network", "test_error"}; one of a teacher, {"name", "value", "parameters", "network",
    "test_error"}: the teacher's own test error and parameters, and the student's network and error.

    Args:
        points: `Point`s.
        networks: those of metrics.json, whose errors are known.
        test_error: callable, network -> its error on the test images.
    """
    def measured(name):
        work.stop.check()
        if name in networks:
            return networks[name]["test_error"], networks[name]["parameters"]
        network = load_network(work.run_dir, name)
        return test_error(network), network.count_params()

    found = {}
    for point in points:
        entry = {"value": point.value}
        if point.teacher:
            error, parameters = measured(point.teacher)
            entry = {"name": point.value, "value": error, "parameters": parameters}
        entry |= {"network": point.student, "test_error": measured(point.student)[0]}
        found.setdefault(point.over, []).append(entry)
    return {over: sorted(entries, key=lambda entry: entry["value"]) for over, entries in found.items()}


def check_sweeps(train, sampling, sweeps, arms):
    """InputError for settings out of their range, and where M1 makes too few samples for a point of the sweeps.

    The data are read only if something is swept.
    """
    if not (sweeps.fakes or sweeps.rho or sweeps.teachers):
        return
    if "m1_m2" not in arms:
        raise InputError(f"sweeps vary the arm m1_m2: name it among the arms; received {', '.join(arms) or 'none'}")
    for num in sweeps.fakes:
        if not isinstance(num, int) or isinstance(num, bool) or num < 1:
            raise InputError(f"sweep_fakes takes positive whole numbers; received {num!r}")
    for rho in sweeps.rho:
        label_filter.cutoff([0.0], rho, sampling.mode)  # refuses what is no rho
    task = task_of(train())
    by_class, num_labels = task.name == "classification", len(task.labels(sampling.num_labels))
    for num in (sampling.num_fakes, *sweeps.fakes):
        if by_class and num % num_labels:
            raise InputError(f"students take equally many samples of each class: num_fakes and sweep_fakes must be "
                             f"multiples of {num_labels}; received {num}")
    most = max(sampling.num_fakes, *sweeps.fakes, 0)
    for num, rho in [(most, sampling.rho), *((sampling.num_fakes, rho) for rho in sweeps.rho)]:
        _check_enough(sampling, num, rho, num_labels, by_class)


def _check_enough(sampling, num, rho, num_labels, by_class):
    """InputError unless M2 with this rho leaves `num` samples: of each class an equal part, of values all together."""
    asked, groups = (num // num_labels, 1) if by_class else (num, num_labels)
    apart = sampling.filter_burn_in if by_class and sampling.mode == "code" else 0

    def kept(per_label):
        left = max(groups * per_label - apart, 0)
        # Cutoffs taken from samples apart keep a share of the others that varies with both.
        spread = math.sqrt(rho * (1.0 - rho) * (left + left**2 / apart)) if apart else 0.0
        return max(math.floor(rho * left - _SPREADS * spread), 0)

    if kept(sampling.per_label) < asked:
        sizes = range(sampling.per_label + 1, 100 * sampling.per_label)
        wanted = next((f"per_label to {size} or more" for size in sizes if kept(size) >= asked), None)
        raise InputError(
            f"{num} samples for a student are more than per_label = {sampling.per_label} gives for sure: M2 with rho = "
            f"{rho:g} leaves {kept(sampling.per_label)} of {asked}{' in a class' if by_class else ''}; set "
            f"{wanted or 'per_label and filter_burn_in higher'}, or take fewer")
