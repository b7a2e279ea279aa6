"""Figures of a cGAN-KD run, and the paper's tables."""

import html
import re

import cgan_kd_runs
import numpy as np
import pytest

from kgan.report import cgan_kd_charts as charts
from kgan.report.cgan_kd_arms import label
from kgan.report.cgan_kd_figures import bin_edges
from kgan.report.cgan_kd_files import Errors, thresholds_of
from kgan.report.cgan_kd_paper import arm_of, paper_tables
from kgan.report.groups import group_runs
from kgan.report.load import read_run
from kgan.report.paper_tables import read_rows as table
from kgan.report.summary import summarise_group


def described(svg):
    return html.unescape(re.search(r'aria-label="(.*?)"', svg)[1])


def group_of(*folders):
    (group,) = group_runs([read_run(folder) for folder in folders])
    return group, summarise_group(group)


def test_the_ablation_holds_every_arm_and_seed(tmp_path):
    _, summary = group_of(*cgan_kd_runs.seeds(tmp_path))
    svg = charts.ablation_chart(summary, "c")
    assert described(svg) == "test_error (%), lower is better, a value a seed. NOKD 12.00, 14.00, 13.00; NOKD, as " \
        "long 12.00, 13.00, 13.00; unprocessed 13.00, 16.00, 14.00; M1 12.50, 13.00, 13.00; M1 + M2 10.00, 11.00, " \
        "10.50."
    assert ">M1 + M2</text>" in svg and ">the plain student</text>" in svg
    assert "var(--student, " in svg and "var(--control, " in svg
    assert charts.plain_level(summary) == ("the plain student", 13.0)


def test_sweeps(tmp_path):
    _, summary = group_of(*cgan_kd_runs.seeds(tmp_path, number=2))
    drawn = charts.sweep_charts(summary, "c")
    assert [chart["answers"] for chart in drawn] == ["figure 10", "figure 11", "table 7"]
    assert [chart["names"] for chart in drawn] == [[], [], ["wide", "small"]]
    fakes, rho, teacher = (described(chart["svg"]) for chart in drawn)
    assert fakes == "test_error (%), lower is better, over the number of fakes: 500 12.00 ± 0.00; 1500 10.00 ± 0.00; " \
        "15000 9.00 ± 0.00. The plain student: 13.00."
    assert "over the filtering quantile rho: 0.5 11.00 ± 0.00; 0.9 10.00 ± 0.00." in rho
    assert "over the test error of the teacher in M2 (%): wide (2.00) 10.00 ± 0.00; small (6.00) 11.50" in teacher
    used = [">used in this run</text>" in chart["svg"] for chart in drawn]
    assert used == [True, True, False]
    assert drawn[1]["table"] == {"columns": ["filtering quantile rho", "test_error (%)"],
                                 "rows": [["0.5", "11.00 ± 0.00"], ["0.9", "10.00 ± 0.00"]]}
    assert drawn[2]["table"] == {
        "columns": ["teacher in M2", "parameters", "its test_error (%)", "the student's test_error (%)"],
        "rows": [["wide", "5,000", "2.00 ± 0.00", "10.00 ± 0.00"], ["small", "–", "6.00 ± 0.00",  # noqa: RUF001
                                                                    "11.50 ± 0.00"]]}


def test_costs(tmp_path):
    _, summary = group_of(cgan_kd_runs.write_run(tmp_path / "run"))
    assert [described(svg) for svg in charts.cost_charts(summary, "c")] == [
        "seconds by stage: gan 300.0; students 100.0.", "peak memory (MiB) by stage: gan 900.0; students 1,200.0."]


