"""The smallest forms of the recipes of no other family."""

import csv
import re

import pytest
from smoke import FAMILIES, OWN, RECIPES, check_smoke, of_family, start

from kgan.methods.gates import GATES


@pytest.mark.slow
@pytest.mark.parametrize("recipe", of_family("other"))
def test_smoke(recipe, tmp_path):
    """Quick siblings: test_cli.py::test_fit_smoke_has_a_folder_of_its_own, and each stage's own tests."""
    check_smoke(recipe, tmp_path)


def test_every_recipe_is_run():
    run = [*OWN, *(recipe for family in (*FAMILIES, "other") for recipe in of_family(family))]
    assert sorted(run) == RECIPES and "compress_digits" in run and of_family("other")


@pytest.mark.slow
def test_a_search_for_gates(tmp_path):
    """Quick sibling: test_collaborative_stages.py::test_a_trial_of_gates_is_determined_by_gates_and_seed..."""
    shown = start(tmp_path, "tune", "search_gates_digits", "--smoke", "--trials", "2").stdout
    with open(tmp_path / "runs" / "search_gates_digits-tune-smoke" / "trials.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["completed"] * 2
    best = max(rows, key=lambda row: float(row["objective"]))
    columns = [name for name in best if name.startswith("gate_")]
    assert columns[:4] == ["gate_D_1", "gate_D_2", "gate_D_3", "gate_2_1"] and len(columns) == 9
    gates = re.search(r"--set gates=(\S+)", shown)[1].split(",")
    assert gates == [best[name] for name in columns] and set(gates) <= set(GATES)
    assert float(best["objective"]) == max(float(best[f"is_{name}"]) for name in "123")
