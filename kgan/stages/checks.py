"""Settings that every kind of run has, refused in one line before anything is trained or written."""

from kgan.errors import InputError

LEAST_SAMPLES = 20


def check_numbers(num_samples, **values):
    """InputError unless all are at least 1, and `num_samples`, which networks are measured on, at least 20."""
    for name, value in values.items():
        if value < 1:
            raise InputError(f"setting {name} must be at least 1; received {value!r}")
    if num_samples < LEAST_SAMPLES:
        raise InputError(f"setting num_samples must be at least {LEAST_SAMPLES}, or no measure means anything; "
                         f"received {num_samples!r}")
