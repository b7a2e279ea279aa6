"""The smallest student that meets a target: targets, bisection over trials, full training of what was found.

The trainings are made up: a student's score is 10 (1 - 1 / (d + 1)), less what a short training costs.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
from made_up import assert_refused
from test_cli import assert_refused as assert_command_refused
from test_cli import call

from kgan.export.export import export_network
from kgan.stages.smallest import Target

ROOT = Path(__file__).parents[2]
COMPRESSING = '''"""Compresses nothing."""
import json
from pathlib import Path

import tiny

from kgan.recipe import Stage
from kgan.stages.training import save_network

COST = 1.0  # score lost by a training of no steps at all
TRIAL_SHARE = 0.5


def search_space(hp):
    return {"student_d": hp.Int("student_d", 1, 8)}


def note(work, text):
    with open("made.txt", "a") as file:
        file.write(f"{work.run_dir.name} {text}\\n")


def recipe(student_d=(1, 2, 3), student_steps=100, quantize=("none",), seed=0):
    def act(work):
        note(work, f"{work.folder.name} {seed}")

    def students(work):
        note(work, f"students {student_d[0]} {student_steps}")
        for d in student_d:
            save_network(work, f"student_d{d}", tiny.generator(d))

    def evaluate(work):
        assert (work.run_dir / "teacher" / "complete.json").is_file()
        networks = {f"student_d{d}": {"role": "student", "parameters": 20 * d, "is_x": 10 * (1 - 1 / (d + 1))
                    - COST * (1 - student_steps / 100), "fd_x": 8.0 / d} for d in student_d}
        networks["teacher"] = {"role": "teacher", "parameters": 1000, "is_x": 10.0, "fd_x": 1.0}
        (work.run_dir / "metrics.json").write_text(json.dumps(
            {"headline": {"score": "is_x", "distance": "fd_x"}, "networks": networks}))

    def export(work):
        work.export_dir.mkdir(parents=True)
        for d in student_d:
            (work.export_dir / f"student_d{d}.none.tflite").write_bytes(bytes(4096 * d))
            (work.export_dir / f"student_d{d}.int8.tflite").write_bytes(bytes(1024 * d))
        (work.export_dir / "export.json").write_text(json.dumps({"run": work.run_id}))

    return [Stage("features", act), Stage("teacher", act, ("features",)),
            Stage("students", students, ("teacher",), {"steps": student_steps}), Stage("controls", act),
            Stage("evaluate", evaluate, ("students", "controls")), Stage("export", export, ("students",))]
'''
RUN = Path("runs/compressing-tune")


@pytest.fixture
def compressing(recipe_file):
    """Writes the recipe `compressing` with a part of its text replaced."""
    def write(before="", after=""):
        assert before in COMPRESSING
        return recipe_file(COMPRESSING.replace(before, after, 1) if before else COMPRESSING, "compressing")

    return write


@pytest.fixture
def weighed(monkeypatch):
    """Trials' students are weighed by their parameters, not converted: for targets on which no size bears."""
    monkeypatch.setattr("kgan.stages.smallest.export_network",
                        lambda network, folder, **options: [{"size_kib": network.count_params() / 256}])


def tune(target, *arguments, trials=10, **options):
    return call("tune", "compressing", "--trials", trials, "--target", target, *arguments, **options)


def tried():
    with open(RUN / "trials.csv", newline="", encoding="utf-8") as file:
        return {int(row["student_d"]): row for row in csv.DictReader(file)}


@pytest.mark.parametrize(("text", "measure", "bound", "of_teacher", "algorithm"), [
    ("size_kib<=100", "size_kib", 100.0, False, "largest"),
    (" score >= .95 * teacher ", "score", 0.95, True, "smallest"),
    ("score>=6", "score", 6.0, False, "smallest"),
    ("distance<=1.1*teacher", "distance", 1.1, True, "smallest"),
])
def test_targets(text, measure, bound, of_teacher, algorithm):
    target = Target.parse(text)
    assert (target.measure, target.bound, target.of_teacher) == (measure, bound, of_teacher)
    assert target.algorithm == algorithm


