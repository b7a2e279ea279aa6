"""The stages of knowledge distillation on the smallest networks: which there are, what a run leaves and refuses."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from distil import featureless, smallest
from staged import Quiet, run_stages, work_of

from kgan.data.image_set import ImageSet
from kgan.errors import Diverged, InputError
from kgan.report.kd_check import check_metrics
from kgan.report.kd_methods import preparation
from kgan.stages import students
from kgan.stages.distil import KD
from kgan.stages.kd import Networks, Pair, kd_stages
from kgan.stages.predictors import Plan
from kgan.stages.students import Arm
from kgan.stages.training import load_network

SHAPE, PLAN = (8, 8, 1), Plan(steps=1, batch_size=4, learning_rate=0.05)
RNG = np.random.default_rng(0)


def images(count):
    return RNG.integers(0, 256, (count, *SHAPE)).astype(np.uint8)


TRAIN = ImageSet("noise", images(18), (np.arange(18) % 3).astype(np.int32), ("a", "b", "c"))
TEST = ImageSet("noise", images(9), (np.arange(9) % 3).astype(np.int32), ("a", "b", "c"), "test")


def make(name):
    widths = {"wide": 5, "small": 3, "middle": 4}
    return smallest(widths[name], name=name) if name in widths else featureless(name=name)


def networks(files=None):
    return Networks(make, lambda name: PLAN, lambda name, method: PLAN, files or {})


PAIR = Pair("wide", "small")


def stages(methods, pairs=(PAIR,), made=None, **settings):
    return kd_stages(lambda: TRAIN, lambda: TEST, pairs=pairs, methods=methods, networks=made or networks(),
                     **settings)


def needs_of(made):
    return {stage.name: stage.needs for stage in made}


def test_the_stages_of_two_students_of_a_teacher():
    pairs = [Pair("t", "a", "m"), Pair("t", "b", "n"), Pair("u", "a", "m")]
    found = needs_of(stages(("nokd", "sskd", "ft", "ab", "TakD", "crd", "crd"), pairs))
    assert list(found)[:5] == ["data", "teacher_t", "teacher_u", "student_a_nokd", "student_b_nokd"]
    assert list(found)[5:] == [
        "head_t", "student_t_a_sskd", "paraphraser_t", "student_t_a_ft", "connectors_t_a_ab", "student_t_a_ab",
        "assistant_t_a", "student_t_a_takd", "student_t_a_crd",
        "student_t_b_sskd", "student_t_b_ft", "connectors_t_b_ab", "student_t_b_ab", "assistant_t_b",
        "student_t_b_takd", "student_t_b_crd",
        "head_u", "student_u_a_sskd", "paraphraser_u", "student_u_a_ft", "connectors_u_a_ab", "student_u_a_ab",
        "assistant_u_a", "student_u_a_takd", "student_u_a_crd", "evaluate", "report"]
    assert found["student_a_nokd"] == () and found["head_t"] == ("teacher_t",)
    assert found["student_t_b_sskd"] == ("teacher_t", "head_t")
    assert found["student_t_b_ft"] == ("teacher_t", "paraphraser_t")
    assert found["student_u_a_ab"] == ("teacher_u", "connectors_u_a_ab")
    assert found["assistant_t_b"] == ("teacher_t",) and found["student_t_b_takd"] == ("assistant_t_b",)
    assert found["student_t_b_crd"] == ("teacher_t",)
    trained = {name for name in found if name.startswith(("teacher_", "student_", "assistant_"))}
    assert set(found["evaluate"]) == trained and len(found["evaluate"]) == len(trained)


@pytest.mark.parametrize("method", ["ab", "ft", "sskd", "takd"])
def test_the_report_finds_what_was_trained_beforehand(method):
    """Else a method's cost would be missing."""
    assert preparation(method, "t", "a") in needs_of(stages((method,), [Pair("t", "a", "m")]))


def test_a_pair_without_an_assistant_can_be_left_out():
    found = needs_of(stages(("takd", "at"), [Pair("t", "a"), Pair("u", "a", "m")], allow_refused=True))
    for place, needs in enumerate(found.values()):
        assert set(needs) <= set(list(found)[:place])
    assert "student_t_a_takd" in found and "assistant_t_a" not in found and "assistant_u_a" in found


def test_students_alone_are_exported():
    found = needs_of(stages(("takd",), [Pair("t", "a", "m")], quantize=("none",)))
    assert found["export"] == ("student_a_nokd", "student_t_a_takd") and found["report"] == ("evaluate", "export")


