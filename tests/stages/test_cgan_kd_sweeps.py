"""Sweeps of cGAN-KD: which stages they add, what M2 does in another teacher's hands, what metrics.json says."""

import json

import keras
import numpy as np
import pytest
from test_cgan_kd_stages import CLASSES, PLAN, VALUES, network, shards, staged, stages

from kgan.data.processed_set import ProcessedSet
from kgan.errors import InputError
from kgan.report.cgan_kd_charts import cost_charts, sweep_charts
from kgan.report.groups import group_runs
from kgan.report.load import read_run
from kgan.report.summary import summarise_group
from kgan.stages import subsampling
from kgan.stages.cgan_kd import Sampling, cgan_kd_stages
from kgan.stages.cgan_kd_sweeps import Sweeps
from kgan.stages.training import load_network

SMALL = {"small": (network, PLAN)}
#: Five samples of each class; the four of 0.9 and the two of 0.5 are enough for nine and for six of all classes.
PAPER = {"mode": "paper"}
SWEPT = Sweeps((3, 6, 9, 3), (0.5, 0.9), SMALL)


def folder_of(tmp_path, names):
    folder = tmp_path / "run"
    (folder / "networks").mkdir(parents=True)
    (folder / "recipe.json").write_text(json.dumps({"recipe": "swept", "title": "Swept", "settings": {}, "seed": 3,
                                                    "versions": {}, "stages": names}))
    return folder


def test_a_sweep_adds_a_student_for_each_setting_but_the_runs_own():
    plain = [stage.name for stage in stages(sampling=PAPER)]
    swept = stages(sampling=PAPER, sweeps=SWEPT)
    added = [stage for stage in swept if stage.name not in plain]
    assert [stage.name for stage in added] == [
        "student_m1_m2_fakes_3", "student_m1_m2_fakes_9", "m1_m2_rho_0.5", "student_m1_m2_rho_0.5", "teacher_small",
        "m1_m2_teacher_small", "student_m1_m2_teacher_small"]
    assert [stage.name for stage in swept if stage not in added] == plain
    of_name = {stage.name: stage for stage in swept}
    assert of_name["student_m1_m2_fakes_9"].needs == ("m1_m2", "student_nokd")
    assert of_name["student_m1_m2_fakes_9"].settings["num_fakes"] == 9
    assert of_name["m1_m2_rho_0.5"].needs == ("m1",) and of_name["m1_m2_rho_0.5"].settings["rho"] == 0.5
    assert of_name["student_m1_m2_rho_0.5"].needs == ("m1_m2_rho_0.5", "student_nokd")
    assert of_name["m1_m2_teacher_small"].needs == ("m1", "teacher_small")
    assert of_name["m1_m2_teacher_small"].settings["rho"] == 0.9
    assert set(of_name["evaluate"].needs) >= {stage.name for stage in added if not stage.name.startswith("m1_m2")}
    scratch = stages(sampling=PAPER, sweeps=Sweeps((3,)), from_scratch=True)
    assert {stage.name: stage for stage in scratch}["student_m1_m2_fakes_3"].needs == ("m1_m2",)


def test_the_data_are_read_early_for_sweeps_alone():
    def never():
        raise RuntimeError("read")

    sampling = Sampling(5, 6, 4, 8, 0.9, "paper")
    parts = {"teacher": (network, PLAN), "features": (network, PLAN), "student": (network, PLAN, PLAN),
             "cgan": (print, 5), "ratio": (print, 5), "sampling": sampling, "arms": ("m1_m2",)}
    cgan_kd_stages(never, never, **parts)
    with pytest.raises(RuntimeError, match="read"):
        cgan_kd_stages(never, never, sweeps=Sweeps((3,)), **parts)


@pytest.mark.parametrize("sampling, sweeps, words", [
    (PAPER, Sweeps((0,)), "sweep_fakes takes positive whole numbers; received 0"),
    (PAPER, Sweeps((3, 4)), "multiples of 3; received 4"),
    (PAPER, Sweeps((), (0.5, 1.5)), r"rho must lie in \(0, 1\]; received 1.5"),
    # floor(0.9 * 5) = 4 of a class, 15 need 5 = floor(0.9 * 6)
    (PAPER, Sweeps((15, 3)), "rho = 0.9 leaves 4 of 5 in a class; set per_label to 6 or more"),
    # floor(0.2 * 5) = 1, the run's six need 2 = floor(0.2 * 10)
    (PAPER, Sweeps((), (0.2,)), "6 samples .* rho = 0.2 leaves 1 of 2 in a class; set per_label to 10 or more"),
    # cutoffs from 2 apart: 0.9 n - 3 sqrt(0.09 (n + n^2 / 2)) of n = 3 is 0, of n = 10 the first above 2
    ({}, Sweeps((3,)), "rho = 0.9 leaves 0 of 2 in a class; set per_label to 12 or more"),
    # 0.1 n - 3 sqrt(0.09 (n + n^2 / 2)) never is
    ({"per_label": 40}, Sweeps((), (0.1,)), "set per_label and filter_burn_in higher, or take fewer"),
])
def test_sweeps_that_do_not_fit_are_refused_at_once(sampling, sweeps, words):
    with pytest.raises(InputError, match=f"^[^\n]*{words}[^\n]*$"):
        stages(sampling=sampling, sweeps=sweeps)


