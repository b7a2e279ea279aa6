"""cGAN-KD over seeds: arms paired by seed, samples, sweeps and costs, against values computed by hand."""

import json

import cgan_kd_runs
import okd_runs
import pytest
import report_runs

from kgan.errors import InputError
from kgan.report import cgan_kd_arms as arms
from kgan.report.cgan_kd import KIND
from kgan.report.charts import loss_charts
from kgan.report.groups import group_runs
from kgan.report.load import read_run
from kgan.report.summary import summarise, summary_lines


def group_of(*folders):
    (group,) = summarise(folders)["groups"]
    return group


def contests(group, kind="control"):
    return {(entry["arm"], entry["against"]): entry for entry in group["comparisons"] if entry["kind"] == kind}


def test_arms_in_order_with_their_names():
    given = ["m1_m2+blkd", "m1", "nokd+blkd", "nokd_longer", "other", "m1_m2", "unprocessed", "nokd", "m1_filter"]
    ordered = ["nokd", "nokd_longer", "unprocessed", "m1", "m1_filter", "m1_m2", "other", "nokd+blkd", "m1_m2+blkd"]
    assert arms.in_order(given) == ordered
    assert [arms.label(arm) for arm in ordered] == [
        "NOKD", "NOKD, as long", "unprocessed", "M1", "M1 + filtering", "M1 + M2", "other", "BLKD", "M1 + M2 + BLKD"]
    assert arms.label("nokd_longer+crd") == "CRD, as long"
    assert arms.phrase("nokd_longer+crd") == "the student of CRD alone trained as long"
    assert arms.phrase("unprocessed+blkd") == "unprocessed fakes with BLKD"


def test_what_an_arm_is_compared_with():
    given = ["nokd", "nokd_longer", "nokd+blkd", "m1", "m1_m2+blkd", "m1+blkd", "m1_m2+crd", "m1_filter", "m1_m2"]
    assert arms.references("m1", given) == ["nokd", "nokd_longer"]
    assert arms.references("m1_m2+blkd", given) == ["nokd", "nokd_longer", "nokd+blkd"]
    assert arms.references("nokd+blkd", given) == ["nokd", "nokd_longer"]
    assert arms.references("nokd_longer", given) == ["nokd"] and arms.references("nokd", given) == []
    assert arms.modules(given) == [("m1_filter", "m1"), ("m1_m2", "m1_filter"), ("m1_m2+blkd", "m1+blkd")]


def test_three_seeds(tmp_path):
    group = group_of(*cgan_kd_runs.seeds(tmp_path))
    assert group["kind"] == "cgan_kd" and group["headline"] == {"error": "test_error"}
    assert group["label"] == "cgan_kd_digits, digits, 100 training images, rho 0.9, seeds 0, 1, 2"
    found = contests(group)
    assert set(found) == {(arm, against) for against, arms_ in (
        ("nokd", ("nokd_longer", "unprocessed", "m1", "m1_m2")), ("nokd_longer", ("unprocessed", "m1", "m1_m2")))
        for arm in arms_}
    results = {key: entry["result"] for key, entry in found.items()}
    assert results == {("nokd_longer", "nokd"): "tie", ("unprocessed", "nokd"): "second", ("m1", "nokd"): "tie",
                       ("m1_m2", "nokd"): "first", ("unprocessed", "nokd_longer"): "second",
                       ("m1", "nokd_longer"): "tie", ("m1_m2", "nokd_longer"): "first"}
    best = found["m1_m2", "nokd"]  # -2, -3, -2.5
    assert (best["first"], best["second"], best["difference"], best["n"]) == (10.5, 13.0, -2.5, 3)
    assert best["std"] == pytest.approx(0.5, abs=1e-12) and best["ahead"] == {"first": 3, "second": 0}
    m1 = found["m1", "nokd"]  # 0.5, -1, 0: mean -1/6, squares of the deviations 4/9 + 25/36 + 1/36 = 7/6
    assert m1["difference"] == pytest.approx(-1 / 6) and m1["std"] == pytest.approx((7 / 12) ** 0.5)
    assert m1["ahead"] == {"first": 1, "second": 1}
    assert found["unprocessed", "nokd"]["difference"] == pytest.approx(4 / 3)
    assert group["counts"]["nokd"]["control"]["test_error"] == {"first": 1, "second": 1, "tie": 2}
    assert group["networks"]["nokd"]["measures"]["test_error"]["std"] == pytest.approx(1.0)
    assert json.loads(json.dumps(group, allow_nan=False)) == group


def test_each_module_against_the_arm_before_it(tmp_path):
    found = contests(group_of(*cgan_kd_runs.seeds(tmp_path)), "module")
    # M1 to unprocessed: -0.5, -3, -1: mean -1.5, std sqrt(3.5 / 2) = 1.32. M1 + M2 to M1: -2.5, -2, -2.5.
    assert {key: (entry["difference"], entry["result"]) for key, entry in found.items()} == {
        ("m1", "unprocessed"): (-1.5, "first"), ("m1_m2", "m1"): (pytest.approx(-7 / 3), "first")}
    assert found["m1", "unprocessed"]["std"] == pytest.approx(1.75 ** 0.5)


