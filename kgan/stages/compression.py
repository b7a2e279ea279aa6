"""Stages of a compression: teachers and the choice among them, students, fair controls.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), section 3.
"""

from kgan.data.image_set import ImageSet
from kgan.errors import InputError
from kgan.export.fold import fold
from kgan.export.quicken import quicken
from kgan.methods.compression import Distiller, Joint, latent_batches
from kgan.methods.side_by_side import SideBySide
from kgan.networks.dcgan import paper_parameters
from kgan.stages.feature_networks import discriminator_of, load_feature_networks
from kgan.stages.judge import Judge
from kgan.stages.training import (
    begin_stage,
    image_batches,
    load_network,
    read_registers,
    save_network,
    train_in_run,
    write_register,
)

SELECTIONS = ("score", "distance")


def teachers(gan, depths, data, *, steps, batch_size, critic_steps=1, select="distance", num_samples=2000,
             selection=None):
    """Stage: trains a GAN for each `d` side by side; the one of the best measure becomes the teacher.

    Its discriminator is saved with it: students may be compared on its features.

    Args:
        gan: callable, (d, seed) -> compiled `GAN`.
        depths: the depth scale factors to try.
        data: callable that gives the `ImageSet`.
        select: "score" or "distance", as section 3.1 has IS for MNIST and FID elsewhere.
    """
    if select not in SELECTIONS:
        raise InputError(f"teachers are selected by {' or '.join(SELECTIONS)}; received {select!r}")

    def run(work):
        images = data()
        members = {f"teacher_d{d}": d for d in depths}
        entries, trained = _train_gans(
            work, "teacher", {name: lambda seed, d=d: gan(d, seed) for name, d in members.items()}, images, steps,
            batch_size, critic_steps, selection)
        chosen = next(iter(members))
        if len(members) > 1:
            chosen = _best(Judge(work, images, num_samples), work, members, select)
            work.console.say(f"teacher: d = {members[chosen]} has the best {select}")
        save_network(work, discriminator_of(chosen), trained[chosen].discriminator)
        write_register(work, [entry | {"d": members[name], "role": "teacher" if name == chosen else "teacher_candidate"}
                              for name, entry in entries.items()])

    return run


def students(generator, depths, objectives, optimizer, data, *, steps, batch_size, discriminator=None,
             discriminator_optimizer=None, ema_decay=0.999, selection=None):
    """Stage: trains a student of the run's teacher for each `d` and objective, all in one step.

    Args:
        generator, discriminator: callables, d -> network; a discriminator is made for `Joint` alone.
        depths: the students' depth scale factors.
        objectives: dict, name ("mse", "joint", "features") -> objective.
        optimizer, discriminator_optimizer: callables that give an optimiser.
        data: callable that gives the `ImageSet`.
    """
    def run(work):
        seed = begin_stage(work, "students")
        name = chosen_teacher(work.run_dir)["name"]
        teacher = load_network(work.run_dir, name)

        def batches(judged):
            return image_batches(data(), batch_size, seed) if judged else lambda step: latent_batches(batch_size)

        train_students(work, seed, quicken(fold(teacher)), generator, depths, objectives, optimizer, batches,
                       steps=steps, discriminator=discriminator, discriminator_optimizer=discriminator_optimizer,
                       ema_decay=ema_decay, selection=selection,
                       feature_networks=load_feature_networks(work.run_dir, name, objectives))

    return run


def train_students(work, seed, teacher, generator, depths, objectives, optimizer, batches, *, steps,
                   discriminator=None, discriminator_optimizer=None, ema_decay=0.999, selection=None,
                   feature_networks=None):
    """Trains a student for each `d` and objective in one step; saves and registers them.

    Args:
        seed: of `begin_stage`.
        teacher: for `Distiller`: a frozen generator, in whose form images are made at the least work, or None.
        batches: callable, whether a student has a discriminator -> callable, step -> batches for the `Distiller`.

    The others are those of `students`.
    """
    plans = {f"student_d{d}" + ("" if kind == "mse" else f"_{kind}"): (d, kind, objective)
             for d in depths for kind, objective in objectives.items()}
    judged = [name for name, (_, _, objective) in plans.items() if isinstance(objective, Joint)]
    method = Distiller(
        teacher,
        {name: generator(d) for name, (d, _, _) in plans.items()},
        {name: objective for name, (_, _, objective) in plans.items()},
        {name: discriminator(plans[name][0]) for name in judged},
        ema_decay, seed, feature_networks,
    )
    method.compile({name: optimizer() for name in plans}, {name: discriminator_optimizer() for name in judged})
    outputs = method.network_outputs()
    generators = {name: outputs[name] for name in plans}
    best = train_in_run(work, method, batches(bool(judged)), steps, title="students", shown=generators,
                        selection=selection)
    for name, network in generators.items():
        save_network(work, name, network)
    write_register(work, [
        _entry(name, outputs[name], steps, method.averages, method.optimizers[name]) | {
            "role": "student", "d": d, "objective": kind} | best[name] for name, (d, kind, _) in plans.items()])


