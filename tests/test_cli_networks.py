"""The commands `sample` and `export` on a run folder with small untrained generators."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from kgan.cli import main


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


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run folder with two small generators of different size in its networks."""
    import keras

    from kgan.networks.dcgan import dcgan_generator

    folder = tmp_path_factory.mktemp("trained") / "little"
    (folder / "networks").mkdir(parents=True)
    for name, stage, role, channels in (("teacher_d1", "teacher", "teacher", 3),
                                        ("student_d1", "students", "student", 1)):
        keras.utils.set_random_seed(channels)
        dcgan_generator(1, (32, 32, channels), latent_dim=6).save(folder / "networks" / f"{name}.keras")
        (folder / stage).mkdir()
        (folder / stage / "networks.json").write_text(json.dumps([{"name": name, "role": role, "d": 1}]))
    (folder / "recipe.json").write_text(json.dumps(
        {"recipe": "little", "settings": {"seed": 0}, "stages": ["teacher", "students"]}))
    return folder


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return trained


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_sample_draws_a_grid_of_the_first_student(run):
    assert call("sample", run, "--num", "10").stdout == "10 images: samples.png\n"
    sheet = pixels("samples.png")
    assert sheet.shape == (2 * 32, 8 * 32)
    assert (sheet[32:, 2 * 32 :] == 0).all() and (sheet[:32].reshape(32, 8, 32).std((0, 2)) > 0).all()
    call("sample", run, "--num", "10", "--network", "student_d1", "--out", "again.png")
    assert Path("again.png").read_bytes() == Path("samples.png").read_bytes()
    call("sample", run, "--num", "10", "--seed", "1", "--out", "other.png")
    assert (pixels("other.png") != sheet).any()
    assert sorted(os.listdir()) == ["again.png", "other.png", "samples.png"]


def test_sample_writes_a_folder_of_the_same_images(run):
    text = call("sample", run, "--num", "3", "--network", "teacher_d1", "--out", "a/b").stdout
    assert text == "3 images in a/b\n"
    assert sorted(os.listdir("a/b")) == ["000000.png", "000001.png", "000002.png"]
    call("sample", run, "--num", "3", "--network", "teacher_d1", "--out", "grid.png")
    sheet = pixels("grid.png")
    for number in range(3):
        assert np.array_equal(pixels(f"a/b/{number:06d}.png"), sheet[:, 32 * number : 32 * (number + 1)])
    assert sheet.shape == (32, 256, 3)


def test_sample_interpolates_between_images_of_the_seed(run):
    text = call("sample", run, "--interpolate", "--num", "2", "--out", "lines.png").stdout
    assert text == "2 rows of 9 images: lines.png\n"
    lines = pixels("lines.png")
    assert lines.shape == (2 * 32, 9 * 32)
    call("sample", run, "--num", "4", "--out", "ends.png")
    ends = pixels("ends.png")
    for row in range(2):
        for column, end in ((0, 2 * row), (8, 2 * row + 1)):
            drawn = lines[32 * row : 32 * (row + 1), 32 * column : 32 * (column + 1)].astype(int)
            assert np.abs(drawn - ends[:, 32 * end : 32 * (end + 1)]).max() <= 1


@pytest.mark.parametrize(("arguments", "message"), [
    (["--network", "nothing"], "has no network 'nothing'; it has student_d1, teacher_d1"),
    (["--out", "full"], "full is there already: --out takes a new or empty folder, or a file ending in .png"),
    (["--out", "file"], "file is there already"),
    (["--out", "file/x"], "so file/x cannot be written"),
    (["--out", "file/deep/x.png"], "so file/deep/x.png cannot be written"),
    (["--out", "folder.png"], "folder.png is a folder: --out takes a file ending in .png"),
    (["--interpolate", "--out", "lines"], "--interpolate draws one grid: --out must end in .png; received lines"),
    (["--class", "3", "--out", "threes"], "student_d1 takes no labels: leave --class out"),
])
def test_sample_refuses_wrong_input(run, arguments, message):
    for folder in ("full", "folder.png"):
        Path(folder).mkdir()
    Path("full/mine.txt").touch()
    Path("file").touch()
    assert message in assert_refused("sample", run, "--num", "2", *arguments)
    assert sorted(os.listdir()) == ["file", "folder.png", "full"] and os.listdir("full") == ["mine.txt"]


@pytest.mark.parametrize("command", ["sample", "export"])
def test_folders_without_networks_are_refused(run, command):
    assert assert_refused(command, "nowhere") == "Error: nowhere is no run folder: it has no recipe.json"
    line = assert_refused(command, "nowhere", "--network", "a")
    assert line == "Error: nowhere has no network 'a'; it has none yet"
    assert os.listdir() == []
    Path("begun").mkdir()
    Path("begun/recipe.json").write_text('{"recipe": "little", "settings": {}, "stages": ["teacher"]}')
    assert assert_refused(command, "begun") == "Error: begun has no trained networks"


@pytest.mark.parametrize("arguments", [["--num", "0"], ["--seed", "-1"], ["--num", "x"]])
def test_sample_refuses_numbers_out_of_range(run, arguments):
    assert "Invalid value" in call("sample", run, *arguments, code=2).stderr


def test_export_writes_the_files_it_names(run):
    kinds = ["--quantize", "none", "--quantize", "float16"]
    lines = call("export", run, "--network", "student_d1", *kinds).stdout.splitlines()
    assert lines == ["saved_models/little/student_d1.none.tflite", "saved_models/little/student_d1.float16.tflite"]
    register = json.loads(Path("saved_models/little/export.json").read_text())
    assert [entry["file"] for entry in register["files"]] == [Path(line).name for line in lines]
    assert sorted(os.listdir("saved_models/little")) == sorted(
        ["export.json", "student_d1", *(Path(line).name for line in lines)])


def test_export_of_pixels_is_asked_for_or_the_runs_own_setting(run, monkeypatch):
    """`test_export_pixels` has the files themselves."""
    from kgan.stages import delivery

    asked = []
    monkeypatch.setattr(delivery, "export_network", lambda *_, image_output, **__: asked.append(image_output) or [])
    monkeypatch.setattr(delivery, "_keep_register", lambda *_: None)
    arguments = ["export", run, "--network", "student_d1"]
    assert "'int8' is not one of 'float32', 'uint8'" in call(*arguments, "--image-output", "int8", code=2).stderr
    call(*arguments)
    call(*arguments, "--image-output", "uint8")
    description = (run / "recipe.json").read_text()
    try:
        (run / "recipe.json").write_text(json.dumps(json.loads(description) | {"settings": {"image_output": "uint8"}}))
        call(*arguments)
        call(*arguments, "--image-output", "float32")
    finally:
        (run / "recipe.json").write_text(description)
    assert asked == ["float32", "uint8", "uint8", "float32"]


def test_export_refuses_the_folder_of_another_run(run):
    folder = Path("saved_models/little")
    folder.mkdir(parents=True)
    (folder / "export.json").write_text(json.dumps({"run": "another"}))
    assert "saved_models/little holds the exports of another run (another)" in assert_refused("export", run)
    assert os.listdir(folder) == ["export.json"]
