"""The kind of run that distils online: peers joined by connectors, independent GANs, a single one."""

import re
from typing import ClassVar

from kgan.report import okd_page as page
from kgan.report.kinds import Kind
from kgan.report.load import number
from kgan.report.okd_summary import RULE, compare_all, lines
from kgan.report.okd_verdict import short, verdict

_LOSS = re.compile(r"(generator|discriminator|connector)_(.+)_loss")


class OKD(Kind):
    """Peers against as many independent GANs of the same seeds, the single GAN beside them."""

    name = "okd"
    title = "online distillation"
    rule = RULE
    roles: ClassVar[dict[str, str]] = page.COLOURS
    description = ("role", "peer", "size", "objective", "weights", "parameters", "steps", "learning_rate")
    size = "size"
    template = "okd.html"

    def log_stages(self, stages, registered):
        """Every stage that trained networks of these roles, or left a log: which there are is the recipe's choice."""
        return [stage for stage in stages if registered[stage] & set(self.roles) or not registered[stage]]

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

    def stage_colour(self, stage, loss):
        return next((colour for role, colour in self.roles.items() if role in f"{loss} {stage}"), "student")

    def slot(self, network):
        """The role and the place on the ring."""
        return (str(network.get("role", "network")), None if network.get("peer") is None else str(network["peer"]))

    def facts(self, metrics):
        rho, topology = number(metrics.get("rho")), metrics.get("topology")
        return ([str(topology)] if topology else []) + ([] if rho is None else [f"rho {rho:g}"])

    def compare(self, group, networks, headline):
        return compare_all(group, networks, headline)

    def lines(self, summary):
        return lines(summary)

    def verdict(self, summary):
        return verdict(summary)

    def side_by_side(self, summaries, measure):
        return page.side_by_side(summaries, measure)

    def network_columns(self):
        return {key: key for key in ("role", "peer", "size", "objective", "weights", "parameters", "steps")}

    def sections(self, group, summary, images, key, share):
        return {
            "points": page.points_charts(summary, f"{key}-points"),
            "sizes": page.size_table(summary),
            "paired": page.paired_table(summary),
            "late": any("late_stds" in measure for net in summary["networks"].values()
                        for measure in net["measures"].values()),
            "samples": page.sample_rows(group, images, share),
            "interpolations": page.interpolation_blocks(group, images, share),
            "paper": page.paper_table(),
        }


KIND = OKD()
