"""A search with a function in place of a training, for tests and as a process of its own.

As a process: arguments folder, trials, algorithm, seconds a trial. Each call of the function leaves a line in
`<folder>/calls.txt` when it is over.
"""

import math
import socket
import sys
import time
from pathlib import Path

from kgan.search.tuner import search

BEST_X = 0.25


def space(hp):
    return {"x": hp.Float("x", -1.0, 1.0), "kind": hp.Choice("kind", ["plain", "odd"])}


def value_of(values):
    return 3.0 - (values["x"] - BEST_X) ** 2 - (0.5 if values["kind"] == "odd" else 0.0)


class Toy:
    """Searches in a folder; `calls` holds the arguments of each call of the function."""

    def __init__(self, folder, space=space, value_of=value_of):
        self.folder, self.space, self.value_of, self.calls = folder, space, value_of, []

    def run_trial(self, values, seed, share, trial_id):
        self.calls.append((trial_id, values, seed, share))
        return {"objective": self.value_of(values), "length": 2.0 * share}

    def search(self, trials, algorithm="random", **options):
        before = len(self.calls)
        search(self.folder, self.space, self.run_trial, trials=trials, algorithm=algorithm, **options)
        return self.calls[before:]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main(folder, trials, algorithm, seconds):
    def run_trial(values, seed, share, trial_id):
        time.sleep(float(seconds))
        with open(Path(folder) / "calls.txt", "a", encoding="utf-8") as file:
            file.write(f"{trial_id} {seed} {values['x']!r}\n")
        if int(trial_id) % 5 == 3:
            raise RuntimeError("broken")
        return {"objective": math.nan if int(trial_id) % 5 == 4 else value_of(values)}

    search(folder, space, run_trial, trials=int(trials), algorithm=algorithm, seed=11,
           on_end=lambda trial: print(trial.id, trial.status, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