def test_a_regression_needs_enough_of_all_labels_and_sweeps_the_arm_m1_m2():
    sampling = Sampling(5, 6, 4, 8, 0.9, num_labels=4)  # 0.9 of 20 is 18, of 24 it is 21
    parts = {"teacher": (network, PLAN), "features": (network, PLAN), "student": (network, PLAN, PLAN),
             "cgan": (print, 5), "ratio": (print, 5), "sampling": sampling}
    for fits in ((18, 7), (1,)):
        cgan_kd_stages(lambda: VALUES, lambda: VALUES, arms=("m1_m2",), sweeps=Sweeps(fits), **parts)
    with pytest.raises(InputError, match="leaves 18 of 19; set per_label to 6 or more"):
        cgan_kd_stages(lambda: VALUES, lambda: VALUES, arms=("m1_m2",), sweeps=Sweeps((19,)), **parts)
    with pytest.raises(InputError, match=r"sweeps vary the arm m1_m2: .* received m1"):
        cgan_kd_stages(lambda: VALUES, lambda: VALUES, arms=("m1",), sweeps=Sweeps((3,)), **parts)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_another_teacher_judges_the_stored_samples_anew(tmp_path, task):
    run = folder_of(tmp_path, ["m1", "m1_m2_teacher_small"])
    keras.utils.set_random_seed(5)
    classes = task == "classification"
    judge = network(3 if classes else 1)
    judge.save(run / "networks" / "teacher_small.keras")
    assigned = np.array([0, 1, 2, 2, 1, 0, 0, 1], np.int32) if classes else np.linspace(10, 29, 8).astype(np.float32)
    shards(run, "m1", assigned, np.arange(8), predicted=assigned[::-1].copy(), each=1)
    pixels = np.arange(8)[:, None, None, None] * np.ones((1, 8, 8, 1))
    outputs = judge(np.float32(pixels / 127.5 - 1.0)).numpy().astype(np.float64)
    data = CLASSES if classes else VALUES
    staged(run, "m1_m2_teacher_small",
           subsampling.adjust(lambda: data, rho=1.0, mode="paper", judge="teacher_small"))
    samples = ProcessedSet(run / "m1_m2_teacher_small" / "samples")
    if classes:
        errors = np.log(np.exp(outputs).sum(axis=1)) - outputs[np.arange(8), assigned]
        np.testing.assert_array_equal(samples.labels, assigned)
    else:
        predicted = np.clip(10.0 + 20.0 * outputs[:, 0], 10.0, 30.0)
        errors = np.abs(assigned - predicted)
        np.testing.assert_allclose(samples.labels, predicted, rtol=1e-4)
    np.testing.assert_allclose(samples.errors, errors, rtol=1e-3, atol=1e-4)


def test_metrics_hold_every_point_and_the_page_shows_them(tmp_path):
    plan = {stage.name: stage for stage in stages(sampling=PAPER, sweeps=SWEPT, arms=("m1_m2",))}
    made = [name for name in plan if name not in ("cgan", "features", "density_ratio", "m1", "report")]
    run = folder_of(tmp_path, list(plan))
    shards(run, "m1", np.array([0, 1, 2] * 5, np.int32), np.arange(15))
    for name in made:
        (run / name).mkdir()
        if name != "evaluate":
            (run / name / "complete.json").write_text(json.dumps({"id": "x", "seconds": 1.5, "peak_mib": 400}))
        lines = staged(run, name, plan[name].function)
    metrics = json.loads((run / "metrics.json").read_text())
    assert set(metrics["networks"]) == {"teacher", "student_nokd", "student_m1_m2"}

    def error(name):
        logits = load_network(run, name)(CLASSES.images / np.float32(127.5) - 1.0).numpy()
        return pytest.approx(100.0 * np.mean(logits.argmax(axis=1) != CLASSES.labels))

    sweeps = metrics["sweeps"]
    students = {"fakes": [(3, "student_m1_m2_fakes_3"), (6, "student_m1_m2"), (9, "student_m1_m2_fakes_9")],
                "rho": [(0.5, "student_m1_m2_rho_0.5"), (0.9, "student_m1_m2")]}
    assert list(sweeps) == ["fakes", "rho", "teacher"]
    for over, points in students.items():
        assert [(point["value"], point["network"]) for point in sweeps[over]] == points
    teachers = {point["name"]: point for point in sweeps["teacher"]}
    assert {name: point["network"] for name, point in teachers.items()} == {
        "small": "student_m1_m2_teacher_small", "teacher": "student_m1_m2"}
    assert teachers["small"]["value"] == error("teacher_small") and teachers["small"]["parameters"] == 195
    assert teachers["teacher"]["value"] == error("teacher")
    for point in (point for points in sweeps.values() for point in points):
        assert point["test_error"] == error(point["network"])
    assert any(line.startswith("sweep over rho, test errors (%): 0.5: ") for line in lines)
    assert (len(ProcessedSet(run / "m1_m2_rho_0.5" / "samples")), len(ProcessedSet(run / "m1_m2" / "samples"))) \
        == (9, 15)  # in the paper's mode ceil(0.5 * 5) and ceil(0.9 * 5) of each class

    (group,) = group_runs([read_run(run)])
    summary = summarise_group(group)
    assert [chart["answers"] for chart in sweep_charts(summary, "s")] == ["figure 10", "figure 11", "table 7"]
    assert set(summary["costs"]) == set(made) - {"evaluate"}
    assert "student_m1_m2_rho_0.5 1.50" in cost_charts(summary, "c")[0]
