"""The verdict on an online distillation: peers against independent GANs, paired by seed, in plain sentences."""

from kgan.report.okd_summary import directions, in_order, place_of, sizes_differ
from kgan.report.rows import show, spread_cell
from kgan.report.verdict import Sentence, opening, say

_WINS = {"first": ("the peers win", "student"), "second": ("the independent GANs win", "control"),
         "tie": ("they tie", "tie")}
_CONTESTS = {"best": "best against best", "mean": "mean against mean"}


def verdict(group: dict) -> list[Sentence]:
    """The sentences for one group of `summarise`, in the order in which they are read."""
    sentences = opening(group)
    if not group["networks"]:
        return sentences
    sentences += _peers(group)
    if not group["comparisons"]:
        sentences.append(say(_nothing(group), "warning"))
    for measure, better in directions(group["headline"]):
        sentences += _contests(group, measure, better)
        sentences += _places(group, measure)
    sentences += _left_out(group)
    sentences += _single(group)
    seeds = len(group["runs"])
    if seeds > 1:
        sentences.append(say(f"The differences are paired by seed, over {seeds} seeds: a side wins if the mean "
                             "difference is larger than its standard deviation over the seeds, else it is a tie.",
                             apart=True))
    else:
        sentences.append(Sentence((("This is one seed: ", "plain"), ("chance is not excluded", "warning"),
                                   (", so neither side is said to win; a side would win if the mean difference over "
                                    "several seeds were larger than its standard deviation.", "plain")), apart=True))
    return sentences


def _nothing(group: dict) -> str:
    reasons = list(dict.fromkeys(group["unpaired"].values()))
    if reasons == ["no independent GANs"]:
        return ("No independent GANs (the same number with rho = 0, the same seeds) were measured beside the peers, so "
                "nothing shows that the connectors helped.")
    return ("Nothing shows whether the connectors helped: "
            f"{'; '.join(reasons) or 'the measures of the headline are missing'}.")


def short(place: str) -> str:
    """G1 for the place 1; a name stays as it is."""
    return f"G{place}" if place.isdecimal() else place


def counted(network: dict) -> str:
    """A network's parameters in words."""
    if network["parameters"] is None:
        return "parameters vary" if len(network["names"]) > 1 else "parameters not stated"
    return f"{show(network['parameters'])} parameters"


def signed(entry: dict) -> str:
    """A comparison's difference with its sign and std."""
    return ("+" if entry["difference"] > 0 else "") + show(entry["difference"], entry["std"])


def _peers(group: dict) -> list[Sentence]:
    peers = in_order(group["networks"], "peer")
    if not peers or not sizes_differ(group["networks"]):
        return []
    named = ", ".join(f"{short(place_of(*peer))} ({counted(peer[1])})" for peer in peers)
    return [say(f"The peers are of different sizes: {named}.")]


def _contests(group: dict, measure: str, better: str) -> list[Sentence]:
    sentences = []
    for kind, contest in _CONTESTS.items():
        entry = _found(group, kind, measure)
        if not entry:
            continue
        opens = not sentences
        lead = f"On {measure} ({better} is better), {contest}, " if opens else f"{contest.capitalize()}, "
        sentences.append(Sentence(((lead, "plain"), *_outcome(entry, len(group["runs"]))), apart=opens))
    return sentences


def _outcome(entry: dict, runs: int) -> tuple[tuple[str, str], ...]:
    numbers = f"{show(entry['first'])} against {show(entry['second'])}, difference {signed(entry)}"
    ahead, n = entry["ahead"], entry["n"]
    some = f" (of {runs}, those with all numbers)" if n != runs else ""
    if entry["result"] == "open":
        who = {1: "the peers are ahead", -1: "the independent GANs are ahead", 0: "they are equal"}[_lead(entry)]
        return ((f"{who}: {numbers}{' in one seed' + some if some else ''}.", "plain"),)
    return (_WINS[entry["result"]],
            (f": {numbers} over {n} seeds{some}; the peers are ahead in {ahead['first']} of {n}, the independent GANs "
             f"in {ahead['second']}.", "plain"))


def _lead(entry: dict) -> int:
    """Of one seed: 1 if the peers are ahead, -1 if the independent GANs are, 0 for equal numbers."""
    return entry["ahead"]["first"] - entry["ahead"]["second"]


def _places(group: dict, measure: str) -> list[Sentence]:
    """Place by place: of interest where the peers are of different sizes."""
    if not sizes_differ(group["networks"]):
        return []
    parts: list[tuple[str, str]] = []
    for name, peer in in_order(group["networks"], "peer"):
        entry = _found(group, "place", measure, place_of(name, peer))
        if not entry:
            continue
        parts.append(("; " if parts else "Place by place, peer against independent GAN: ", "plain"))
        parts.append((f"{short(entry['place'])} ({counted(peer)}) {show(entry['first'])} against "
                      f"{show(entry['second'])} ({signed(entry)}), ", "plain"))
        if entry["result"] == "open":
            lead = {1: "the peer is ahead", -1: "the independent GAN is ahead", 0: "equal"}[_lead(entry)]
            parts.append((lead, "plain"))
        else:
            parts.append({"first": ("the peer wins", "student"), "second": ("the independent GAN wins", "control"),
                          "tie": ("a tie", "tie")}[entry["result"]])
    return [Sentence((*parts, (".", "plain")))] if parts else []


def _left_out(group: dict) -> list[Sentence]:
    if not group["unpaired"] or not group["comparisons"]:
        return []
    seeds = dict(zip(group["runs"], group["seeds"], strict=True))
    text = "; ".join(f"seed {seeds[folder]}: {reason}" for folder, reason in group["unpaired"].items())
    return [say(f"Left out of the comparison: {text}.", "warning", apart=True)]


def _single(group: dict) -> list[Sentence]:
    singles = in_order(group["networks"], "single")
    if not singles:
        return [say("No single GAN was measured beside them.", apart=True)]
    runs, sentences = len(group["runs"]), []
    number = len(in_order(group["networks"], "peer"))
    for name, network in singles:
        measures = [measure for measure, _ in directions(group["headline"])
                    if network["measures"].get(measure, {}).get("n")]
        texts = []
        for measure in measures:
            peers = group["spreads"]["peer"].get(measure)
            beside = f" (peers: mean {show(peers['mean']['mean'])}, best {show(peers['best']['mean'])})" \
                if peers and peers["mean"]["n"] else ""
            texts.append(f"{measure} {spread_cell(network['measures'][measure], runs)}{beside}")
        which = "The single GAN" + (f" {name}" if len(singles) > 1 else "")
        if sizes_differ(group["networks"]):
            which += f" ({counted(network)})"
        if texts:
            sentences.append(say(f"{which} reaches {' and '.join(texts)}.", apart=not sentences))
    if sentences and number > 1:
        sentences.append(say(f"The best of {number} peers against one run is no fair contest, so no win is counted "
                             "over the single GAN."))
    return sentences or [say("The single GAN has no measure of the headline.", apart=True)]


def _found(group: dict, kind: str, measure: str, place: str | None = None) -> dict | None:
    return next((entry for entry in group["comparisons"]
                 if (entry["kind"], entry["measure"], entry["place"]) == (kind, measure, place)), None)
