"""Stages of online distillation: peers with connectors, and the same peers without as their control.

Source: Guo et al., "Online Adversarial Knowledge Distillation for Image Synthesis of Bridge Defect" (2021).
"""

from kgan.errors import InputError
from kgan.methods.okd import OKD, edges_of
from kgan.methods.side_by_side import SideBySide
from kgan.recipe import Stage
from kgan.stages import delivery, judge
from kgan.stages.checks import check_numbers
from kgan.stages.evaluate import Evaluation
from kgan.stages.selection import hold_out
from kgan.stages.training import (
    begin_stage,
    image_batches,
    late_weights,
    save_network,
    train_in_run,
    write_register,
)
from kgan.training.noise import fold_seed


def okd_maker(generator, discriminator, connector=None, *, optimizers, objective, topology="ring", rho=0.1,
              ema_decay=0.999):
    """A callable, (sizes, connected, seed) -> compiled `OKD` with a peer for each size, named "1", "2", ...

    Args:
        generator, discriminator: callables, size -> network.
        connector: the same; a connector has the size of the peer that it corrects. None: as a discriminator.
        optimizers: callables that give an optimiser: for generators, discriminators and connectors.
        topology: "ring" or "full"; the connectors are there only where `connected`.
        objective, rho, ema_decay: of `OKD`.
    """
    def okd(sizes, connected, seed):
        edges = edges_of(topology, len(sizes)) if connected else []
        names = [str(number) for number in range(1, len(sizes) + 1)]
        model = OKD({name: generator(size) for name, size in zip(names, sizes, strict=True)},
                    {name: discriminator(size) for name, size in zip(names, sizes, strict=True)},
                    {edge: (connector or discriminator)(sizes[edge[0]]) for edge in edges},
                    objective, rho, ema_decay, seed)
        model.compile(*optimizers)
        return model

    edges_of(topology, 2)  # an unknown topology is refused before anything is built
    return okd


def okd_stages(data, okd, sizes, *, steps, batch_size, features_steps, num_samples, quantize=(), conditional=False,
               single=True, facts=None, held_out=0.0):
    """features, okd, controls, evaluate, export, report.

    Args:
        data: callable that gives the labelled `ImageSet`.
        okd: callable, (sizes, connected, seed) -> compiled `OKD` with a peer for each size, named "1", "2", ...;
            with connectors only where `connected`.
        sizes: each peer's size, as the recipe understands it.
        steps, batch_size: of all trainings.
        conditional: whether the generators take labels.
        single: whether to train one GAN alone too, of the first size, from a seed of its own.
        facts: dict of what else `metrics.json` is to say, such as rho and topology.
        held_out: share of the images on which alone the best weights are chosen (`selection.hold_out`).

    The others are the arguments of the single stages.
    """
    check_numbers(num_samples, steps=steps, batch_size=batch_size, features_steps=features_steps)
    if len(sizes) < 2 or min(sizes) < 1:
        raise InputError(f"online distillation needs two peers or more, each of a positive size; received {sizes!r}")
    okd(sizes[:1], False, 0)  # raises where image and latent sizes do not fit the networks
    data, selection = hold_out(data, held_out, num_samples)
    trained = {"steps": steps, "batch_size": batch_size, "conditional": conditional, "selection": selection}
    needs = ("features",) if selection else ()
    facts = {"kind": "okd"} | (facts or {})
    measured = ("features", "okd", "controls")
    stages = [
        Stage("features", judge.features(data, steps=features_steps), settings={"steps": features_steps}),
        Stage("okd", peers(data, okd, sizes, **trained), needs, {"steps": steps}),
        Stage("controls", controls(data, okd, sizes, single=single, **trained), needs, {"steps": steps}),
        Stage("evaluate", Evaluation(data, num_samples, facts=facts), measured, {"num_samples": num_samples}),
    ]
    if quantize:
        stages.append(Stage("export", delivery.export(quantize=quantize, roles=("peer",)), ("okd",),
                            {"quantize": quantize}))
    return [*stages, Stage("report", delivery.report(), ("evaluate", *(["export"] if quantize else [])))]


def peers(data, okd, sizes, *, steps, batch_size, conditional, selection=None):
    """Stage: trains the peers with their connectors."""
    def run(work):
        seed = begin_stage(work, "peers")
        method = okd(sizes, True, seed)
        _train(work, method, {"peer": (method, sizes)}, data(), seed, steps, batch_size, conditional, selection)

    return run


def controls(data, okd, sizes, *, steps, batch_size, conditional, single, selection=None):
    """Stage: trains the same peers without connectors, from the same weights and latents, and one GAN alone."""
    def run(work):
        seed = begin_stage(work, "peers")  # as the peers' stage: the same weights, latents and batches
        roles = {"independent": (okd(sizes, False, seed), sizes)}
        if single:
            begin_stage(work, "single")
            roles["single"] = (okd(sizes[:1], False, fold_seed(work.seed, "single")), sizes[:1])
        method = SideBySide({role: member for role, (member, _) in roles.items()})
        _train(work, method, roles, data(), seed, steps, batch_size, conditional, selection)

    return run


def _train(work, method, roles, images, seed, steps, batch_size, conditional, selection):
    if conditional and not images.num_classes:
        raise InputError(f"{images.name} has no labels, which conditional generators need")
    shown, entries = {}, []
    for role, (member, sizes) in roles.items():
        outputs = member.network_outputs()
        for peer, size in zip(member.peers, sizes, strict=True):
            name = role if role == "single" else f"{role}_{peer}"
            shown[name] = outputs[f"generator_{peer}"]
            entries.append({
                "name": name, "role": role, "peer": peer, "size": size, "objective": member.objective_name,
                "parameters": shown[name].count_params(), "weights": "ema" if member.averages else "raw",
                "steps": steps} | ({"classes": list(images.class_names)} if conditional else {}))
    best = train_in_run(work, method, image_batches(images, batch_size, seed, with_labels=conditional), steps,
                        title=work.folder.name, shown=shown, late=True, selection=selection)
    for name, network in shown.items():
        save_network(work, name, network)
    write_register(work, [entry | {"late": late_weights(work, entry["name"], steps)} | best[entry["name"]]
                          for entry in entries])