@pytest.mark.parametrize(("mode", "kept"), [("code", 4), ("paper", 5)])
def test_the_histogram_tells_kept_from_dropped(tmp_path, mode, kept):
    # Class one, threshold 0.25: 0 and 0.2 stay, 0.25 does in the paper's mode alone, 0.3 goes. Class two, 0.5: 0.4
    # stays, 0.6 goes. Class three, 1.0: 0.9 stays, 3.0 goes.
    samples = {**cgan_kd_runs.SAMPLES, "mode": mode}
    group, summary = group_of(cgan_kd_runs.write_run(tmp_path / "run", metrics={"samples": samples}))
    svg = charts.error_chart(group, summary, "c")
    assert described(svg) == f"Histogram of the cross entropy of the teacher on 8 fakes after M1: {kept} kept, " \
        f"{8 - kept} dropped; 3 thresholds from 0.250 to 1.00."
    assert f">kept ({kept})</text>" in svg and ">thresholds, median</text>" in svg


def test_the_histogram_of_a_regression_has_one_threshold(tmp_path):
    # 0.3 as float32 is larger than 0.3: compared as float32 it equals the threshold, and the paper keeps it.
    samples = {**cgan_kd_runs.SAMPLES, "mode": "paper", "threshold": 0.3}
    group, summary = group_of(cgan_kd_runs.write_run(tmp_path / "run", task="regression", metrics={"samples": samples}))
    svg = charts.error_chart(group, summary, "c")
    assert described(svg) == "Histogram of the absolute difference of label and prediction (degrees) on 8 fakes " \
        "after M1: 4 kept, 4 dropped; threshold 0.300."
    assert ">threshold</text>" in svg
    unknown = {name: value for name, value in samples.items() if name != "threshold"}
    group, summary = group_of(cgan_kd_runs.write_run(tmp_path / "none", metrics={"samples": unknown}))
    svg = charts.error_chart(group, summary, "c")
    assert "no threshold stated" in described(svg) and ">fakes (8)</text>" in svg and ">kept" not in svg


def test_thresholds_go_by_names_or_by_indices():
    found = Errors(np.zeros(4, np.float32), np.array([0, 2, 1, 2], np.float32))
    named = thresholds_of(found, {"2": 5.0, "1": 7.0}, ["2", "1", "0"])  # names, though they look like indices
    assert named[0] == 5.0 and named[2] == 7.0 and np.isnan(named[[1, 3]]).all()
    by_index = thresholds_of(found, {"0": 5.0, "1": 7.0, "2": 9.0}, ["cat", "dog", "owl"])
    assert by_index.tolist() == [5.0, 9.0, 7.0, 9.0]
    assert thresholds_of(found, 0.5, None).tolist() == [0.5] * 4


def test_the_axis_of_the_histogram():
    errors = np.arange(101, dtype=np.float64)  # 99th percentile: 99
    edges = bin_edges(errors, np.array([10.0]))
    assert len(edges) == 51 and edges[0] == 0.0 and edges[-1] == 99.0
    assert bin_edges(errors, np.array([10.0, 80.0]))[-1] == 120.0
    assert bin_edges(np.zeros(3), np.zeros(0))[-1] == 1.0


def test_the_papers_tables_give_the_numbers_of_its_text():
    best = {}
    for row in table(2) + table(3):
        if row["score"]:
            pair = (row["teacher"], row["student"])
            best[pair] = max(best.get(pair, (0.0, "")), (float(row["score"]), row["method"]))
    # "among 21 teacher-student pairs, cGAN-KD-based methods perform the best in 18 pairs"
    assert len(best) == 21 and sum(method.startswith("cGAN-KD") for _, method in best.values()) == 18
    scores = {(row["method"], row["teacher"], row["student"]): float(row["score"]) for row in table(4) if row["score"]}
    gains = [scores["cGAN-KD + SSKD", *pair] - score for (method, *pair), score in scores.items() if method == "SSKD"]
    assert len(gains) == 5 and round(sum(gains) / 5, 2) == 1.32
    errors = {(row["dataset"], row["method"], row["student"]): float(row["score"]) for row in table(5)}
    for dataset, student, drop in (("Steering Angle", "WRN16x1", 68.82), ("UTKFace", "MobileNetV2", 32.40)):
        before, after = (errors[dataset, method, student] for method in ("NOKD", "cGAN-KD"))
        assert round(100 * (before - after) / before, 2) == drop
    assert table(6)[0] == {"dataset": "CIFAR-100", "before": "91.352", "after": "97.802"}
    seven = {(row["student"], row["teacher"]): row["score"] for row in table(7)}
    assert len(seven) == 32 and seven["VGG8", "ResNet18"] == "72.29" and seven["ResNet56", ""] == "2.68"
    assert seven["ResNet8x4", "VGG8"] == "2.27"


