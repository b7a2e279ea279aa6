"""Runs single stages in a folder, as `kgan.run.fit` does, with a console that keeps its lines."""

import contextlib
import json

from kgan.run import Work
from kgan.training.signals import StopRequest

SEED = 3


class Quiet:
    """A console that keeps its lines."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)

    def progress(self, title, total):
        return contextlib.nullcontext(lambda step, losses=None: None)


def work_of(folder, stage, console=None):
    """What the stage of this name is given."""
    return Work(folder, folder / stage, folder / "out", SEED, StopRequest(), console or Quiet())


def run_stages(folder, stages):
    """Runs all stages in a new run folder; returns the console's lines."""
    (folder / "networks").mkdir(parents=True)
    console = Quiet()
    (folder / "recipe.json").write_text(json.dumps(
        {"recipe": "tiny", "title": "Tiny", "settings": {}, "seed": SEED, "stages": [stage.name for stage in stages]}))
    for stage in stages:
        (folder / stage.name).mkdir()
        stage.function(work_of(folder, stage.name, console))
    return console.lines
