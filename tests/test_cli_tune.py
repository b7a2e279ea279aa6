"""The command `tune`: what it prints, writes and refuses, with a recipe whose trials only count."""

import csv
import json
import shlex
from pathlib import Path

import pytest
from test_cli import assert_refused, call

from kgan.search.tuner import trial_seed

COUNTING = '''"""Trials that count."""
import json
from pathlib import Path

from kgan.errors import Interrupted
from kgan.recipe import Stage

SMOKE = {"long_steps": 3}
TRIAL_STEPS = ("long_steps",)
TRIAL_STAGES = ("base", "scored")
TRIAL_SHARED = ("base",)
STOP_AT = []


def search_space(hp):
    return {"x": hp.Float("x", -1.0, 1.0), "sizes": (hp.Int("size", 1, 5), 7)}


def objective(metrics):
    return metrics["found"]


def note(work, line):
    with open(work.run_dir.parents[len(work.run_dir.parents) - 2] / "made.txt", "a") as file:
        file.write(f"{work.run_dir.name} {work.folder.name} {line}\\n")


def recipe(x=0.0, sizes=(2, 7), offset=0.0, long_steps=90, seed=0, data_dir=None):
    def base(work):
        note(work, seed)
        (work.folder / "base.txt").write_text("10")

    def scored(work):
        note(work, seed)
        if STOP_AT and work.run_dir.name == STOP_AT[0]:
            raise Interrupted("stopped by a test")
        if sizes[0] == 5:
            raise RuntimeError("too large")
        ten = int((work.run_dir / "base" / "base.txt").read_text())
        (work.run_dir / "metrics.json").write_text(json.dumps(
            {"found": ten + sizes[0] - x * x + offset, "steps": long_steps}))

    def last(work):
        note(work, seed)

    return [Stage("base", base), Stage("scored", scored, ("base",), {"steps": long_steps}), Stage("last", last)]
'''
RUN = Path("runs/counting-tune")


@pytest.fixture
def counting(recipe_file):
    """Writes the recipe `counting` with parts of its text replaced."""
    def write(*replaced):
        text = COUNTING
        for before, after in replaced:
            assert before in text
            text = text.replace(before, after)
        return recipe_file(text, "counting")

    return write


