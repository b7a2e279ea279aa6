"""Stages of a knowledge transfer graph: its generators, the same under other gates, and single GANs.

Source: Tsukahara et al., "Collaborative Learning of Generative Adversarial Networks" (2021).
"""

import json

from kgan.errors import InputError
from kgan.export.tflite import check_quantize
from kgan.files import write_json
from kgan.methods.collaborative import Collaborative
from kgan.methods.graph import DISCRIMINATOR, Edge, edges_as_dicts
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

TESTED = "graph"  # the role of the graph under test
SINGLES = {"single_sn": True, "single": False}  # role -> spectral norm in place of batch norm
EMBEDDED = 100  # images a network in the t-SNE


class GraphMaker:
    """Makes compiled `Collaborative`s: a generator for each size, named "1", "2", ...

    Args:
        generator: callable, size -> network.
        discriminator: callable, (num_logits, spectral_norm) -> network.
        optimizers: callables that give an optimiser: for generators, and for the discriminator.
        steps, alpha, reduction, ema_decay: of `Collaborative`.
    """

    def __init__(self, generator, discriminator, *, optimizers, steps, alpha=1000.0, reduction="mean", ema_decay=0.999):
        self.generator, self.discriminator, self.optimizers, self.steps = generator, discriminator, optimizers, steps
        self.alpha, self.reduction, self.ema_decay = alpha, reduction, ema_decay

    def networks(self, sizes, spectral_norm=True):
        """({name: generator}, discriminator), freshly initialised."""
        generators = {str(number): self.generator(size) for number, size in enumerate(sizes, start=1)}
        return generators, self.discriminator(len(sizes) + 1, spectral_norm)

    def __call__(self, sizes, edges, seed, spectral_norm=True):
        """A compiled `Collaborative` of these generators and edges."""
        generators, discriminator = self.networks(sizes, spectral_norm)
        model = Collaborative(generators, discriminator, edges, self.steps, self.alpha, self.reduction, self.ema_decay,
                              seed)
        model.compile(*self.optimizers)
        return model


def collaborative_stages(data, collaborative, sizes, graphs, *, steps, batch_size, features_steps, num_samples,
                         quantize=(), singles=tuple(SINGLES), facts=None, held_out=0.0):
    """features, graph, controls, singles, evaluate, export, report.

    Args:
        data: callable that gives the labelled `ImageSet`.
        collaborative: a `GraphMaker`.
        sizes: each generator's size.
        graphs: dict, role -> edges. "graph" is under test; the others, such as "mad_gan" and "all_through",
            are its controls, from the same weights, latents and batches.
        steps, batch_size: of all trainings.
        singles: roles among `SINGLES`: one GAN each, of the first size, from a seed of their own.
        facts: dict of what else `metrics.json` is to say.
        held_out: share of the images on which alone the best weights are chosen (`selection.hold_out`).

    The others are the arguments of the single stages. What does not fit is refused here.
    """
    check_numbers(num_samples, steps=steps, batch_size=batch_size, features_steps=features_steps)
    if not sizes or min(sizes) < 1:
        raise InputError(f"a knowledge transfer graph needs generators of positive sizes; received {sizes!r}")
    for kind in quantize:
        check_quantize(kind)
    for edges in graphs.values():
        collaborative(sizes, edges, 0)  # raises where edges, image and latent sizes do not fit the networks
    data, selection = hold_out(data, held_out, num_samples)
    trained = {"steps": steps, "batch_size": batch_size, "selection": selection}
    needs = ("features",) if selection else ()
    facts = {"kind": "collaborative"} | (facts or {}) | {
        "graphs": {role: {"edges": edges_as_dicts(edges)} for role, edges in graphs.items()}}
    controls = {role: edges for role, edges in graphs.items() if role != TESTED}
    stages = [Stage("features", judge.features(data, steps=features_steps), settings={"steps": features_steps}),
              Stage("graph", graph_stage(data, collaborative, sizes, {TESTED: graphs[TESTED]}, **trained), needs,
                    {"steps": steps})]
    if controls:
        stages.append(Stage("controls", graph_stage(data, collaborative, sizes, controls, **trained), needs,
                            {"steps": steps}))
    if singles:
        stages.append(Stage("singles", single_stage(data, collaborative, sizes[0], singles, **trained), needs,
                            {"steps": steps}))
    measured = tuple(stage.name for stage in stages)
    stages.append(Stage("evaluate", Evaluation(data, num_samples, facts=facts,
                                             embedded={TESTED: EMBEDDED, "mad_gan": EMBEDDED}),
                        measured, {"num_samples": num_samples}))
    if quantize:
        stages.append(Stage("export", delivery.export(quantize=quantize, roles=(TESTED,)), ("graph",),
                            {"quantize": quantize}))
    return [*stages, Stage("report", delivery.report(), ("evaluate", *(["export"] if quantize else [])))]


def graph_stage(data, collaborative, sizes, graphs, *, steps, batch_size, selection=None):
    """Stage: trains the generators under each graph, all from the same weights, latents and batches."""
    def run(work):
        members = {}
        for role, edges in graphs.items():
            seed = begin_stage(work, "graph")  # for each anew: the same weights
            members[role] = (collaborative(sizes, edges, seed), sizes)
        _train(work, members, image_batches(data(), batch_size, seed, len(sizes)), steps, selection)

    return run


def single_stage(data, collaborative, size, roles, *, steps, batch_size, selection=None):
    """Stage: trains a generator alone, a graph of one edge, for each role of `SINGLES`."""
    def run(work):
        members = {}
        for role in roles:
            seed = begin_stage(work, "single")
            members[role] = (collaborative((size,), [Edge(DISCRIMINATOR, "1")], seed, SINGLES[role]), (size,))
        _train(work, members, image_batches(data(), batch_size, seed), steps, selection)

    return run


def _train(work, members, batches, steps, selection):
    _check_length(work, members, steps)
    method = SideBySide({role: member for role, (member, _) in members.items()})
    shown, entries = {}, []
    for role, (member, sizes) in members.items():
        outputs = member.network_outputs()
        for node, size in zip(member.names, sizes, strict=True):
            alone = role in SINGLES
            name = role if alone else f"{role}_{node}"
            shown[name] = outputs[f"generator_{node}"]
            entries.append({
                "name": name, "role": role, "node": None if alone else node, "size": size,
                "parameters": shown[name].count_params(), "steps": steps,
                "weights": "ema" if f"generator_{node}" in member.averages else "raw"})
    best = train_in_run(work, method, batches, steps, title=work.folder.name, shown=shown, late=True,
                        selection=selection)
    for name, network in shown.items():
        save_network(work, name, network)
    write_register(work, [entry | {"late": late_weights(work, entry["name"], steps)} | best[entry["name"]]
                          for entry in entries])


def _check_length(work, members, steps):
    """InputError where a training under linear gates was begun with another length: its gates rose otherwise."""
    file = work.folder / "length.json"
    linear = any(edge.gate.endswith("_linear") for member, _ in members.values() for edge in member.edges)
    begun = json.loads(file.read_text(encoding="utf-8"))["steps"] if file.is_file() else steps
    if linear and begun != steps:
        raise InputError(f"{work.folder} was begun for {begun} steps, over which its linear gates rise and fall; it "
                         f"cannot go on for {steps}: choose another --run-dir")
    write_json(file, {"steps": steps})
