"""Distillation methods over seeds: pairs, differences, what is refused, against values computed by hand."""

import json

import cgan_kd_runs
import kd_runs
import pytest
import report_runs

from kgan.errors import InputError
from kgan.report import kd_methods
from kgan.report.charts import loss_charts
from kgan.report.groups import group_runs
from kgan.report.kd import KIND
from kgan.report.load import read_run
from kgan.report.summary import summarise, summary_lines

WRN = ("wrn40_2", "vgg8")


def group_of(*folders):
    (group,) = summarise(folders)["groups"]
    return group


def contests(group):
    return {(entry["teacher"], entry["student"], entry["method"], entry["against"]): entry
            for entry in group["comparisons"]}


def refused(folder, **more):
    """The message with which a run of these metrics is refused, one line."""
    with pytest.raises(InputError) as caught:
        read_run(kd_runs.write_run(folder, **more))
    assert "\n" not in str(caught.value) and "metrics.json" in str(caught.value)
    return str(caught.value)


def test_methods_in_the_order_of_the_paper_with_their_names():
    given = ["simkd", "other", "vid", "nokd", "takd", "blkd", "fitnet", "rkd", "vid"]
    ordered = kd_methods.in_order(given)
    assert ordered == ["nokd", "blkd", "fitnet", "vid", "rkd", "takd", "simkd", "other"]
    assert [kd_methods.label(method) for method in ordered] == [
        "NOKD", "BLKD", "FitNet", "VID", "RKD", "TAKD", "SimKD", "other"]
    stages = {method: kd_methods.preparation(method, "a", "b") for method in ("ft", "ab", "sskd", "takd", "crd")}
    assert stages == {"ft": "paraphraser_a", "ab": "connectors_a_b_ab", "sskd": "head_a", "takd": "assistant_a_b",
                      "crd": None}


def test_three_seeds(tmp_path):
    group = group_of(*kd_runs.seeds(tmp_path))
    assert group["kind"] == "kd" and group["label"] == "kd_digits, digits, 1,000 training images, seeds 0, 1, 2"
    assert group["pairs"] == [["wrn40_2", "vgg8"], ["resnet32x4", "vgg8"], ["resnet32x4", "mobilenetv2"]]
    assert group["methods"] == ["nokd", "blkd", "fitnet", "at", "crd", "takd", "simkd"]
    found = contests(group)
    assert len(found) == (4 + 3) + (2 + 1) + (2 + 1)
    results = {key[2:]: entry["result"] for key, entry in found.items() if key[:2] == WRN}
    assert results == {("blkd", "nokd"): "first", ("fitnet", "nokd"): "second", ("at", "nokd"): "tie",
                       ("crd", "nokd"): "first", ("fitnet", "blkd"): "second", ("at", "blkd"): "second",
                       ("crd", "blkd"): "first"}
    at = found[*WRN, "at", "nokd"]  # 0.5, -1, 0: mean -1/6, squares of the deviations 4/9 + 25/36 + 1/36 = 7/6
    assert at["difference"] == pytest.approx(-1 / 6) and at["std"] == pytest.approx((7 / 12) ** 0.5)
    assert at["ahead"] == {"first": 1, "second": 1} and at["n"] == 3
    # The plain student answers for each of its teachers: 12, 14.5, 12.5 against 12, 14, 13.
    other = found["resnet32x4", "vgg8", "blkd", "nokd"]
    assert (other["second"], other["difference"], other["std"], other["result"]) == (13.0, 0.0, 0.5, "tie")
    assert group["counts"]["nokd"]["nokd"]["test_error"] == {"first": 5, "second": 1, "tie": 2}
    assert group["refused"] == [{**kd_runs.REFUSED[0], "reason": "no map of equal size"}, kd_runs.REFUSED[1]]
    assert json.loads(json.dumps(group, allow_nan=False)) == group


def test_training_counts_what_a_method_trains_before(tmp_path):
    group = group_of(*kd_runs.seeds(tmp_path))
    found = {(entry["teacher"], entry["student"], entry["method"]): entry["seconds"] for entry in group["training"]}
    assert found["resnet32x4", "vgg8", "takd"]["values"] == [14.0, 15.0, 16.0]
    assert found[*WRN, "crd"]["values"] == found[None, "vgg8", "nokd"]["values"] == [10.0, 11.0, 12.0]
    assert group["costs"]["assistant_resnet32x4_vgg8"]["seconds"]["mean"] == 4.0
    costs = kd_runs.costs(kd_runs.networks())
    del costs["assistant_resnet32x4_vgg8"]
    group = group_of(kd_runs.write_run(tmp_path / "run", metrics={"costs": costs}))
    assert [entry["seconds"]["n"] for entry in group["training"] if entry["method"] in ("takd", "crd")] == [1, 0]


