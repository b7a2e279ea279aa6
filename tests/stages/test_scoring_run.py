"""The command `evaluate` on a run: its own data and classifier, others', and what is written into it."""

import json
import shutil
from pathlib import Path
from unittest import mock

import keras
import numpy as np
import picture_files
import pytest
import tiny
from click.testing import CliRunner

from kgan.cli import main
from kgan.data import digits
from kgan.metrics.extractor import load_extractor
from kgan.metrics.frechet import frechet_distance
from kgan.metrics.moments import Moments
from kgan.metrics.sampler import Sampler
from kgan.recipe import Recipe
from kgan.run import fit

RECIPE = '''"""Two generators that are measured."""
import tiny

from kgan.data.digits import load
from kgan.recipe import Stage
from kgan.stages import evaluate, judge
from kgan.stages.training import save_network, write_register


def made(work):
    for name, d in (("large", 3), ("small", 1)):
        save_network(work, name, tiny.generator(d))
    write_register(work, [{"name": "large", "role": "teacher", "parameters": 9, "parameters_paper": 9, "d": 3},
                          {"name": "small", "role": "student", "parameters": 3, "parameters_paper": 3, "d": 1,
                           "objective": "mse"}])


def recipe(num_samples=100, seed=0):
    def data():
        return load(8).take(300)

    return [Stage("features", judge.features(data, steps=2)), Stage("made", made),
            Stage("evaluate", evaluate.Evaluation(data, num_samples), ("features", "made"))]
'''


