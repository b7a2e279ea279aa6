"""The exceptions that the command line turns into one line and an exit code; every room may raise them."""


class InputError(ValueError):
    """What a person gave does not fit; the message says what, where and what to do. Exit code 2.

    It is a `ValueError`, as Keras raises for arguments that do not fit. Any exception that stands not in
    this file is a bug and keeps its traceback.
    """


class Diverged(Exception):
    """Training gives values that are not finite. Exit code 3."""


class Interrupted(Exception):
    """A signal asked for a stop; what was done is on the disk. Exit code 4."""