def test_a_kd_loss_is_compared_with_itself_alone(tmp_path):
    errors = {**cgan_kd_runs.ERRORS, "nokd+blkd": (11.0, 12.0, 12.0), "m1_m2+blkd": (9.0, 11.0, 12.5)}
    found = contests(group_of(*cgan_kd_runs.seeds(tmp_path, errors=errors)))
    assert found["nokd+blkd", "nokd"]["result"] == "first"  # -1, -2, -1
    assert found["m1_m2+blkd", "nokd+blkd"]["result"] == "tie"  # -2, -1, 0.5
    assert ("m1_m2", "nokd+blkd") not in found


def test_one_seed_excludes_no_chance(tmp_path):
    group = group_of(cgan_kd_runs.write_run(tmp_path / "run"))
    assert {entry["result"] for entry in group["comparisons"]} == {"open"}
    lines = summary_lines(summarise([tmp_path / "run"]))
    assert lines[0].endswith("seed 0: one run, no std")
    assert "M1 + M2 against NOKD: 10 against 12, difference -2: ahead, one seed" in lines
    assert "NOKD, as long against NOKD: 12 against 12, difference +0: equal, one seed" in lines


def test_a_seed_without_both_numbers_is_no_pair(tmp_path):
    runs = cgan_kd_runs.seeds(tmp_path, number=2)
    bad = cgan_kd_runs.networks(cgan_kd_runs.ERRORS, 2)
    bad["m1"]["test_error"] = float("nan")
    del bad["unprocessed"]["test_error"]
    runs.append(cgan_kd_runs.write_run(tmp_path / "seed-2", seed=2, networks=bad))
    group = group_of(*runs)
    found = contests(group)
    assert [found[arm, "nokd"]["n"] for arm in ("m1", "unprocessed", "m1_m2")] == [2, 2, 3]
    assert group["networks"]["m1"]["measures"]["test_error"]["not_finite"] == 1
    assert any(line.startswith("M1 against NOKD: 12.75 against 13, difference -0.25 +- 1.061; ahead in 1 of 2 seeds, "
                               "behind in 1 (of 3, those with both numbers): tie") for line in
               summary_lines(summarise(runs)))


def test_the_text_for_a_terminal(tmp_path):
    lines = summary_lines(summarise(cgan_kd_runs.seeds(tmp_path)))
    rows = [line.split() for line in lines]
    assert ["teacher", "-", "5000", "0", "2.5", "+-", "0.5"] in rows
    assert ["m1_m2", "m1_m2", "800", "1500", "10.5", "+-", "0.5"] in rows
    assert [row[0] for row in rows[2:8]] == ["teacher", "nokd", "nokd_longer", "unprocessed", "m1", "m1_m2"]
    assert "M1 + M2 against NOKD: 10.5 against 13, difference -2.5 +- 0.5; ahead in 3 of 3 seeds, behind in 0: ahead" \
        in lines
    assert "fakes: 4,000 generated, 2,000 accepted, 1,500 kept" in lines
    assert "acceptance by label: 12.50% to 62.50%" in lines
    assert "label consistency (%): unprocessed 84.00 +- 0.00; after M1 92.00 +- 0.00; after M1 + M2 98.00 +- 0.00" \
        in lines
    assert lines[-1] == KIND.rule


def test_samples_sweeps_and_costs_over_seeds(tmp_path):
    second = {"samples": {**cgan_kd_runs.SAMPLES, "kept": 1700, "acceptance": {"one": 0.25, "two": 0.375},
                          "sets": {"m1": {"num": 1400, "label_error": 6.0}}},
              "sweeps": {"fakes": [{"value": 500, "test_error": 14.0}, {"value": 700, "test_error": float("nan")}],
                         "teacher": [{"name": "wide", "value": 3.0, "test_error": 9.0}]},
              "costs": {"gan": {"seconds": 500.0, "peak_mib": None}}}
    group = group_of(cgan_kd_runs.write_run(tmp_path / "0"), cgan_kd_runs.write_run(tmp_path / "1", 1, metrics=second))
    samples = group["samples"]
    assert samples["counts"]["kept"]["mean"] == 1600 and samples["rho"] == 0.9 and samples["mode"] == "code"
    assert {label: entry["mean"] for label, entry in samples["acceptance"].items()} == {
        "one": 0.375, "two": 0.25, "three": 0.625}
    assert list(samples["sets"]) == ["unprocessed", "m1", "m1_m2"]
    assert samples["sets"]["m1"]["label_error"]["values"] == [8.0, 6.0]
    assert [(point["value"], point["error"]["values"]) for point in group["sweeps"]["fakes"]] == [
        (500, [12.0, 14.0]), (1500, [10.0]), (15000, [9.0])]
    assert [(point["name"], point["value"], point["error"]["mean"]) for point in group["sweeps"]["teacher"]] == [
        ("wide", 2.5, 9.5), ("small", 6.0, 11.5)]
    assert group["costs"]["gan"]["seconds"]["mean"] == 400 and group["costs"]["gan"]["peak_mib"]["values"] == [900.0]


