"""Anybody's images through `cgan_kd_folder`: class folders, and files with a number each."""

import json

import keras
import numpy as np
import pytest
from PIL import Image
from smoke import start

RNG = np.random.default_rng(5)


def picture(path, brightness):
    """A PNG of 20x24 pixels of noise about a brightness."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.clip(RNG.normal(brightness, 20, (20, 24, 3)), 0, 255)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def fit(folder, *settings):
    """metrics.json of a smoke run with these settings."""
    arguments = [part for text in settings for part in ("--set", text)]
    start(folder, "fit", "cgan_kd_folder", "--smoke", *arguments)
    run = folder / "runs" / "cgan_kd_folder-smoke"
    return run, json.loads((run / "metrics.json").read_text())


@pytest.mark.slow
def test_class_folders_with_a_finished_teacher(tmp_path):
    """Quick siblings: test_cgan_kd_refused.py, test_cgan_kd_data.py."""
    for number in range(30):
        picture(tmp_path / "birds" / ("crow", "dove", "owl")[number % 3] / f"{number}.png", 40 + 80 * (number % 3))
    images = keras.Input((16, 16, 1))
    logits = keras.layers.Dense(2, use_bias=False)
    keras.Model(images, logits(keras.layers.GlobalAveragePooling2D()(images))).save(tmp_path / "teacher.keras")
    logits.set_weights([np.float32([[-1, 1]])])  # the lighter ones are owls
    keras.Model(images, logits(keras.layers.GlobalAveragePooling2D()(images))).save(tmp_path / "teacher.keras")
    run, metrics = fit(tmp_path, "images=birds", "classes=owl,crow", "channels=1", "test_size=5",
                       "teacher_file=teacher.keras")
    assert metrics["data"] == {"name": "birds", "train": 15, "test": 5, "classes": ["crow", "owl"], "low": None,
                               "high": None}
    assert metrics["networks"]["teacher"]["test_error"] == 0.0 and metrics["networks"]["teacher"]["steps"] == 0
    assert metrics["networks"]["student_m1_m2"]["fakes"] == 4
    source = json.loads((run / "data" / "data.json").read_text())["train"]["source"]
    assert source.startswith(f"15 of 20 images in {(tmp_path / 'birds').resolve()}")


@pytest.mark.slow
def test_files_with_a_number_each(tmp_path):
    """Quick siblings: test_cgan_kd_refused.py, test_cgan_kd_data.py."""
    for number in range(24):
        picture(tmp_path / "pictures" / f"{number}.png", 10 * number)
    lines = ["file,value", *(f"{number}.png,{number / 4}" for number in range(24))]
    (tmp_path / "widths.csv").write_text("\n".join(lines) + "\n")
    _, metrics = fit(tmp_path, "images=pictures", "labels=widths.csv", "unit=mm", "high=6", "test_size=0.25")
    assert metrics["task"] == "regression" and metrics["unit"] == "mm"
    assert metrics["data"] == {"name": "widths", "train": 18, "test": 6, "classes": None, "low": 0.0, "high": 6.0}
    assert metrics["networks"]["student_m1_m2"]["fakes"] == 20
    assert all(0.0 <= network["test_error"] <= 6.0 for network in metrics["networks"].values())