def test_a_seed_without_both_numbers_is_no_pair(tmp_path):
    def networks(seed):
        found = kd_runs.networks(seed)
        if seed == 2:
            found["student_wrn40_2_vgg8_at"]["test_error"] = float("nan")
            del found["student_resnet32x4_vgg8_takd"]
        return found

    group = group_of(*kd_runs.seeds(tmp_path, networks=networks))
    found = contests(group)
    assert [found[key]["n"] for key in ((*WRN, "at", "nokd"), ("resnet32x4", "vgg8", "takd", "nokd"),
                                        (*WRN, "crd", "nokd"))] == [2, 2, 3]
    seconds = [entry["seconds"] for entry in group["training"] if entry["method"] == "takd"]
    assert [entry["values"] for entry in seconds] == [[14.0, 15.0]]  # an assistant alone is no training of TAKD
    assert any(line.startswith("wrn40_2 to vgg8, AT against NOKD: 12.75 against 13, difference -0.25 +- 1.061; ahead "
                               "in 1 of 2 seeds, behind in 1 (of 3, those with both numbers): tie")
               for line in KIND.lines(group))


def test_the_text_for_a_terminal(tmp_path):
    lines = summary_lines(summarise(kd_runs.seeds(tmp_path)))
    assert lines[0].endswith("digits, 1,000 training images, seeds 0, 1, 2: mean and std over 3 runs")
    assert lines[1].startswith("test accuracy (%); a teacher's own in brackets, ** best, * second best")
    table = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines[2:10]]
    assert table[0] == ["method", "wrn40_2 (97.50 +- 0.50) to vgg8", "resnet32x4 (98.00 +- 1.73) to vgg8",
                        "resnet32x4 (98.00 +- 1.73) to mobilenetv2"]
    assert table[1] == ["NOKD", "87.00 +- 1.00", "87.00 +- 1.00", "78.00 +- 2.00"]
    assert table[2] == ["BLKD", "88.50 +- 0.50 *", "87.00 +- 1.32", "80.00 +- 1.00 *"]
    assert table[3] == ["FitNet", "85.67 +- 1.15", "-", "NA"]
    assert table[5] == ["CRD", "89.50 +- 0.50 **", "-", "-"] and table[7][-1] == "84.67 +- 0.58 **"
    assert "NA: FitNet, AT (resnet32x4 to mobilenetv2): no map of equal size" in lines
    rows = [line.split() for line in lines]
    # 20,000 parameters against 1,500; 15, 15, 16.
    assert ["student_resnet32x4_mobilenetv2_simkd", "1500", "13.3", ":", "1", "15.33", "+-", "0.5774", "11", "+-",
            "1"] in rows
    assert ["student_vgg8_nokd", "3000", "-", "13", "+-", "1", "11", "+-", "1"] in rows  # of two teachers
    assert "wrn40_2 to vgg8, CRD against NOKD: 10.5 against 13, difference -2.5 +- 0.5; ahead in 3 of 3 seeds, " \
        "behind in 0: ahead" in lines
    assert lines[-1] == KIND.rule and KIND.rule.startswith("Two methods are paired by seed")


def test_one_seed_excludes_no_chance(tmp_path):
    group = group_of(kd_runs.write_run(tmp_path / "run"))
    assert {entry["result"] for entry in group["comparisons"]} == {"open"}
    assert "wrn40_2 to vgg8, FitNet against NOKD: 13 against 12, difference +1: behind, one seed" in KIND.lines(group)


def test_runs_of_other_data_task_or_fakes_are_no_seeds_of_each_other(tmp_path):
    with_fakes = kd_runs.networks(1, fakes=1500)
    data = {"data": {**kd_runs.DATA["classification"], "name": "letters"}}
    summary = summarise([kd_runs.write_run(tmp_path / "0"), kd_runs.write_run(tmp_path / "1", 1, networks=with_fakes),
                         kd_runs.write_run(tmp_path / "2", 2, metrics=data),
                         kd_runs.write_run(tmp_path / "3", 3, task="regression", networks=kd_runs.networks(0))])
    assert [group["label"] for group in summary["groups"]] == [
        "kd_digits, digits, 1,000 training images, seed 0", "kd_digits, digits, 1,000 training images, 1,500 fakes, "
        "seed 1", "kd_digits, letters, 1,000 training images, seed 2", "kd_digits, needles, 200 training images, "
        "seed 3"]


def test_the_kind_of_a_run_before_its_measures(tmp_path):
    plain = kd_runs.networks(students={("wrn40_2", "vgg8"): {"crd": (10.0,)}})
    stages = ["teacher_wrn40_2", "student_vgg8_nokd", "student_wrn40_2_vgg8_crd"]
    bare = kd_runs.write_run(tmp_path / "bare", networks=plain, without=("metrics.json",), logs=stages)
    run = read_run(bare)
    assert run.kind == "kd" and run.missing == ("metrics.json",) and set(run.logs) == set(stages)
    group = group_of(bare)
    assert group["networks"] == {} and group["pairs"] == [] and group["comparisons"] == []
    roles = {"teacher": ["teacher"], "students": ["student"], "controls": ["control"]}
    compression = report_runs.write_run(tmp_path / "run", without=("metrics.json",), stages=list(roles))
    for stage, entries in roles.items():
        (compression / stage / "networks.json").write_text(json.dumps([{"role": role} for role in entries]))
    assert read_run(compression).kind == "compression"
    swept = cgan_kd_runs.write_run(tmp_path / "cgan", without=("metrics.json",), logs=True)
    (swept / "teacher_small").mkdir()
    (swept / "teacher_small" / "networks.json").write_text("[]")
    document = json.loads((swept / "recipe.json").read_text())
    document["stages"].append("teacher_small")
    (swept / "recipe.json").write_text(json.dumps(document))
    assert read_run(swept).kind == "cgan_kd"


