"""Every recipe in its smallest form, as a person would start it; a file a family, which run side by side.

In each family some recipe exports its networks; the others leave that out.
"""

import json
import subprocess
import sys
from pathlib import Path

from staged import Quiet

from kgan.run import fit, plan

ROOT = Path(__file__).parent.parent
RECIPES = sorted(path.stem for path in (ROOT / "recipes").glob("*.py") if not path.name.startswith("_"))
FAMILIES = ("compress", "okd", "cgan_kd", "kd")
# The files test_cgan_kd_folder.py and test_compress_...py run theirs on what is given; test_smallest.py runs a search.
OWN = ("cgan_kd_folder", "compress_existing", "compress_folder", "search_size_digits")


def of_family(name):
    """The recipes whose names begin so, but those with a file of their own; for "other" those of no family."""
    if name == "other":
        return [recipe for recipe in RECIPES if not recipe.startswith(FAMILIES) and recipe not in OWN]
    return [recipe for recipe in RECIPES if recipe.startswith(name) and recipe not in OWN]


def start(folder, *arguments):
    """What the command wrote; it must end with 0."""
    result = subprocess.run([sys.executable, str(ROOT / "cli.py"), *arguments], cwd=folder, capture_output=True,
                            text=True, timeout=400, check=False)
    assert result.returncode == 0, result.stderr
    return result


def check_smoke(recipe, folder):
    """Runs it once; this process, another than that of the run, then finds every stage complete."""
    lines = start(folder, "fit", recipe, "--smoke").stderr.splitlines()
    stages = [line.split(":")[0] for line in lines if ": done in " in line]
    run = folder / "runs" / f"{recipe}-smoke"
    description = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
    assert description["recipe"] == recipe and description["smoke"] is True
    assert stages and sorted(path.parent.name for path in run.glob("*/complete.json")) == sorted(stages)
    console = Quiet()
    fit(*plan(recipe, smoke=True), run, smoke=True, console=console)
    assert console.lines == [f"{stage}: complete" for stage in stages]
