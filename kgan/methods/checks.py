"""Checks of settings that several methods have."""

import math
from numbers import Real

from kgan.errors import InputError


def check_not_negative(**settings):
    """InputError for the first that is no finite number of at least 0."""
    for name, value in settings.items():
        if not _is_number(value) or not 0.0 <= value < math.inf:
            raise InputError(f"{name} must be a finite number of at least 0; received {value!r}")


def check_positive(**settings):
    """InputError for the first that is no finite number above 0."""
    for name, value in settings.items():
        if not _is_number(value) or not 0.0 < value < math.inf:
            raise InputError(f"{name} must be a finite number above 0; received {value!r}")


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)
