"""The paper's numbers beside a run's: relative to their teachers, drawn, and side by side over runs."""

import copy
import re

import report_runs
from read_page import page_of

from kgan.report.compression import KIND
from kgan.report.compression_paper import printed_charts, relative_charts, relative_table, teachers
from kgan.report.figures import Series, against_ratio
from kgan.report.groups import group_runs
from kgan.report.load import read_images, read_run
from kgan.report.page import unlike_settings
from kgan.report.pictures import objective_block
from kgan.report.summary import summarise_group

DASH = "–"  # noqa: RUF001
TEACHER = ("teacher", 1.0, None)


def group_of(*folders):
    (group,) = group_runs([read_run(folder) for folder in folders])
    return group, summarise_group(group)


def test_the_table_holds_shares_of_each_teachers_own_measure(tmp_path):
    table = relative_table(*group_of(report_runs.write_run(tmp_path / "run")))
    assert [span for _, span in table["heads"]] == [1, 1, 2, 2, 3, 3, 3]
    assert table["heads"][1:5] == [
        ("this run", 1), ("is_digits_cnn", 2), ("fd_digits_cnn", 2), ("paper's MNIST, IS", 3)]
    assert table["objective"] == "mse"
    rows = {row[0]: row[1:] for row in table["rows"]}
    assert list(rows) == ["1", "2", "4", "8", "16", "32", "48", "64", "128", "256"]
    assert all(len(row) == len(table["columns"]) - 1 == 14 for row in rows.values())
    # The run: 377,329 / 13,504 parameters in the paper's count; 6.3 / 9, 6.9 / 9, 31 / 10, 28 / 10
    assert rows["1"] == ["28 : 1", "70%", "77%", "3.10", "2.80", *[DASH] * 9]
    # d = 2 in the paper: 5.80 / 7.02, 1.86 / 7.02; 11.76 / 7.42, 38.72 / 7.42; 12.15 / 4.39, 45.49 / 4.39
    assert rows["2"] == ["13 : 1", "94%", "78%", "1.30", "2.50", "1669 : 1", "83%", "26%", "126 : 1", "1.58", "5.22",
                         "446 : 1", "2.77", "10.36"]
    assert rows["48"] == [*[DASH] * 8, "2 : 1", "1.02", "1.03", "6 : 1", DASH, DASH]
    assert rows["64"][8:11] == ["teacher", DASH, DASH] and rows["128"][5:8] == ["4 : 1", "99%", "94%"]
    assert rows["16"][:5] == ["teacher", *[DASH] * 4] and rows["256"][5] == "teacher"


def test_a_runs_shares_are_taken_within_each_seed(tmp_path):
    second = copy.deepcopy(report_runs.NETWORKS)
    second["d16"]["is_digits_cnn"], second["student_d2"]["is_digits_cnn"] = 8.0, 7.6
    folders = [report_runs.write_run(tmp_path / "a"), report_runs.write_run(tmp_path / "b", seed=1, networks=second)]
    rows = {row[0]: row for row in relative_table(*group_of(*folders))["rows"]}
    # 8.5 / 9 = 0.944 and 7.6 / 8 = 0.95: 0.947 and 0.0039
    assert rows["2"][2] == "94.7% ± 0.4%" and rows["2"][4] == "1.30 ± 0.00"
    lost = {name: {**network, "is_digits_cnn": None} if network["role"] == "teacher" else network
            for name, network in second.items()}
    folders[1] = report_runs.write_run(tmp_path / "c", seed=2, networks=lost)
    rows = {row[0]: row for row in relative_table(*group_of(*folders))["rows"]}
    assert rows["2"][2] == "94% (n = 1)"


def test_the_charts_say_the_runs_points_and_the_papers(tmp_path):
    score, distance = relative_charts(*group_of(report_runs.write_run(tmp_path / "run")), "k")
    words = [re.search('aria-label="([^"]*)"', svg)[1] for svg in (score, distance)]
    assert "student: ratio 13.31 0.944, ratio 27.94 0.700." in words[0]
    assert "paper&#x27;s MNIST, student: ratio 4 0.993," in words[0] and "CIFAR" not in words[0]
    assert "control: ratio 13.31 2.50, ratio 27.94 2.80." in words[1]
    assert "paper&#x27;s CelebA, regular: ratio 4 1.05," in words[1] and "ratio 446 10.36." in words[1]
    assert "paper&#x27;s CIFAR-10, student: ratio 2 1.02," in words[1]


