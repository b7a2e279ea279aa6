"""Reading run folders: what is missing is named, what is damaged is refused in one line."""

import json

import numpy as np
import pytest
import report_runs

from kgan.errors import InputError
from kgan.report.load import number, read_images, read_run


def test_a_whole_run(tmp_path):
    run = read_run(report_runs.write_run(tmp_path / "run", seed=3))
    assert run.seed == 3 and run.missing == ()
    assert run.networks["student_d2"]["is_digits_cnn"] == 8.5
    assert set(run.logs) == {"teacher", "students", "controls"}
    assert run.logs["teacher"].columns["seconds"][:3].tolist() == [0.0, 0.5, 1.0]
    images = read_images(tmp_path / "run")
    assert images.samples["d16"].shape == (12, 8, 8, 1)
    assert images.interpolation["student_d1"].shape == (3, 9, 8, 8, 1)
    assert images.real.dtype == np.uint8


def test_missing_parts_are_named(tmp_path):
    folder = report_runs.write_run(tmp_path / "run", without=("metrics.json", "students/log.csv",
                                                              "evaluate/real.npz"))
    run = read_run(folder)
    assert run.missing == ("metrics.json", "students/log.csv", "evaluate/real.npz")
    assert run.networks == {} and read_images(folder).real is None


def test_log_cells_that_are_empty_or_not_finite(tmp_path):
    folder = report_runs.write_run(tmp_path / "run")
    lines = ["step,seconds,d16/loss,d8/loss", "1,0.1,2.5,", "2,0.2,nan,7", "3,0.3,inf"]
    (folder / "teacher/log.csv").write_text("\n".join(lines) + "\n")
    log = read_run(folder).logs["teacher"]
    assert np.isnan(log.columns["d16/loss"]).tolist() == [False, True, True]
    assert log.columns["d8/loss"][1] == 7.0 and np.isnan(log.columns["d8/loss"][[0, 2]]).all()
    assert log.not_finite == {"d16/loss": 2}


def test_what_a_run_was_never_to_have_is_not_missing(tmp_path):
    """A teacher that was given has no training, and with it there may be no controls and no real images."""
    folder = report_runs.write_run(tmp_path / "run", stages=["teacher", "students"], without=(
        "teacher/log.csv", "controls/log.csv", "evaluate/real.npz"))
    metrics = json.loads((folder / "metrics.json").read_text()) | {"real": {}}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    assert read_run(folder).missing == ("teacher/log.csv",)
    (folder / "teacher").mkdir(exist_ok=True)
    (folder / "teacher" / "networks.json").write_text('[{"name": "teacher", "role": "teacher", "weights": "given"}]')
    run = read_run(folder)
    assert run.missing == () and set(run.logs) == {"students"}
    (folder / "teacher" / "networks.json").write_text('[{"name": "teacher", "role": "teacher", "weights": "ema"}]')
    assert read_run(folder).missing == ("teacher/log.csv",)


@pytest.mark.parametrize(("name", "text"), [
    ("recipe.json", "{'single': 1}"), ("metrics.json", "[1, 2]"), ("metrics.json", '{"networks": [1]}'),
    ("metrics.json", '{"networks": {"d1": 5}}'), ("metrics.json", '{"headline": {"score": 3}}'),
    ("export/export.json", '{"files": {"a": 1}}'), ("export/export.json", '{"files": [3]}'),
    ("recipe.json", '{"settings": 5}'), ("teacher/log.csv", "step,loss\n1,high\n"),
])
def test_damaged_files_are_refused_in_one_line(tmp_path, name, text):
    folder = report_runs.write_run(tmp_path / "run")
    (folder / name).write_text(text)
    with pytest.raises(InputError) as caught:
        read_run(folder)
    assert "\n" not in str(caught.value) and name.rsplit("/", 1)[-1] in str(caught.value)


@pytest.mark.parametrize("content", [b"no archive", b"PK\x03\x04 cut short"])
def test_damaged_images(tmp_path, content):
    folder = report_runs.write_run(tmp_path / "run")
    (folder / "evaluate/samples.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"samples\.npz"):
        read_images(folder)


@pytest.mark.parametrize("array", [np.zeros((2, 8, 8, 1)), np.zeros((2, 8, 8), np.uint8),
                                   np.zeros((2, 8, 8, 4), np.uint8), np.zeros((0, 8, 8, 1), np.uint8)])
def test_images_of_another_form(tmp_path, array):
    folder = report_runs.write_run(tmp_path / "run")
    np.savez(folder / "evaluate/samples.npz", d16=array)
    with pytest.raises(InputError, match="'d16'"):
        read_images(folder)


def test_folders_that_are_no_run(tmp_path):
    with pytest.raises(InputError, match="no run folder"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(InputError, match="none of the files"):
        read_run(tmp_path)


def test_number_takes_finite_numbers_only():
    assert number(3) == 3.0 and number(-0.5) == -0.5
    assert [number(value) for value in (True, "3", None, float("nan"), json.loads("Infinity"))] == [None] * 5
