"""The kind of run that distils online: peers joined by connectors, independent GANs, a single one."""

import csv
import re
from pathlib import Path
from typing import ClassVar

from kgan.report import augment
from kgan.report import generators_page as page
from kgan.report.generators import any_late, short
from kgan.report.generators_kind import GeneratorsKind
from kgan.report.load import number
from kgan.report.okd_summary import ROLES, RULE, compare_all, lines
from kgan.report.okd_verdict import verdict
from kgan.report.rows import EMPTY

_LOSS = re.compile(r"(generator|discriminator|connector)_(.+)_loss")
_PAPER_TABLE = Path(__file__).parent / "tables" / "okd_table1.csv"


class OKD(GeneratorsKind):
    """Peers against as many independent GANs of the same seeds, the single GAN beside them."""

    name = "okd"
    title = "online distillation"
    rule = RULE
    named_roles = ROLES
    roles: ClassVar[dict[str, str]] = {name: role.colour for name, role in ROLES.items()}
    description = ("role", "peer", "size", "objective", "weights", "parameters", "steps", "learning_rate")
    template = "okd.html"

    def curve(self, stage, column):
        """A loss of all peers is one chart: `generator_1_loss`, `connector_1_2_loss`, `single/generator_1_loss`."""
        if column in ("step", "seconds"):
            return None
        member, _, loss = column.rpartition("/")
        found = _LOSS.fullmatch(loss)
        trained, place = re.fullmatch(r"(.*?)_?(\d*)", member).groups()
        whose = found[2] if found else place or stage
        places = re.findall(r"\d+", whose)
        if len(places) == (2 if found and found[1] == "connector" else 1):
            whose = " to ".join(map(short, places))
        return f"{trained} {f'{found[1]}_loss' if found else loss}".strip(), whose

    def facts(self, metrics):
        rho, topology = number(metrics.get("rho")), metrics.get("topology")
        return ([str(topology)] if topology else []) + ([] if rho is None else [f"rho {rho:g}"])

    def compare(self, group, networks, headline):
        return compare_all(group, networks, headline)

    def lines(self, summary):
        return lines(summary)

    def verdict(self, summary):
        return verdict(summary)

    def sections(self, group, summary, images, key, share):
        in_figure_3 = dict(reversed(ROLES.items()))
        wins = {(entry["kind"], entry["measure"], {"first": "peer", "second": "independent"}.get(entry["result"]))
                for entry in summary["comparisons"]}
        return {
            "points": page.points_charts(ROLES, summary, f"{key}-points"),
            "sizes": page.size_table(ROLES, summary, wins),
            "paired": page.paired_table(ROLES, summary, summary["comparisons"], ROLES["peer"], ROLES["independent"]),
            "late": any_late(summary["networks"]),
            "samples": page.sample_rows(in_figure_3, group, images, share),
            "interpolations": page.interpolation_blocks(in_figure_3, group, images, share),
            "paper": paper_table(),
            "augment": augment.table(summary["augment"]) if "augment" in summary else None,
        }


def paper_table() -> dict:
    """The paper's table 1: `{"columns", "rows"}`, a row a model."""
    with _PAPER_TABLE.open(newline="", encoding="utf-8") as file:
        source = list(csv.DictReader(file))
    columns = list(dict.fromkeys(row["generator"] for row in source))
    cells = {(row["model"], row["generator"]): row["fid"] for row in source}
    return {"columns": ["model", *(column or "alone" for column in columns)],
            "rows": [[model, *(cells.get((model, column), EMPTY) for column in columns)]
                     for model in dict.fromkeys(row["model"] for row in source)]}


KIND = OKD()