def test_the_papers_tables_beside_the_run(tmp_path):
    errors = {**cgan_kd_runs.ERRORS, "nokd+blkd": (11.0, 12.0, 13.0)}
    _, summary = group_of(*cgan_kd_runs.seeds(tmp_path, errors=errors))
    shown = {entry["heading"]: entry["table"] for entry in paper_tables(summary)}
    assert list(shown) == ["Table 2", "Table 3", "Table 4", "Table 6", "Table 7, CIFAR-100"]
    own = {row[0]: row for row in shown["Table 2"]["rows"]}
    # Accuracy is what the error leaves of 100: 88, 86, 87 and 90, 89, 89.5.
    assert own["NOKD"][1] == "87.00 ± 1.00" and own["cGAN-KD"][1] == "89.50 ± 0.50"
    assert own["BLKD"][1] == "88.00 ± 1.00" and own["SSKD"][1] == own["cGAN-KD + BLKD"][1] == "–"  # noqa: RUF001
    assert shown["Table 2"]["columns"][1:3] == ["this run", "ResNet110 (73.27) to ResNet20"]
    assert own["cGAN-KD + CRD"][2:] == ["72.24 ± 0.11", "71.75 ± 0.19", "75.05 ± 0.14", "74.07 ± 0.08", "75.98 ± 0.29",
                                        "75.53 ± 0.11"]
    assert shown["Table 6"]["rows"][-1] == ["this run", "92.00 ± 0.00", "98.00 ± 0.00"]
    assert shown["Table 7, CIFAR-100"]["rows"][1] == ["VGG8", "70.11", "71.63", "72.29", "72.35"]


def test_long_names_of_rows_get_the_room_that_they_need(tmp_path):
    """The names end where the axes begin: at 30% of 403.2 points, or further right for names of 30 letters."""
    starts = []
    for name in ("teacher", "student_m1_m2_teacher_resnet20"):
        costs = {name: {"seconds": 1.5, "peak_mib": None}}
        _, summary = group_of(cgan_kd_runs.write_run(tmp_path / name, metrics={"costs": costs}))
        (svg,) = charts.cost_charts(summary, "c")
        assert f">{name}</text>" in svg
        background = re.search(r'patch_2">\s*<path d="M ([\d.]+) ', svg)
        starts.append(float(background[1]))
    assert starts[0] == pytest.approx(0.3 * 403.2, abs=0.1)
    assert 30 * 5.3 < starts[1] < 0.5 * 403.2  # letters of 9.5 points are some 5.3 wide


@pytest.mark.parametrize("method, arm", [
    ("NOKD", "nokd"), ("BLKD", "nokd+blkd"), ("FitNet", "nokd+fitnet"), ("cGAN-KD", "m1_m2"),
    ("cGAN-KD + SSKD", "m1_m2+sskd"), ("cGAN-KD + FitNet", "m1_m2+fitnet"),
])
def test_the_arm_of_each_of_the_papers_methods(method, arm):
    assert arm_of(method) == arm
    assert label(arm) == {"cGAN-KD": "M1 + M2", "cGAN-KD + SSKD": "M1 + M2 + SSKD",
                          "cGAN-KD + FitNet": "M1 + M2 + FitNet"}.get(method, method)
