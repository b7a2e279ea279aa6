"""The verdict on a knowledge transfer graph: against MAD-GAN and the others, paired by seed, in plain sentences."""

from kgan.report import paired_verdict, trials
from kgan.report.collaborative_graph import Edge, count_gates, nodes
from kgan.report.collaborative_summary import OTHERS, ROLES, TESTED
from kgan.report.directions import directions
from kgan.report.generators import in_order, sizes_differ
from kgan.report.paired_verdict import CONTESTS, signed
from kgan.report.rows import show
from kgan.report.verdict import Sentence, opening, say, smoke

#: By the result of a contest, or who is ahead in the one seed: what the graph does, and what that stresses.
_OUTCOMES = {"first": ("wins over", "student"), "tie": ("ties with", "tie"), "second": ("loses to", "control"),
             "first ahead": ("is ahead of", "plain"), "equal": ("is equal to", "plain"),
             "second ahead": ("is behind", "plain")}


def verdict(group: dict) -> list[Sentence]:
    """The sentences for one group of `summarise`, in the order in which they are read."""
    searched = [say(f"{trials.told(group['search'])}.", apart=True)] if "search" in group else []
    if not group["networks"]:
        return [*smoke(group), *searched] if searched else opening(group)
    sentences = opening(group) + _graph(group) + paired_verdict.sizes(group, ROLES, "Its generators")
    if not group["comparisons"]:
        sentences.append(say(_nothing(group), "warning"))
    for measure, better in directions(group["headline"]):
        sentences += _contests(group, measure, better)
    for role, unpaired in group["unpaired"].items():
        sentences += paired_verdict.left_out(group, unpaired, f" with {ROLES[role].phrase}")
    return [*sentences, *_fairness(group), paired_verdict.by_seed(len(group["runs"])), *searched]


def _graph(group: dict) -> list[Sentence]:
    graphs = [entry for entry in group["graphs"] if entry["role"] == TESTED]
    if not graphs:
        return []
    if len(graphs) > 1:
        return [say("The seeds' graphs differ.", "warning")]
    edges = tuple(Edge(**edge) for edge in graphs[0]["edges"])
    k = len(nodes(edges))
    generators = f"{k} generator{'s' if k > 1 else ''}"
    return [say(f"The graph joins {generators} and the discriminator by {len(edges)} "
                f"edge{'s' if len(edges) > 1 else ''}: {count_gates(edges)}.")]


def _nothing(group: dict) -> str:
    reasons = list(dict.fromkeys(reason for reasons in group["unpaired"].values() for reason in reasons.values()))
    if not reasons and not any(net["role"] in OTHERS for net in group["networks"].values()):
        reasons = ["neither MAD-GAN nor a single GAN was measured beside it"]
    return f"Nothing shows whether the graph helped: {'; '.join(reasons) or 'measures of the headline are missing'}."


def _contests(group: dict, measure: str, better: str) -> list[Sentence]:
    """A line for best against best, one for mean against mean, and the places where sizes differ."""
    sentences = []
    for kind, contest in CONTESTS.items():
        entries = [entry for entry in group["comparisons"] if (entry["kind"], entry["measure"]) == (kind, measure)]
        parts: list[tuple[str, str]] = [(f"On {measure} ({better} is better), {contest}, ", "plain")]
        for outcome, (text, stressed) in _OUTCOMES.items():
            found = [_told(entry, len(group["runs"])) for entry in entries if _outcome(entry) == outcome]
            if found:
                parts += [("; it " if len(parts) > 1 else "the graph ", "plain"), (text, stressed),
                          (f" {', '.join(found)}", "plain")]
        if entries:
            sentences.append(Sentence((*parts, (".", "plain")), apart=True))
    if sizes_differ(group["networks"], ROLES):
        for role in OTHERS:
            entries = [entry for entry in group["comparisons"]
                       if (entry["against"], entry["measure"]) == (role, measure)]
            sentences += paired_verdict.place_by_place(group, entries, TESTED, ROLES[TESTED], ROLES[role])
    return sentences


def _outcome(entry: dict) -> str:
    if entry["result"] != "open":
        return entry["result"]
    return next((f"{side} ahead" for side, count in entry["ahead"].items() if count), "equal")


def _told(entry: dict, runs: int) -> str:
    """The other side and the numbers of a contest."""
    numbers = f"{show(entry['first'])} against {show(entry['second'])}, difference {signed(entry)}"
    if entry["result"] != "open":
        numbers += f", ahead in {entry['ahead']['first']} of {entry['n']} seeds"
        numbers += f", behind in {entry['ahead']['second']}" if entry["ahead"]["second"] else ""
    if entry["n"] != runs:
        numbers += f"; of {runs} seeds, those with all numbers"
    return f"{ROLES[entry['against']].phrase} ({numbers})"


def _fairness(group: dict) -> list[Sentence]:
    generators = len(in_order(group["networks"], TESTED))
    singles = [role for role in dict.fromkeys(entry["against"] for entry in group["comparisons"]) if ROLES[role].tick]
    if not singles or generators < 2:
        return []
    return [say(f"The best of {generators} generators against one run of a single GAN favours the graph; the mean "
                "against it does not.", apart=True)]
