"""What the recipes of cGAN-KD refuse, in one line and before anything is trained, as a person would start them."""

import os
from pathlib import Path

import keras
import pytest
from click.testing import CliRunner
from picture_files import save

from kgan.cli import main

RECIPES = Path(__file__).parent.parent.parent / "recipes"
FOLDER, CIFAR, STEERING, UTKFACE = (RECIPES / f"cgan_kd_{name}.py" for name in (
    "folder", "cifar100", "steering_angle", "utkface"))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def birds():
    """Class folders a and b with eight images each."""
    for number in range(16):
        save(Path("birds") / "ab"[number % 2] / f"{number}.png", 15 * number)


@pytest.fixture
def widths():
    """Sixteen images and a CSV file with their widths, 0 to 7.5, in lines 2 to 17."""
    for number in range(16):
        save(Path("pictures") / f"{number}.png", 15 * number)
    lines = ["file,value", *(f"{number}.png,{number / 2}" for number in range(16))]
    Path("widths.csv").write_text("\n".join(lines) + "\n")


def refused(recipe, *settings, run="run", smoke=True, begun=False):
    """The one line that `fit` ends with, code 2; of a run that was begun, whole stages alone are left, none trained."""
    arguments = ["fit", str(recipe), *(["--smoke"] if smoke else []), "--run-dir", run]
    result = CliRunner().invoke(main, arguments + [part for text in settings for part in ("--set", text)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 2, result.output
    *before, line = result.stderr.splitlines()
    assert line.startswith("Error: ") and "Traceback" not in result.output and result.stdout == ""
    assert not Path(run).exists() or (begun and any(Path(run).glob("*/complete.json")))
    assert not any(Path(run).glob("networks/*"))
    assert not any("..." in text for text in before if not text.startswith(("data ", "teacher ")))
    assert not any(Path(run).glob("*/checkpoints"))
    return line


@pytest.mark.parametrize("line, words", [
    ("0.png,7.75", "the value 7.75 lies out of the range 0 to 7.5"), ("0.png,-1", "the value -1 lies out of the range"),
    ("0.png,wide", "the value must be a number; received 'wide'"), ("0.png,nan", "the value must be a number"),
    ("gone.png,3", "names gone.png, but there is no such image in ")])
def test_a_wrong_label_is_named_by_file_and_line(widths, line, words):
    with open("widths.csv", "a") as file:
        file.write(line + "\n")
    shown = refused(FOLDER, "images=pictures", "labels=widths.csv", "low=0", "high=7.5", begun=True)
    assert f"line 18 of {Path('widths.csv').resolve()}" in shown and words in shown


def test_a_range_that_is_none_is_refused(widths):
    shown = refused(FOLDER, "images=pictures", "labels=widths.csv", "low=9", "high=3", begun=True)
    assert "line 2 of" in shown and "out of the range 9 to 3" in shown


def test_a_class_without_images_is_named(birds):
    Path("birds/crow").mkdir()
    shown = refused(FOLDER, "images=birds", begun=True)
    assert f"class 'crow' has no image: there is no .jpg, .jpeg, .png file in {Path('birds/crow').resolve()}" in shown
    save(Path("birds/owl.png"), 3)
    assert "owl.png stands in no class folder" in refused(FOLDER, "images=birds", begun=True)


@pytest.mark.parametrize("settings, words", [
    (["classes=a,d"], "no class folder 'd'; it has a, b"), (["classes=a"], "classes must be two or more"),
    (["image_size=48"], "image_size must be one of 16, 32, 64; received 48"),
    (["channels=4"], "channels must be 1 or 3; received 4"),
    (["images=bird"], "there is no folder"), (["images=none", "stand_in=false"], "give --set images=DIR"),
    (["labels=widths.csv", "images=none"], "give --set images=DIR"), (["arms=m3"], "received 'm3'")])
def test_what_a_look_at_the_settings_shows_leaves_nothing_behind(birds, settings, words):
    assert words in refused(FOLDER, "images=birds", *settings)
    assert os.listdir() == ["birds"]


@pytest.mark.parametrize("settings, words", [
    (["student=nonesuch"], "nonesuch"), (["test_size=0"], "split 'test' is empty"),
    (["cgan_batch_size=14"], "has 13 images, fewer than one batch of 14"),
    (["batch_size=14"], "has 13 images, fewer than one batch of 14"),
    (["fakes_per_label=5"], "num_fakes of 10 are more than all samples that may be learned from, 4 of each of 2")])
def test_what_would_fail_later_fails_first(birds, settings, words):
    assert words in refused(FOLDER, "images=birds", *settings, begun=True)


@pytest.mark.parametrize("rho, words", [
    ("0", "rho must lie in (0, 1]; received 0.0"), ("1.5", "rho must lie in (0, 1]; received 1.5"),
    ("nan", "setting rho takes a number; received 'nan'"), ("most", "setting rho takes a number; received 'most'")])
@pytest.mark.parametrize("recipe", [FOLDER, CIFAR, STEERING, UTKFACE], ids=lambda path: path.stem)
def test_rho_is_a_share(recipe, rho, words):
    assert words in refused(recipe, f"rho={rho}")
    assert os.listdir() == []


def teacher(outputs, shape=(16, 16, 3), activation=None):
    """A finished network in teacher.keras."""
    images = keras.Input(shape)
    x = keras.layers.GlobalAveragePooling2D()(images)
    keras.Model(images, keras.layers.Dense(outputs, activation)(x)).save("teacher.keras")


@pytest.mark.parametrize("kind, words", [
    ({"outputs": 3}, "gives 3 classes, but image set 'birds' has 2 classes"),
    ({"outputs": 1}, "gives one value an image, but image set 'birds' has 2 classes"),
    ({"outputs": 2, "shape": (32, 32, 3)}, "takes inputs of (None, 32, 32, 3), but image set 'birds' has images of "
                                           "(16, 16, 3)"),
    ({"outputs": 2, "activation": "softmax"}, "gives probabilities, where logits are asked for")])
def test_a_teacher_of_other_classes_or_images_is_refused(birds, kind, words):
    teacher(**kind)
    shown = refused(FOLDER, "images=birds", "teacher_file=teacher.keras", begun=True)
    assert shown.startswith("Error: the teacher in teacher.keras") and words in shown


def test_a_classifier_is_no_teacher_of_numbers(widths):
    teacher(2)
    shown = refused(FOLDER, "images=pictures", "labels=widths.csv", "teacher_file=teacher.keras", begun=True)
    assert "gives 2 classes, but value set 'widths' asks for one value an image: take a regressor" in shown


def test_a_teacher_that_is_no_network_is_refused(birds):
    assert "there is no teacher gone.keras" in refused(FOLDER, "images=birds", "teacher_file=gone.keras", begun=True)
    Path("notes.keras").write_text("no network")
    shown = refused(FOLDER, "images=birds", "teacher_file=notes.keras", run="another", begun=True)
    assert shown.startswith("Error: cannot read the teacher in notes.keras (")


def test_cifar_refuses_a_teacher_of_other_classes():
    teacher(100)
    shown = refused(CIFAR, "teacher_file=teacher.keras", begun=True)
    assert "gives 100 classes, but image set 'digits' has 10 classes: take a classifier of these" in shown


@pytest.mark.parametrize("recipe", [STEERING, UTKFACE, FOLDER])
def test_data_that_nobody_named_are_asked_for(recipe):
    shown = refused(recipe, smoke=False)
    assert "the setting images names the folder" in shown and "give --set images=" in shown
    assert os.listdir() == []


def test_data_of_another_form_are_refused(birds):
    assert "there is no data.txt in" in refused(STEERING, "images=birds", begun=True)
    assert "cannot read an age in the name of" in refused(UTKFACE, "images=birds/a", run="another", begun=True)
