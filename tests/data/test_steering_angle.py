import numpy as np
import pytest
from picture_files import refused, save

from kgan.data import steering_angle

# 60 frames at 0, 50 from -88.13 up to 9.87 in steps of 2, 45 at 97.92; frame i has the colour i
ANGLES = [0.0] * 60 + [-88.13 + 2 * i for i in range(50)] + [97.92] * 45


def write(root, lines, frames=None):
    for number in range(len(lines)) if frames is None else frames:
        save(root / f"{number}.jpg", number, size=(4, 6))
    (root / "data.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def drive(tmp_path_factory):
    root = tmp_path_factory.mktemp("drive") / "driving_dataset"
    lines = [f"{number}.jpg {angle}" for number, angle in enumerate(ANGLES)]
    lines += ["155.jpg -88.14", "156.jpg 98.0"]  # out of the paper's range
    write(root, [*lines[:3], "", *lines[3:]], frames=range(157))
    return root


def test_angles_from_the_text(drive):
    frames = steering_angle.load(drive, 4, "all")
    assert (frames.name, frames.unit, frames.low, frames.high) == ("steering_angle", "degrees", -88.13, 97.92)
    assert frames.images.shape == (155, 4, 4, 3)
    np.testing.assert_array_equal(frames.images[:, 0, 0, 0], np.arange(155))
    np.testing.assert_allclose(frames.values, ANGLES, atol=1e-4)
    assert frames.targets.min() == 0.0 and frames.targets.max() == 1.0
    assert len(steering_angle.load(drive.parent, 4, "all")) == 155  # the folder above


def test_80_percent_of_each_interval_for_training(drive):
    train, test = (steering_angle.load(drive, 4, split, seed=1) for split in ("train", "test"))
    both = np.concatenate([train.images, test.images])[:, 0, 0, 0]
    np.testing.assert_array_equal(np.sort(both), np.arange(155))
    # intervals: 40 from -88.13 to -10.13; 5 up to -0.13 and the 60 at 0; 5 from 1.87 and the 45 at 97.92
    held = [np.sum(test.values < -9), np.sum((test.values > -9) & (test.values < 1)), np.sum(test.values > 1)]
    assert held == [8, 13, 10]
    others = {tuple(steering_angle.load(drive, 4, "test", seed=seed).images[:, 0, 0, 0]) for seed in range(4)}
    assert len(others) == 4


def test_dates_and_a_folder_of_frames_beside_the_text(tmp_path):
    for number in range(3):
        save(tmp_path / "data" / f"{number}.jpg", 50 * number)
    (tmp_path / "data.txt").write_text("2.jpg 3.63,2018-07-01 17:09:44:912\n0.jpg -1.5,2018-07-01 17:09:44:999\n")
    frames = steering_angle.load(tmp_path, 4, "all")
    np.testing.assert_allclose(frames.values, [3.63, -1.5], atol=1e-6)
    np.testing.assert_array_equal(frames.images[:, 0, 0, 0], [100, 0])


def test_what_does_not_fit_is_refused(tmp_path):
    load = steering_angle.load
    assert steering_angle.URL in refused(load, tmp_path / "none")
    message = refused(load, tmp_path)
    assert "no data.txt" in message and str(tmp_path) in message
    for line in ("1.jpg", "1.jpg left", "1.jpg nan", "1.jpg ,2018", "1.jpg inf"):
        write(tmp_path, ["0.jpg 1.0", line])
        message = refused(load, tmp_path)
        assert "line 2 of" in message and repr(line) in message
    write(tmp_path, ["0.jpg 1.0", "7.jpg 2.0"])
    message = refused(load, tmp_path)
    assert "line 2 of" in message and "names 7.jpg" in message
    write(tmp_path, [])
    assert "names no frame" in refused(load, tmp_path)
    write(tmp_path, ["0.jpg 100", "1.jpg -200"])
    assert "lies in -88.13 to 97.92" in refused(load, tmp_path)
    write(tmp_path, ["0.jpg 1.0"])
    assert "split 'test'" in refused(load, tmp_path, 4, "test")
    (tmp_path / "0.jpg").write_bytes(b"torn")
    assert "0.jpg" in refused(load, tmp_path, 4, "all")
