"""How many processor cores this process may use."""

import os


def usable_cores() -> int:
    """Cores that the process may run on, at least 1.

    A container or `taskset` may leave it fewer than the machine has; more threads than these that wait for each other
    by spinning, as TFLite's do, take many times as long.
    """
    if hasattr(os, "sched_getaffinity"):  # Linux alone
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
