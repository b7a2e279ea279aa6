"""The arms of a cGAN-KD run: what a student was trained on, and with which KD loss besides."""

from collections.abc import Collection

from kgan.report.kd_methods import label as written

#: The students that fakes are tested against: the plain one, and the one trained as long on real images alone.
CONTROLS = ("nokd", "nokd_longer")

#: The arms with fakes in the order of the paper's modules, each adding one to that before it.
FAKES = ("unprocessed", "m1", "m1_filter", "m1_m2")

_LABELS = {"nokd": "NOKD", "nokd_longer": "NOKD, as long", "unprocessed": "unprocessed", "m1": "M1",
           "m1_filter": "M1 + filtering", "m1_m2": "M1 + M2"}
_PHRASES = {"nokd": "the plain student", "nokd_longer": "the student trained as long on real images alone",
            "unprocessed": "unprocessed fakes"}


def split(arm: str) -> tuple[str, str]:
    """(arm, KD loss) of an arm: ("m1_m2", "blkd") of "m1_m2+blkd"; the loss is empty where there is none."""
    base, _, loss = arm.partition("+")
    return base, loss


def label(arm: str) -> str:
    """An arm in tables and charts: M1 + M2 + BLKD; a control with a KD loss goes by that loss alone."""
    base, loss = split(arm)
    name = _LABELS.get(base, base)
    if not loss:
        return name
    return name.replace("NOKD", written(loss)) if base in CONTROLS else f"{name} + {written(loss)}"


def phrase(arm: str) -> str:
    """An arm in a sentence, with its article."""
    base, loss = split(arm)
    if loss and base in CONTROLS:
        longer = " trained as long" if base == "nokd_longer" else ""
        return f"the student of {written(loss)} alone{longer}"
    return _PHRASES.get(base, label(arm)) + (f" with {written(loss)}" if loss and base in _PHRASES else "")


def in_order(arms: Collection[str]) -> list[str]:
    """The arms as tables have them: without a KD loss first, controls before fakes; unknown ones last."""
    known = [*CONTROLS, *FAKES]
    losses = list(dict.fromkeys(["", *(split(arm)[1] for arm in arms)]))

    def order(arm):
        base, loss = split(arm)
        return losses.index(loss), known.index(base) if base in known else len(known)

    return sorted(dict.fromkeys(arms), key=order)


def references(arm: str, arms: Collection[str]) -> list[str]:
    """Those of `arms` that an arm is compared with: the controls without a KD loss, and those with its own.

    A control is compared with those before it: the one trained as long with the plain one.
    """
    base, loss = split(arm)
    found = list(CONTROLS) + [f"{control}+{loss}" for control in CONTROLS if loss]
    if base in CONTROLS:
        found = found[:found.index(arm)]
    return [other for other in found if other in arms]


def modules(arms: Collection[str]) -> list[tuple[str, str]]:
    """(arm, the arm before it) for each module that was added to the fakes, of each KD loss."""
    found = []
    for loss in dict.fromkeys(split(arm)[1] for arm in in_order(arms)):
        chain = [arm for arm in in_order(arms) if split(arm)[1] == loss and split(arm)[0] in FAKES]
        found += zip(chain[1:], chain, strict=False)
    return found
