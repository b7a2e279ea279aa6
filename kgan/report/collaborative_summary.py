"""Generators over a knowledge transfer graph, over seeds: best, mean, and differences paired by seed."""

from kgan.report import paired, trials
from kgan.report.collaborative_graph import graph_of, in_order
from kgan.report.generators import Role, any_late, sizes_differ
from kgan.report.groups import Group
from kgan.report.summary import count, text_table

#: The rule by which the graph is compared with the others, stated wherever a comparison is shown.
RULE = ("The graph and each of the others are paired by seed: their difference is taken within each seed, best "
        "generator against best and mean against mean (a single GAN stands for both). The side ahead wins if the mean "
        "of the differences is larger in size than their sample standard deviation (n - 1) over the seeds; else it is "
        "a tie. With one seed chance is not excluded, and neither wins. The best of several against the one run of a "
        "single GAN favours the graph; the mean against it does not.")

TESTED = "graph"
ROLES = {
    "graph": Role("graph", "graph", "graph", "student", "graph", "the graph", "generator of the graph"),
    "all_through": Role("all through", "all through", "all through", "variant", "all-through graph",
                        "the all-through graph", "all-through generator"),
    "mad_gan": Role("MAD-GAN", "MAD-GAN", "MAD-GAN", "control", "MAD-GAN", "MAD-GAN", "MAD-GAN generator"),
    "single_sn": Role("single (SN)", "single (SN)", "single (SN)", "teacher", "single GAN with SN",
                      "the single GAN with SN", tick="SN"),
    "single": Role("single (BN)", "single (BN)", "single (BN)", "plain", "single GAN with batch norm",
                   "the single GAN with batch norm", tick="BN"),
}
OTHERS = tuple(role for role in ROLES if role != TESTED)


def compare_all(group: Group, networks: dict[str, dict], headline: dict) -> dict:
    """`spreads`, `comparisons`, `counts`, `unpaired`, `graphs` and (where there was one) `search` of a summary.

    `spreads[role]` are those of `paired.spreads`. A comparison is one of `paired.contests`, first the graph,
    second the role `against`; `counts` and `unpaired` are by that role, unpaired with the reason for each run
    whose two sides cannot be compared. `graphs` are those of `graphs_of`, `search` is `trials.summary`.
    """
    present = [role for role in OTHERS if any(net["role"] == role for net in networks.values())]
    comparisons, unpaired = [], {}
    for role in present:
        reasons = {str(run.folder): paired.why_unpaired(run, TESTED, role, ROLES) for run in group.runs}
        runs = [run for run in group.runs if not reasons[str(run.folder)]]
        comparisons += [{"against": role, **entry} for entry in
                        paired.contests(runs, TESTED, role, headline, places=not ROLES[role].tick)]
        unpaired[role] = {folder: reason for folder, reason in reasons.items() if reason}
    read = find_trials(group)
    return {"spreads": {role: paired.spreads(group, role, networks, headline) for role in ROLES},
            "comparisons": comparisons,
            "counts": {role: count([entry for entry in comparisons if entry["against"] == role]) for role in present},
            "unpaired": {role: reasons for role, reasons in unpaired.items() if reasons},
            "graphs": graphs_of(group), **({"search": trials.summary(read)} if read else {})}


def find_trials(group: Group) -> trials.Trials | None:
    """The trials of the first of the group's runs that has some."""
    return next((read for run in group.runs if (read := trials.read_trials(run.folder))), None)


def graphs_of(group: Group) -> list[dict]:
    """`{"role", "seeds", "edges"}` for each role, several where the seeds' graphs differ; `seeds` are theirs."""
    found = []
    for role in ROLES:
        alike: dict[tuple, list] = {}
        for run in group.runs:
            edges = tuple(in_order(graph_of(run.metrics, role)))
            if edges:
                alike.setdefault(edges, []).append(run.seed)
        found += [{"role": role, "seeds": seeds, "edges": [vars(edge) for edge in edges]}
                  for edges, seeds in alike.items()]
    return found


def lines(group: dict) -> list[str]:
    """A group's summary for a terminal: every network, best and mean, the paired differences, the search."""
    runs = len(group["runs"])
    searched = [f"{trials.told(group['search'])}."] if "search" in group else []
    if searched and not group["networks"]:
        return [group["label"], *searched]
    spread = "std over its late checkpoints" if any_late(group["networks"]) else "no std"
    found = [f"{group['label']}: " + (f"mean and std over {runs} runs" if runs > 1 else f"one run, {spread}"),
             *text_table(paired.table_rows(group, ROLES))]
    differ = sizes_differ(group["networks"], ROLES)
    found += [paired.line(entry, ROLES[TESTED], ROLES[entry["against"]], runs) for entry in group["comparisons"]
              if differ or entry["kind"] != "place"]
    if not group["comparisons"]:
        found.append("nothing to compare the graph with: nothing shows that it helped")
    found += [f"not compared with {ROLES[role].noun}: {folder}: {reason}"
              for role, reasons in group["unpaired"].items() for folder, reason in reasons.items()]
    return found + searched
