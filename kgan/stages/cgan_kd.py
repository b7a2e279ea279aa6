"""Stages of cGAN-KD: a light student from real images and from filtered samples of a conditional GAN.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (2021).
"""

import dataclasses
from pathlib import Path

from kgan.errors import InputError
from kgan.export.tflite import check_quantize
from kgan.methods import label_filter
from kgan.methods.kd.catalogue import technique_class
from kgan.recipe import Stage
from kgan.stages import delivery, predictors, students, subsampling
from kgan.stages.cgan_kd_data import check_data
from kgan.stages.cgan_kd_measures import evaluate_arms
from kgan.stages.cgan_kd_sweeps import Sweeps, check_sweeps, sweep_stages
from kgan.stages.distil import KD
from kgan.stages.students import Arm

# name -> (stage of its samples, whether as they were assigned, whether it goes on from the finished plain student)
ARMS = {
    "nokd": (None, False, False),
    "nokd_longer": (None, False, True),
    "unprocessed": ("unprocessed", True, True),
    "m1": ("m1", True, True),
    "m1_filter": ("m1_m2", True, True),
    "m1_m2": ("m1_m2", False, True),
}
_SSKD_L2 = 1e-4  # of SSKD with samples


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How samples are drawn and processed.

    Args:
        per_label: images of each label in each set, before M2.
        num_fakes: of them for a student.
        burn_in, batch_size: of the rejection sampling.
        rho: the share that M2 keeps.
        mode: "code" or "paper", where the two differ in M2.
        filter_burn_in: classification in mode "code": samples of each class that set M2's cutoff alone.
        num_labels: regression: labels that are sampled, evenly spaced; None for the distinct ones of the real images.
        whole_units, zeta, floor, quantise_first: of `label_filter.adjust_values` and `RejectionSampler`.
    """

    per_label: int
    num_fakes: int
    burn_in: int
    batch_size: int
    rho: float
    mode: str = "code"
    filter_burn_in: int = 0
    num_labels: int | None = None
    whole_units: bool = False
    zeta: float = 0.0
    floor: float = 1e-3
    quantise_first: bool = True

    @property
    def m2(self):
        """The settings of `subsampling.adjust`."""
        return {"rho": self.rho, "mode": self.mode, "burn_in": self.filter_burn_in, "whole_units": self.whole_units}


def cgan_kd_stages(train, test, *, teacher, cgan, features, ratio, student, sampling, arms, before_cgan=(), kd=None,
                   assistant=None, from_scratch=False, quantize=(), sweeps=None):
    """data, teacher, (before the cGAN), cgan, features, density_ratio, samples, students, (sweeps), and what follows.

    What follows are evaluate, export where `quantize` asks for it, and report.

    Args:
        train, test: callables that give the `ImageSet` or `ValueSet` to learn from, and another to test on.
        teacher, features: (callable that gives a network, `Plan`) of each; for the teacher also the path of a
            finished .keras file.
        cgan, ratio: (stage's function, steps), of `kgan.stages.cgan` and `kgan.stages.subsampling`.
        student: (callable that gives a network, `Plan` of the plain student, `Plan` of all others).
        sampling: a `Sampling`.
        arms: names among `ARMS`, alone or followed by "+" and one of `kgan.methods.kd.catalogue.TECHNIQUES`, whose
            loss then acts on real images and samples alike; "nokd" comes first whatever they are.
        before_cgan: stages that the cGAN stands on, such as those of the label embedding.
        kd: name of a technique -> dict of its settings, where they are not its own (`kgan.stages.distil.KD`).
        assistant: (callable that gives a network, `Plan`) of TAKD's.
        from_scratch: whether the arms begin from fresh weights, not from the finished plain student.
        quantize: TFLite quantisations of all students.
        sweeps: `Sweeps` of settings besides the run's own, or None; their students are not exported.
    """
    _check((*arms, *(f"nokd+{method}" for method in kd or {})), sampling, quantize)
    sweeps = sweeps or Sweeps()
    check_sweeps(train, sampling, sweeps, arms)
    network, plain, longer = student
    chosen = _chosen(arms, sampling.num_fakes, from_scratch, kd or {})
    used = {arm.samples for arm in chosen.values() if arm.samples}
    judged = bool(used & {"m1", "m1_m2"})
    legs = _legs(chosen, student, teacher, assistant)
    stages = [*_first(train, test, teacher, {"student": student[:2]} | ({"features": features} if judged else {}),
                      sampling, used, legs), *before_cgan]
    stages.append(Stage("cgan", cgan[0], tuple(stage.name for stage in before_cgan), {"steps": cgan[1]}))
    if judged:
        stages += [Stage("features", subsampling.features(train, *features), settings={"steps": features[1].steps}),
                   Stage("density_ratio", ratio[0], ("cgan", "features"), {"steps": ratio[1]})]
    stages += _samples(train, sampling, used)
    trained = []
    if _assisted(chosen):
        trained += _assistant(train, assistant)
    for arm in chosen.values():
        found = students.student_stages(train, network, _plan(arm, plain, longer), arm)
        known = {stage.name for stage in trained}
        trained += [stage for stage in found if stage.name not in known]  # SSKD's first head serves all its arms
    names = tuple(students.name_of(name) for name in chosen)
    swept, points = sweep_stages(train, network, longer, sampling, sweeps, chosen.get("m1_m2"))
    measures = evaluate_arms(train, test, rho=sampling.rho, mode=sampling.mode, whole_units=sampling.whole_units,
                             points=points)
    measured = ("teacher", *sorted(used), *names, *(stage.name for stage in swept))
    stages += [*trained, *swept, Stage("evaluate", measures, measured)]
    if quantize:
        exported = delivery.export(quantize=quantize, roles=("student", "control"))
        stages.append(Stage("export", exported, names, {"quantize": quantize}))
    return [*stages, Stage("report", delivery.report(), ("evaluate", *(["export"] if quantize else [])))]


def _plan(arm, plain, longer):
    """The `Plan` of an arm's student."""
    plan = plain if arm.name.split("+")[0] == "nokd" else longer
    return dataclasses.replace(plan, l2=_SSKD_L2) if arm.samples and arm.kd and arm.kd.method == "sskd" else plan


def _assisted(chosen):
    return any(arm.kd and arm.kd.method == "takd" for arm in chosen.values())


def _legs(chosen, student, teacher, assistant):
    """Who learns from whom, and by which technique, as `check_data` takes it."""
    told = {"teacher": (lambda: predictors.read_teacher(teacher)) if isinstance(teacher, str | Path) else teacher[0]}
    legs = []
    if _assisted(chosen):
        if assistant is None:
            raise InputError("TAKD goes by way of an assistant between teacher and student: this recipe has none")
        told["assistant"] = assistant[0]
        legs.append((KD("takd"), assistant[0], told["teacher"], assistant[1]))
    return legs + [(arm.kd, student[0], told[arm.kd.teacher], _plan(arm, *student[1:])) for arm in chosen.values()
                   if arm.kd]


def _first(train, test, teacher, trained, sampling, used, legs):
    """The stages that look at the data and train the teacher; one that is given is looked at before the data."""
    given = isinstance(teacher, str | Path)
    if given:
        made = Stage("teacher", predictors.given_teacher(train, teacher), settings={"file": str(teacher)})
    else:
        made = Stage("teacher", predictors.teacher(train, *teacher), settings={"steps": teacher[1].steps})
        trained = {"teacher": teacher} | trained
    asked = {"num_fakes": sampling.num_fakes if used else 0, "per_label": sampling.per_label,
             "num_labels": sampling.num_labels}
    # What M2 takes a class's cutoff from it uses for nothing else.
    asked["apart"] = sampling.filter_burn_in if sampling.mode == "code" and "m1_m2" in used else 0
    looked = Stage("data", check_data(train, test, trained, **asked, legs=legs), settings=asked)
    return [made, looked] if given else [looked, made]


def _samples(train, sampling, used):
    """The stages that make the sets of samples which the arms use."""
    stages, labels = [], {"per_label": sampling.per_label, "num_labels": sampling.num_labels}
    if "unprocessed" in used:
        stages.append(Stage("unprocessed", subsampling.unprocessed(train, **labels), ("teacher", "cgan"), labels))
    if used & {"m1", "m1_m2"}:
        drawn = {"burn_in": sampling.burn_in, "batch_size": sampling.batch_size, "zeta": sampling.zeta,
                 "floor": sampling.floor, "quantise_first": sampling.quantise_first}
        stages.append(Stage("m1", subsampling.subsample(train, **labels, **drawn), ("teacher", "density_ratio"),
                            labels | drawn))
    if "m1_m2" in used:
        stages.append(Stage("m1_m2", subsampling.adjust(train, **sampling.m2), ("m1",), sampling.m2))
    return stages


def _assistant(train, assistant):
    """TAKD's assistant, trained on the real images beside the teacher."""
    arm = Arm("assistant", kd=KD("takd"))
    return students.student_stages(train, *assistant, arm, "assistant", {"role": "assistant", "arm": None})


def _chosen(arms, num_fakes, from_scratch, kd):
    """name -> `Arm`, what one starts from before it."""
    found = {}

    def add(name):
        base, _, method = name.partition("+")
        if method:  # in whatever case it is written
            method = technique_class(method).key
            name = f"{base}+{method}"
        samples, assigned, goes_on = ARMS[base]
        start = "nokd" if goes_on and not from_scratch else None
        if start and samples and method == "sskd":
            start = "nokd+sskd"  # the published runs with samples go on from SSKD's own student
        for needed in (start,) if start and start not in found else ():
            add(needed)
        taught = KD(method, "assistant" if method == "takd" else "teacher", kd.get(method, {})) if method else None
        found.setdefault(name, Arm(name, samples, num_fakes if samples else 0, taught, start, assigned))

    for name in ("nokd", *arms):
        add(name)
    return found


def _check(arms, sampling, quantize):
    for name in arms:
        base, plus, method = name.partition("+")
        if base not in ARMS:
            raise InputError(f"an arm is one of {', '.join(ARMS)}, alone or with a technique as in m1_m2+blkd; "
                             f"received {name!r}")
        if plus:
            technique_class(method)
    for name in ("per_label", "num_fakes", "burn_in", "batch_size"):
        value = getattr(sampling, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InputError(f"{name} must be a positive whole number; received {value!r}")
    label_filter.cutoff([0.0], sampling.rho, sampling.mode)  # refuses what is no rho and no mode
    for kind in quantize:
        check_quantize(kind)