def test_runs_of_another_task_or_other_data_never_share_a_column(tmp_path):
    alike = {"recipe": "same", "settings": {}}
    runs = [cgan_kd_runs.write_run(tmp_path / "c", seed=0, **alike),
            cgan_kd_runs.write_run(tmp_path / "r", seed=1, task="regression", **alike),
            okd_runs.write_run(tmp_path / "o", seed=2, protocol=cgan_kd_runs.PROTOCOL, **alike)]
    summary = summarise(runs)
    assert [(group["kind"], group.get("task")) for group in summary["groups"]] == [
        ("cgan_kd", "classification"), ("cgan_kd", "regression"), ("okd", None)]
    assert "Distillation through cGAN samples: Two arms are paired" in summary["rule"]


def test_the_kind_of_a_run_before_its_measures(tmp_path):
    bare = cgan_kd_runs.write_run(tmp_path / "bare", without=("metrics.json",))
    run = read_run(bare)
    assert run.kind == "cgan_kd" and run.missing == ("metrics.json",)
    group = group_of(bare)
    assert group["networks"] == {} and group["comparisons"] == [] and group["headline"] == {"error": None}
    compression = report_runs.write_run(tmp_path / "run", without=("metrics.json",), stages=["teacher", "students"])
    for stage, roles in (("teacher", ["teacher"]), ("students", ["student"])):
        (compression / stage / "networks.json").write_text(json.dumps([{"role": role} for role in roles]))
    assert read_run(compression).kind == "compression"


def test_each_stage_has_its_log_in_the_colour_of_its_network(tmp_path):
    run = read_run(cgan_kd_runs.write_run(tmp_path / "run", logs=True,
                                         errors={"nokd": (12.0,), "m1_m2": (10.0,)}))
    assert list(run.logs) == ["teacher", "gan", "student_nokd", "student_m1_m2"] and run.missing == ()
    (group,) = group_runs([run])
    charts, notes = loss_charts(group, "c")
    assert notes == [] and [(chart["stage"], chart["loss"]) for chart in charts] == [
        ("teacher", "loss"), ("gan", "generator_loss"), ("gan", "discriminator_loss"), ("student_nokd", "loss"),
        ("student_m1_m2", "loss")]
    for index, colour in enumerate(("teacher", "variant", "variant", "control", "student")):
        assert f"var(--{colour}, " in charts[index]["svg"]
    assert KIND.curve("gan", "seconds") is None
    swept = {"teacher_small": "teacher", "student_m1_m2_teacher_small": "student", "student_nokd_blkd": "control",
             "m1_m2_rho_0.5": "variant"}
    assert {stage: KIND.stage_colour(stage, "loss") for stage in swept} == swept


@pytest.mark.parametrize(("change", "word"), [
    ({"task": "ranking"}, "'ranking'"), ({"task": None}, "None"), ({"headline": {}}, "names no 'error'"),
    ({"samples": [1]}, "'samples'"), ({"sweeps": 3}, "'sweeps'"), ({"costs": {"gan": 5}}, "'gan'"),
    ({"samples": {"sets": {"m1": 4}}}, "'m1'"), ({"samples": {"acceptance": {"7": 1.5}}}, "label '7'"),
    ({"samples": {"acceptance": {"7": None}}}, "label '7'"), ({"samples": {"threshold": {"1": "high"}}}, "'high'"),
    ({"samples": {"threshold": "low"}}, "'low'"), ({"sweeps": {"rho": {"value": 1}}}, "sweep over rho"),
    ({"sweeps": {"rho": [{"value": "x"}]}}, "sweep over rho"), ({"sweeps": {"width": []}}, "'width'"),
    ({"networks": {"a": {"role": "student"}}}, "without an arm"),
    ({"networks": {"a": {"role": "student", "arm": 3}}}, "the arm of 'a'"),
    ({"networks": {name: {"role": "student", "arm": "m1"} for name in "ab"}}, "both of the arm 'm1'"),
])
def test_a_damaged_metrics_file_is_refused_in_one_line(tmp_path, change, word):
    folder = cgan_kd_runs.write_run(tmp_path / "run", metrics=change)
    with pytest.raises(InputError) as caught:
        read_run(folder)
    assert word in str(caught.value) and "metrics.json" in str(caught.value) and "\n" not in str(caught.value)
