"""A recipe whose stages only count, and what its runs are looked at with."""

import re
from pathlib import Path

import pytest

from kgan.errors import InputError
from kgan.recipe import Recipe
from kgan.run import fit

# A stage counts up to its steps in a file, as a training goes on from its checkpoint. MADE notes with what
# each call began; a name in BREAK_AT breaks off before that step.
THREE = '''"""Three stages that count."""
from pathlib import Path

from kgan.recipe import Stage

MADE, BREAK_AT = [], {}


def counting(name, steps):
    def run(work):
        count = work.folder / "count.txt"
        done = int(count.read_text()) if count.is_file() else 0
        MADE.append((work.folder.name, done))
        for step in range(done, steps):
            if BREAK_AT.get(name) == step:
                raise RuntimeError("broken off")
            work.stop.check()
            count.write_text(str(step + 1))

    return run


def recipe(first_steps=2, second_steps=3, size=4, sizes=(1, 2), data_dir=None, seed=0):
    return [
        Stage("first", counting("first", first_steps), settings={"steps": first_steps}),
        Stage("second", counting("second", second_steps), ("first",), {"steps": second_steps}),
        Stage("apart", counting("apart", 1)),
        Stage("last", counting("last", 1), ("second",)),
    ]
'''
ALL_ANEW = [("first", 0), ("second", 0), ("apart", 0), ("last", 0)]


class Quiet:
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


class Made:
    """The recipe as one process after the other would run it."""

    def __init__(self, path):
        self.path = path

    def fit(self, *assignments, run_dir="runs/made_up", break_at=None, **options):
        """Runs it; the calls of stages with the step that each began at."""
        recipe = Recipe(self.path)
        names = recipe.function.__globals__
        names["BREAK_AT"].update(break_at or {})
        self.console = Quiet()
        try:
            fit(recipe, recipe.settings(assignments), Path(run_dir), console=self.console, **options)
        finally:
            self.calls = names["MADE"]
        return self.calls


def tree(folder):
    """Path -> content of everything below a folder, the lock aside."""
    return {path: path.read_bytes() if path.is_file() else None for path in sorted(Path(folder).rglob("*"))
            if path.name != ".lock"}


def assert_refused(text):
    """`pytest.raises` for an InputError of one line that holds this text."""
    return pytest.raises(InputError, match=f"(?s)^(?!.*\n).*{re.escape(text)}")
