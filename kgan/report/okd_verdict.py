"""The verdict on an online distillation: peers against independent GANs, paired by seed, in plain sentences."""

from kgan.report import augment, paired_verdict
from kgan.report.directions import directions
from kgan.report.generators import counted, in_order, sizes_differ
from kgan.report.okd_summary import ROLES
from kgan.report.paired_verdict import CONTESTS, outcome
from kgan.report.rows import show, spread_cell
from kgan.report.verdict import Sentence, opening, say, smoke


def verdict(group: dict) -> list[Sentence]:
    """The sentences for one group of `summarise`, in the order in which they are read."""
    augmented = augment.verdict(group["augment"]) if "augment" in group else []
    if not group["networks"]:
        return [*smoke(group), *augmented] if augmented else opening(group)
    sentences = opening(group) + paired_verdict.sizes(group, ROLES, "The peers")
    if not group["comparisons"]:
        sentences.append(say(_nothing(group), "warning"))
    for measure, better in directions(group["headline"]):
        sentences += _contests(group, measure, better)
    if group["comparisons"]:
        sentences += paired_verdict.left_out(group, group["unpaired"])
    return [*sentences, *_single(group), paired_verdict.by_seed(len(group["runs"])), *augmented]


def _nothing(group: dict) -> str:
    reasons = list(dict.fromkeys(group["unpaired"].values()))
    if reasons == ["no independent GANs"]:
        return ("No independent GANs (the same number with rho = 0, the same seeds) were measured beside the peers, so "
                "nothing shows that the connectors helped.")
    return ("Nothing shows whether the connectors helped: "
            f"{'; '.join(reasons) or 'the measures of the headline are missing'}.")


def _contests(group: dict, measure: str, better: str) -> list[Sentence]:
    sides, sentences = (ROLES["peer"], ROLES["independent"]), []
    entries = [entry for entry in group["comparisons"] if entry["measure"] == measure]
    for kind, contest in CONTESTS.items():
        for entry in [entry for entry in entries if entry["kind"] == kind]:
            opens = not sentences
            lead = f"On {measure} ({better} is better), {contest}, " if opens else f"{contest.capitalize()}, "
            sentences.append(Sentence(((lead, "plain"), *outcome(entry, *sides, len(group["runs"]))), apart=opens))
    if sizes_differ(group["networks"], ROLES):
        sentences += paired_verdict.place_by_place(group, entries, "peer", *sides)
    return sentences


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
        if sizes_differ(group["networks"], ROLES):
            which += f" ({counted(network)})"
        if texts:
            sentences.append(say(f"{which} reaches {' and '.join(texts)}.", apart=not sentences))
    if sentences and number > 1:
        sentences.append(say(f"The best of {number} peers against one run is no fair contest, so no win is counted "
                             "over the single GAN."))
    return sentences or [say("The single GAN has no measure of the headline.", apart=True)]
