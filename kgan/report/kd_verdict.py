"""The verdict on a kd run: each method against the plain student and against BLKD, in plain sentences."""

from kgan.report import paired_verdict
from kgan.report.generators import counted
from kgan.report.kd_methods import BASELINE, CONTROL, answer, in_order, label, students, teachers
from kgan.report.kd_summary import contests_of
from kgan.report.load import number
from kgan.report.paired_verdict import joined, signed
from kgan.report.rows import spread_cell
from kgan.report.verdict import Sentence, opening, say


def verdict(group: dict) -> list[Sentence]:
    """The sentences for one group of `summarise`, in the order in which they are read."""
    sentences = opening(group)
    if not group["networks"]:
        return sentences
    sentences += _reached(group)
    for pair in group["pairs"]:
        sentences += _best(group, pair)
        sentences += [*_contests(group, pair, CONTROL), *_contests(group, pair, BASELINE)]
    if group["comparisons"]:
        seeds = ", and in how many seeds it is ahead" if len(group["runs"]) > 1 else ""
        sentences.append(say(f"In brackets: the difference of a method's error to the other's{seeds}.", apart=True))
    return [*sentences, *_missing(group), *_unlike(group), *_refused(group),
            paired_verdict.by_seed(len(group["runs"]))]


def _reached(group: dict) -> list[Sentence]:
    """The data, and what teachers and plain students reach on them."""
    named = [(f"the teacher {name}", network) for name, network in teachers(group).items()]
    named += [(f"the plain student {student}", network) for (teacher, student, _), (_, network)
              in students(group).items() if teacher is None]
    measured = [(name, network, error) for name, network in named if (error := _error(group, network))]
    what = f"has a {group['headline']['error'].replace('_', ' ')} of"
    told = [f"{name} ({counted(network)}) {'one of' if place else what} {error}"
            for place, (name, network, error) in enumerate(measured)]
    data = group["data"].get("name") or "data that metrics.json does not name"
    return [say(f"On {data}, {', '.join(told)}.")] if told else []


def _best(group: dict, pair: list[str]) -> list[Sentence]:
    """The method with the lowest mean error of a pair, where several were measured."""
    found = [(method, answer(group, *pair, method)) for method in group["methods"] if method != CONTROL]
    tried = {method: network for method, network in found if network and _error(group, network)}
    if len(tried) < 2:
        return []
    best = min(tried, key=lambda method: tried[method]["measures"][group["headline"]["error"]]["mean"])
    return [say(f"{_named(pair)}, {label(best)} has the lowest error of the {len(tried)} methods, "
                f"{_error(group, tried[best])}.", apart=True)]


def _contests(group: dict, pair: list[str], against: str) -> list[Sentence]:
    """The contests of a pair's methods with one of them, grouped by how they end."""
    told = [(entry, label(entry["method"]) + _numbers(entry, len(group["runs"])), False)
            for entry in contests_of(group, pair, against)]
    return [paired_verdict.by_outcome(f"{_named(pair)}, against {label(against)}", told)] if told else []


def _numbers(entry: dict, runs: int) -> str:
    """The difference of a contest and in how many seeds its method is ahead, in brackets; of a tie the table has it."""
    parts = [] if entry["result"] == "tie" else [signed(entry)]
    if entry["result"] in ("first", "second"):
        parts.append(f"{entry['ahead']['first']} of {entry['n']}")
    if entry["n"] != runs:
        parts.append(f"{entry['n']} of {runs} seeds have both numbers")
    return f" ({'; '.join(parts)})" if parts else ""


def _missing(group: dict) -> list[Sentence]:
    """What was not measured, and what that leaves open."""
    measured = [key for key, (_, network) in students(group).items() if _error(group, network)]
    distilled = [key for key in measured if key[0] is not None]
    if not distilled:
        return [say("No distilled student was measured.", "warning", apart=True)]
    alone = in_order([student for _, student, _ in distilled if (None, student, CONTROL) not in measured])
    if alone:
        return [say(f"No plain student was measured of {joined(alone)}, so nothing shows that a teacher helped there.",
                    "warning", apart=True)]
    return []


def _unlike(group: dict) -> list[Sentence]:
    """Students that are larger or trained for longer than the plain one: a lead may come from that."""
    found, sentences = students(group), []
    for part, words in (("parameters", "Larger"), ("steps", "Trained for longer")):
        more: dict[str, list[float]] = {}
        for (teacher, student, method), (_, network) in found.items():
            plain = found.get((None, student, CONTROL), ("", {}))[1]
            own, other = number(network[part]), number(plain.get(part))
            if teacher is not None and own and other and own > other:
                more.setdefault(method, []).append(own / other)
        if more:
            told = joined([f"{label(method)} ({_times(more[method])} the {part})" for method in in_order(more)])
            sentences.append(say(f"{words} than the plain student, from which a lead may come: {told}.", apart=True))
    return sentences


def _times(ratios: list[float]) -> str:
    """How many times as many, of one pair or several."""
    least, most = f"{min(ratios):.3g}", f"{max(ratios):.3g}"
    return f"{least} times" if least == most else f"{least} to {most} times"


def _refused(group: dict) -> list[Sentence]:
    """How many were refused; the reasons stand below the table."""
    refused = len(group["refused"])
    if not refused:
        return []
    names = joined([label(method) for method in in_order([entry["kd"] for entry in group["refused"]])])
    return [say(f"Not possible, for the reasons below the table: {names} ({refused} "
                f"combination{'s' if refused > 1 else ''} of method and pair).", apart=True)]


def _named(pair: list[str]) -> str:
    return f"{pair[0]} to {pair[1]}"


def _error(group: dict, network: dict) -> str:
    """A network's error with its spread and unit, empty where it is missing."""
    entry = network["measures"].get(group["headline"]["error"])
    if not entry or not entry["n"]:
        return ""
    return f"{spread_cell(entry, len(group['runs']))} {group['unit']}".strip()
