"""What the recipes of knowledge distillation refuse, in one line and before anything is trained."""

import os
from pathlib import Path

import distil
import pytest
from click.testing import CliRunner

from kgan.cli import main

RECIPES = Path(__file__).parent.parent.parent / "recipes"
CIFAR, GRID, STEERING, UTKFACE, FOLDERS = (RECIPES / f"kd_{name}.py" for name in (
    "cifar100", "grid", "steering_angle", "utkface", "imagenet100"))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(recipe, *settings, smoke=True, begun=False):
    """The one line that `fit` ends with, code 2; of a run that was begun, nothing is trained."""
    arguments = ["fit", str(recipe), *(["--smoke"] if smoke else []), "--run-dir", "run"]
    result = CliRunner().invoke(main, arguments + [part for text in settings for part in ("--set", text)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 2, result.output
    *before, line = result.stderr.splitlines()
    assert line.startswith("Error: ") and "Traceback" not in result.output and result.stdout == ""
    assert Path("run").exists() == begun and not any(Path("run").glob("networks/*"))
    assert not any("..." in text for text in before if not text.startswith(("data ", "teacher_")))
    assert not any(Path("run").glob("*/checkpoints"))
    return line


@pytest.mark.parametrize("recipe, settings, words", [
    (CIFAR, ["method=okd"], "there is no technique 'okd'; the names are blkd, fitnet"),
    (CIFAR, ["teacher=resnet9"], "there is no network 'resnet9'; the names are resnet8"),
    (CIFAR, ["student=none"], "there is no network 'none'"), (CIFAR, ["temperature=warm"], "takes a number"),
    (CIFAR, ["quantize=int4"], "int4"),
    (GRID, ["methods=at,okd"], "there is no technique 'okd'"),
    (GRID, ["pairs=resnet14-resnet8"], "a pair is written teacher>student or teacher>assistant>student; received "),
    (GRID, ["pairs=resnet14>resnet9"], "there is no network 'resnet9'"), (GRID, ["pairs="], "needs a pair"),
    (STEERING, ["stand_in=false"], "the setting images names the folder with Steering Angle's data.txt"),
    (UTKFACE, ["stand_in=false"], "the setting images names the folder of UTKFace's photographs"),
    (FOLDERS, ["stand_in=false"], "the setting images names the folder of ImageNet-100")])
def test_what_a_look_at_the_settings_shows_leaves_nothing_behind(recipe, settings, words):
    assert words in refused(recipe, *settings)
    assert os.listdir() == []


def test_data_that_nobody_named_are_asked_for():
    assert "give --set images=DIR" in refused(STEERING, smoke=False)
    assert os.listdir() == []


@pytest.mark.parametrize("recipe, settings, words", [
    (CIFAR, ["temperature=0"], "temperature must be"),
    (CIFAR, ["method=at", "student_layers=nothing"], "the student 'resnet8' has no layer 'nothing'; among its layers"),
    (CIFAR, ["method=blkd", "teacher_layers=f1"], "BLKD looks at no inner features: leave out teacher_layers"),
    (CIFAR, ["method=takd", "assistant=none"], "TAKD goes by way of an assistant between teacher and student: name"),
    (STEERING, ["methods=pkt"], "PKT distils classifiers: for regressors there are FitNet, AT, RKD"),
    (CIFAR, ["method=crd", "teacher=densenet121"], "CRD looks at the pooled vector before the logits, and the teacher "
                                                   "'densenet121' has none that its reference takes")])
def test_what_would_fail_later_fails_with_the_data(recipe, settings, words):
    assert words in refused(recipe, *settings, begun=True)


@pytest.mark.parametrize("kind, words", [
    ({"classes": 3}, "the teacher tells 3 classes, the student 10: take a teacher trained on the student's classes"),
    ({"classes": 10, "shape": (32, 32, 3)}, "the teacher takes images of (32, 32, 3), the student of (16, 16, 3)")])
def test_a_finished_teacher_of_other_classes_or_images_is_refused(kind, words):
    distil.smallest(3, **{"shape": (16, 16, 3)} | kind).save("teacher.keras")
    assert words in refused(CIFAR, "teacher_file=teacher.keras", begun=True)
