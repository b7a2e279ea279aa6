"""Searches as real processes: killed at random moments, and as a chief with two workers.

The quick siblings, within one process: test_search.py (kills between two files, interrupted trials), and
test_search_cluster.py (the roles, a chief whose answer fails, restarts, a worker whose chief is not there).
"""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toy_search import free_port

from kgan.search.trials import read_trials

ROOT = Path(__file__).parents[2]
LIMIT = 200  # seconds that any one process may take
RECIPE = '''"""Trials that count."""
import json
import time

from kgan.recipe import Stage


def search_space(hp):
    return {"x": hp.Float("x", -1.0, 1.0), "size": hp.Int("size", 1, 5)}


def objective(metrics):
    return metrics["found"]


def recipe(x=0.0, size=2, seed=0):
    def act(work):
        time.sleep(0.3)
        if size == 5:
            raise RuntimeError("too large")
        (work.run_dir / "metrics.json").write_text(json.dumps({"found": size - x * x}))

    return [Stage("only", act)]
'''


def start(*arguments, **environment):
    return subprocess.Popen([sys.executable, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=os.environ | {"PYTHONPATH": str(ROOT)} | environment)


def end(process, code=0):
    """What it wrote to standard output and standard error."""
    output, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == code, errors
    return output, errors


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["bayesian", "hyperband"])
def test_killed_at_random_moments_a_search_ends_like_one_left_alone(algorithm, tmp_path):
    """Quick siblings: test_search.py::test_an_interrupted_trial_is_run_again_and_no_other and the kills there."""
    trials, kills = 40, 3
    toy = ROOT / "tests" / "search" / "toy_search.py"
    arguments = {name: (toy, tmp_path / name, trials, algorithm, 0.02) for name in ("alone", "killed")}
    for name in arguments:
        (tmp_path / name).mkdir()
    output, _ = end(start(*arguments["alone"]))
    assert len(output.splitlines()) == trials
    moments = random.Random(len(algorithm))
    for _ in range(kills):
        process = start(*arguments["killed"])
        process.stdout.readline()  # the first trial of this process has ended
        time.sleep(moments.uniform(0.0, 0.4))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    before = {trial.id: trial for trial in read_trials(tmp_path / "killed") if trial.status != "running"}
    assert kills <= len(before) < trials
    end(start(*arguments["killed"]))
    found, expected = (read_trials(tmp_path / name) for name in ("killed", "alone"))
    assert all(trial in found for trial in before.values())  # with their seconds: not run again
    plain = [[(trial.id, trial.values, trial.objective, trial.seed, trial.status, trial.why) for trial in trials]
             for trials in (found, expected)]
    assert plain[0] == plain[1] and len(found) == trials
    calls = (tmp_path / "killed" / "calls.txt").read_text().splitlines()
    assert sorted(set(calls)) == sorted(set((tmp_path / "alone" / "calls.txt").read_text().splitlines()))
    assert trials <= len(calls) <= trials + kills
    assert list((tmp_path / "killed").rglob("*.part")) == []


@pytest.mark.slow
def test_a_chief_and_two_workers(tmp_path):
    """Quick siblings: those of test_search_cluster.py.

    One worker is killed in a trial and started again.
    """
    recipe = tmp_path / "counting.py"
    recipe.write_text(RECIPE, encoding="utf-8")
    place = {"KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": str(free_port())}
    run = tmp_path / "run"

    def begin(name):
        return start(ROOT / "cli.py", "tune", recipe, "--trials", 16, "--run-dir", run, "--seed", 3,
                     KERASTUNER_TUNER_ID=name, **place)

    processes = {name: begin(name) for name in ("first", "chief", "second")}
    deadline = time.monotonic() + LIMIT
    while sum(trial.status != "running" for trial in read_trials(run)) < 3:
        assert time.monotonic() < deadline and processes["chief"].poll() is None
        time.sleep(0.05)
    processes["second"].kill()
    processes["second"].communicate()
    processes["second"] = begin("second")
    output, errors = end(processes["chief"])
    for name in ("first", "second"):
        assert end(processes[name])[0] == ""
    assert "16 trials, " in output and f"python cli.py fit {recipe} --set seed=3 --set x=" in output
    assert len([line for line in errors.splitlines() if line.startswith("trial ")]) == 16
    with open(run / "trials.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == [f"{number:04d}" for number in range(16)]
    for row in rows:
        x, size = float(row["x"]), int(row["size"])
        if size == 5:
            assert (row["status"], row["objective"], row["why"]) == ("failed", "", "RuntimeError: too large")
        else:
            assert row["status"] == "completed" and float(row["objective"]) == pytest.approx(size - x * x, abs=1e-12)
    tuners = {path.read_text().split('"tuner": "')[1].split('"')[0] for path in run.glob("search/trial_*/outcome.json")}
    assert tuners == {"first", "second"}