@pytest.mark.parametrize("text", [
    "", "size_kib", "size_kib<100", "size_kib>=100", "size_kib<=0.5*teacher", "score<=3", "score>=-1", "score>=0",
    "score>=teacher", "score>=0.9*student", "distance>=2", "distance<=2 teacher", "fid<=3", "score>=1e400"])
def test_other_targets_are_refused(text):
    with assert_refused(f"--target takes a bound such as size_kib<=100, score>=0.95*teacher, distance<=1.1*teacher; "
                        f"received {text!r}"):
        Target.parse(text)


def test_margins():
    measures = {"size_kib": 30.0, "score": 4.0, "distance": 9.0, "teacher_score": 5.0, "teacher_distance": 8.0}
    found = [Target.parse(text).margin(measures) for text in (
        "size_kib<=32.5", "score>=0.7*teacher", "score>=4.5", "distance<=1.25*teacher", "distance<=8")]
    assert found == pytest.approx([2.5, 0.5, -0.5, 1.0, -1.0])


def test_the_smallest_student_of_a_score_is_found_trained_and_exported(compressing, weighed):
    """In half the training d scores 10 (1 - 1 / (d + 1)) - 0.5: 7.83 at 5 and 8.07 at 6."""
    compressing()
    result = tune("score>=0.79*teacher", "--seed", 5)
    table = tried()
    assert list(table) == [5, 7, 6]  # the middle of 1 to 8, of 6 to 8, then what is left below 7
    assert [float(row["objective"]) >= 0 for row in table.values()] == [False, True, True]
    assert float(table[6]["objective"]) == pytest.approx(10 * (6 / 7) - 0.5 - 7.9)
    assert [row["share"] for row in table.values()] == ["0.5"] * 3
    found = json.loads((RUN / "smallest.json").read_text())
    assert found["student_d"] == 6 and found["meets"] is True and found["trial"] == "0002" and found["untried"] == []
    assert found["measures"]["size_kib"] == 6.0 and found["measures"]["score"] == pytest.approx(10 * 6 / 7)
    lines = result.stdout.splitlines()
    assert "student_d = 6 is the smallest that met score>=0.79*teacher in trials of 50% of the training" in lines
    assert any(line.startswith("fully trained it meets score>=0.79*teacher: size_kib 6, ") for line in lines)
    assert "saved_models/compressing-tune-best/student_d6.int8.tflite" in lines
    # One teacher, of the search's seed, for all; the stages that a trial does not need ran once, at the end.
    assert Path("made.txt").read_text().splitlines() == [
        "shared features 5", "shared teacher 5", "0000 students 5 50", "0001 students 7 50", "0002 students 6 50",
        "best students 6 100", "best controls 5"]


def test_called_again_it_says_the_same_and_makes_nothing(compressing, weighed):
    compressing()
    first = tune("distance<=2*teacher").stdout
    before = Path("made.txt").read_text()
    assert tune("distance<=2*teacher").stdout == first and "student_d = 4 is the smallest" in first
    assert Path("made.txt").read_text() == before


def test_full_training_may_miss_what_short_trials_met(compressing, weighed):
    compressing("COST = 1.0", "COST = -1.0")
    result = tune("score>=0.79*teacher")
    assert "student_d = 3 is the smallest" in result.stdout  # 7.5 + 0.5 in half the training
    assert "fully trained it DOES NOT MEET score>=0.79*teacher: " in result.stdout
    assert json.loads((RUN / "smallest.json").read_text())["meets"] is False


def test_too_few_trials_are_said_and_more_go_on(compressing, weighed):
    compressing()
    first = tune("score>=0.79*teacher", trials=2)
    assert "not decided: 6 untried; more --trials go on" in first.stdout
    assert json.loads((RUN / "smallest.json").read_text())["student_d"] == 7
    second = tune("score>=0.79*teacher", trials=3)
    assert "not decided" not in second.stdout
    exports = sorted(path.name for path in Path("saved_models/compressing-tune-best").glob("*.tflite"))
    assert exports == ["student_d6.int8.tflite", "student_d6.none.tflite"]


