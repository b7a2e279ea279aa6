"""The stages of a knowledge distillation run: teachers, plain students, and students under each method.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (2021), section 5, tables 2 to 5.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping

from kgan.errors import Diverged, InputError
from kgan.export.tflite import check_quantize
from kgan.files import write_json
from kgan.methods.kd.catalogue import technique_class
from kgan.recipe import Stage
from kgan.stages import delivery, predictors, students
from kgan.stages.cgan_kd_data import check_data
from kgan.stages.distil import KD, check_technique
from kgan.stages.kd_measures import diverged_file, evaluate_methods, read_refused, refused_file
from kgan.stages.students import Arm
from kgan.stages.tasks import task_of

NOKD = "nokd"  # the plain student, of real images alone


@dataclasses.dataclass(frozen=True)
class Pair:
    """Who teaches whom, by names of networks.

    Args:
        teacher, student: names.
        assistant: of TAKD; None where there is none.
    """

    teacher: str
    student: str
    assistant: str | None = None


@dataclasses.dataclass(frozen=True)
class Networks:
    """What stands behind the names of a run.

    Args:
        make: callable, name -> fresh network.
        teacher_plan: callable, name -> `Plan` of a teacher.
        student_plan: callable, (name, method) -> `Plan` of a student, of "nokd" or of a technique.
        files: name -> path of a finished teacher's .keras file, in place of training it.
    """

    make: Callable
    teacher_plan: Callable
    student_plan: Callable
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)


def kd_stages(train, test, *, pairs, methods, networks, settings=None, whole_units=False, quantize=(),
              allow_refused=False, allow_diverged=False):
    """data, each teacher, each plain student, then for each pair and method its student; evaluate, export, report.

    Each student is a stage of its own, so that a run goes on from the last one that was finished.

    Args:
        train, test: callables that give the `ImageSet` or `ValueSet` to learn from, and another to test on.
        pairs: `Pair`s.
        methods: names of techniques; "nokd" among them or not, the plain student is always there.
        networks: `Networks`.
        settings: name of a technique -> dict of its settings (`kgan.stages.distil.KD`), where they are not its own.
        whole_units: predictions of regressors count in whole units.
        quantize: TFLite quantisations of all students.
        allow_refused: leave out pairs that a method cannot serve, and say so in the report, where else one line
            refuses the run.
        allow_diverged: leave out students whose training diverges, and say so in the report, where else the run ends.
    """
    methods = list(dict.fromkeys(technique_class(method).key for method in methods if method != NOKD))
    settings = {technique_class(method).key: found for method, found in (settings or {}).items() if method != NOKD}
    if "takd" not in methods:
        pairs = [dataclasses.replace(pair, assistant=None) for pair in pairs]
    _check(pairs, quantize)
    cells = [_cell(pair, method, settings.get(method, {})) for pair in pairs for method in methods]
    trained = {pair.teacher: (_maker(networks, pair.teacher), networks.teacher_plan(pair.teacher)) for pair in pairs
               if pair.teacher not in networks.files}
    plans = {name: plan for name, (_, plan) in trained.items()}
    plain = {pair.student: networks.student_plan(pair.student, NOKD) for pair in pairs}
    stages = [Stage("data", _look(train, test, plans, plain, networks, cells, allow_refused),
                    settings={"methods": methods, "pairs": [dataclasses.astuple(pair) for pair in pairs]})]
    names = []
    for name in dict.fromkeys(pair.teacher for pair in pairs):
        stages.append(_teacher(train, name, networks, trained))
        names.append(f"teacher_{name}")
    for name in dict.fromkeys(pair.student for pair in pairs):
        arm = Arm(NOKD)
        stages += students.student_stages(
            train, _maker(networks, name), networks.student_plan(name, NOKD), arm, f"student_{name}_{NOKD}",
            {"role": "control", "network": name, "teacher": None, "kd": NOKD})
        names.append(stages[-1].name)
    exported = [name for name in names if name.startswith("student_")]
    of_cells, served = {}, {}  # by the stages' names; a preparation may serve several cells
    for cell in cells:
        found = _cell_stages(train, cell, networks)
        for stage in found:
            of_cells.setdefault(stage.name, stage)
            served.setdefault(stage.name, []).append(cell)
        names += [stage.name for stage in found if stage.name.startswith(("student_", "assistant_"))]
        exported.append(found[-1].name)
    stages += [_guarded(stage, served[name], allow_diverged) for name, stage in of_cells.items()]
    stages.append(Stage("evaluate", evaluate_methods(train, test, whole_units=whole_units), tuple(names)))
    if quantize:
        stages.append(Stage("export", delivery.export(quantize=quantize, roles=("student", "control")),
                            tuple(exported), {"quantize": quantize}))
    return [*stages, Stage("report", delivery.report(), ("evaluate", *(["export"] if quantize else [])))]


@dataclasses.dataclass(frozen=True)
class _Cell:
    """One student of the table: a pair under a method."""

    pair: Pair
    kd: KD

    @property
    def name(self):
        return f"student_{self.pair.teacher}_{self.pair.student}_{self.kd.method}"

    @property
    def assistant(self):
        return f"assistant_{self.pair.teacher}_{self.pair.student}"

    @property
    def facts(self):
        return {"teacher": self.pair.teacher, "student": self.pair.student, "kd": self.kd.method}


def _cell(pair, method, settings):
    # Without an assistant the pair is refused before this teacher is asked for.
    by_assistant = method == "takd" and pair.assistant
    teacher = f"assistant_{pair.teacher}_{pair.student}" if by_assistant else f"teacher_{pair.teacher}"
    return _Cell(pair, KD(method, teacher, settings))


def _teacher(train, name, networks, trained):
    said = {"network": name, "teacher": None}
    if name in networks.files:
        path = networks.files[name]
        return Stage(f"teacher_{name}", predictors.given_teacher(train, path, name=f"teacher_{name}", facts=said),
                     settings={"file": str(path)})
    network, plan = trained[name]
    made = predictors.teacher(train, network, plan, name=f"teacher_{name}", facts=said)
    return Stage(f"teacher_{name}", made, settings={"steps": plan.steps})


def _cell_stages(train, cell, networks):
    """The assistant of TAKD, a preparation, and last the student."""
    stages, pair = [], cell.pair
    if cell.kd.method == "takd" and pair.assistant:
        kd = dataclasses.replace(cell.kd, teacher=f"teacher_{pair.teacher}")
        stages += students.student_stages(
            train, _maker(networks, pair.assistant), networks.student_plan(pair.assistant, "takd"),
            Arm(cell.assistant, kd=kd), cell.assistant,
            {"role": "assistant", "network": pair.assistant, "teacher": pair.teacher})
    return stages + students.student_stages(
        train, _maker(networks, pair.student), networks.student_plan(pair.student, cell.kd.method),
        Arm(cell.name, kd=cell.kd), cell.name, {"role": "student", "network": pair.student, "teacher": pair.teacher})


def _maker(networks, name):
    return lambda: networks.make(name)


def _guarded(stage, cells, allow_diverged):
    """The stage, which does nothing where all cells that it serves are refused, and may note that one diverged."""
    def run(work):
        refused = [entry for entry in read_refused(work.run_dir)
                   if any(entry | cell.facts == entry for cell in cells)]
        if len(refused) == len(cells):
            work.console.say(f"{work.folder.name}: not served: {refused[0]['reason']}")
            return
        try:
            for need in stage.needs:
                if diverged_file(work.run_dir / need).is_file():
                    raise Diverged(f"what it stands on, {need}, diverged")
            stage.function(work)
        except Diverged as error:
            if not allow_diverged:
                raise
            write_json(diverged_file(work.folder), [cell.facts | {"reason": str(error)} for cell in cells])
            work.console.say(f"{work.folder.name}: left out: {error}")

    return dataclasses.replace(stage, function=run)


def _look(train, test, teachers, learners, networks, cells, allow_refused):
    """Stage: `check_data`, and whether each method can serve each of its pairs.

    `teachers` that are trained and `learners`: name -> `Plan`.
    """
    def run(work):
        made, refused = {}, []  # a large network is made once

        def network(name):
            if name not in made:
                given = networks.files.get(name)
                made[name] = predictors.read_teacher(given) if given else networks.make(name)
            return made[name]

        trained = {f"teacher_{name}": (functools.partial(network, name), plan) for name, plan in teachers.items()}
        trained |= {f"student_{name}": (_maker(networks, name), plan) for name, plan in learners.items()}
        check_data(train, test, trained, num_fakes=0, per_label=0)(work)
        task = task_of(train())
        for cell in cells:
            pair, student = cell.pair, networks.make(cell.pair.student)  # a technique may look into it
            plan, told = networks.student_plan(pair.student, cell.kd.method), pair.teacher
            try:
                if cell.kd.method == "takd":
                    if not pair.assistant:
                        raise InputError("TAKD goes by way of an assistant between teacher and student: name one")
                    told = pair.assistant
                    check_technique(cell.kd, network(told), network(pair.teacher), task, plan)
                check_technique(cell.kd, student, network(told), task, plan)
            except InputError as error:
                if not allow_refused:
                    raise
                refused.append(cell.facts | {"reason": str(error)})
        write_json(refused_file(work.run_dir), refused)
        for entry in refused:
            work.console.say(f"{entry['kd']} for {entry['teacher']} to {entry['student']} is left out: "
                             f"{entry['reason']}")

    return run


def _check(pairs, quantize):
    if not pairs:
        raise InputError("a distillation needs a pair of teacher and student at least")
    for pair in pairs:
        if pair.assistant in (pair.teacher, pair.student):
            raise InputError(f"TAKD's assistant stands between {pair.teacher} and {pair.student}: name a third network")
    for kind in quantize:
        check_quantize(kind)
