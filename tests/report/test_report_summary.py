"""Means, stds, wins and ties over seeds, against values computed by hand."""

import copy
import json

import pytest
import report_runs

from kgan.errors import InputError
from kgan.report.groups import group_runs
from kgan.report.load import read_run
from kgan.report.summary import compare, mean_std, summarise, summary_lines


def seeds(tmp_path, changes):
    """One run a seed; `changes[seed]` is {network: {measure: value}}."""
    folders = []
    for seed, change in enumerate(changes):
        networks = copy.deepcopy(report_runs.NETWORKS)
        for name, values in change.items():
            networks[name].update(values)
        folders.append(report_runs.write_run(tmp_path / f"seed-{seed}", seed=seed, networks=networks))
    return folders


def test_mean_and_sample_std_by_hand():
    # mean of 2, 4, 9 is 5; squares of the differences 9 + 1 + 16 = 26; 26 / 2 = 13.
    assert mean_std([2.0, 4.0, 9.0]) == {"mean": 5.0, "std": pytest.approx(13 ** 0.5, abs=1e-12), "n": 3,
                                         "values": [2.0, 4.0, 9.0]}
    assert mean_std([7.0])["std"] is None and mean_std([])["mean"] is None


@pytest.mark.parametrize(("first", "second", "better", "result"), [
    ([5.0, 7.0], [1.0, 1.2], "higher", "first"),     # 6 against 1.1, larger std 1.414
    ([5.0, 7.0], [1.0, 1.2], "lower", "second"),
    ([5.0, 7.0], [4.6, 4.8], "higher", "tie"),       # 6 - 4.7 = 1.3 <= 1.414
    ([5.0, 7.0], [4.4, 4.6], "higher", "first"),     # 6 - 4.5 = 1.5 > 1.414
    ([4.7, 4.7], [5.0, 7.0], "lower", "tie"),        # the larger std is the second's
    ([1.0, 3.0], [3.0, 3.0], "higher", "tie"),       # 1 <= 1.414
    ([3.0], [3.0], "higher", "tie"), ([3.001], [3.0], "higher", "first"), ([3.001], [3.0], "lower", "second"),
])
def test_win_loss_and_tie(first, second, better, result):
    assert compare(mean_std(first), mean_std(second), better)["result"] == result


def test_a_difference_of_exactly_one_std_is_a_tie():
    first = {"mean": 4.0, "std": 0.5}
    assert compare(first, {"mean": 3.5, "std": 0.25}, "higher")["result"] == "tie"
    assert compare(first, {"mean": 3.49, "std": 0.25}, "higher")["result"] == "first"


def test_summary_of_three_seeds(tmp_path):
    changes = [{"student_d2": {"is_digits_cnn": score, "fd_digits_cnn": 24.0 + score}}
               for score in (8.0, 8.5, 9.6)]
    summary = summarise(seeds(tmp_path, changes))
    (group,) = summary["groups"]
    assert group["seeds"] == [0, 1, 2]
    score = group["networks"]["student_d2"]["measures"]["is_digits_cnn"]
    # mean 8.7; differences -0.7, -0.2, 0.9; squares 0.49 + 0.04 + 0.81 = 1.34; / 2 = 0.67
    assert score["mean"] == pytest.approx(8.7) and score["std"] == pytest.approx(0.67 ** 0.5)
    assert score["n"] == 3
    assert "is_digits_cnn_std" not in group["networks"]["student_d2"]["measures"]
    results = {(entry["d"], entry["measure"]): entry["result"] for entry in group["comparisons"]}
    # at d = 2 the score wins by 1.7; the distance 32.7 against 25 loses; at d = 1 the control wins both
    assert results == {(1, "is_digits_cnn"): "second", (1, "fd_digits_cnn"): "second",
                       (2, "is_digits_cnn"): "first", (2, "fd_digits_cnn"): "second"}
    assert group["counts"]["student_vs_control"] == {
        "is_digits_cnn": {"first": 1, "second": 1, "tie": 0},
        "fd_digits_cnn": {"first": 0, "second": 2, "tie": 0}}
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    text = "\n".join(summary_lines(summary))
    assert "8.7 +- 0.8185" in text and "fd_digits_cnn: student wins 0, control wins 2, ties 0" in text


