"""Every recipe in its smallest form, as a person would start it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RECIPES = sorted(path.stem for path in (ROOT / "recipes").glob("*.py") if not path.name.startswith("_"))


def start(folder, *arguments):
    result = subprocess.run([sys.executable, str(ROOT / "cli.py"), *arguments], cwd=folder, capture_output=True,
                            text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return result


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_smoke(recipe, tmp_path):
    """Quick siblings: test_cli.py::test_fit_smoke_has_a_folder_of_its_own, and each stage's own tests."""
    lines = start(tmp_path, "fit", recipe, "--smoke").stderr.splitlines()
    stages = [line.split(":")[0] for line in lines if ": done in " in line]
    run = tmp_path / "runs" / f"{recipe}-smoke"
    description = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
    assert description["recipe"] == recipe and description["smoke"] is True
    assert stages and sorted(path.parent.name for path in run.glob("*/complete.json")) == sorted(stages)
    again = start(tmp_path, "fit", recipe, "--smoke").stderr.splitlines()
    assert [line for line in again if line.endswith(": complete")] == [f"{stage}: complete" for stage in stages]


def test_there_are_recipes():
    assert "compress_digits" in RECIPES
