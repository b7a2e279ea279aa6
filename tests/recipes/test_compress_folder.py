"""Anybody's images through `compress_folder`, and CelebA's own files through `compress_celeba`."""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from click.testing import CliRunner
from picture_files import save
from PIL import Image
from smoke import start

from kgan.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(*settings, begun=False):
    """The one line that `fit` ends with, code 2; nothing is left of the run, also where its first stage was begun."""
    arguments = ["fit", "compress_folder", "--smoke", "--run-dir", "run"]
    result = CliRunner().invoke(main, arguments + [part for text in settings for part in ("--set", text)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 2, result.output
    *before, line = result.stderr.splitlines()
    assert line.startswith("Error: ") and "Traceback" not in result.output and result.stdout == ""
    assert not Path("run").exists()
    assert [text for text in before if text.endswith("...")] == (["features ..."] if begun else [])
    return line


def birds(num=20, folder="birds"):
    """Grey-blue PNGs of 20x24 pixels, of as many shades as images."""
    for number in range(num):
        save(Path(folder) / f"{number:02d}.png", (number, number, 100), size=(20, 24))


@pytest.mark.parametrize(("settings", "words"), [
    (["stand_in=false"], "the setting images names the folder or the zip of your images: give --set images=PATH"),
    (["images=nothing"], "nothing is not there: give a folder or a zip of images"),
    (["images=empty", "channels=3"], "has no image: there is no .png, .jpg"),
    (["images=damaged.zip"], "damaged.zip as a zip (File is not a zip file): it is damaged or not whole"),
    (["images=unreadable"], "none of its 1 image files can be read; a.png: cannot read "),
    (["channels=2"], "channels must be 1 or 3; received 2"),
    (["image_size=48"], "image_shape=(48, 48, 3)"),
    (["student_objectives=mse,features", "feature_network=classifier", "features=theirs.keras"],
     "with the setting features (theirs.keras) it trains none"),
    (["student_objectives=features", "feature_layers=stage9"], "'discriminator' has no layer 'stage9'"),
    (["image_output=int8"], "image_output"),
    (["teacher_objective=softest"], "received 'softest'")])
def test_what_a_look_at_the_settings_shows_leaves_nothing_behind(here, settings, words):
    Path("empty").mkdir()
    Path("unreadable").mkdir()
    for path in ("damaged.zip", "unreadable/a.png"):
        Path(path).write_bytes(b"neither")
    assert words in refused(*settings)


def test_what_the_images_do_not_allow_is_refused_before_anything_trains(here):
    def line(*settings):
        return refused("images=birds", *settings, begun=True)

    birds(7)
    assert "has 7 images, fewer than one batch of 8" in line()
    birds()
    small = "20 of 20 images are smaller than 32x32: 00.png (24x20), 01.png (24x20), 02.png (24x20) and 17 more"
    assert small in line("image_size=32")
    Image.fromarray(np.full((20, 20), 9, np.uint8)).save("birds/grey.png")
    assert "1 images are grey, such as grey.png, and 20 are not, such as 00.png" in line()
    assert "none.keras" in line("channels=3", "features=none.keras")


def noise(path, level, channels=3):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.clip(np.random.default_rng(level).normal(level, 30, (24, 20, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(pixels if channels == 3 else pixels[..., 0]).save(path)


@pytest.mark.slow
def test_a_folder_with_damaged_files_becomes_tflite_files(tmp_path):
    """Quick siblings: test_own_images.py, test_features_stage.py, and the refused settings above."""
    for number in range(50):
        noise(tmp_path / "birds" / f"{number:02d}.jpg", 5 * number, 1 if number % 5 == 0 else 3)
    for number in (4, 11, 30):
        (tmp_path / "birds" / f"{number:02d}.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    arguments = ["fit", "compress_folder", "--smoke", "--set", "images=birds", "--set", "channels=1"]
    lines = start(tmp_path, *arguments).stderr.splitlines()
    told = (f"47 of 50 image files in folder {(tmp_path / 'birds').resolve()}; 3 cannot be read and are left out: "
            "04.jpg, 11.jpg, 30.jpg (all of them: runs/compress_folder-smoke/features/left_out.txt)")
    assert lines.count(told) == 1
    run, exports = tmp_path / "runs" / "compress_folder-smoke", tmp_path / "saved_models" / "compress_folder-smoke"
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["headline"] == {"score": "is_birds_clusters_cnn", "distance": "fd_birds_clusters_cnn"}
    assert metrics["protocol"]["num_real"] == 47
    assert metrics["protocol"]["extractor"]["classes"] == "2 k-means clusters of the images, for want of labels"
    assert {path.name for path in exports.glob("student_d1.*.tflite")} == {
        "student_d1.none.tflite", "student_d1.int8.tflite"}
    assert keras.models.load_model(run / "networks" / "student_d1.keras").output_shape == (None, 16, 16, 1)


@pytest.mark.slow
def test_a_zip_measured_by_a_network_from_outside(tmp_path):
    """Quick siblings: test_own_images.py, test_features_stage.py."""
    for number in range(24):
        noise(tmp_path / "two" / "ab"[number % 2] / f"{number}.png", 10 * number)
    with zipfile.ZipFile(tmp_path / "Birds.zip", "w") as archive:
        for path in sorted((tmp_path / "two").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path).as_posix())
    images = keras.Input((16, 16, 3))
    hidden = keras.layers.Dense(6)(keras.layers.Flatten()(images))
    keras.Model(images, {"features": hidden, "logits": keras.layers.Dense(3)(hidden)}).save(tmp_path / "theirs.keras")
    arguments = ["fit", "compress_folder", "--smoke"]
    for setting in ("images=Birds.zip", "features=theirs.keras", "student_objectives=mse,joint,features",
                    "cache_dir=cache", "quantize=none", "image_output=uint8"):
        arguments += ["--set", setting]
    start(tmp_path, *arguments)
    metrics = json.loads((tmp_path / "runs" / "compress_folder-smoke" / "metrics.json").read_text())
    assert metrics["headline"] == {"score": "is_theirs", "distance": "fd_theirs"}
    assert "held_out_accuracy" not in metrics["protocol"]["extractor"]
    assert {"student_d1", "student_d1_joint", "student_d1_features"} <= set(metrics["networks"])
    file = tmp_path / "saved_models" / "compress_folder-smoke" / "student_d1.none.tflite"
    assert Interpreter(str(file)).get_output_details()[0]["dtype"] == np.uint8
    assert [path.name.split("_")[0] for path in (tmp_path / "cache").iterdir()] == ["birds"]


@pytest.mark.slow
def test_celebas_own_zip(tmp_path):
    """Quick sibling: test_celeba_files.py."""
    with zipfile.ZipFile(tmp_path / "img_align_celeba.zip", "w") as archive:
        for number in range(1, 25):
            path = tmp_path / "faces" / f"{number:06d}.jpg"
            noise(path, 10 * number)
            archive.write(path, f"img_align_celeba/{path.name}")
    start(tmp_path, "fit", "compress_celeba", "--smoke", "--set", "aligned=img_align_celeba.zip", "--set",
          "split=train[:75%]")
    metrics = json.loads((tmp_path / "runs" / "compress_celeba-smoke" / "metrics.json").read_text())
    assert metrics["headline"]["distance"] == "fd_celeba_clusters_cnn"
    assert metrics["protocol"]["num_real"] == 18 and metrics["protocol"]["real_split"] == "train[:75%]"
