"""Real processes that are killed, stopped, doubled or run out of space, against a run that was left alone.

The quick siblings, within one process: test_run.py (what is skipped and what goes on), test_run_refused.py (the lock),
test_cli.py (exit codes), training/ (a training that goes on from a checkpoint).
"""

import csv
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SETTINGS = {"features_steps": 20, "teacher_d": "3", "teacher_steps": 100, "student_steps": 100,
            "control_steps": 100}
RUN = Path("runs/compress_digits-smoke")
EXPORTS = Path("saved_models/compress_digits-smoke")
LIMIT = 200  # seconds that any one process may take


def start(folder, file_size=None):
    """Starts the run, or goes on with it, in `folder`; no file may grow beyond `file_size` bytes."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    command = [sys.executable, str(ROOT / "cli.py"), "fit", "compress_digits", "--smoke"]
    for name, value in SETTINGS.items():
        command += ["--set", f"{name}={value}"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=limit if file_size else None)


def end(process):
    """(exit code, lines on standard error that are not the C++ libraries')."""
    _, errors = process.communicate(timeout=LIMIT)
    assert "Traceback" not in errors, errors
    return process.returncode, errors.splitlines()


def finish(folder):
    """Runs to the end."""
    code, lines = end(start(folder))
    assert code == 0, lines


def assert_refused(process):
    """The one line with which a process ends that was given wrong input, or no room."""
    code, lines = end(process)
    errors = [line for line in lines if line.startswith("Error")]
    assert code == 2 and len(errors) == 1, (code, lines)
    assert lines[-1] == errors[0]
    return errors[0]


def wait_for(process, path, seconds=0.0):
    """Until `path` is there and some time more; fails if the process ends before."""
    deadline = time.monotonic() + LIMIT
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.005)
    time.sleep(seconds)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != ".lock"}


def parts(folder):
    return [path for path in folder.rglob("*") if path.name.endswith(".part")]


def assert_same_run(folder, reference):
    """Weights and measures bit for bit, the log's steps and losses, samples and TFLite files."""
    import keras

    names = sorted(path.name for path in (reference / RUN / "networks").iterdir())
    assert len(names) == 5  # classifier, teacher and its discriminator, student, control
    assert sorted(path.name for path in (folder / RUN / "networks").iterdir()) == names
    for name in names:
        ours, theirs = (keras.models.load_model(place / RUN / "networks" / name, compile=False).get_weights()
                        for place in (folder, reference))
        assert len(ours) == len(theirs)
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True)), name
    assert (folder / RUN / "metrics.json").read_bytes() == (reference / RUN / "metrics.json").read_bytes()
    for stage in ("teacher", "students", "controls"):
        ours, theirs = losses(folder / RUN / stage), losses(reference / RUN / stage)
        assert ours == theirs, stage
    ours, theirs = contents(folder), contents(reference)
    alike = [name for name in theirs if name.endswith((".png", ".tflite"))]
    assert len(alike) > 30
    assert [name for name in alike if ours.get(name) != theirs[name]] == []
    assert parts(folder) == []


def losses(stage):
    """The rows of a stage's log without the seconds."""
    with open(stage / "log.csv", newline="", encoding="utf-8") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The folder of a run that no one disturbed."""
    folder = tmp_path_factory.mktemp("reference")
    finish(folder)
    return folder


# When to kill: a file's appearance and seconds after it, and the stage that must then be open.
KILLS = [
    (RUN / "teacher/checkpoints/step-00000020.npz", 0.1, "teacher"),  # between two checkpoints
    (RUN / "students/log.csv", 0.0, "students"),  # before the first checkpoint
    (RUN / "controls/checkpoints/step-00000100.npz", 0.0, "controls"),  # trained, but not yet saved
    (RUN / "evaluate/samples.npz", 0.0, "evaluate"),
    (EXPORTS / "export.json", 0.0, "export"),  # the first network's files are there
]


def test_a_run_killed_in_every_stage_ends_like_one_left_alone(tmp_path, reference):
    """Quick sibling: test_run.py::test_a_stage_that_broke_off_goes_on."""
    for path, seconds, stage in KILLS:
        process = start(tmp_path)
        wait_for(process, tmp_path / path, seconds)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert (tmp_path / RUN / stage).is_dir() and not (tmp_path / RUN / stage / "complete.json").exists()
    finish(tmp_path)
    assert_same_run(tmp_path, reference)


def test_after_a_full_disk_and_signals_a_run_ends_like_one_left_alone(tmp_path, reference):
    """One run meets all of it, so that only one has to be brought to its end."""
    assert_a_full_disk_ends_in_a_line(tmp_path)
    assert_signals_stop_with_a_checkpoint_and_a_second_process_is_refused(tmp_path)
    finish(tmp_path)
    assert_same_run(tmp_path, reference)


def assert_signals_stop_with_a_checkpoint_and_a_second_process_is_refused(tmp_path):
    """Quick siblings: test_run_refused.py::test_a_folder_in_use_by_a_real_process_is_refused_until_that_ends,
    test_cli.py::test_exit_codes."""
    for number, stage, other in ((signal.SIGTERM, "teacher", True), (signal.SIGINT, "students", False)):
        process = start(tmp_path)
        wait_for(process, tmp_path / RUN / stage / "checkpoints/step-00000020.npz")
        if other:
            process.send_signal(signal.SIGSTOP)  # so that it is sure to be at it still
            before = contents(tmp_path)
            assert "is in use by another process" in assert_refused(start(tmp_path))
            assert contents(tmp_path) == before
            process.send_signal(signal.SIGCONT)
        process.send_signal(number)
        code, lines = end(process)
        assert code == 4
        assert lines[-1] == f"Error: stopped by {number.name}; the same command goes on from the last checkpoint"
        steps = sorted(int(path.stem[5:]) for path in (tmp_path / RUN / stage / "checkpoints").iterdir())
        assert 20 <= steps[-1] < 100
        assert not (tmp_path / RUN / stage / "complete.json").exists() and parts(tmp_path) == []


def assert_a_full_disk_ends_in_a_line(tmp_path):
    """Quick siblings: test_cli.py::test_exit_codes, test_files.py.

    A limit to a file's size stands for the full disk: the classifier (540 KiB) does not fit the first one,
    the teacher's checkpoint (790 KiB) not the second.
    """
    for kib, stage, whole in ((200, "features", ()), (650, "teacher", ("networks/classifier.keras",))):
        before = contents(tmp_path)
        line = assert_refused(start(tmp_path, kib << 10))
        assert line.startswith("Error: File too large") and line.endswith("give the same command again")
        assert parts(tmp_path) == []
        after = contents(tmp_path)
        assert {name: after.get(name) for name in before} == before
        assert f"{RUN}/{stage}/complete.json" not in after
        assert [name for name in after if name.endswith((".keras", ".npz"))] == [f"{RUN}/{name}" for name in whole]
