"""Generators that other code saved, and recorded pairs, compressed by the command; and what it refuses."""

import json
from pathlib import Path

import foreign
import keras
import numpy as np
import pytest
from click.testing import CliRunner
from picture_files import save
from PIL import Image
from smoke import start

from kgan.cli import main

RECIPE = str(Path(__file__).parent.parent.parent / "recipes" / "compress_existing.py")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def drawn(num=60):
    """Latents [num, 3] and colour images [num, 28, 28, 3] in [-1, 1] that follow from them."""
    z = np.random.default_rng(0).normal(size=(num, 3)).astype(np.float32)
    y, x = np.mgrid[:28, :28] / 27.0 - 0.5
    waves = [np.sin(6.0 * x * z[:, i, None, None] + 4.0 * y * z[:, (i + 1) % 3, None, None]) for i in range(3)]
    return z, np.stack(waves, axis=-1)


def exports(run):
    """The register of a run's exports, whose files must be there."""
    found = json.loads((Path("saved_models") / run / "export.json").read_text())
    assert all((Path("saved_models") / run / entry["file"]).stat().st_size for entry in found["files"])
    return found["files"]


@pytest.mark.slow
def test_a_generator_of_plain_keras_leaves_as_tflite(tmp_path):
    """Quick sibling: tests/stages/test_existing_stages.py."""
    z = keras.Input((20,))
    x = keras.layers.Reshape((7, 7, 4))(keras.layers.Dense(7 * 7 * 4, "relu")(z))
    for filters in (6, 1):
        x = keras.layers.Conv2DTranspose(filters, 5, 2, "same", activation="relu" if filters > 1 else "tanh")(x)
    keras.Model(z, x).save("mnist_like.keras")
    start(tmp_path, "fit", RECIPE, "--smoke", "--set", "teacher=mnist_like.keras", "--set", "quantize=none,int8")
    files = exports("compress_existing-smoke")
    assert {entry["network"] for entry in files} == {"student_d1"}
    assert [entry["quantize"] for entry in files] == ["none", "int8"]
    assert files[0]["output"]["shape"] == [None, 28, 28, 1] and files[0]["inputs"][0]["shape"] == [None, 20]
    run = Path("runs/compress_existing-smoke")
    networks = json.loads((run / "metrics.json").read_text())["networks"]
    assert set(networks) == {"teacher", "student_d1"} and networks["student_d1"]["pixel_mse"] > 0
    (tmp_path / "mnist_like.keras").unlink()  # the run has all that it needs
    start(tmp_path, "export", str(run), "--network", "teacher", "--quantize", "none")
    assert {entry["network"] for entry in exports("compress_existing-smoke")} == {"teacher", "student_d1"}


@pytest.mark.slow
def test_recorded_pairs_leave_as_tflite(tmp_path):
    """Quick sibling: tests/stages/test_existing_stages.py."""
    z, images = drawn()
    np.save("z.npy", z[:, :, None, None])
    for number, pixels in enumerate(np.rint((images + 1.0) * 127.5).astype(np.uint8)):
        path = Path("made") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path)
    start(tmp_path, "fit", RECIPE, "--smoke", "--set", "latents=z.npy", "--set", "images=made", "--set",
          "held_out=0.4", "--set", "student_objectives=joint,features")
    files = exports("compress_existing-smoke")
    assert [entry["network"] for entry in files] == ["student_d1_features", "student_d1_joint"]
    assert files[0]["output"]["shape"] == [None, 28, 28, 3]


@pytest.mark.slow
def test_a_saved_model_with_real_images_brings_controls(tmp_path):
    """Quick sibling: tests/stages/test_existing_stages.py."""
    z = keras.Input((5,))
    x = keras.layers.Conv2DTranspose(1, 4, 4, activation="sigmoid")(
        keras.layers.Reshape((4, 4, 2))(keras.layers.Dense(32)(z)))
    foreign.export_keras(tmp_path, keras.Model(z, x))
    for number in range(90):
        save(Path("photos") / f"{number}.png", (number * 2, number, 255 - number), size=(20, 24))
    start(tmp_path, "fit", RECIPE, "--smoke", "--set", "teacher=outsider", "--set", "data=photos", "--set",
          "image_size=16", "--set", "channels=1")
    networks = json.loads(Path("runs/compress_existing-smoke/metrics.json").read_text())["networks"]
    assert set(networks) == {"teacher", "student_d1", "control_d1_lr0.001"}
    start(tmp_path, "evaluate", "runs/compress_existing-smoke", "--metrics", "vol", "--num-samples", "24")


@pytest.mark.parametrize("settings, words", [
    ((), "give --set teacher=FILE, a .keras file or a SavedModel folder, or recorded pairs"),
    (("teacher=a.keras", "latents=z.npy"), "give teacher or latents, not both"),
    (("latents=z.npy",), "latents is given, give images too"), (("labels=y.npy",), "give latents too"),
    (("latents=z.npy", "images=x.npy", "num_classes=3"), "num_classes is of no use with recorded pairs"),
    (("latents=z.npy", "images=x.npy", "held_out=0"), "held_out must lie in (0, 1)"),
    (("teacher=a.keras", "data=photos"), "give image_size with data"),
    (("teacher=a.keras", "image_size=16"), "are about real images, not the teacher's"),
    (("teacher=a.keras", "latents_law=log"), "latents_law must be one of normal, uniform; received 'log'"),
    (("teacher=a.keras", "image_range=0,9"), "received '0,9'"),
    (("teacher=a.keras", "student_objectives=l1"), "received 'l1'"),
    (("teacher=a.keras", "student_d=0"), "student_d takes different positive whole numbers"),
])
def test_settings_that_do_not_fit_are_refused_before_anything_is_written(settings, words):
    message = refused(settings)
    assert words in message and list(Path().iterdir()) == []


def large():
    z = keras.Input((3,))
    x = keras.layers.UpSampling2D(33)(keras.layers.Reshape((2, 2, 1))(keras.layers.Dense(4, "tanh")(z)))
    keras.Model(z, x).save("a.keras")


@pytest.mark.parametrize("make, words", [
    (lambda: None, "a.keras is not there"), (large, "at most 64x64; these are 66x66"),
    (lambda: Path("a.keras").write_text("x"), "cannot load the teacher")])
def test_a_teacher_that_does_not_fit_is_refused_before_anything_is_trained(make, words):
    make()
    assert words in refused(("teacher=a.keras",))
    run = Path("runs/compress_existing")
    assert not any(run.glob("networks/*")) and not any(run.glob("*/checkpoints"))


def refused(settings):
    """The one line that `fit` ends with, code 2."""
    arguments = [part for text in settings for part in ("--set", text)]
    result = CliRunner().invoke(main, ["fit", RECIPE, *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 2, result.output
    errors = [line for line in result.stderr.splitlines() if not line.endswith("...")]
    assert len(errors) == 1 and errors[0].startswith("Error: "), errors
    return errors[0]
