"""The commands: what they print, what they write, how they end."""

import csv
import io
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from kgan.cli import main

ROOT = Path(__file__).parent.parent
ONE_STAGE = '''"""Does one thing.

Time: 1 s on two cores.
"""
import json

from kgan.errors import Diverged, Interrupted
from kgan.recipe import Stage

SMOKE = {"steps": 2}


def act(steps, seed):
    def run(work):
        (work.folder / "made.txt").write_text(f"{steps} steps, seed {seed}")
        ACT
    return run


def recipe(steps=50, rates=(0.5, 2.0), folder=None, seed=0):
    return [Stage("only", act(steps, seed), settings={"steps": steps})]
'''
METRICS = '''networks = {"a": {"role": "teacher", "d": 2, "score": 4.0 + seed, "distance": 3.0}}
        (work.run_dir / "metrics.json").write_text(json.dumps({
            "protocol": {"name": "made-up-1"}, "headline": {"score": "score", "distance": "distance"},
            "real": {"score": 9.0}, "networks": networks}))'''


@pytest.fixture
def one_stage(recipe_file):
    """Writes the recipe `one` whose only stage does `act`."""
    def write(act="pass", name="one"):
        return recipe_file(ONE_STAGE.replace("ACT", act), name)

    return write


def call(*arguments, code=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def assert_refused(*arguments, code=2):
    """The one line on standard error; nothing else is printed."""
    result = call(*arguments, code=code)
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ") and "Traceback" not in result.output and result.stdout == ""
    return line


def test_recipes_are_listed_without_being_imported(one_stage, recipe_file):
    one_stage()
    recipe_file('"""Raises."""\nraise RuntimeError\n', "raises")
    recipe_file("x = = 1\n", "broken")
    lines = call("recipes").stdout.splitlines()
    assert f"{'one':24} Does one thing. [1 s on two cores.]" in lines
    assert f"{'raises':24} Raises." in lines
    assert any(re.match(r"broken +cannot be read as Python: ", line) for line in lines)
    assert any(line.startswith("compress_digits ") for line in lines)


def test_fit_writes_a_run(one_stage):
    one_stage()
    result = call("fit", "one", "--set", "steps=7", "--set", "rates=3")
    assert result.stderr == "only ...\nonly: done in 0 s\n" and result.stdout == ""
    assert Path("runs/one/only/made.txt").read_text() == "7 steps, seed 0"
    assert json.loads(Path("runs/one/recipe.json").read_text())["settings"]["rates"] == [3.0]
    assert call("fit", "recipes/one.py", "--set", "steps=7", "--set", "rates=3").stderr == "only: complete\n"


def test_fit_smoke_has_a_folder_of_its_own(one_stage):
    one_stage()
    call("fit", "one", "--smoke")
    assert os.listdir("runs") == ["one-smoke"]
    assert Path("runs/one-smoke/only/made.txt").read_text() == "2 steps, seed 0"


def test_dry_run_shows_and_writes_nothing(one_stage):
    one_stage()
    result = call("fit", "one", "--dry-run", "--set", "steps=7", "--seeds", "4,5", "--run-dir", "there")
    assert result.stdout.splitlines() == [
        "Does one thing.", "folder: there/seed-4", "settings:", "  steps = 7", "  rates = 0.5, 2.0",
        "  folder = None", "  seed = 4", "stages: only"]
    assert os.listdir() == ["recipes"]


@pytest.mark.parametrize(("arguments", "message"), [
    (["nothing"], "there is no recipe named 'nothing'; there are one, "),
    (["nothing.py"], "there is no recipe nothing.py"),
    (["one", "--set", "stepz=3"], "one.py has no setting 'stepz'; it has steps, rates, folder, seed"),
    (["one", "--set", "steps=3.5"], "setting steps takes a whole number; received '3.5'"),
    (["one", "--set", "rates=1,x"], "setting rates takes a number; received 'x'"),
    (["one", "--set", "steps"], "--set takes name=value; received 'steps'"),
    (["one", "--seeds", "0,one"], "--seeds takes different whole numbers such as 0,1,2; received '0,one'"),
    (["one", "--seeds", ""], "--seeds takes different whole numbers such as 0,1,2; received ''"),
    (["one", "--seeds", "1,1"], "--seeds takes different whole numbers such as 0,1,2; received '1,1'"),
    (["one", "--seeds", "0,-1"], "--seeds takes different whole numbers such as 0,1,2; received '0,-1'"),
    (["one", "--data-dir", "there"], "one.py has no setting 'data_dir': leave the option out"),
    (["one", "--allow-change", "size"], "--allow-change names 'size', which is no setting of one.py"),
    (["one", "--run-dir", "recipes/one.py"], "recipes/one.py is a file; --run-dir needs a folder"),
    (["one", "--run-dir", "recipes/one.py/run"], "recipes/one.py/run cannot be made"),
    (["one", "--run-dir", "recipes"], "recipes is no run folder (it holds one.py)"),
])
@pytest.mark.parametrize("dry", [False, True])
def test_fit_refuses_wrong_input(one_stage, arguments, message, dry):
    one_stage()
    if dry and arguments[1:2] not in (["--run-dir"], ["--allow-change"]):
        arguments = [*arguments, "--dry-run"]
    assert assert_refused("fit", *arguments).startswith(f"Error: {message}")
    assert os.listdir() == ["recipes"] and os.listdir("recipes") == ["one.py"]


def test_fit_refuses_recipes_that_do_not_load(recipe_file):
    recipe_file("import no_such_module\n", "one")
    line = assert_refused("fit", "one")
    assert re.fullmatch(r"Error: \S*one.py, line 1, does not import: ModuleNotFoundError: .*", line)


def test_fit_refuses_changed_settings(one_stage):
    one_stage()
    call("fit", "one")
    line = assert_refused("fit", "one", "--set", "rates=3", "--set", "folder=x")
    assert "rates was [0.5, 2.0], now [3.0]; folder was None, now 'x'" in line
    assert line.endswith("--allow-change rates --allow-change folder")
    changes = ["--set", "rates=3", "--set", "folder=x", "--allow-change", "rates", "--allow-change", "folder"]
    assert call("fit", "one", *changes).stderr == "only: complete\n"


@pytest.mark.parametrize(("act", "code", "line"), [
    ("raise Diverged('training diverged at step 3: loss = nan')", 3,
     "Error: training diverged at step 3: loss = nan"),
    ("raise Interrupted('stopped by SIGTERM')", 4,
     "Error: stopped by SIGTERM; the same command goes on from the last checkpoint"),
    ("raise OSError(28, 'No space left on device', 'x/step-00000003.npz')", 2,
     "Error: No space left on device (x/step-00000003.npz): what was whole before is kept; make room and "
     "give the same command again"),
    ("raise RuntimeError('write failed, error message = File too large, more')", 2,
     "Error: File too large: what was whole before is kept; make room and give the same command again"),
    ("import kgan.errors; raise kgan.errors.InputError('two\\nlines')", 2, "Error: two lines"),
])
def test_exit_codes(one_stage, act, code, line):
    one_stage(act)
    result = call("fit", "one", code=code)
    assert result.stderr.splitlines() == ["only ...", line]
    assert not Path("runs/one/only/complete.json").exists()


@pytest.mark.parametrize("error", [ValueError, KeyError, OSError])
def test_any_other_exception_keeps_its_traceback(one_stage, error):
    one_stage(f"raise {error.__name__}('a bug')")
    result = CliRunner().invoke(main, ["fit", "one"])
    assert type(result.exception) is error and result.exit_code == 1
    assert "Error:" not in result.stderr


def test_seeds_run_one_after_the_other_and_are_reported_together(one_stage):
    one_stage(METRICS)
    result = call("fit", "one", "--smoke", "--seeds", "1,3")
    folder = Path("runs/one-smoke")
    assert sorted(os.listdir(folder)) == ["report.html", "seed-1", "seed-3", "summary.json"]
    assert [(folder / f"seed-{seed}/only/made.txt").read_text() for seed in (1, 3)] == [
        "2 steps, seed 1", "2 steps, seed 3"]
    (group,) = json.loads((folder / "summary.json").read_text())["groups"]
    assert group["seeds"] == [1, 3]
    score = group["networks"]["a"]["measures"]["score"]
    assert (score["mean"], score["values"]) == (6.0, [5.0, 7.0]) and score["std"] == pytest.approx(2**0.5)
    assert "report: runs/one-smoke/report.html" in result.stdout and "6 +- 1.414" in result.stdout


def test_seeds_of_a_recipe_without_measures(one_stage):
    one_stage()
    call("fit", "one", "--smoke", "--seeds", "0,1")
    (group,) = json.loads(Path("runs/one-smoke/summary.json").read_text())["groups"]
    assert group["networks"] == {} and group["seeds"] == [0, 1]
    assert "There are no measures yet" in Path("runs/one-smoke/report.html").read_text(encoding="utf-8")


def test_a_stop_in_the_last_stage_of_a_seed_stops_before_the_next(one_stage):
    one_stage("import os, signal; seed == 0 and os.kill(os.getpid(), signal.SIGTERM)")
    result = call("fit", "one", "--seeds", "0,1", code=4)
    assert result.stderr.splitlines()[-1].startswith("Error: stopped by SIGTERM")
    assert Path("runs/one/seed-0/only/complete.json").is_file()
    assert not Path("runs/one/seed-1/only/made.txt").exists()
    call("fit", "one", "--seeds", "0,1")
    assert Path("runs/one/seed-1/only/made.txt").is_file()


def test_report_over_runs(one_stage):
    one_stage(METRICS)
    call("fit", "one", "--set", "seed=2")
    result = call("report", "runs/one", "--out", "pages")
    assert sorted(os.listdir("pages")) == ["report.html", "summary.json"]
    assert "report: pages/report.html" in result.stdout
    assert assert_refused("report", "runs/none").startswith("Error: no run folder at 'runs/none'")
    assert "the run 'runs/one' is given more than once" in assert_refused("report", "runs/one", "runs/one")
    Path("file").touch()
    assert assert_refused("report", "runs/one", "--out", "file").startswith("Error: cannot write the report to")


def start(*arguments, code="from kgan.cli import main; main()"):
    return subprocess.run([sys.executable, "-c", code, *arguments] if code else
                          [sys.executable, "cli.py", *arguments],
                          cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_help_is_instant_and_imports_nothing_heavy():
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        result = start("--help", code=None)
        seconds.append(time.perf_counter() - began)
        assert result.returncode == 0 and result.stderr == ""
    assert all(re.search(rf"^  {name} ", result.stdout, re.M) for name in main.commands)
    assert statistics.median(seconds) < 0.5
    result = start(code="import sys\nfrom kgan.cli import main\ntry:\n    main(['fit', '--help'])\n"
                        "except SystemExit:\n    print(','.join(sys.modules))")
    names = set(next(csv.reader(io.StringIO(result.stdout.splitlines()[-1]))))
    assert "kgan.cli" in names
    assert not names & {"tensorflow", "keras", "numpy", "matplotlib", "PIL", "sklearn", "rich", "jinja2"}
