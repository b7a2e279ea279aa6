"""Runs side by side, for the ratios of ours to PyTorch."""

import time

import numpy as np

ROUNDS = 7


def seconds(runs, steps=1):
    """Median, least and most seconds a step of each run, taken in turns.

    Args:
        runs: dict, name -> callable that takes `steps` steps, waits for them and returns the losses.
    """
    times = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(ROUNDS):
        for name, run in runs.items():
            time.sleep(0.2)  # the threads of whoever ran before spin for a while before they rest
            began = time.perf_counter()
            losses = run()
            times[name].append((time.perf_counter() - began) / steps)
            assert np.isfinite(losses).all()
    return {name: (float(np.median(values)), min(values), max(values)) for name, values in times.items()}