def test_a_run_with_preparation_banks_and_a_pair_that_is_left_out(tmp_path, untraced):
    run = tmp_path / "run"
    pairs = [PAIR, Pair("dense", "small")]
    lines = run_stages(run, stages(("ab", "crd"), pairs, allow_refused=True))
    metrics = json.loads((run / "metrics.json").read_text())
    check_metrics(metrics, "metrics.json")
    found = metrics["networks"]
    said = {name: tuple(entry[key] for key in ("role", "network", "teacher", "kd", "fakes", "steps"))
            for name, entry in found.items()}
    assert said == {
        "teacher_wide": ("teacher", "wide", None, "none", 0, 1),
        "teacher_dense": ("teacher", "dense", None, "none", 0, 1),
        "student_small_nokd": ("control", "small", None, "nokd", 0, 1),
        **{f"student_{teacher}_small_{kd}": ("student", "small", teacher, kd, 0, 1)
           for teacher, kd in (("wide", "ab"), ("wide", "crd"))}}
    assert found["teacher_wide"]["parameters"] == make("wide").count_params()
    students_ = [entry["parameters"] for name, entry in found.items() if name.startswith("student_")]
    assert set(students_) == {make("small").count_params()}
    for name, entry in found.items():
        network, errors = load_network(run, name), {}
        for kind, part in (("train_error", TRAIN), ("test_error", TEST)):
            logits = np.asarray(network(part.images / np.float32(127.5) - 1.0))
            errors[kind] = 100.0 * np.mean(logits.argmax(axis=1) != part.labels)
        assert {kind: entry[kind] for kind in errors} == pytest.approx(errors), name
    refused = {(entry["teacher"], entry["student"], entry["kd"]): entry["reason"] for entry in metrics["refused"]}
    assert set(refused) == {("dense", "small", "ab"), ("dense", "small", "crd")}
    reason = refused["dense", "small", "crd"]
    assert "CRD looks at the pooled vector" in reason and "'dense' has none that its reference takes" in reason
    assert f"crd for dense to small is left out: {reason}" in lines
    assert f"student_dense_small_crd: not served: {reason}" in lines
    assert not (run / "networks" / "connectors_dense_small_ab.keras").exists()
    assert metrics["kind"] == "kd" and metrics["data"]["train"] == 18 and metrics["data"]["test"] == 9
    assert metrics["task"] == "classification" and metrics["unit"] == "%"
    for word in ("AB", "CRD", "dense"):
        assert word in (run / "report.html").read_text()


def test_what_a_refused_and_a_served_student_share_is_trained(tmp_path, untraced):
    pairs = [Pair("wide", "dense"), Pair("wide", "small")]
    lines = run_stages(tmp_path / "run", stages(("ft",), pairs, allow_refused=True)[:-2])  # no evaluation, no report
    assert any(line.startswith("student_wide_dense_ft: not served") for line in lines)
    made = {path.stem for path in (tmp_path / "run" / "networks").glob("*_*.keras")}
    assert {"paraphraser_wide", "student_wide_small_ft"} <= made and "student_wide_dense_ft" not in made


@pytest.mark.parametrize("falls", ["student_wide_small_pkt", "paraphraser_wide"])
def test_a_student_that_diverges_is_left_out_or_ends_the_run(falls, tmp_path, untraced, monkeypatch):
    train = students.train_in_run

    def diverging(work, *arguments, **settings):
        if work.folder.name == falls:
            raise Diverged("training diverged at step 1: loss = nan")
        train(work, *arguments, **settings)

    monkeypatch.setattr(students, "train_in_run", diverging)
    method, other = ("pkt", "ft") if falls.endswith("pkt") else ("ft", "pkt")
    with pytest.raises(Diverged):
        run_stages(tmp_path / "ended", stages((method,)))
    lines = run_stages(tmp_path / "run", stages(("pkt", "ft"), allow_diverged=True)[:-1])
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    check_metrics(metrics, "metrics.json")
    (left_out,) = metrics["refused"]
    assert (left_out["teacher"], left_out["student"], left_out["kd"]) == ("wide", "small", method)
    assert "diverged" in left_out["reason"] and any("left out" in line for line in lines)
    assert f"student_wide_small_{other}" in metrics["networks"]
    assert f"student_wide_small_{method}" not in metrics["networks"]


@pytest.fixture
def first_weights(tmp_path, monkeypatch):
    """Callable, (`Arm`) -> the weights that its student begins with, in a run with a teacher and connectors."""
    (tmp_path / "networks").mkdir()
    for name, network, seed in (("teacher_wide", "wide", 1), ("connectors", "small", 2)):
        keras.utils.set_random_seed(seed)
        make(network).save(tmp_path / "networks" / f"{name}.keras")
    seen = []

    def train_in_run(work, method, batches, steps, **others):
        seen.append([np.array(weights) for weights in method.network.get_weights()])

    monkeypatch.setattr(students, "train_in_run", train_in_run)

    def begin(arm):
        (tmp_path / arm.name).mkdir()
        students.student(lambda: TRAIN, lambda: make("small"), PLAN, arm)(work_of(tmp_path, arm.name, Quiet()))
        return seen.pop()

    begin.run = tmp_path
    return begin


