"""The knowledge transfer graphs of a run, as metrics.json states them."""

from dataclasses import dataclass

from kgan.errors import InputError
from kgan.report.generators import short
from kgan.report.load import check_objects, number
from kgan.report.rows import show

#: The gates by their names in metrics.json, in words.
GATES = {"through": "through", "positive_linear": "positive linear", "negative_linear": "negative linear",
         "cutoff": "cut off"}
DISCRIMINATOR = "D"

_ADVERSARIAL = "adversarial"


@dataclass(frozen=True)
class Edge:
    """What one node gives another: `source` is `DISCRIMINATOR` or a generator, as `target` is."""

    source: str
    target: str
    transfer: str
    gate: str
    weight: float

    @property
    def label(self) -> str:
        """The edge in words: D to G1."""
        return edge_label(self.source, self.target)


def edge_label(source: str, target: str) -> str:
    """An edge in words: D to G1."""
    return f"{short(source)} to {short(target)}"


def graph_of(metrics: dict, role: str) -> tuple[Edge, ...]:
    """The edges of a role's graph, empty where it has none; `metrics` has passed `check_graphs`."""
    return tuple(Edge(str(edge["source"]), str(edge["target"]), _transfer(edge.get("transfer", _ADVERSARIAL)),
                      edge["gate"], edge.get("weight", 1.0)) for edge in _edges(metrics, role))


def nodes(edges: tuple[Edge, ...]) -> list[str]:
    """The generators of a graph in the order of their names."""
    names = {name for edge in edges for name in (edge.source, edge.target)} - {DISCRIMINATOR}
    return sorted(names, key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name))


def in_order(edges: tuple[Edge, ...]) -> list[Edge]:
    """The edges by target, that from D first."""
    places = {name: place for place, name in enumerate([DISCRIMINATOR, *nodes(edges)])}
    return sorted(edges, key=lambda edge: (places[edge.target], places[edge.source]))


def facts(metrics: dict) -> list[str]:
    """Of the graph under test: how many generators, what they transfer, and how many edges have which gate."""
    edges = graph_of(metrics, "graph")
    if not edges:
        return []
    transfers = dict.fromkeys(edge.transfer for edge in edges if edge.source != DISCRIMINATOR)
    return [f"k = {len(nodes(edges))}", *transfers, count_gates(edges)]


def count_gates(edges: tuple[Edge, ...]) -> str:
    """How many of the edges have which gate, in words."""
    counts = {text: sum(edge.gate == gate for edge in edges) for gate, text in GATES.items()}
    return ", ".join(f"{count} {text}" for text, count in counts.items() if count)


def edge_table(edges: tuple[Edge, ...]) -> dict:
    """`{"columns", "rows"}`, a row an edge."""
    return {"columns": ["edge", "transfer", "gate", "weight"],
            "rows": [[edge.label, edge.transfer, GATES[edge.gate], show(edge.weight)] for edge in in_order(edges)]}


def check_graphs(metrics: dict, source: str) -> None:
    """Raises `InputError` where `graphs` in metrics.json, the file `source`, is not of the form that is read."""
    graphs = metrics.get("graphs", {})
    check_objects(metrics, ("graphs",), source)
    check_objects(graphs, tuple(graphs), source)
    for role in graphs:
        edges = _edges(metrics, role)
        if not isinstance(edges, list):
            raise InputError(f"the edges of graph {role!r} in {source!r} are {edges!r:.60}, not a list: "
                             "run the evaluate stage again")
        for edge in edges:
            problem = _problem(edge)
            if problem:
                raise InputError(f"graph {role!r} in {source!r} has an edge {problem}: run the evaluate stage again")


def _edges(metrics: dict, role: str) -> list:
    return metrics.get("graphs", {}).get(role, {}).get("edges", [])


def _problem(edge) -> str | None:
    if not isinstance(edge, dict) or not {"source", "target", "gate"} <= set(edge):
        return f"{edge!r:.60}, without source, target or gate"
    if edge["gate"] not in GATES:
        return f"with the gate {edge['gate']!r:.60}; known are {', '.join(GATES)}"
    if number(edge.get("weight", 1.0)) is None:
        return f"with the weight {edge['weight']!r:.60}, which is no number"
    if str(edge["target"]) == DISCRIMINATOR or str(edge["source"]) == str(edge["target"]):
        return f"from {edge['source']!r:.60} to {edge['target']!r:.60}, which cannot be"
    return None


def _transfer(transfer) -> str:
    stages = [transfer] if isinstance(transfer, str) else transfer
    return " + ".join(str(stage).replace("_", " ") for stage in stages)
