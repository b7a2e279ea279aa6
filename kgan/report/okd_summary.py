"""Online distillation over seeds: the best and the mean of the generators, and differences paired by seed."""

from kgan.report import augment, paired
from kgan.report.generators import Role, any_late, sizes_differ
from kgan.report.groups import Group
from kgan.report.summary import count, text_table

#: The rule by which peers and independent GANs are compared, stated wherever a comparison is shown.
RULE = ("Peers and independent GANs are paired by seed: their difference is taken within each seed. The side ahead "
        "wins if the mean of the differences is larger in size than their sample standard deviation (n - 1) over the "
        "seeds; else it is a tie. With one seed chance is not excluded, and neither wins. The single GAN stands beside "
        "them: the best of several against one run is no fair contest.")

ROLES = {
    "peer": Role("peer", "peers", "peers", "student", "peers", "the peers", "peer", plural=True),
    "independent": Role("independent", "independent", "independent GANs (rho = 0)", "control", "independent GANs",
                        "the independent GANs", "independent GAN", plural=True),
    "single": Role("single", "single", "single GAN", "teacher", "single GAN", "the single GAN", tick="single"),
}


def compare_all(group: Group, networks: dict[str, dict], headline: dict) -> dict:
    """`spreads`, `comparisons`, `counts` and `unpaired` of a group's summary, and `augment` where there is one.

    `spreads[role]` are those of `paired.spreads`, `comparisons` the contests of the peers (first) against the
    independent GANs (second), `augment` what `augment.summarise` gives. `unpaired` gives the reason for each
    run whose two sides cannot be compared.
    """
    unpaired = {str(run.folder): paired.why_unpaired(run, "peer", "independent", ROLES) for run in group.runs}
    runs = [run for run in group.runs if not unpaired[str(run.folder)]]
    comparisons = paired.contests(runs, "peer", "independent", headline)
    augmented = augment.summarise(group)
    return {"spreads": {role: paired.spreads(group, role, networks, headline) for role in ROLES},
            "comparisons": comparisons, "counts": count(comparisons),
            "unpaired": {folder: reason for folder, reason in unpaired.items() if reason},
            **({"augment": augmented} if augmented else {})}


def lines(group: dict) -> list[str]:
    """A group's summary for a terminal: every network, best and mean, and the paired differences."""
    runs = len(group["runs"])
    found = augment.lines(group["augment"]) if "augment" in group else []
    if found and not group["networks"]:
        return [f"{group['label']}: {'one run' if runs == 1 else f'{runs} runs'}", *found]
    spread = "std over its late checkpoints" if any_late(group["networks"]) else "no std"
    shown = [f"{group['label']}: " + (f"mean and std over {runs} runs" if runs > 1 else f"one run, {spread}"),
             *text_table(paired.table_rows(group, ROLES))]
    differ = sizes_differ(group["networks"], ROLES)
    shown += [paired.line(entry, ROLES["peer"], ROLES["independent"], runs) for entry in group["comparisons"]
              if differ or entry["kind"] != "place"]
    if not group["comparisons"]:
        shown.append("no peers and independent GANs to compare: nothing shows that the connectors helped")
    elif group["unpaired"]:
        shown += [f"not compared: {folder}: {reason}" for folder, reason in group["unpaired"].items()]
    return shown + found