def controls(gan, depths, learning_rates, data, *, steps, batch_size, critic_steps=1, discriminator="own",
             num_samples=2000, selection=None):
    """Stage: trains a GAN without teacher for each student's `d` and each learning rate, side by side.

    The learning rate with the smaller distance is the control of its `d`: the better of its chances.

    Args:
        gan: callable, (d, seed, learning_rate, discriminator_d) -> compiled `GAN`.
        discriminator: "own" gives a control a discriminator of its own `d`, "teacher" of the teacher's.
    """
    if discriminator not in ("own", "teacher"):
        raise InputError(f"control_discriminator must be own or teacher; received {discriminator!r}")

    def run(work):
        images = data()
        plans = {f"control_d{d}_lr{rate:g}": (d, rate) for d in depths for rate in learning_rates}

        def build(d, rate):
            judge_d = d if discriminator == "own" else chosen_teacher(work.run_dir)["d"]
            return lambda seed: gan(d, seed, rate, judge_d)

        entries, _ = _train_gans(work, "controls", {name: build(*plan) for name, plan in plans.items()}, images, steps,
                                 batch_size, critic_steps, selection)
        judge = Judge(work, images, num_samples)
        best = {_best(judge, work, [name for name, plan in plans.items() if plan[0] == d], "distance")
                if len(learning_rates) > 1 else next(name for name, plan in plans.items() if plan[0] == d)
                for d in depths}
        write_register(work, [
            entry | {"d": plans[name][0], "role": "control" if name in best else "control_candidate",
                     "discriminator": discriminator} for name, entry in entries.items()])

    return run


def chosen(objectives, names):
    """The objectives of these names; InputError naming the known ones for another name."""
    unknown = [name for name in names if name not in objectives]
    if unknown or not names:
        raise InputError(f"student_objectives takes some of {', '.join(objectives)}; received "
                         f"{unknown[0] if unknown else 'none'!r}")
    return {name: objectives[name] for name in names}


def chosen_teacher(run_dir):
    """The register's entry of the run's teacher."""
    return next(entry for entry in read_registers(run_dir) if entry["role"] == "teacher")


def _train_gans(work, stage, builders, images, steps, batch_size, critic_steps, selection):
    """(entries of the register, trained GANs) by name."""
    seed = begin_stage(work, stage)
    if not isinstance(images, ImageSet):
        raise InputError(f"{stage}: data must be an ImageSet; received {type(images).__name__}")
    members = {name: build(seed) for name, build in builders.items()}
    method = SideBySide(members)
    shown = {name: member.network_outputs()["generator"] for name, member in members.items()}
    best = train_in_run(work, method, image_batches(images, batch_size, seed, critic_steps), steps, title=stage,
                        shown=shown, selection=selection)
    for name, generator in shown.items():
        save_network(work, name, generator)
    return {name: _entry(name, shown[name], steps, member.averages, member.optimizers["generator"]) | {
        "objective": "gan"} | best[name] for name, member in members.items()}, members


def _entry(name, network, steps, averages, optimizer):
    return {
        "name": name,
        "parameters": network.count_params(),
        "parameters_paper": paper_parameters(network),
        "weights": "ema" if averages else "raw",
        "steps": steps,
        "learning_rate": _initial_rate(optimizer),
    }


def _initial_rate(optimizer):
    rate = optimizer._learning_rate
    return float(getattr(rate, "initial_learning_rate", optimizer.learning_rate))


def _best(judge, work, names, select):
    found = {name: judge.measures(judge.images(load_network(work.run_dir, name))) for name in names}
    best = max if select == "score" else min
    return best(found, key=lambda name: found[name][judge.headline[select]])