def test_a_size_gives_the_largest_student_that_fits(compressing, tmp_path):
    """The sizes are those of real files; the bound lies between those of 4 and 6."""
    compressing()
    bound = sum(entry["size_kib"] for d in (4, 6) for entry in export_network(
        tiny.generator(d), tmp_path / "sizes", name=f"d{d}", run="sizes", quantize="none", saved_model=False)) / 2
    tune(f"size_kib<={bound:.2f}")
    assert list(tried()) == [4, 6, 5]  # the middle from the largest down, then between what fits and what does not
    found = json.loads((RUN / "smallest.json").read_text())
    fits = float(tried()[5]["size_kib"]) <= bound
    assert found["student_d"] == (5 if fits else 4) and found["untried"] == []
    assert float(tried()[4]["size_kib"]) < bound < float(tried()[6]["size_kib"])


def test_no_student_meets_it(compressing, weighed):
    compressing()
    first = tune("score>=0.95*teacher", trials=1, code=2)
    assert first.stderr.splitlines()[-1].endswith("; by how much: 5: -1.667. Untried: 6, 7, 8; give more --trials")
    line = tune("score>=0.95*teacher", code=2).stderr.splitlines()[-1]
    assert line.startswith("Error: no student_d that was tried meets score>=0.95*teacher; by how much: 5: -1.667; ")
    assert line.endswith("8: -1.111") and list(tried()) == [5, 7, 8]


def test_without_a_space_the_settings_values_are_tried(compressing, weighed):
    compressing("def search_space", "def other")
    result = tune("score>=7", "--set", "student_d=2,9,4,3", trials=9)
    assert "student_d = 3 is the smallest" in result.stdout or "student_d = 4 is the smallest" in result.stdout
    assert set(tried()) <= {2, 3, 4, 9}


@pytest.mark.parametrize(("replaced", "message"), [
    (('{"student_d": hp.Int("student_d", 1, 8)}',
      '{"student_d": hp.Int("student_d", 1, 8), "student_steps": hp.Int("student_steps", 1, 8)}'),
     "must give one student_d alone"),
    (('{"student_d": hp.Int("student_d", 1, 8)}', '{"student_d": (hp.Int("student_d", 1, 8), 9)}'),
     "must give one student_d alone"),
    (('hp.Int("student_d", 1, 8)', 'hp.Int("student_d", 1, 8, sampling="log")'), "a bisection needs the values of"),
    (('hp.Int("student_d", 1, 8)', 'hp.Int("student_d", 4, 4)'), "there is nothing to search"),
])
def test_spaces_that_are_no_sizes_are_refused(replaced, message, compressing):
    compressing(*replaced)
    assert message in assert_command_refused("tune", "compressing", "--trials", "3", "--target", "score>=1")


@pytest.mark.slow
def test_the_recipe_of_the_smallest_digits(tmp_path):
    """Quick siblings: the others here, with made-up trainings."""
    arguments = ["tune", "search_size_digits", "--smoke", "--trials", "8", "--target", "size_kib<=100"]
    result = subprocess.run([sys.executable, str(ROOT / "cli.py"), *arguments], cwd=tmp_path, capture_output=True,
                            text=True, timeout=500, check=False)
    assert result.returncode == 0, result.stderr
    run = tmp_path / "runs" / "search_size_digits-tune-smoke"
    found = json.loads((run / "smallest.json").read_text())
    assert found["student_d"] == 1 and found["meets"] is True  # 60 KiB in float32; 118 KiB at d = 2
    assert found["measures"]["size_kib"] == pytest.approx(60, abs=2)
    assert (tmp_path / "saved_models" / f"{run.name}-best" / "student_d1.none.tflite").is_file()
    assert (run / "best" / "report.html").is_file()
