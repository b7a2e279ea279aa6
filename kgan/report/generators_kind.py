"""What the kinds of run share whose networks are generators in roles."""

from typing import ClassVar

from kgan.report import generators_page as page
from kgan.report.generators import PLACES, Roles
from kgan.report.kinds import Kind


class GeneratorsKind(Kind):
    """A kind whose subclass names its `named_roles`, the first of them what is tested."""

    named_roles: ClassVar[Roles] = {}
    size = "size"

    def log_stages(self, stages, registered):
        """Every stage that trained networks of these roles, or left a log: which there are is the recipe's choice."""
        return [stage for stage in stages if registered[stage] & set(self.roles) or not registered[stage]]

    def stage_colour(self, stage, loss):
        return next((colour for role, colour in self.roles.items() if role in f"{loss} {stage}"), "student")

    def slot(self, network):
        """The role and the place."""
        place = next((str(network[key]) for key in PLACES if network.get(key) is not None), None)
        return (str(network.get("role", "network")), place)

    def side_by_side(self, summaries, measure):
        return page.side_by_side(self.named_roles, summaries, measure)

    def network_columns(self):
        return {key: key for key in self.description if key != "learning_rate"}
