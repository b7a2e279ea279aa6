"""The kinds of run that the report knows, and how one is told from another.

A new kind is a module of its own with `KIND`, an instance of a subclass of `Kind`, beside a template for
its part of the page, and its name in `NAMES`.
"""

import abc
import importlib
from typing import ClassVar

from kgan.errors import InputError

#: Values of "kind" in metrics.json, each a module of this package. The first is meant where none is stated.
NAMES = ("compression", "okd", "collaborative", "cgan_kd", "kd", "damage")


class Kind(abc.ABC):
    """What the report must know of one kind of run; a subclass says what differs from this."""

    #: metrics.json's "kind", its name for readers, and the rule by which its networks are compared.
    name = ""
    title = ""
    rule = ""
    #: The roles of its networks, each with one of `canvas.ROLE_COLOURS`: what is tested has the student's
    #: colour, what it is tested against the control's, what stands beside them the teacher's.
    roles: ClassVar[dict[str, str]] = {}
    #: What metrics.json says of a network besides its measures, and which of these is its size.
    description: tuple[str, ...] = ()
    size = ""
    #: What metrics.json's headline names a measure for, and the files `evaluate/<name>.npz` of a whole run.
    headline: tuple[str, ...] = ("score", "distance")
    arrays: tuple[str, ...] = ("samples", "interpolation", "real")
    #: What the images are that are measured against the real ones.
    fakes: str = "generated"
    #: What stands under metrics.json's "networks", and whether the run trains it: what it does not train has no
    #: losses and no exports.
    subject: str = "network"
    trains: bool = True
    #: Templates: the part's own sections, and what stands once at the end of the page.
    template = ""
    ending: str | None = None

    @property
    def heading(self) -> str:
        """The title at the head of a sentence: its first letter large, the others as they are."""
        return self.title[:1].upper() + self.title[1:]

    def likeness(self, registered: dict[str, set[str]]) -> int:
        """How much speaks for this kind where metrics.json is missing: roles of its own among those of each stage."""
        return len(set().union(*registered.values()) & set(self.roles))

    @abc.abstractmethod
    def log_stages(self, stages: list[str], registered: dict[str, set[str]]) -> list[str]:
        """The stages whose `log.csv` belongs to a run, in order.

        `stages` are those of the recipe whose folder is there, in order; `registered[stage]` holds the
        roles in its `networks.json`.
        """

    def curve(self, stage: str, column: str) -> tuple[str, str] | None:
        """(loss, whose) of a column of a stage's log; None for a column that holds no loss."""
        member, slash, loss = column.rpartition("/")
        return (loss, member) if slash else None

    @abc.abstractmethod
    def stage_colour(self, stage: str, loss: str) -> str:
        """One of `canvas.ROLE_COLOURS` for a stage's chart of a loss."""

    @abc.abstractmethod
    def slot(self, network: dict) -> tuple:
        """Equal for networks of several seeds that answer each other; its first part is the role."""

    def slot_label(self, slot: tuple) -> str:
        """A name for networks that answer each other but are named differently."""
        return "_".join(str(part) for part in slot if part is not None)

    def facts(self, metrics: dict) -> list[str]:
        """What tells two runs of one recipe apart, for their names; empty where settings say it all."""
        return []

    def measured(self, metrics: dict) -> dict:
        """What must agree, besides the protocol, for the numbers of two runs to share a column."""
        return {}

    def check(self, metrics: dict, source: str) -> None:  # noqa: B027  (most have nothing to add)
        """Raises `InputError` where metrics.json, the file `source`, holds what is no such run's."""

    @abc.abstractmethod
    def compare(self, group, networks: dict[str, dict], headline: dict) -> dict:
        """What the summary of a group holds besides its networks: at least `comparisons` and `counts`.

        `networks` and `headline` are those of the summary.
        """

    @abc.abstractmethod
    def lines(self, summary: dict) -> list[str]:
        """A group's summary as lines of plain text, for a terminal."""

    @abc.abstractmethod
    def verdict(self, summary: dict) -> list:
        """The sentences (`verdict.Sentence`) at the head of the group's part."""

    def across(self, summaries: list[dict]) -> list[str]:
        """The measures on which groups that share a protocol are shown side by side."""
        return [measure for measure in summaries[0]["headline"].values() if measure]

    @abc.abstractmethod
    def side_by_side(self, summaries: list[dict], measure: str) -> dict:
        """One measure of groups that share a protocol, a column a group: `{"columns", "rows"}`."""

    @abc.abstractmethod
    def network_columns(self) -> dict[str, str]:
        """What the table of every network says of one besides its measures: key and heading."""

    @abc.abstractmethod
    def sections(self, group, summary: dict, images, key: str, share: int) -> dict:
        """What the kind's template shows of a group.

        `key` makes the ids of its figures unique, `share` is how many groups share the page's bytes.
        """


def kind_named(name: str) -> Kind:
    """The kind of that name in `NAMES`."""
    # Imported late: the kinds stand on the modules that ask for them.
    return importlib.import_module(f"kgan.report.{name}").KIND


def find_kind(metrics: dict, registered: dict[str, set[str]], source: str) -> str:
    """The name of a run's kind: what metrics.json says, or which its stages are most like.

    Args:
        metrics: metrics.json, empty where it is missing.
        registered: of each stage the roles of its networks; they decide where metrics.json is missing.
        source: the file, for the `InputError` that an unknown kind raises.
    """
    if "kind" in metrics:
        if metrics["kind"] not in NAMES:
            raise InputError(f"'kind' in {source!r} is {metrics['kind']!r:.60}: this version reports on "
                             f"{', '.join(NAMES)}")
        return metrics["kind"]
    if not metrics:
        return max(NAMES, key=lambda name: kind_named(name).likeness(registered))
    return NAMES[0]
