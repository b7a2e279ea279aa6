"""Running stages in a run folder: what is skipped, what goes on, what begins again, what is written."""

import errno
import json
import os
import re
from pathlib import Path

import pytest
from made_up import ALL_ANEW, THREE, Made, Quiet, assert_refused, tree

from kgan.errors import Interrupted
from kgan.recipe import Recipe
from kgan.run import export_folder, fit, plan, read_description, run_id
from kgan.training.signals import StopRequest


@pytest.fixture
def made(recipe_file):
    return Made(recipe_file(THREE))


def test_stages_run_in_order_and_complete_ones_are_skipped(made):
    assert made.fit() == ALL_ANEW
    assert made.console.lines[:2] == ["first ...", "first: done in 0 s"]
    before = tree("runs")
    assert made.fit() == []
    assert made.console.lines == [f"{name}: complete" for name, _ in ALL_ANEW]
    assert tree("runs") == before


def test_a_stage_that_broke_off_goes_on(made):
    with pytest.raises(RuntimeError, match="broken off"):
        made.fit(break_at={"second": 2})
    assert made.calls == [("first", 0), ("second", 0)]
    assert not Path("runs/made_up/second/complete.json").exists()
    assert made.fit() == [("second", 2), ("apart", 0), ("last", 0)]


def test_a_stop_is_heeded_within_a_stage_and_before_one(made):
    stop = StopRequest()
    stop.signal = 15
    with pytest.raises(Interrupted, match="stopped by SIGTERM"):
        made.fit(stop=stop)
    assert made.calls == []
    assert made.fit() == ALL_ANEW
    with pytest.raises(Interrupted):
        made.fit("first_steps=4", stop=stop)
    assert made.fit("first_steps=4") == [("first", 2), ("second", 0), ("last", 0)]


def test_what_needs_a_changed_stage_begins_again_with_an_empty_folder(made):
    made.fit()
    Path("runs/made_up/second/other.txt").write_text("of another first")
    Path("runs/made_up/apart/other.txt").write_text("stays")
    # first goes on from its two steps, second and last were made from another first, apart needs nothing.
    assert made.fit("first_steps=5") == [("first", 2), ("second", 0), ("last", 0)]
    assert not Path("runs/made_up/second/other.txt").exists()
    assert Path("runs/made_up/apart/other.txt").exists()


def test_a_longer_stage_goes_on_and_keeps_what_it_needs(made):
    made.fit()
    assert made.fit("second_steps=4") == [("second", 3), ("last", 0)]


def test_a_stage_that_broke_off_begins_again_if_what_it_needs_has_changed_since(made):
    with pytest.raises(RuntimeError):
        made.fit(break_at={"second": 2})
    assert made.fit("first_steps=4") == [("first", 2), ("second", 0), ("apart", 0), ("last", 0)]


def test_a_stage_that_broke_off_when_begun_again_is_not_taken_for_complete(made):
    made.fit()
    with pytest.raises(RuntimeError):
        made.fit("first_steps=4", break_at={"second": 1})
    assert made.fit("first_steps=4") == [("second", 1), ("last", 0)]


def test_a_longer_stage_that_broke_off_is_not_complete_for_its_old_length_either(made):
    made.fit()
    with pytest.raises(RuntimeError):
        made.fit("second_steps=5", break_at={"second": 4})
    assert made.fit() == [("second", 4)]


def test_a_run_killed_between_two_files_begins_the_stage_again(made):
    made.fit()
    for name in ("complete.json", "basis.json"):
        Path("runs/made_up/second", name).unlink()
    assert made.fit() == [("second", 0)]


def test_what_a_killed_process_left_is_removed(made):
    made.fit()
    run = Path("runs/made_up")
    left = [run / ".metrics.json.a.part", run / "networks/.a.keras.b.part/a.keras",
            run / "first/samples/.a.png.c.part", run / "last/.x.npz.d.part"]
    kept = [Path("runs/made_up/networks/a.keras"), Path("runs/made_up/first/samples/a.png")]
    for path in left + kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    made.fit()
    assert [path for path in Path("runs").rglob("*.part*")] == []
    assert all(path.is_file() for path in kept)


def test_what_the_run_folder_says(made):
    made.fit("size=7", "seed=3", smoke=True)
    description = json.loads(Path("runs/made_up/recipe.json").read_text())
    assert description["recipe"] == "made_up" and description["title"] == "Three stages that count."
    assert description["settings"] == {"first_steps": 2, "second_steps": 3, "size": 7, "sizes": [1, 2],
                                       "data_dir": None, "seed": 3}
    assert description["seed"] == 3 and description["smoke"] is True
    assert {"kgan", "python", "keras", "tensorflow", "numpy"} <= set(description["versions"])
    assert f"{os.cpu_count()} CPUs" in description["machine"] and "revision" in description
    complete = json.loads(Path("runs/made_up/first/complete.json").read_text())
    assert set(complete) == {"id", "seconds", "peak_mib"}
    assert complete["seconds"] < 60 and complete["peak_mib"] > 10
    assert sorted(path.name for path in Path("runs/made_up").iterdir() if path.name != ".lock") == [
        "apart", "first", "last", "recipe.json", "second"]


def test_names_of_export_folders(made):
    assert export_folder("runs/made_up") == Path("saved_models/made_up")
    assert export_folder("runs/made_up/seed-2") == Path("saved_models/made_up-seed-2")
    Path("runs/made_up").mkdir(parents=True)
    os.chdir("runs/made_up")
    assert export_folder(".") == Path("saved_models/made_up")
    assert run_id(".") == run_id("../made_up") and run_id(".").startswith("made_up-")


def test_stages_know_their_places(made):
    made.path.write_text("from kgan.recipe import Stage\nSEEN = []\n\n\ndef recipe(seed=5):\n"
                         "    return [Stage('only', SEEN.append)]\n")
    recipe = Recipe(made.path)
    exports = fit(recipe, recipe.settings(), "runs/x/seed-5", console=Quiet())
    (work,) = recipe.function.__globals__["SEEN"]
    assert (work.run_dir, work.folder, work.seed) == (Path("runs/x/seed-5"), Path("runs/x/seed-5/only"), 5)
    assert work.networks == Path("runs/x/seed-5/networks")
    assert work.export_dir == exports == Path("saved_models/x-seed-5")
    assert re.fullmatch(r"seed-5-[0-9a-f]{8}", work.run_id)


def test_an_error_of_the_disk_passes_and_leaves_the_stage_open(made):
    made.path.write_text(THREE.replace('RuntimeError("broken off")', f'OSError({errno.ENOSPC}, "full")'))
    with pytest.raises(OSError, match="full"):
        made.fit(break_at={"second": 1})
    assert made.fit() == [("second", 1), ("apart", 0), ("last", 0)]


def test_plan_sets_seed_and_data_dir(made):
    recipe, settings = plan(str(made.path), ["size=9"], seed=4, data_dir="there")
    assert recipe.name == "made_up"
    assert (settings["size"], settings["seed"], settings["data_dir"]) == (9, 4, "there")
    made.path.write_text(THREE.replace("data_dir=None, ", ""))
    with assert_refused("made_up.py has no setting 'data_dir': leave the option out"):
        plan(str(made.path), data_dir="there")


def test_read_description_of_no_run(tmp_path):
    with assert_refused(f"{tmp_path} is no run folder: it has no recipe.json"):
        read_description(tmp_path)