def test_a_student_begins_where_its_method_says(first_weights):
    plain = first_weights(Arm("nokd"))
    taught = first_weights(Arm("crd", kd=KD("crd", "teacher_wide")))
    formed = first_weights(Arm("ab", kd=KD("ab", "teacher_wide", prepared="connectors")))
    for expected, found in zip(plain, taught, strict=True):
        np.testing.assert_array_equal(expected, found)
    for expected, found in zip(load_network(first_weights.run, "connectors").get_weights(), formed, strict=True):
        np.testing.assert_array_equal(expected, found)
    assert np.abs(plain[0] - formed[0]).max() > 0.01


@pytest.mark.parametrize("method, pair, words", [
    ("at", Pair("dense", "small"), "AT looks at the ends of all stages, and the teacher 'dense' has no"),
    ("takd", PAIR, "TAKD goes by way of an assistant")])
def test_a_pair_that_is_not_served_is_refused_before_anything_is_trained(tmp_path, method, pair, words):
    with pytest.raises(InputError, match=words) as caught:
        run_stages(tmp_path / "run", stages((method,), [pair]))
    assert "\n" not in str(caught.value)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"networks", "data", "recipe.json"}
    assert not any((tmp_path / "run" / "networks").iterdir())


def test_an_assistant_is_looked_at_beside_both_others(tmp_path):
    """A finished teacher of other classes shows at the assistant's leg."""
    smallest(5, classes=4).save(tmp_path / "four.keras")
    made = networks(files={"wide": tmp_path / "four.keras"})
    pair = Pair("wide", "small", "middle")
    with pytest.raises(InputError, match="the teacher tells 4 classes, the student 3"):
        run_stages(tmp_path / "run", stages(("takd",), [pair], made=made))


@pytest.mark.parametrize("method, settings, words", [
    ("crd", {"widht": 5}, "CRD has no setting 'widht'; it has ce_weight, .*, width"),
    ("blkd", {"width": 5}, "BLKD has no setting 'width'"),
    ("crd", {"num_images": 5}, "num_images follows from the run"),
    ("sskd", {"prepared": None}, "prepared follows from the run")])
def test_settings_that_a_technique_does_not_have_are_refused_at_once(method, settings, words):
    with pytest.raises(InputError, match=words):
        stages((method,), settings={method: settings})


@pytest.mark.parametrize("changes, words", [
    ({"methods": ("okd",)}, "no technique 'okd'"), ({"settings": {"okd": {}}}, "no technique 'okd'"),
    ({"pairs": ()}, "needs a pair"), ({"quantize": ("int4",)}, "int4"),
    ({"methods": ("takd",), "pairs": [Pair("t", "a", "a")]}, "between t and a: name a third network")])
def test_what_does_not_fit_is_refused_at_once(changes, words):
    with pytest.raises(InputError, match=words):
        stages(**{"methods": ("at",)} | changes)


def test_an_assistant_counts_for_takd_alone():
    data, *_ = stages(("at",), [Pair("t", "a", "a")])
    assert data.settings["pairs"] == [("t", "a", None)]


def test_named_layers_and_weights_reach_the_technique(tmp_path, monkeypatch):
    (tmp_path / "networks").mkdir()
    make("wide").save(tmp_path / "networks" / "teacher_wide.keras")
    found = []
    monkeypatch.setattr(students, "train_in_run", lambda work, method, *_, **others: found.append(method))
    settings = {"student_layers": ("f1", "f2"), "teacher_layers": ("f2", "f0"), "kd_weight": 7.0}
    stage = {stage.name: stage for stage in stages(("at", "crd"), settings={"at": settings, "crd": {"width": 5}})}
    for name in ("student_wide_small_at", "student_wide_small_crd"):
        (tmp_path / name).mkdir()
        stage[name].function(_unrefused(tmp_path, name))
    at, crd = found
    assert at.technique.student_layers == ("f1", "f2") and at.technique.teacher_layers == ("f2", "f0")
    assert at.weights_of_terms["kd_weight"] == 7.0 and at.weights_of_terms["ce_weight"] == 1.0
    assert crd.technique.state["student_bank"].shape == (18, 5) and crd.weights_of_terms["kd_weight"] == 0.8
    assert tf.reduce_max(tf.abs(crd.technique.state["teacher_bank"])) <= 1.0 / np.sqrt(5 / 3)


def _unrefused(run, name):
    (run / "data").mkdir(exist_ok=True)
    (run / "data" / "refused.json").write_text("[]")
    return work_of(run, name, Quiet())
