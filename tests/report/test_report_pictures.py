"""Image strips, charts and the paper's table."""

import base64
import io
import re

import numpy as np
import pytest
import report_runs
from PIL import Image

from kgan.report.figures import Series, against_d, over_steps
from kgan.report.grids import columns_within, resize, strip
from kgan.report.groups import group_runs
from kgan.report.load import read_images, read_run
from kgan.report.pictures import interpolation_blocks, objective_block, sample_blocks
from kgan.report.rows import paper_rows, paper_table, show


def decode(uri):
    prefix = "data:image/png;base64,"
    assert uri.startswith(prefix)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri[len(prefix):]))).convert("RGBA"))


def test_a_strip_repeats_pixels():
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    shown = decode(strip(images[:2]))
    assert shown.shape == (48, 48 + 2 + 48, 4)
    assert (shown[20, 50 + 13, :3] == images[1, 20 // 6, 13 // 6]).all() and shown[20, 63, 3] == 255
    assert (shown[:, 48:50, 3] == 0).all()
    grey = decode(strip(images[:1, ..., :1]))
    assert (grey[30, 47, :3] == images[0, 5, 7, 0]).all()


def test_large_images_are_means_of_blocks():
    image = np.random.default_rng(1).integers(0, 256, (129, 100, 1), np.uint8)
    small = resize(image)  # 129 / 64 rounds up to 3
    assert small.shape == (43, 33, 1)
    assert small[42, 5, 0] == round(float(image[126:129, 15:18, 0].mean()))


def test_the_budget_of_columns():
    assert columns_within(100_000, 10, (32, 32, 3)) == 3  # 100,000 / (3,072 * 10) = 3.26
    assert columns_within(10**9, 10, (32, 32, 3)) == 10
    assert columns_within(1, 10, (32, 32, 3)) == 2


def test_rows_of_samples_and_interpolations(tmp_path):
    joint = report_runs.network("student", 2, 8.5, 14.0, objective="joint")
    folder = report_runs.write_run(tmp_path / "run", networks={**report_runs.NETWORKS, "joint_d2": joint})
    (group,) = group_runs([read_run(folder)])
    images = read_images(folder)
    blocks = sample_blocks(group, images)["blocks"]
    assert [[row["label"] for row in block["rows"]] for block in blocks] == [
        ["teacher d = 16", "student d = 1, mse", "control d = 1"],
        ["teacher d = 16", "student d = 2, mse", "student d = 2, joint", "control d = 2"]]
    assert blocks[1]["heading"] == "d = 2, 28,471 parameters, 13.3 times smaller than the teacher"
    control = decode(blocks[0]["rows"][2]["src"])[::6, :48:6, 0]
    assert (control == images.samples["control_d1"][0, ..., 0]).all()
    assert [row["label"] for row in objective_block(group, images)] == [
        "teacher d = 16", "student d = 2, mse", "student d = 2, joint"]
    first, _ = interpolation_blocks(group, images)
    assert first["rows"][0]["label"] == "teacher d = 16" and len(first["rows"]) == 4
    last = decode(first["rows"][0]["src"])[::6, -48::6, 0]
    assert (last == images.interpolation["d16"][0, -1, ..., 0]).all()


def test_a_chart_says_its_points_and_keeps_its_colours():
    series = [Series("student", "student", [1, 4], [2.0, 3.0], [0.5, None]),
              Series("control", "control", [1, 4], [1.0, 2.0], [None, None])]
    svg = against_d("n", "a <chart>", "score", series, level=("teacher", 3.5, 0.1))
    assert 'aria-label="a &lt;chart&gt;"' in svg and "http" not in svg
    for role in ("teacher", "student", "control"):
        assert f"var(--{role}, " in svg
    assert ">1</text>" in svg and ">4</text>" in svg and "#010203" not in svg
    assert all(name.startswith("n-") for name in re.findall(r'\bid="([^"]*)"', svg))
    assert set(re.findall(r"url\(#([^)]*)\)", svg)) <= set(re.findall(r'\bid="([^"]*)"', svg))


def test_a_loss_chart_takes_gaps_and_long_logs():
    steps = np.arange(10_000.0)
    falling = np.exp(-steps / 1000) + 1e-3
    curves = {"_a<b>": np.where(steps % 2, np.nan, falling), "none": np.full(10_000, np.nan)}
    svg = over_steps("n", "alt", "mse", "student", steps, curves)
    assert " _a&lt;b&gt;</text>" in svg and len(svg) < 40_000


PRINTED = {  # the rows of the paper's table 1: students, then regular GANs, smallest d first
    "MNIST": ("5.80 6.41 6.60 6.83 6.87 6.93 6.97", "1.86 3.63 4.73 5.07 6.08 6.51 6.63"),
    "CIFAR-10": ("11.76 11.00 9.57 8.39 7.80 7.58", "38.72 14.28 11.85 9.90 7.86 7.64"),
    "CelebA": ("12.15 10.97 8.78 6.29 4.84 4.54", "45.49 18.72 11.06 9.14 5.05 4.62"),
}


@pytest.mark.parametrize("dataset", PRINTED)
def test_the_papers_table_is_as_printed(dataset):
    rows = [row for row in paper_rows() if row["dataset"] == dataset and row["student"] is not None]
    assert [row["d"] for row in rows] == sorted(row["d"] for row in rows)
    for key, printed in zip(("student", "regular"), PRINTED[dataset], strict=True):
        assert " ".join(f"{row[key]:.2f}" for row in rows) == printed


def test_the_papers_table_fits_its_own_formula():
    rows = paper_rows()
    teachers = {"MNIST": 256, "CIFAR-10": 64, "CelebA": 128}
    assert {row["dataset"]: row["d"] for row in rows if row["teacher"] is not None} == teachers

    def count(d):
        return 672 * d**2 + (12815 + 16) * d + 1

    for row in rows:
        assert row["parameters"] == count(row["d"])
        assert row["ratio"] == round(count(teachers[row["dataset"]]) / count(row["d"]))
        if row["student"] is not None:
            assert (row["student"] > row["regular"]) == (row["measure"] == "IS")
    # Printed in the abstract and in the text: 1669:1, 58:1, 87:1; the first keeps 83% of the teacher's IS.
    ratios = {(row["dataset"], row["d"]): row["ratio"] for row in rows}
    assert (ratios["MNIST", 2], ratios["CIFAR-10", 4], ratios["CelebA", 8]) == (1669, 58, 87)
    assert round(100 * rows[0]["student"] / 7.02) == 83
    line = next(cells for cells in paper_table()["rows"] if cells[0]["text"] == "64")
    assert [cell["text"] for cell in line] == ["64", "3,573,697", "13 : 1", "6.93", "6.51", "teacher 7.42",
                                               "4 : 1", "4.54", "4.62"]


@pytest.mark.parametrize(("value", "std", "text"), [
    (47324929, None, "47,324,929"), (912.34, None, "912.3"), (9.1, 0.123, "9.10 ± 0.12"),
    (0.5, None, "0.500"),
    (0.01234, None, "0.0123"), (0.00002, None, "2e-05"), (None, None, "–"), ("ema", None, "ema"),  # noqa: RUF001
    (float("nan"), None, "–"), (16, None, "16"),  # noqa: RUF001
])
def test_numbers_for_reading(value, std, text):
    assert show(value, std) == text