def test_each_stage_has_its_log_in_the_colour_of_its_network(tmp_path):
    stages = {"teacher_wrn40_2": "teacher", "student_vgg8_nokd": "control", "paraphraser_wrn40_2": "variant",
              "student_wrn40_2_vgg8_crd": "student", "assistant_resnet32x4_vgg8": "variant"}
    run = read_run(kd_runs.write_run(tmp_path / "run", logs=stages))
    assert set(run.logs) == set(stages) and not set(run.missing) & {f"{stage}/log.csv" for stage in stages}
    drawn, notes = loss_charts(group_runs([run])[0], "c")
    assert notes == [] and {chart["stage"] for chart in drawn} == set(stages)
    for chart in drawn:
        assert chart["loss"] == "loss" and f"var(--{stages[chart['stage']]}, " in chart["svg"]


def test_networks_of_seeds_that_are_named_differently_answer_each_other(tmp_path):
    def networks(seed):
        return {f"{name}{seed}": network for name, network in kd_runs.networks(seed).items()}

    group = group_of(*kd_runs.seeds(tmp_path, number=2, networks=networks))
    assert list(group["networks"])[:3] == ["teacher_wrn40_2", "teacher_resnet32x4", "control_vgg8_nokd"]
    assert group["networks"]["student_wrn40_2_vgg8_crd"]["measures"]["test_error"]["values"] == [10.0, 11.0]


NETWORK = {"role": "student", "network": "vgg8", "teacher": "wrn40_2", "kd": "crd", "test_error": 1.0}
CONTROL = {**NETWORK, "role": "control", "teacher": None, "kd": "nokd"}


@pytest.mark.parametrize(("change", "word"), [
    ({"task": "ranking"}, "'ranking'"), ({"headline": {}}, "names no 'error'"), ({"data": 3}, "'data'"),
    ({"costs": {"student_a": 5}}, "'student_a'"), ({"refused": {"teacher": "a"}}, "'refused'"),
    ({"refused": [{"teacher": "a", "student": "b", "kd": "at"}]}, "'refused'"),
    ({"refused": [{"teacher": "a", "student": "b", "kd": 3, "reason": "x"}]}, "'refused'"),
    ({"refused": [{**kd_runs.REFUSED[0], "teacher": "wrn40_2", "student": "vgg8", "kd": "crd"}]},
     "trained and also among 'refused'"),
    ({"networks": {"a": {**NETWORK, "role": "judge"}}}, "the role of 'a'"),
    ({"networks": {"a": {"network": "vgg8"}}}, "the role of 'a'"),
    ({"networks": {"a": {**NETWORK, "network": None}}}, "'network' of 'a'"),
    ({"networks": {"a": {**NETWORK, "teacher": None}}}, "'teacher' of 'a'"),
    ({"networks": {"a": {**NETWORK, "kd": ["crd"]}}}, "'kd' of 'a'"),
    ({"networks": {"a": {**NETWORK, "kd": "nokd"}}}, "which is a control's"),
    ({"networks": {"a": {**CONTROL, "kd": "crd"}}}, "the control 'a'"),
    ({"networks": {"a": {**CONTROL, "teacher": "wrn40_2"}}}, "the control 'a'"),
    ({"networks": {"a": NETWORK, "b": NETWORK}}, "'a' and 'b'"), ({"networks": {"a": CONTROL, "b": CONTROL}}, "'b'"),
    ({"networks": {"a": {**NETWORK, "test_error": 100.5}}}, "100.5, not a percentage"),
    ({"networks": {"a": {**NETWORK, "test_error": -1.0}}}, "-1, not a percentage"),
    ({"networks": {"a": {**NETWORK, "test_error": -1.0}}, "task": "regression"}, "not an error from 0 up"),
])
def test_a_damaged_metrics_file_is_refused_in_one_line(tmp_path, change, word):
    assert word in refused(tmp_path / "run", metrics=change)


def test_what_may_be_missing_or_of_any_name(tmp_path):
    networks = {"teacher_big": {"role": "teacher", "network": "big net", "kd": "none", "test_error": 150.0},
                "one": {"role": "student", "network": "tiny", "teacher": "big net", "kd": "mine", "test_error": 1e4},
                **{name: {"role": "assistant", "network": "mid", "teacher": "big net", "kd": "takd"} for name in "ab"}}
    folder = kd_runs.write_run(tmp_path / "run", task="regression", networks=networks,
                               without=("data", "costs", "refused", "unit"))
    group = group_of(folder)
    assert group["pairs"] == [["big net", "tiny"]] and set(group["networks"]) == {"teacher_big", "one", "a", "b"}
    assert "nothing to compare the methods with: nothing shows that a teacher helped" in KIND.lines(group)
