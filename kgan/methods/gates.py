"""The gates of a knowledge transfer graph: by what an edge's loss is multiplied as training goes on.

Source: Tsukahara et al., "Collaborative Learning of Generative Adversarial Networks" (2021), section 3.2.
"""

from kgan.errors import InputError

# name -> value at the start and at the end of training, a straight line between them
GATES = {
    "through": (1.0, 1.0),
    "cutoff": (0.0, 0.0),
    "positive_linear": (0.0, 1.0),
    "negative_linear": (1.0, 0.0),
}


def gate_ends(name):
    """(value at the start, value at the end) of a gate; InputError naming the known ones for another name."""
    if not isinstance(name, str) or name not in GATES:
        raise InputError(f"a gate is one of {', '.join(GATES)}; received {name!r}")
    return GATES[name]


def gate_value(name, progress):
    """A gate's value at a share of the training, `progress` in [0, 1]: start + (end - start) * progress."""
    start, end = gate_ends(name)
    if not 0.0 <= progress <= 1.0:
        raise InputError(f"the progress of a training lies in [0, 1]; received {progress!r}")
    return start + (end - start) * progress
