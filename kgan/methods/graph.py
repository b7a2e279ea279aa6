"""Knowledge transfer graphs as plain data: who learns what from whom, through which gate.

Source: Tsukahara et al., "Collaborative Learning of Generative Adversarial Networks" (2021), sections 3.2 and 3.3.
"""

import dataclasses
import math

from kgan.errors import InputError
from kgan.methods.gates import gate_ends

DISCRIMINATOR = "D"
STAGES = {"input_side": ("stage2", "stage3"), "output_side": ("stage3", "stage4")}  # of a DCGAN's generator
BETWEEN_GENERATORS = (*STAGES, "image")


@dataclasses.dataclass(frozen=True)
class Edge:
    """What flows from a node to a generator; it moves the target alone.

    Args:
        source: "D", the discriminator, or a generator's name.
        target: a generator's name.
        transfer: "adversarial" from D, always; from a generator "output_side" or "input_side" (attention
            maps of stages 3 and 4, or 2 and 3), "image", or names of stages as a tuple.
        gate: a name in `kgan.methods.gates.GATES`.
        weight: factor of the edge's loss beside the gate, at least 0.

    Nothing is checked before `check_graph`.
    """

    source: str
    target: str
    transfer: str | tuple[str, ...] = "adversarial"
    gate: str = "through"
    weight: float = 1.0

    def __post_init__(self):
        if isinstance(self.transfer, list):  # as JSON gives it
            object.__setattr__(self, "transfer", tuple(self.transfer))

    @property
    def stages(self):
        """Names of the stages whose maps it transfers; none for images and the adversarial loss."""
        return self.transfer if isinstance(self.transfer, tuple) else STAGES.get(self.transfer, ())


def all_through(names, transfer):
    """Every generator learns from the discriminator and from every other one, all gates through.

    Edges from D come first, then those between generators, target by target: k * k edges for k names.
    """
    judged = [Edge(DISCRIMINATOR, name) for name in names]
    return judged + [Edge(source, target, transfer) for target in names for source in names if source != target]


def mad_gan(names, transfer="output_side"):
    """MAD-GAN (Ghosh et al., 2018): generators that share the discriminator alone.

    The edges between generators are there, cut off: the compiled step is that of `all_through(names, transfer)`.
    """
    return [edge if edge.source == DISCRIMINATOR else dataclasses.replace(edge, gate="cutoff")
            for edge in all_through(names, transfer)]


def one_way(teacher, student, transfer):
    """One-way distillation: a fixed teacher, which no edge reaches, and a student that also learns from D."""
    return [Edge(DISCRIMINATOR, student), Edge(teacher, student, transfer)]


def mutual(names, transfer):
    """Deep mutual learning (Zhang et al., 2018): all learn from each other, which is `all_through`."""
    return all_through(names, transfer)


def with_gates(edges, gates):
    """The edges with these gates, names in the edges' order; InputError if their numbers differ."""
    edges, gates = list(edges), list(gates)
    if len(edges) != len(gates):
        raise InputError(f"the graph has {len(edges)} edges, one gate each; received {len(gates)} gates")
    for gate in gates:
        gate_ends(gate)
    return [dataclasses.replace(edge, gate=gate) for edge, gate in zip(edges, gates, strict=True)]


def edges_as_dicts(edges):
    """The edges for JSON: dicts of source, target, transfer (a string, or a list of stages), gate and weight."""
    return [{**dataclasses.asdict(edge),
             "transfer": list(edge.transfer) if isinstance(edge.transfer, tuple) else edge.transfer}
            for edge in edges]


def regated(edges, wanted, names):
    """`wanted` in the order of `edges`; InputError unless both differ in gates and weights alone."""
    check_graph(wanted, names)
    found = {(edge.source, edge.target): edge for edge in wanted}
    for edge in edges:
        other = found.get((edge.source, edge.target))
        if other is None or (other.stages or other.transfer) != (edge.stages or edge.transfer):
            given = "no such edge" if other is None else f"transfer={other.transfer!r}"
            raise InputError(f"edge {edge.source!r} -> {edge.target!r} with transfer={edge.transfer!r} is built into "
                             f"the step, gates and weights alone can change; received {given}")
    ordered = [found.pop((edge.source, edge.target)) for edge in edges]
    if found:
        source, target = next(iter(found))
        raise InputError(f"edge {source!r} -> {target!r} is not in the graph the step was built on; gates and "
                         "weights alone can change")
    return ordered


def check_graph(edges, names):
    """InputError with one line about the first edge that does not fit the generators of these names."""
    if not edges:
        raise InputError("a knowledge transfer graph needs at least one edge; received none")
    if DISCRIMINATOR in names:
        raise InputError(f"a generator is called {DISCRIMINATOR!r}, which stands for the discriminator: rename it")
    seen = set()
    for edge in edges:
        if not isinstance(edge, Edge):
            raise InputError(f"the edges of a graph are kgan.methods.graph.Edge; received {edge!r}")
        label = f"edge {edge.source!r} -> {edge.target!r}"
        _check_ends(edge, label, list(names))
        _check_transfer(edge, label)
        _check_gate_and_weight(edge, label)
        if (edge.source, edge.target) in seen:
            raise InputError(f"{label} is given twice: one edge leads from a node to another")
        seen.add((edge.source, edge.target))


def _check_ends(edge, label, names):
    if edge.target not in names:
        hint = "no edge leads to the discriminator" if edge.target == DISCRIMINATOR else f"there is no {edge.target!r}"
        raise InputError(f"{label}: {hint}; the generators are {', '.join(map(str, names))}")
    if edge.source not in [DISCRIMINATOR, *names]:
        raise InputError(f"{label}: there is no {edge.source!r}; an edge starts at {DISCRIMINATOR} or at one of "
                         f"{', '.join(map(str, names))}")
    if edge.source == edge.target:
        raise InputError(f"{label}: a generator has no edge to itself")


def _check_transfer(edge, label):
    if edge.source == DISCRIMINATOR:
        if edge.transfer != "adversarial":
            raise InputError(f"{label}: the discriminator's edges are adversarial; received "
                             f"transfer={edge.transfer!r}")
        return
    if isinstance(edge.transfer, tuple):
        fits = edge.transfer and all(isinstance(name, str) for name in edge.transfer)
        if fits and len(set(edge.transfer)) < len(edge.transfer):
            raise InputError(f"{label}: a stage is named twice in transfer={edge.transfer!r}")
    else:
        fits = edge.transfer in BETWEEN_GENERATORS
    if not fits:
        raise InputError(f"{label}: between generators the transfer is one of {', '.join(BETWEEN_GENERATORS)}, or a "
                         f"tuple of stages' names; received {edge.transfer!r}")


def _check_gate_and_weight(edge, label):
    try:
        gate_ends(edge.gate)
    except InputError as error:
        raise InputError(f"{label}: {error}") from None
    number = isinstance(edge.weight, int | float) and not isinstance(edge.weight, bool)
    if not number or not math.isfinite(edge.weight) or edge.weight < 0:
        raise InputError(f"{label}: the weight must be a finite number of at least 0; received {edge.weight!r}")