def test_chosen_teachers_and_controls_answer_each_other_across_seeds(tmp_path):
    first = copy.deepcopy(report_runs.NETWORKS)
    second = copy.deepcopy(report_runs.NETWORKS)
    # In the other seed the smaller teacher and the slower control are the better ones.
    second["d16"]["role"], second["d8"]["role"] = "teacher_candidate", "teacher"
    second["control_d1"]["role"], second["control_d1_slow"]["role"] = "control_candidate", "control"
    folders = [report_runs.write_run(tmp_path / name, seed=seed, networks=networks)
               for seed, (name, networks) in enumerate([("a", first), ("b", second)])]
    networks = summarise(folders)["groups"][0]["networks"]
    teacher = networks["teacher"]
    assert teacher["d"] is None and [entry["d"] for entry in teacher["names"]] == [16, 8]
    assert teacher["measures"]["is_digits_cnn"]["values"] == [9.0, 8.4]
    control = networks["control_d1"]
    assert [entry["name"] for entry in control["names"]] == ["control_d1", "control_d1_slow"]
    assert control["measures"]["fd_digits_cnn"]["mean"] == pytest.approx(44.0)


def test_two_students_of_one_size_and_objective_stay_apart(tmp_path):
    networks = {**report_runs.NETWORKS, "other_d2": report_runs.network("student", 2, 4.0, 50.0)}
    found = summarise([report_runs.write_run(tmp_path / "run", networks=networks)])["groups"][0]["networks"]
    assert found["student_d2"]["measures"]["is_digits_cnn"]["values"] == [8.5]
    assert found["other_d2"]["measures"]["is_digits_cnn"]["values"] == [4.0]


def test_joint_against_mse(tmp_path):
    joint = report_runs.network("student", 2, 8.5, 14.0, objective="joint", vol_ratio=0.95)
    run = report_runs.write_run(tmp_path / "run", networks={**report_runs.NETWORKS, "joint_d2": joint})
    (group,) = summarise([run])["groups"]
    entries = [entry for entry in group["comparisons"] if entry["kind"] == "joint_vs_mse"]
    assert {entry["measure"]: (entry["first"], entry["result"]) for entry in entries} == {
        "vol_ratio": ("joint_d2", "first"), "fd_digits_cnn": ("joint_d2", "second")}


def test_numbers_that_are_not_finite_are_left_out_and_counted(tmp_path):
    folders = seeds(tmp_path, [{"student_d1": {"fd_digits_cnn": float("nan")}}, {}])
    entry = summarise(folders)["groups"][0]["networks"]["student_d1"]["measures"]["fd_digits_cnn"]
    assert (entry["n"], entry["not_finite"], entry["values"]) == (1, 1, [31.0])


def test_protocols_that_differ_only_between_seeds_go_together(tmp_path):
    other = {**report_runs.PROTOCOL, "is_seed": 5, "sampling_seed": 9}
    runs = [report_runs.write_run(tmp_path / "a", seed=0),
            report_runs.write_run(tmp_path / "b", seed=1, protocol=other)]
    assert len(summarise(runs)["groups"]) == 1


@pytest.mark.parametrize("change", [
    {"protocol": {**report_runs.PROTOCOL, "num_fake": 500}},
    {"protocol": {**report_runs.PROTOCOL, "splits": {"count": 5}}},
    {"protocol": {**report_runs.PROTOCOL, "weights_sha256": "bb22"}},
    {"smoke": True}, {"recipe": "compress_rings"}, {"settings": {"seed": 1, "batch": 128}}, {"seed": 0},
    {"networks": {**report_runs.NETWORKS, "d16": {**report_runs.NETWORKS["d16"], "weights": "raw"}}},
])
def test_unlike_runs_are_not_averaged(tmp_path, change):
    runs = [report_runs.write_run(tmp_path / "a", seed=0),
            report_runs.write_run(tmp_path / "b", **{"seed": 1, **change})]
    groups = summarise(runs)["groups"]
    assert [len(group["runs"]) for group in groups] == [1, 1]
    assert groups[0]["networks"]["d16"]["measures"]["is_digits_cnn"]["n"] == 1


def test_seeds_are_put_in_order_and_no_run_counts_twice(tmp_path):
    runs = [read_run(report_runs.write_run(tmp_path / str(seed), seed=seed)) for seed in (10, 2, 0)]
    assert group_runs(runs)[0].seeds == [0, 2, 10]
    with pytest.raises(InputError, match="more than once"):
        summarise([tmp_path / "2", tmp_path / "0" / ".." / "2"])
