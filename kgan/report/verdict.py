"""The verdict on a compression, in plain sentences computed from its numbers; what all verdicts share."""

from dataclasses import dataclass

from kgan.report.load import number
from kgan.report.rows import show

#: The share of the teacher's score that a student must keep to be named as keeping it.
KEEP = 0.9


@dataclass(frozen=True)
class Sentence:
    """A sentence of the verdict, in parts `(text, kind)`; kind is "plain" or what the part stresses:
    "student", "control", "tie" or "warning". One that is `apart` begins a line of its own."""

    parts: tuple[tuple[str, str], ...]
    apart: bool = False

    @property
    def text(self) -> str:
        """The sentence as one string."""
        return "".join(text for text, _ in self.parts)


def say(text: str, kind: str = "plain", apart: bool = False) -> Sentence:
    """A sentence of one part."""
    return Sentence(((text, kind),), apart)


def smoke(group: dict) -> list[Sentence]:
    """That this is a smoke run, where it is one."""
    return [say("This is a smoke run: it shows that every stage works; its numbers say nothing about the method.",
                "warning")] if group["smoke"] else []


def opening(group: dict) -> list[Sentence]:
    """What comes first of every kind of run: a smoke run, no measures at all, measures that are not finite."""
    sentences = smoke(group)
    if not group["networks"]:
        return [*sentences, say("There are no measures yet, so there is no verdict: metrics.json is "
                                 "missing or names no networks.", "warning")]
    bad = [f"{measure} of {name}" for name, network in group["networks"].items()
           for measure, value in network["measures"].items() if value["not_finite"]]
    if bad:
        sentences.append(say(f"Not a finite number, and left out: {', '.join(bad)}.", "warning"))
    return sentences


def verdict(group: dict) -> list[Sentence]:
    """The sentences for one group of `summarise`, in the order in which they are read."""
    sentences = opening(group)
    if not group["networks"]:
        return sentences
    sentences += _teacher_and_students(group)
    sentences += _student_against_control(group)
    sentences += _joint_against_mse(group)
    seeds = len(group["runs"])
    if seeds > 1:
        sentences.append(say(f"The numbers are means over {seeds} seeds; a difference no larger than "
                              "one standard deviation (the larger of the two) counts as a tie."))
    else:
        sentences.append(say("This is one seed, so no spread is known and a small difference may be "
                              "chance."))
    return sentences


def _teacher_and_students(group: dict) -> list[Sentence]:
    score, distance = group["headline"]["score"], group["headline"]["distance"]
    teacher = next((net for net in group["networks"].values() if net["role"] == "teacher"), None)
    students = [net for net in group["networks"].values() if net["role"] == "student"]
    reached = teacher["measures"].get(score) if teacher else None
    if not reached or not reached["n"]:
        return [say("The teacher's score is missing, so nothing can be said of what its students keep.")]
    size = f" (d = {show(teacher['d'])})" if teacher["d"] is not None else ""
    far = _mean(teacher, distance)
    text = f"The teacher{size} reaches {score} {show(reached['mean'], reached['std'])}"
    if far is not None:
        text += f" and {distance} {show(far, teacher['measures'][distance]['std'])}"
    sentences = [say(text + ".")]
    kept = [(net, _mean(net, score) / reached["mean"]) for net in students
            if _mean(net, score) is not None and reached["mean"] > 0]
    if not kept:
        return [*sentences, say("No student has a score yet.")]
    kept.sort(key=lambda entry: number(entry[0]["d"]) or 0.0)
    enough = [entry for entry in kept if entry[1] >= KEEP]
    several = len({net["objective"] for net in students}) > 1
    if not enough:
        net, share = max(kept, key=lambda entry: entry[1])
        return [*sentences, say(f"No student keeps {KEEP:.0%} of the teacher's {score}; the best, "
                                 f"{_size(net, several)}, keeps {_percent(share)}.", "warning")]
    names = ", ".join(f"{_size(net, several)} ({_percent(share)})" for net, share in enough)
    smallest, _ = enough[0]
    word = "students" if len(enough) > 1 else "student"
    text = f"At least {KEEP:.0%} of the teacher's {score} is kept by the {word} {names}"
    details = []
    if number(smallest["ratio"]) is not None:
        details.append(f"is {smallest['ratio']:,.3g} times smaller than the teacher")
    if far and far > 0 and _mean(smallest, distance) is not None:
        details.append(f"has {show(_mean(smallest, distance) / far)} times its {distance}")
    if details:
        which = f"the smallest of them, {_size(smallest, several)}," if len(enough) > 1 else "it"
        text += f"; {which} {' and '.join(details)}"
    return [*sentences, say(text + ".")]


def _student_against_control(group: dict) -> list[Sentence]:
    entries = [entry for entry in group["comparisons"] if entry["kind"] == "student_vs_control"]
    if not entries:
        return [say("No control of a student's size was measured, so nothing shows that the teacher "
                     "helped.", "warning")]
    sentences = []
    for measure in dict.fromkeys(entry["measure"] for entry in entries):
        mine = [entry for entry in entries if entry["measure"] == measure]
        parts = [(f"On {measure} ({mine[0]['better']} is better) ", "plain")]
        for result, kind, text in (("first", "student", "the student beats the control"),
                                   ("second", "control", "the control wins over the student"),
                                   ("tie", "tie", "student and control tie")):
            found = [entry for entry in mine if entry["result"] == result]
            if found:
                parts += [("; " if len(parts) > 1 else "", "plain"), (text, kind),
                          (f" at {_where(group, found)} ({len(found)} of {len(mine)})", "plain")]
        sentences.append(Sentence((*parts, (".", "plain"))))
    return sentences


def _joint_against_mse(group: dict) -> list[Sentence]:
    entries = [entry for entry in group["comparisons"] if entry["kind"] == "joint_vs_mse"]
    sentences = []
    for measure in dict.fromkeys(entry["measure"] for entry in entries):
        mine = [entry for entry in entries if entry["measure"] == measure]
        parts = []
        for result, text in (("first", "the joint objective beats MSE at"), ("second", "MSE beats joint at"),
                             ("tie", "they tie at")):
            ds = [f"d = {show(entry['d'])}" for entry in mine if entry["result"] == result]
            if ds:
                parts.append(f"{text} {', '.join(dict.fromkeys(ds))}")
        meaning = "higher is sharper" if measure == "vol_ratio" else f"{mine[0]['better']} is better"
        sentences.append(say(f"On {measure} ({meaning}), {'; '.join(parts)}."))
    return sentences


def _where(group: dict, entries: list[dict]) -> str:
    several = len({net["objective"] for net in group["networks"].values() if net["role"] == "student"}) > 1
    sizes = [_size(group["networks"][entry["first"]], several) for entry in entries]
    return ", ".join(dict.fromkeys(sizes))


def _size(network: dict, several: bool) -> str:
    return f"d = {show(network['d'])}" + (f" {network['objective']}" if several else "")


def _mean(network: dict, measure: str | None) -> float | None:
    entry = network["measures"].get(measure)
    return entry["mean"] if entry and entry["n"] else None


def _percent(share: float) -> str:
    # Never rounded up to the threshold: 89.6 % must not read as 90 %.
    return f"{share:.1%}" if abs(share - KEEP) < 0.01 else f"{share:.0%}"
