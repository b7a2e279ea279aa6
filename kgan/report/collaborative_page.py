"""What the page shows of a knowledge transfer graph: the graph, the features, the search, the paper's tables."""

import csv
from pathlib import Path

from kgan.report import generators_page as page
from kgan.report.collaborative_graph import GATES, Edge, count_gates, edge_table, in_order
from kgan.report.collaborative_summary import OTHERS, ROLES, TESTED
from kgan.report.directions import directions
from kgan.report.embedding import REAL, draw_embedding, read_embedding
from kgan.report.generators import in_order as networks_in_order
from kgan.report.generators import label, place_of
from kgan.report.graph_drawing import draw_graph
from kgan.report.groups import Group
from kgan.report.rows import EMPTY, show, spread_cell

_GENERATOR_COLOURS = ("student", "teacher", "control", "variant", "plain")  # of one role's, where all are of one role
_TABLES = Path(__file__).parent / "tables"
#: The rows of the paper's tables 1 and 3, (method, SN), each with its name and the role that answers it.
_METHODS = {("DCGANs", "no"): ("DCGAN", "single"), ("DCGANs", "yes"): ("DCGAN with SN", "single_sn"),
            ("MAD-GANs", "yes"): ("MAD-GAN", "mad_gan"), ("Proposed", "yes"): ("knowledge transfer graph", TESTED),
            ("Real images", ""): ("real images", None)}


def graphs(summary: dict, key: str) -> list[dict]:
    """Figure 8: `{"heading", "svg", "edges"}` for each graph of the summary, with the score below each generator."""
    several = {entry["role"] for entry in summary["graphs"] if entry["seeds"] != summary["seeds"]}
    drawn = []
    for index, entry in enumerate(summary["graphs"]):
        role, edges = entry["role"], tuple(Edge(**edge) for edge in entry["edges"])
        heading = "Graph under test" if role == TESTED else ROLES[role].legend[0].upper() + ROLES[role].legend[1:]
        if role in several:
            heading += f", seed{'s' if len(entry['seeds']) > 1 else ''} {', '.join(map(str, entry['seeds']))}"
        values = {} if role in several else _scores(summary, role)
        svg = draw_graph(f"{key}-{index}", _in_words(heading, edges), edges, values)
        drawn.append({"heading": heading, "gates": count_gates(edges), "svg": svg, "edges": edge_table(edges)})
    return drawn


def paired_tables(summary: dict) -> list[dict]:
    """The paired differences, `{"heading", "table"}` for each role that the graph is compared with."""
    tables = []
    for role in OTHERS:
        entries = [entry for entry in summary["comparisons"] if entry["against"] == role]
        if entries:
            tables.append({"heading": f"Graph against {ROLES[role].phrase}, paired by seed",
                           "table": page.paired_table(ROLES, summary, entries, ROLES[TESTED], ROLES[role])})
    return tables


def embeddings(group: Group, key: str) -> list[str]:
    """Figure 6: the first run's features in the plane, a drawing a role, the single GANs together in one."""
    embedding = read_embedding(group.first.folder)
    panels: dict[str, dict[str, tuple[str, str]]] = {}
    for role, words in ROLES.items() if embedding else ():
        named = [(name, label(name, network, ROLES)) for name, network in
                 networks_in_order(group.first.networks, role) if name in embedding.names]
        for index, (name, text) in enumerate(named):
            colour = words.colour if words.tick else _GENERATOR_COLOURS[index % len(_GENERATOR_COLOURS)]
            panels.setdefault("single" if words.tick else role, {})[name] = (text, colour)
    drawn = []
    for networks in panels.values():
        beside = " and the real images" if REAL in embedding.names else ""
        named = ", ".join(text for text, _ in networks.values())
        alt = f"Features of images by {named}{beside} in the plane, by t-SNE."
        drawn.append(draw_embedding(f"{key}-{len(drawn)}", alt, embedding, networks))
    return drawn


def paper_table(summary: dict) -> dict:
    """The paper's tables 1 and 3 beside the run's own best of each role: `{"columns", "rows"}`."""
    tables = [{(row["method"], row["sn"]): row for row in _rows(name)}
              for name in ("collaborative_table1", "collaborative_table3")]
    measures = directions(summary["headline"])
    rows = []
    for method, (name, role) in _METHODS.items():
        cells = [name]
        for row in (table[method] for table in tables):
            transfer = f" ({row['transfer'].replace('_', ' ')})" if row["transfer"] else ""
            cells += [_mean(row) + transfer, row["fid"] or EMPTY]
        rows.append([*cells, *(_own(summary, role, measure) for measure, _ in measures)])
    return {"columns": ["method", "table 1 (k = 2): IS", "FID", "table 3 (k = 3): IS", "FID",
                        *(f"this run: {measure}" for measure, _ in measures)], "rows": rows}


def transfer_table(summary: dict) -> dict:
    """The paper's table 2, beside the run's own best trial of each transfer where its search varied that."""
    transfers = summary.get("search", {}).get("transfers", {})
    words = {"image": "generated image", "input_side": "feature maps, input side",
             "output_side": "feature maps, output side"}
    rows = [[words[row["transfer"]], _mean(row), row["fid"],
             *([show(transfers.get(row["transfer"]))] if transfers else [])] for row in _rows("collaborative_table2")]
    return {"columns": ["transfer", "IS", "FID", *(["this run: best trial's objective"] if transfers else [])],
            "rows": rows}


def _own(summary: dict, role: str | None, measure: str) -> str:
    """The run's own number for a row of the paper: the best of a role, or the real images'."""
    if role is None:
        return spread_cell(summary["real"].get(measure), len(summary["runs"]))
    return spread_cell(summary["spreads"][role].get(measure, {}).get("best"), len(summary["runs"]))


def _scores(summary: dict, role: str) -> dict[str, str]:
    score = summary["headline"]["score"]
    found = {}
    for name, network in networks_in_order(summary["networks"], role):
        entry = network["measures"].get(score)
        if entry and entry["n"]:
            found[place_of(name, network)] = show(entry["mean"])
    return found


def _in_words(heading: str, edges: tuple[Edge, ...]) -> str:
    each = "; ".join(f"{edge.label} {GATES[edge.gate]}" for edge in in_order(edges))
    return f"Knowledge transfer graph, {heading}. {each}."


def _rows(name: str) -> list[dict]:
    with (_TABLES / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _mean(row: dict) -> str:
    return f"{row['is']} ± {row['is_std']}"
