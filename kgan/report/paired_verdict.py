"""What the verdicts say of contests paired by seed."""

from collections.abc import Sequence

from kgan.report.generators import Role, counted, in_order, place_of, short, sizes_differ
from kgan.report.paired import ahead_in_one
from kgan.report.rows import show
from kgan.report.verdict import Sentence, say

CONTESTS = {"best": "best against best", "mean": "mean against mean"}

#: By the result of a contest, or who is ahead in the one seed: what one side does, several do, what that stresses.
_VERBS = {"first": ("wins", "win", "student"), "tie": ("ties", "tie", "tie"), "second": ("loses", "lose", "control"),
          "ahead": ("is ahead", "are ahead", "plain"), "equal": ("is equal", "are equal", "plain"),
          "behind": ("is behind", "are behind", "plain")}


def signed(entry: dict) -> str:
    """A comparison's difference with its sign and std."""
    return ("+" if entry["difference"] > 0 else "") + show(entry["difference"], entry["std"])


def outcome(entry: dict, first: Role, second: Role, runs: int) -> tuple[tuple[str, str], ...]:
    """The parts of a sentence that say who wins a contest, by how much and in how many seeds."""
    numbers = f"{show(entry['first'])} against {show(entry['second'])}, difference {signed(entry)}"
    ahead, n = entry["ahead"], entry["n"]
    some = f" (of {runs}, those with all numbers)" if n != runs else ""
    if entry["result"] == "open":
        who = {1: first.ahead, -1: second.ahead, 0: "they are equal"}[_lead(entry)]
        return ((f"{who}: {numbers}{' in one seed' + some if some else ''}.", "plain"),)
    wins = {"first": (first.win, "student"), "second": (second.win, "control"), "tie": ("they tie", "tie")}
    return (wins[entry["result"]],
            (f": {numbers} over {n} seeds{some}; {first.ahead} in {ahead['first']} of {n}, {second.phrase} "
             f"in {ahead['second']}.", "plain"))


def place_by_place(group: dict, entries: list[dict], tested: str, first: Role, second: Role) -> list[Sentence]:
    """The contests of one measure place by place; `tested` is the role of `first`."""
    found = {entry["place"]: entry for entry in entries if entry["kind"] == "place"}
    parts: list[tuple[str, str]] = []
    for name, network in in_order(group["networks"], tested):
        entry = found.get(place_of(name, network))
        if not entry:
            continue
        parts.append(("; " if parts else f"Place by place, {first.member} against {second.member}: ", "plain"))
        parts.append((f"{short(entry['place'])} ({counted(network)}) {show(entry['first'])} against "
                      f"{show(entry['second'])} ({signed(entry)}), ", "plain"))
        if entry["result"] == "open":
            lead = {1: f"the {first.member} is ahead", -1: f"the {second.member} is ahead", 0: "equal"}[_lead(entry)]
            parts.append((lead, "plain"))
        else:
            parts.append({"first": (f"the {first.member} wins", "student"),
                          "second": (f"the {second.member} wins", "control"), "tie": ("a tie", "tie")}[entry["result"]])
    return [Sentence((*parts, (".", "plain")))] if parts else []


def by_outcome(lead: str, told: Sequence[tuple[dict, str, bool]]) -> Sentence:
    """Contests grouped by how they end, after `lead`: of each its comparison, its first side in words with what is
    said of it, and whether these words are plural."""
    parts: list[tuple[str, str]] = [(f"{lead}, ", "plain")]
    for ending, (one, several, stressed) in _VERBS.items():
        found = [(words, plural) for entry, words, plural in told if _ending(entry) == ending]
        if found:
            verb = several if len(found) > 1 or found[0][1] else one
            parts += [("; " if len(parts) > 1 else "", "plain"),
                      (joined([words for words, _ in found]) + " ", "plain"), (verb, stressed)]
    return Sentence((*parts, (".", "plain")), apart=True)


def joined(names: Sequence[str]) -> str:
    """Names in a sentence: A, B and C."""
    return ", ".join(names[:-1]) + (" and " if names[:-1] else "") + names[-1]


def sizes(group: dict, roles: dict[str, Role], lead: str) -> list[Sentence]:
    """The generators tested by their parameters, where they are of different sizes."""
    if not sizes_differ(group["networks"], roles):
        return []
    tested = in_order(group["networks"], next(iter(roles)))
    named = ", ".join(f"{short(place_of(*entry))} ({counted(entry[1])})" for entry in tested)
    return [say(f"{lead} are of different sizes: {named}.")]


def left_out(group: dict, unpaired: dict[str, str], of: str = "") -> list[Sentence]:
    """The runs that a comparison leaves out, with the reason for each."""
    if not unpaired:
        return []
    seeds = dict(zip(group["runs"], group["seeds"], strict=True))
    text = "; ".join(f"seed {seeds[folder]}: {reason}" for folder, reason in unpaired.items())
    return [say(f"Left out of the comparison{of}: {text}.", "warning", apart=True)]


def by_seed(seeds: int) -> Sentence:
    """The rule of the paired differences, and that one seed decides nothing."""
    if seeds > 1:
        return say(f"The differences are paired by seed, over {seeds} seeds: a side wins if the mean "
                   "difference is larger than its standard deviation over the seeds, else it is a tie.", apart=True)
    return Sentence((("This is one seed: ", "plain"), ("chance is not excluded", "warning"),
                     (", so neither side is said to win; a side would win if the mean difference over "
                      "several seeds were larger than its standard deviation.", "plain")), apart=True)


def _ending(entry: dict) -> str:
    return ahead_in_one(entry) if entry["result"] == "open" else entry["result"]


def _lead(entry: dict) -> int:
    """Of one seed: 1 if the first side is ahead, -1 if the second is, 0 for equal numbers."""
    return entry["ahead"]["first"] - entry["ahead"]["second"]
