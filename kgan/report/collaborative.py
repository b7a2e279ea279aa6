"""The kind of run whose generators learn from each other over a knowledge transfer graph."""

import re
from typing import ClassVar

from kgan.report import collaborative_graph as graph
from kgan.report import collaborative_page as own
from kgan.report import generators_page as page
from kgan.report import trials
from kgan.report.collaborative_summary import ROLES, RULE, compare_all, find_trials, lines
from kgan.report.collaborative_verdict import verdict
from kgan.report.generators import any_late, short
from kgan.report.generators_kind import GeneratorsKind

_LOSS = re.compile(r"(generator|transfer|adversarial)_(.+)_loss")


class Collaborative(GeneratorsKind):
    """The graph under test against MAD-GAN, the same graph with every gate through, and single GANs."""

    name = "collaborative"
    title = "collaborative learning"
    rule = RULE
    named_roles = ROLES
    roles: ClassVar[dict[str, str]] = {name: role.colour for name, role in ROLES.items()}
    description = ("role", "node", "size", "weights", "parameters", "steps", "learning_rate")
    template = "collaborative.html"

    def curve(self, stage, column):
        """A loss of all generators is one chart: `generator_1_loss`, `mad_gan/generator_1_loss`."""
        if column in ("step", "seconds"):
            return None
        member, _, loss = column.rpartition("/")
        found = _LOSS.fullmatch(loss)
        if not found:
            return f"{member} {loss}".strip(), stage
        places = re.findall(r"\d+", found[2])
        several = found[1] == "transfer" and len(places) == 2
        return f"{member} {found[1]}_loss".strip(), " to ".join(map(short, places)) if several else short(found[2])

    def facts(self, metrics):
        return graph.facts(metrics)

    def check(self, metrics, source):
        graph.check_graphs(metrics, source)

    def compare(self, group, networks, headline):
        return compare_all(group, networks, headline)

    def lines(self, summary):
        return lines(summary)

    def verdict(self, summary):
        return verdict(summary)

    def sections(self, group, summary, images, key, share):
        read = find_trials(group)
        drawn = read if read and read.rows else None
        return {
            "graphs": own.graphs(summary, f"{key}-graph"),
            "points": page.points_charts(ROLES, summary, f"{key}-points"),
            "sizes": page.size_table(ROLES, summary),
            "paired": own.paired_tables(summary),
            "late": any_late(summary["networks"]),
            "paper": own.paper_table(summary),
            "transfers": own.transfer_table(summary),
            "samples": page.sample_rows(ROLES, group, images, share),
            "embeddings": own.embeddings(group, f"{key}-features"),
            "interpolations": page.interpolation_blocks(ROLES, group, images, share),
            "search": trials.told(summary["search"]) if read else None,
            "boxes": trials.charts(drawn, f"{key}-trials") if drawn else [],
            "gates": trials.gate_table(drawn) if drawn else None,
        }


KIND = Collaborative()
