"""The verdict on a cGAN-KD run: each arm against the controls, paired by seed, in plain sentences."""

from kgan.report import paired_verdict
from kgan.report.cgan_kd_arms import CONTROLS, in_order, phrase, split
from kgan.report.cgan_kd_summary import by_arm, teachers
from kgan.report.generators import counted
from kgan.report.load import number
from kgan.report.paired_verdict import signed
from kgan.report.rows import show, spread_cell
from kgan.report.verdict import Sentence, opening, say


def verdict(group: dict) -> list[Sentence]:
    """The sentences for one group of `summarise`, in the order in which they are read."""
    sentences = opening(group)
    if not group["networks"]:
        return sentences
    sentences += _reached(group)
    controls = [entry for entry in group["comparisons"] if entry["kind"] == "control"]
    for against in in_order([entry["against"] for entry in controls]):
        mine = [entry for entry in controls if entry["against"] == against]
        sentences.append(_contests(group, f"Against {phrase(against)}", mine))
    modules = [entry for entry in group["comparisons"] if entry["kind"] == "module"]
    if modules:
        sentences.append(_contests(group, "Module by module", modules, named=True))
    return [*sentences, *_missing(group), paired_verdict.by_seed(len(group["runs"]))]


def _reached(group: dict) -> list[Sentence]:
    """What the teachers, the plain student and the best arm with fakes reach."""
    arms, found = by_arm(group), teachers(group)
    named = [("the teacher" if len(found) == 1 else f"the teacher {name}", network) for name, network in found]
    named += [(phrase(CONTROLS[0]), arms[CONTROLS[0]][1])] if CONTROLS[0] in arms else []
    measured = [(name, network, error) for name, network in named if (error := _error(group, network))]
    sentences = []
    if measured:
        what = f"has a {group['headline']['error'].replace('_', ' ')} of"
        told = [f"{name} ({counted(network)}) {'one of' if place else what} {error}"
                for place, (name, network, error) in enumerate(measured)]
        text = ", ".join(told)
        sentences.append(say(f"{text[0].upper()}{text[1:]}."))
    tried = {arm: network for arm, (_, network) in arms.items()
             if split(arm)[0] not in CONTROLS and _error(group, network)}
    if len(tried) > 1:
        best = min(tried, key=lambda arm: tried[arm]["measures"][group["headline"]["error"]]["mean"])
        sentences.append(say(f"Of the {len(tried)} arms with fakes {phrase(best)} has the lowest error, "
                             f"{_error(group, tried[best])}."))
    return sentences


def _contests(group: dict, lead: str, entries: list[dict], named: bool = False) -> Sentence:
    """Contests grouped by how they end; `named` says of each what its arm was against."""
    told = []
    for entry in entries:
        against = f" against {phrase(entry['against'])}" if named else ""
        words = f"{phrase(entry['arm'])}{against} ({_numbers(entry, len(group['runs']), named)})"
        told.append((entry, words, split(entry["arm"])[0] == "unprocessed"))  # "unprocessed fakes" win
    return paired_verdict.by_outcome(lead, told)


def _numbers(entry: dict, runs: int, both: bool) -> str:
    """The numbers of a contest; the other side's only where `both` are wanted, or its mean is not that of all seeds."""
    other = f" against {show(entry['second'])}" if both or entry["n"] != runs else ""
    text = f"{show(entry['first'])}{other}, difference {signed(entry)}"
    if entry["result"] != "open":
        text += f", ahead in {entry['ahead']['first']} of {entry['n']} seeds"
        text += f", behind in {entry['ahead']['second']}" if entry["ahead"]["second"] else ""
    return text + (f"; of {runs} seeds, those with both numbers" if entry["n"] != runs else "")


def _missing(group: dict) -> list[Sentence]:
    """What was not measured, and what that leaves open."""
    arms = {arm: network for arm, (_, network) in by_arm(group).items() if _error(group, network)}
    plain, longer = CONTROLS
    tested = [network for arm, network in arms.items() if split(arm)[0] not in CONTROLS]
    if not tested:
        return [say("No student trained with fakes was measured.", "warning", apart=True)]
    if plain not in arms and longer not in arms:
        return [say("No student of real images alone was measured beside them, so nothing shows that the fakes "
                    "helped.", "warning", apart=True)]
    steps = [number(network["steps"]) for network in (*tested, arms.get(plain, {"steps": None}))]
    as_long = None not in steps and max(steps) <= steps[-1]
    if longer not in arms and not as_long:
        return [say("No student was trained as long on real images alone, so a lead over the plain one may come from "
                    "the longer training.", "warning", apart=True)]
    return []


def _error(group: dict, network: dict) -> str:
    """A network's error with its spread and unit, empty where it is missing."""
    entry = network["measures"].get(group["headline"]["error"])
    if not entry or not entry["n"]:
        return ""
    return f"{spread_cell(entry, len(group['runs']))} {group['unit']}".strip()
