"""The verdict on the measures of a damage run, in plain sentences computed from its numbers."""

from kgan.report.damage_summary import UNDAMAGED, label_of
from kgan.report.directions import better
from kgan.report.rows import show
from kgan.report.verdict import Sentence, opening, say

SHARE = 0.1  # of the distance with the mildest damage: with real against real below it, none is mistaken for the other


def verdict(summary: dict) -> list[Sentence]:
    """The sentences for one group, in the order in which they are read."""
    sentences = opening(summary)
    if not summary["damages"]:
        return sentences
    distance = summary["headline"]["distance"]
    mine = [entry for entry in summary["damages"] if entry["measure"] == distance]
    undamaged = summary["networks"].get(UNDAMAGED, {}).get("measures", {}).get(distance)
    if undamaged and undamaged["n"]:
        sentences.append(say(f"{distance} of real images against real ones is "
                             f"{show(undamaged['mean'], undamaged['std'])}."))
        sentences += _mildest(mine)
    for measure in dict.fromkeys(entry["measure"] for entry in summary["damages"]):
        sentences += _over_strengths(measure, [entry for entry in summary["damages"] if entry["measure"] == measure])
    return sentences


def _mildest(entries: list[dict]) -> list[Sentence]:
    """Real against real beside the mildest damage of each kind."""
    shares = [(label_of(entry["kind"]), entry["share"]) for entry in entries if entry["share"] is not None]
    if not shares:
        return []
    texts = ", ".join(f"{label} {share:.3f}" for label, share in shares)
    near = [label for label, share in shares if share >= SHARE]
    parts = [(f"As a share of the distance with the mildest damage that is {texts}: ", "plain")]
    parts += [(f"a tenth or more for {', '.join(near)}", "warning"),
              (", so that damage as mild as this is hard to tell from none.", "plain")] if near else \
        [("below a tenth everywhere", "control"), (".", "plain")]
    return [Sentence(tuple(parts))]


def _over_strengths(measure: str, entries: list[dict]) -> list[Sentence]:
    """Whether one measure gets worse with every strength, by the kinds of damage."""
    known = [entry for entry in entries if entry["trend"] is not None]
    if not known:
        return []
    side = better(measure)
    groups: dict[str, list[str]] = {}
    for entry in known:
        groups.setdefault(entry["trend"], []).append(label_of(entry["kind"]))
    worse = {"lower": "rises", "higher": "falls"}.get(side)
    words = {"rises": "rises with every strength of", "falls": "falls with every strength of",
             "turns": "turns within the strengths of", "stays": "stays the same over the strengths of"}
    parts: list[tuple[str, str]] = [(f"{measure}{f' ({side} is better)' if side else ''} ", "plain")]
    for trend in sorted(groups, key=list(words).index):
        wrong = trend in ("turns", "stays") or (worse is not None and trend != worse)
        parts += [("; ", "plain")] if len(parts) > 1 else []
        parts.append((f"{words[trend]} {', '.join(groups[trend])}", "warning" if wrong else "plain"))
    return [Sentence((*parts, (".", "plain")), apart=True)]
