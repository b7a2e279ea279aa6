"""Run folders that a recipe may not take: other settings, other recipes, other processes, other things."""

import json
import os
import subprocess
import sys
from pathlib import Path

import filelock
import pytest
from made_up import ALL_ANEW, THREE, Made, assert_refused, tree

from kgan.run import read_description, run_id


@pytest.fixture
def made(recipe_file):
    return Made(recipe_file(THREE))


def test_a_changed_setting_is_shown_and_refused(made):
    made.fit()
    before = tree("runs")
    with assert_refused("was begun with other settings: size was 4, now 5; sizes was [1, 2], now [3]. ") as caught:
        made.fit("size=5", "sizes=3", "second_steps=9")
    assert str(caught.value).endswith("accept with --allow-change size --allow-change sizes")
    assert made.calls == [] and tree("runs") == before


def test_a_changed_setting_is_accepted_by_name(made):
    made.fit()
    with assert_refused("sizes was [1, 2], now [3]"):
        made.fit("size=5", "sizes=3", allow_change=("size",))
    assert made.fit("size=5", "sizes=3", allow_change=("size", "sizes")) == []
    assert read_description("runs/made_up")["settings"]["size"] == 5
    with assert_refused("size was 5, now 4; sizes was [3], now [1, 2]"):
        made.fit()


def test_places_and_durations_may_change(made):
    made.fit("data_dir=here")
    assert made.fit("data_dir=there", "second_steps=4") == [("second", 3), ("last", 0)]
    assert made.fit("second_steps=2") == [("second", 4), ("last", 0)]


def test_the_seed_may_not_change(made):
    made.fit()
    with assert_refused("seed was 0, now 1"):
        made.fit("seed=1")


def test_an_unknown_name_is_no_allowed_change(made):
    with assert_refused("--allow-change names 'sise', which is no setting of made_up.py"):
        made.fit(allow_change=("sise",))
    assert not Path("runs").exists()


def test_a_setting_that_came_or_went_is_a_change_that_may_be_accepted(made):
    made.fit()
    made.path.write_text(THREE.replace("size=4", "extent=4"))
    with assert_refused("size was 4, now 'not there'; extent was 'not there', now 4"):
        made.fit()
    assert made.fit(allow_change=("size", "extent")) == []


def test_the_folder_of_another_recipe_is_refused(made, recipe_file):
    made.fit()
    other = Made(recipe_file(THREE, "other"))
    with assert_refused("runs/made_up is a run of the recipe 'made_up', not 'other': choose another --run-dir"):
        other.fit()


def test_a_folder_that_is_no_run_is_refused(made):
    Path("runs/made_up").mkdir(parents=True)
    Path("runs/made_up/thesis.tex").write_text("mine")
    with assert_refused("runs/made_up is no run folder (it holds thesis.tex): choose another --run-dir"):
        made.fit()
    assert os.listdir("runs/made_up") == ["thesis.tex"]


def test_an_empty_folder_is_taken(made):
    Path("runs/made_up").mkdir(parents=True)
    Path("runs/made_up/.lock").touch()  # a run that was refused leaves no more than this
    assert made.fit() == ALL_ANEW


def test_what_is_refused_before_anything_is_made_leaves_nothing(recipe_file):
    made = Made(recipe_file(THREE.replace("RuntimeError", "InputError").replace(
        "from pathlib", "from kgan.errors import InputError\nfrom pathlib")))
    with assert_refused("broken off"):
        made.fit("size=5", break_at={"first": 0})
    assert os.listdir("runs") == []
    with assert_refused("broken off"):
        made.fit(break_at={"second": 0})
    assert Path("runs/made_up/first/complete.json").is_file()
    with assert_refused("broken off"):
        made.fit("first_steps=3", break_at={"first": 2})
    assert made.fit("first_steps=3") == [("first", 2), ("second", 0), ("apart", 0), ("last", 0)]


@pytest.mark.parametrize("below", ["", "/run", "/deeper/run"])
def test_a_file_in_the_way_is_refused(made, below):
    Path("file").write_text("mine")
    with assert_refused(f"file{below}"):
        made.fit(run_dir=f"file{below}")
    assert Path("file").read_text() == "mine" and made.calls == []


@pytest.mark.parametrize("content", ["{", "[]", "3", "{}", '{"recipe": "made_up"}'])
def test_a_damaged_description_is_refused(made, content):
    made.fit()
    Path("runs/made_up/recipe.json").write_text(content)
    with assert_refused("runs/made_up/recipe.json"):
        made.fit()
    assert Path("runs/made_up/recipe.json").read_text() == content


def test_a_folder_in_use_is_refused(made):
    made.fit()
    with filelock.FileLock("runs/made_up/.lock"), assert_refused("runs/made_up is in use by another process"):
        made.fit("first_steps=3")
    assert made.calls == []
    assert made.fit("first_steps=3") == [("first", 2), ("second", 0), ("last", 0)]


def test_a_folder_in_use_by_a_real_process_is_refused_until_that_ends(made):
    made.fit()
    code = ("import filelock, sys\nlock = filelock.FileLock('runs/made_up/.lock')\nlock.acquire()\n"
            "print('held', flush=True)\nsys.stdin.readline()\nimport os; os.kill(os.getpid(), 9)\n")
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline() == "held\n"
        before = tree("runs")
        with assert_refused("runs/made_up is in use by another process"):
            made.fit("first_steps=3")
        assert tree("runs") == before
        process.communicate("die\n", timeout=20)
    assert made.fit("first_steps=3")[0] == ("first", 2)


def test_the_folder_is_free_again_after_a_run_that_failed(made):
    # The exception, and with it the frame, stays alive here.
    with pytest.raises(RuntimeError) as caught:
        made.fit(break_at={"first": 1})
    assert made.fit()[0] == ("first", 1)
    assert caught.value


def test_exports_of_another_run_are_refused_before_anything_is_written(made):
    made.fit()
    folder = Path("saved_models/made_up")
    folder.mkdir(parents=True)
    (folder / "export.json").write_text(json.dumps({"run": run_id("runs/made_up")}))
    assert made.fit() == []
    with assert_refused("saved_models/made_up holds the exports of another run (made_up-"):
        made.fit(run_dir="elsewhere/made_up")
    assert not Path("elsewhere").exists() and made.calls == []


def test_a_damaged_register_of_exports_is_refused(made):
    folder = Path("saved_models/made_up")
    folder.mkdir(parents=True)
    for content in ("{", "[]", "{}"):
        (folder / "export.json").write_text(content)
        with assert_refused("saved_models/made_up/export.json does not describe a run's exports"):
            made.fit()
    assert not Path("runs").exists()