def rows(run=RUN):
    with open(run / "trials.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def made():
    return Path("runs/made.txt").read_text().splitlines()


def test_tune_searches_and_goes_on(counting):
    counting()
    first = call("tune", "counting", "--trials", "4", "--seed", "6")
    second = call("tune", "counting", "--trials", "7", "--seed", "6")
    table = rows()
    assert len(table) == 7 and list(table[0])[:4] == ["trial", "x", "size", "objective"]
    for row in table:
        x, size = float(row["x"]), int(row["size"])
        failed = size == 5
        assert row["objective"] == ("" if failed else str(10 + size - x * x))
        assert row["why"] == ("RuntimeError: too large" if failed else "")
    lines = [line for result in (first, second) for line in result.stderr.splitlines() if line.startswith("trial ")]
    assert [line.split()[1] for line in lines] == [row["trial"] for row in table]
    assert [line for line in first.stderr.splitlines() if line not in lines] == ["base ...", "base: done in 0 s"]
    best = max((row for row in table if row["objective"]), key=lambda row: float(row["objective"]))
    assert f"best {float(best['objective']):.4g} ({best['trial']})" in lines[-1]
    output = second.stdout.splitlines()
    failed = sum(not row["objective"] for row in table)
    assert output[0] == f"7 trials, {failed} failed; the best:" and output[1].split()[0] == best["trial"]
    assert len(output) == 1 + min(7 - failed, 5) + 2 and output[-1] == f"trials: {RUN / 'trials.csv'}"
    # The stage that no trial changes was made once, with the search's seed, the other by each trial with its own.
    assert made() == ["shared base 6"] + [f"{row['trial']} scored {row['seed']}" for row in table]
    assert [int(row["seed"]) for row in table] == [trial_seed(6, number) for number in range(7)]


def test_the_command_it_ends_with_trains_the_best(counting):
    counting()
    line = call("tune", "counting", "--trials", "3", "--set", "offset=0.25").stdout.splitlines()[-2]
    words = shlex.split(line.split(": ", 1)[1])
    assert words[:4] == ["python", "cli.py", "fit", "recipes/counting.py"]
    call(*words[2:])
    best = max(float(row["objective"]) for row in rows() if row["objective"])
    assert json.loads(Path("runs/counting/metrics.json").read_text()) == {"found": best, "steps": 90}


def test_hyperband_shortens_trials(counting):
    counting((", 1, 5), 7)", ", 1, 4), 7)"))
    call("tune", "counting", "--trials", "13", "--algorithm", "hyperband", "--set", "long_steps=100")
    steps = [json.loads((RUN / f"trials/{row['trial']}/metrics.json").read_text())["steps"] for row in rows()]
    assert steps == [11] * 9 + [33] * 3 + [100]


def test_smoke_has_a_folder_of_its_own(counting):
    counting()
    call("tune", "counting", "--trials", "1", "--smoke")
    run = Path("runs/counting-tune-smoke")
    assert json.loads((run / "trials/0000/metrics.json").read_text())["steps"] == 3
    assert json.loads((run / "search.json").read_text())["smoke"] is True
    assert "--smoke" in call("tune", "counting", "--trials", "1", "--smoke").stdout


def test_an_interrupted_trial_goes_on(counting):
    counting(("STOP_AT = []", 'STOP_AT = ["0001"]'), (", 1, 5), 7)", ", 1, 4), 7)"))
    result = call("tune", "counting", "--trials", "3", code=4)
    assert result.stderr.splitlines()[-1].startswith("Error: stopped by a test; the same command goes on")
    assert [row["status"] for row in rows()] == ["completed"]
    counting((", 1, 5), 7)", ", 1, 4), 7)"))
    call("tune", "counting", "--trials", "3")
    assert [row["status"] for row in rows()] == ["completed"] * 3
    assert [line.split()[0] for line in made()] == ["shared", "0000", "0001", "0001", "0002"]


RUNNER = '''


def trial_runner(offset, seed, **settings):
    def run(values, seed, share, trial_id):
        return {"objective": -values["x"] ** 2 + offset, "size": values["sizes"][0]}

    note_made.append((offset, seed))
    return run


note_made = []
'''


def test_a_trial_runner_runs_all_trials_in_one_process(counting):
    path = counting()
    path.write_text(COUNTING.replace("def objective(", "def unused(") + RUNNER)
    call("tune", "counting", "--trials", "4", "--algorithm", "bayesian", "--set", "offset=2", "--seed", "4")
    table = rows()
    assert [row["objective"] for row in table] == [str(2.0 - float(row["x"]) ** 2) for row in table]
    assert list(table[0])[:5] == ["trial", "x", "size", "objective", "size (measured)"]
    assert [row["size (measured)"] for row in table] == [f"{row['size']}.0" for row in table]
    assert not (RUN / "trials").exists() and not (RUN / "shared").exists()


def test_smaller_may_be_better(counting):
    counting(("STOP_AT = []", 'DIRECTION = "min"\nSTOP_AT = []'), (", 1, 5), 7)", ", 1, 4), 7)"))
    output = call("tune", "counting", "--trials", "5").stdout.splitlines()
    found = [float(line.split()[1]) for line in output[1:6]]
    assert found == sorted(found) and len(set(found)) > 1


def test_dry_run_writes_nothing(counting):
    counting()
    lines = call("tune", "counting", "--trials", "3", "--dry-run").stdout.splitlines()
    assert lines[:3] == ["Trials that count.", f"folder: {RUN}", "algorithm: random, max"]
    assert len(lines) == 6 and "'x'" in lines[4] and "'size'" in lines[5]
    assert not Path("runs").exists()


@pytest.mark.parametrize(("arguments", "message"), [
    (["--seed", "7"], "was begun otherwise: seed was 0, now 7; seed was 0, now 7. "),
    (["--set", "offset=1"], "was begun otherwise: offset was 0.0, now 1.0. Choose another --run-dir"),
    (["--set", "long_steps=9"], "was begun otherwise: long_steps was 90, now 9."),
    (["--algorithm", "bayesian"], "was begun otherwise: algorithm was 'random', now 'bayesian'."),
])
def test_another_search_is_refused(arguments, message, counting):
    counting()
    call("tune", "counting", "--trials", "1")
    assert message in assert_refused("tune", "counting", "--trials", "2", *arguments)
    assert len(rows()) == 1
    call("tune", "counting", "--trials", "1", "--data-dir", "elsewhere")


def test_a_changed_space_is_refused(counting):
    counting()
    call("tune", "counting", "--trials", "1")
    counting(('"x", -1.0, 1.0', '"x", -2.0, 1.0'))
    assert "was begun otherwise: space was " in assert_refused("tune", "counting", "--trials", "2")


@pytest.mark.parametrize(("replaced", "message"), [
    (("def search_space", "def other"), "counting.py has no search_space(hp): there is nothing to search"),
    (("def objective", "def other"), "counting.py has neither objective(metrics) nor trial_runner(**settings)"),
    (('{"x": hp.Float("x", -1.0, 1.0), "sizes": (hp.Int("size", 1, 5), 7)}', '{"x": 0.5}'),
     "there is nothing to search"),
    (('{"x": hp.F', '{"y": hp.F'), "counting.py has no setting 'y'; it has x, sizes, "),
    (('hp.Float("x", -1.0, 1.0)', 'hp.Choice("x", ["a", "b"])'), "setting x takes a number; received 'a'"),
    (('return {"x": hp.Float', 'return {"x": hp.Flood'), "search_space(hp) fails: AttributeError: "),
    (('hp.Int("size", 1, 5), 7)}', 'hp.Int("size", 1, 5), 7)}, 3'), "it must give a dict of settings; it gave ("),
    (("STOP_AT = []", 'DIRECTION = "up"'), "counting.py: DIRECTION must be \"max\" or \"min\"; it is 'up'"),
    (('("long_steps",)', '("steps",)'), "TRIAL_STEPS names a setting that recipe() does not have: steps"),
    (("STOP_AT = []", "TRIAL_SHARE = 0"), "TRIAL_SHARE must lie in (0, 1]; it is 0"),
    (('TRIAL_SHARED = ("base",)', 'TRIAL_SHARED = ("bass",)'), "a trial has no stage 'bass'; there are base, scored"),
])
def test_a_recipe_that_does_not_fit_is_refused(replaced, message, counting):
    counting(replaced)
    assert message in assert_refused("tune", "counting", "--trials", "2")


@pytest.mark.parametrize(("arguments", "message"), [
    (["--set", "offse=1"], "counting.py has no setting 'offse'"),
    (["--target", "score>=2"], "--target needs a recipe that compresses: counting.py has no setting student_d"),
    (["--target", "score>=2", "--algorithm", "random"], "--target searches by bisection: leave --algorithm out"),
    (["--run-dir", "recipes"], "recipes is no folder of a search (it holds counting.py)"),
    (["--run-dir", "recipes/counting.py"], "is a file; --run-dir needs a folder"),
])
def test_bad_arguments_are_refused(arguments, message, counting):
    counting()
    assert message in assert_refused("tune", "counting", "--trials", "2", *arguments)


def test_hyperband_needs_something_to_shorten(counting):
    counting(('("long_steps",)', "()"))
    assert "names no setting in TRIAL_STEPS" in assert_refused(
        "tune", "counting", "--trials", "2", "--algorithm", "hyperband")


def test_a_search_without_any_result_says_why(counting):
    counting(("sizes[0] == 5", "True"))
    result = call("tune", "counting", "--trials", "2", code=2)
    assert result.stderr.splitlines()[-1] == (
        "Error: none of 2 trials gave a result; the first: RuntimeError: too large")
    assert [row["status"] for row in rows()] == ["failed", "failed"]


def test_a_run_of_the_recipe_is_no_place_for_a_search(counting):
    counting()
    call("fit", "counting")
    assert "runs/counting is no folder of a search" in assert_refused(
        "tune", "counting", "--trials", "2", "--run-dir", "runs/counting")
