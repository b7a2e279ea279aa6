"""What a search chooses among: the values of a space, and those that a bisection has left."""

from keras_tuner import HyperParameters
from keras_tuner.engine.hyperparameters import Boolean, Choice, Int

from kgan.errors import InputError


def check_space(space):
    """The `HyperParameters` that `space(hp)` names; InputError if there is nothing to choose among."""
    hp = HyperParameters()
    space(hp)
    if not searched(hp):
        raise InputError("there is nothing to search: search_space(hp) names no setting with two values or more")
    return hp


def searched(hp):
    """Those of the hyperparameters that have more than one value."""
    return [setting for setting in hp.space if _several(setting)]


def values_of(setting):
    """All values of a hyperparameter in a list; InputError if it has no such list."""
    if isinstance(setting, Choice):
        return list(setting.values)
    if isinstance(setting, Int) and setting.sampling == "linear":
        return list(range(setting.min_value, setting.max_value + 1, setting.step or 1))
    raise InputError(f"a bisection needs the values of {setting.name} as hp.Choice or a linear hp.Int")


def bisect(values, met):
    """(first value known to meet or None, values that may still come before it), by what was tried.

    Args:
        values: in an order in which all values after one that meets are taken to meet, too.
        met: value -> whether it meets, None where its trial gave no result (yet).
    """
    end = next((place for place, value in enumerate(values) if met.get(value)), len(values))
    begin = max((place + 1 for place in range(end) if met.get(values[place]) is False), default=0)
    return values[end] if end < len(values) else None, [value for value in values[begin:end] if value not in met]


def _several(setting):
    if isinstance(setting, Boolean):
        return True
    if isinstance(setting, Choice):
        return len(set(setting.values)) > 1
    return getattr(setting, "min_value", 0) != getattr(setting, "max_value", 0)
