"""The kind of run that damages real images in known ways and asks what each measure sees."""

from typing import ClassVar

from kgan.errors import InputError
from kgan.report.damage_charts import measure_charts
from kgan.report.damage_summary import (
    RULE,
    UNDAMAGED,
    compare_all,
    kinds_of,
    label_of,
    lines,
    strength_lines,
)
from kgan.report.damage_verdict import verdict
from kgan.report.grids import columns_within
from kgan.report.kinds import Kind
from kgan.report.load import number, read_pictures
from kgan.report.pictures import row
from kgan.report.rows import EMPTY, measure_cell, show

_BUDGET = 900_000  # bytes of pixels a page


class Damage(Kind):
    """Real images against real ones, undamaged and damaged; its "networks" are measured sets of images."""

    name = "damage"
    title = "damage to real images"
    rule = RULE
    roles: ClassVar[dict[str, str]] = {UNDAMAGED: "plain", "blur": "teacher", "noise": "student",
                                       "missing_classes": "control", "jpeg": "variant"}
    description = ("role", "level", "strength", "unit")
    size = "strength"
    headline = ("distance",)
    arrays = ()
    fakes = "damaged"
    subject = "set of images"
    trains = False
    template = "damage.html"

    def log_stages(self, stages, registered):
        """None: nothing is trained but the classifier of the measures, which has no log."""
        return []

    def stage_colour(self, stage, loss):
        """One for all: there are no charts of losses."""
        return "plain"

    def slot(self, network):
        """The kind of damage and its place among the strengths."""
        return (str(network.get("role", "network")), network.get("level"))

    def check(self, metrics, source):
        for name, entry in metrics.get("networks", {}).items():
            role, level = entry.get("role"), entry.get("level")
            if not isinstance(role, str) or isinstance(level, bool) or not isinstance(level, int) or level < 0:
                raise InputError(f"{name!r} in {source!r} has the role {role!r:.60} and the level {level!r:.60}, which "
                                 "are no damage and the place of a strength: run the damage stage again")

    def compare(self, group, networks, headline):
        return compare_all(group, networks)

    def lines(self, summary):
        return lines(summary)

    def verdict(self, summary):
        return verdict(summary)

    def side_by_side(self, summaries, measure):
        names = [UNDAMAGED, *(name for kind in kinds_of(_joined(summaries)).values() for name in kind)]
        rows = [[name, *(measure_cell(summary["networks"].get(name), measure, len(summary["runs"]))
                         for summary in summaries)] for name in names]
        return {"columns": [self.subject, *(summary["label"] for summary in summaries)], "rows": rows}

    def network_columns(self):
        return {"strength": "strength", "unit": "unit"}

    def sections(self, group, summary, images, key, share):
        return {"charts": measure_charts(summary, self.roles, f"{key}-damage"), "damages": _table(summary),
                "strengths": list(strength_lines(summary)), "shown": self._shown(group.first, share)}

    def _shown(self, run, share):
        """Strips of the same images undamaged and with each strength: `{"heading", "rows"}` a kind of damage."""
        samples = read_pictures(run.folder / "damage" / "samples.npz", 4)
        kinds = {kind: [name for name in names if name in samples] for kind, names in kinds_of(run.networks).items()}
        if UNDAMAGED not in samples or not any(kinds.values()):
            return []
        first = samples[UNDAMAGED]
        columns = columns_within(_BUDGET // share, len(kinds) + sum(map(len, kinds.values())), first.shape[1:])
        shown = []
        for kind, names in kinds.items():
            rows = [row(UNDAMAGED, self.roles[UNDAMAGED], first[:columns], "real images")]
            rows += [row(show(run.networks[name].get("strength")), self.roles.get(kind, "plain"),
                         samples[name][:columns], f"real images after {label_of(kind)}") for name in names]
            if names:
                shown.append({"heading": f"{label_of(kind)} ({run.networks[names[0]].get('unit')})", "rows": rows})
        return shown


def _joined(summaries: list[dict]) -> dict[str, dict]:
    return {name: network for summary in summaries for name, network in summary["networks"].items()}


def _table(summary: dict) -> dict:
    """A row a measure and kind of damage: undamaged, each strength, how it moves, real against real."""
    runs, damages = len(summary["runs"]), summary["damages"]
    most = max((len(entry["names"]) for entry in damages), default=0)
    rows = []
    for entry in damages:
        cells = [measure_cell(summary["networks"].get(name), entry["measure"], runs)
                 for name in (UNDAMAGED, *entry["names"])]
        share = EMPTY if number(entry["share"]) is None else f"{entry['share']:.3f}"
        seen = {True: "yes", False: "no", None: EMPTY}[entry["sees"]]
        rows.append([entry["measure"], label_of(entry["kind"]), *cells, *[EMPTY] * (most + 1 - len(cells)),
                     entry["trend"] or EMPTY, seen, share])
    return {"columns": ["measure", "damage", UNDAMAGED, *map(str, range(1, most + 1)), "trend", "worsens",
                        "undamaged / 1"], "rows": rows}


KIND = Damage()