def test_without_a_teacher_or_students_nothing_is_held_beside_the_paper(tmp_path):
    for name, roles in (("a", ("student", "control")), ("b", ("teacher", "control"))):
        networks = {key: network for key, network in report_runs.NETWORKS.items() if network["role"] in roles}
        found = group_of(report_runs.write_run(tmp_path / name, networks=networks))
        assert relative_table(*found) is None and relative_charts(*found, "k") == []
    assert "Nothing to hold beside the paper" in page_of(tmp_path / "a").text


def test_the_papers_figure_1_is_drawn_from_its_table():
    mnist, cifar10, celeba = printed_charts()
    assert "d 2 5.80, d 4 6.41," in mnist and "regular GAN: d 2 1.86," in mnist and "teacher (d = 256): 7.02." in mnist
    assert "d 48 7.58." in cifar10 and "teacher (d = 64): 7.42." in cifar10
    assert "d 48" not in celeba and "d 64 4.54." in celeba
    assert [(teacher["dataset"], teacher["d"], teacher["value"]) for teacher in teachers()] == [
        ("MNIST", 256, 7.02), ("CIFAR-10", 64, 7.42), ("CelebA", 128, 4.39)]


def test_students_of_mse_stand_beside_the_paper_and_all_objectives_in_figure_11(tmp_path):
    networks = {**report_runs.NETWORKS,
                "feature_d2": report_runs.network("student", 2, 8.9, 11.0, objective="feature"),
                "joint_d2": report_runs.network("student", 2, 8.7, 12.0, objective="joint")}
    folder = report_runs.write_run(tmp_path / "run", networks=networks)
    group, summary = group_of(folder)
    rows = {row[0]: row for row in relative_table(group, summary)["rows"]}
    assert rows["2"][2] == "94%"
    assert [row["label"] for row in objective_block(group, read_images(folder))] == [
        "teacher d = 16", "student d = 2, mse", "student d = 2, joint", "student d = 2, feature"]
    only = {name: network for name, network in networks.items() if network.get("objective") != "mse"}
    table = relative_table(*group_of(report_runs.write_run(tmp_path / "other", networks=only)))
    assert {row[0]: row for row in table["rows"]}["2"][2] == "99%"  # 8.9 / 9
    assert table["objective"] == "feature"  # the first by name


def test_runs_stand_side_by_side_on_sharpness_too(tmp_path):
    other = copy.deepcopy(report_runs.NETWORKS)
    other["student_d2"]["vol_ratio"] = 0.91
    groups = group_runs([read_run(report_runs.write_run(tmp_path / "a")), read_run(
        report_runs.write_run(tmp_path / "b", networks=other, settings={"alpha": 0.5}))])
    summaries = [summarise_group(group) for group in groups]
    assert KIND.across(summaries) == ["is_digits_cnn", "fd_digits_cnn", "vol_ratio"]  # no files were measured
    assert ["student, d = 2, mse", "0.780", "0.910"] in KIND.side_by_side(summaries, "vol_ratio")["rows"]


def test_runs_of_one_name_are_told_apart_by_their_folders_and_settings(tmp_path):
    settings = {"batch": 64, "alpha": [0.5, 1], "seed": 3}
    folders = [report_runs.write_run(tmp_path / "a" / "run", settings={"batch": 64, "alpha": [0.5], "seed": 4}),
               report_runs.write_run(tmp_path / "b" / "run", settings=settings),
               report_runs.write_run(tmp_path / "c", seed=5, settings={**settings, "image_output": "uint8"})]
    groups = group_runs([read_run(folder) for folder in folders])
    labels = ["compress_digits, seed 0 (a/run)", "compress_digits, seed 0 (b/run)", "compress_digits, seed 5"]
    assert [group.label for group in groups] == labels
    assert unlike_settings(groups) == [{"columns": ["setting", *labels], "rows": [
        ["alpha", "0.5", "0.5, 1", "0.5, 1"], ["image_output", DASH, DASH, "uint8"]]}]
    other = report_runs.write_run(tmp_path / "d", settings=settings)
    assert [group.label for group in group_runs([read_run(folders[0]), read_run(other)])] == [
        "compress_digits, seed 0 (run)", "compress_digits, seed 0 (d)"]


def test_lines_of_one_role_are_told_apart():
    def broken(dashes):
        line = Series("one", "student", [2, 20], [0.5, 0.25], [None, None], dashes)
        return set(re.findall(r"stroke-dasharray: ([\d., ]+)", against_ratio("n", "alt", "share", [line], TEACHER)))

    teachers_own = broken(0)
    assert len(teachers_own) == 1
    found = [broken(dashes) - teachers_own for dashes in (1, 2, 3)]
    assert [len(patterns) for patterns in found] == [1, 1, 1] and len(set.union(*found)) == 3
    assert broken(9) - teachers_own == found[2]