def call(*arguments, code=0):
    result = CliRunner().invoke(main, ["evaluate", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output + result.stderr
    return result.stderr if code else result.output


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored")
    (folder / "two.py").write_text(RECIPE)
    keras.utils.set_random_seed(1)
    recipe = Recipe(folder / "two.py")
    fit(recipe, recipe.settings(), folder / "run")
    return folder / "run"


@pytest.fixture(autouse=True)
def apart(monkeypatch, tmp_path):
    monkeypatch.setenv("KGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def copy(run, tmp_path):
    """The run without evaluations, to be changed."""
    return Path(shutil.copytree(run, tmp_path / "copy", ignore=shutil.ignore_patterns("evaluations", ".lock")))


def eye(folder, width):
    """Anybody's network of so many features, saved as eye.keras."""
    images = keras.Input((8, 8, 1))
    keras.Model(images, keras.layers.Dense(width)(keras.layers.Flatten()(images))).save(folder / "eye.keras")


def documents(run):
    return [json.loads(path.read_text()) for path in sorted((run / "evaluations").glob("*.json"))]


def test_the_run_itself_and_the_command_agree(run):
    kept = {path.name for path in (run / "references").iterdir()}
    with mock.patch.object(digits, "load", wraps=digits.load) as loaded:
        output = call(run, "--seed", json.loads((run / "metrics.json").read_text())["protocol"]["is_seed"])
    assert loaded.call_count == 1
    (document,) = documents(run)
    own = json.loads((run / "metrics.json").read_text())
    for name in ("large", "small"):
        measures = document["networks"][name]
        for measure in ("is_digits_cnn", "fd_digits_cnn", "precision_digits_cnn", "coverage_digits_cnn", "vol"):
            assert measures[measure] == pytest.approx(own["networks"][name][measure], rel=1e-6), measure
        assert measures["mmd_digits_cnn"] > 0 and measures["num_samples"] == 100
        assert f"{measures['fd_digits_cnn']:.5g}" in output
    assert document["networks"]["large"] != document["networks"]["small"]
    assert document["reference"]["measures"]["vol"] == pytest.approx(own["real"]["vol"])
    assert document["protocol"]["real_split"] == own["protocol"]["real_split"] == "all[first 300]"
    assert document["protocol"]["sampling_seed"] == own["protocol"]["sampling_seed"]
    assert {path.name for path in (run / "references").iterdir()} == kept  # the statistics that the run had kept
    assert str(next((run / "evaluations").iterdir())) in output


def test_other_options_make_a_file_of_their_own(run):
    before = len(documents(run)) if (run / "evaluations").is_dir() else 0
    call(run, "--num-samples", 70, "--network", "small", "--metrics", "fid")
    assert len(documents(run)) == before + 1
    (document,) = [each for each in documents(run) if each["protocol"]["num_fake"] == 70]
    assert list(document["networks"]) == ["small"] and "is_digits_cnn" not in document["networks"]["small"]


def test_anybodys_classifier_and_images(run, tmp_path):
    eye(tmp_path, 4)
    np.save("real.npy", np.uint8(np.random.default_rng(0).uniform(0, 255, (50, 8, 8, 1))))
    call(run, "real.npy", "--features", tmp_path / "eye.keras", "--metrics", "fid,kid", "--num-samples", 60)
    (document,) = [each for each in documents(run) if each["protocol"].get("num_real") == 50]
    assert set(document["networks"]) == {"large", "small"} and document["networks"]["large"]["fd_eye"] > 0
    assert [path.parent.name for path in Path("cache").glob("*.npz")] == ["cache"]


def test_classes_are_compared_one_by_one(copy):
    """The generator makes the classes in turn."""
    labelled = tiny.conditional_generator(classes=10)
    labelled.save(copy / "networks" / "labelled.keras")
    register = copy / "made" / "networks.json"
    register.write_text(json.dumps([*json.loads(register.read_text()), {"name": "labelled", "role": "teacher"}]))
    eye(copy, 16)
    chosen = "--network", "labelled", "--metrics", "intra_fid", "--num-samples", 100, "--features", copy / "eye.keras"
    assert "a class of the generator" in call(copy, *chosen, code=2)
    call(copy, *chosen, "--few")
    (document,) = documents(copy)
    real, made = digits.load(8).take(300), Sampler(labelled)(100, document["protocol"]["sampling_seed"])
    known, fake = (load_extractor(str(copy / "eye.keras")).extract(images)[0] for images in (real.images, made))
    each = [frechet_distance(Moments.of(known[real.labels == label]), Moments.of(fake[label::10]), few=True)
            for label in range(10)]
    assert document["networks"]["labelled"]["intra_fd_eye"] == pytest.approx(np.mean(each), rel=1e-4)
    assert document["protocol"]["intra_fd"] == "mean over the classes" and np.ptp(each) > 1e-3 * np.mean(each)
    assert "the images of the generator" in call(copy, "--metrics", "intra_fid", "--few", "--network", "large", code=2)


def test_a_run_that_compares_with_nothing_is_measured_against_a_folder(copy, tmp_path):
    text = RECIPE.split("    return [Stage")[0]
    (tmp_path / "plain.py").write_text(f'{text}    return [Stage("made", made)]\n')
    description = json.loads((copy / "recipe.json").read_text()) | {"file": str(tmp_path / "plain.py")}
    (copy / "recipe.json").write_text(json.dumps(description))
    for number in range(12):
        picture_files.save(tmp_path / "greys" / f"{number}.png", 20 * number, (8, 8))
    eye(copy, 4)
    features, num = ("--features", copy / "eye.keras", "--metrics", "fid"), ("--num-samples", 40)
    assert "compares no generators with real images" in call(copy, *features, *num, code=2)
    assert "give --num-samples" in call(copy, "greys", "--channels", 1, *features, code=2)
    assert "has no classifier of its own" in call(copy, "greys", "--channels", 1, *num, code=2)
    call(copy, "greys", "--channels", 1, *features, *num)
    (document,) = documents(copy)
    assert set(document["networks"]) == {"large", "small"} and document["networks"]["small"]["fd_eye"] > 0
    assert (document["protocol"]["num_real"], document["protocol"]["real_split"]) == (12, "greys")


def test_wrong_input(run, tmp_path):
    assert "no generator 'medium'; it has large, small" in call(run, "--network", "medium", code=2)
    np.save("other.npy", np.zeros((50, 9, 9, 1), np.uint8))
    assert "8x8x1, the real ones" in call(run, "other.npy", code=2)
    assert "--image-size is of no use" in call(run, "--image-size", 8, code=2)
    bare = tmp_path / "bare"
    bare.mkdir()
    description = json.loads((run / "recipe.json").read_text()) | {"file": "", "recipe": "gone"}
    (bare / "recipe.json").write_text(json.dumps(description))
    assert "no generator" in call(bare, code=2)
