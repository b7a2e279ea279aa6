"""Arms of cGAN-KD with techniques: what they learn from and begin with, and that they are looked at first."""

import json

import keras
import numpy as np
import pytest
from distil import featureless, smallest
from staged import Quiet, run_stages, work_of

from kgan.data.image_set import ImageSet
from kgan.data.processed import ProcessedWriter
from kgan.errors import InputError
from kgan.stages import students
from kgan.stages.cgan_kd import Sampling, cgan_kd_stages
from kgan.stages.predictors import Plan
from kgan.stages.training import load_network

SHAPE, REAL, FAKES = (8, 8, 1), 24, 12
PLAIN, LONGER = Plan(steps=3, batch_size=4, learning_rate=0.1, l2=3e-3), Plan(5, 6, 0.1, l2=2e-3)
DATA = ImageSet("noise", np.random.default_rng(0).integers(0, 200, (REAL, *SHAPE)).astype(np.uint8),
                (np.arange(REAL) % 3).astype(np.int32), ("a", "b", "c"))


def stages(*arms, teacher=lambda: smallest(5), student=lambda: smallest(3), data=DATA, **settings):
    sampling = Sampling(per_label=5, num_fakes=9, burn_in=4, batch_size=8, rho=0.9, filter_burn_in=2)
    return cgan_kd_stages(
        lambda: data, lambda: data, teacher=(teacher, PLAIN) if callable(teacher) else teacher,
        features=(lambda: smallest(3), PLAIN), cgan=(_must_not_run, 5), ratio=(_must_not_run, 5),
        student=(student, PLAIN, LONGER), sampling=sampling, arms=arms, **settings)


def _must_not_run(work):
    raise RuntimeError("a GAN was trained")


@pytest.fixture
def run(tmp_path):
    """A run folder with a teacher and twelve samples, four of each class, white: no real image has a white pixel."""
    (tmp_path / "networks").mkdir()
    (tmp_path / "recipe.json").write_text(json.dumps({"stages": ["teacher"]}))
    keras.utils.set_random_seed(1)
    smallest(5).save(tmp_path / "networks" / "teacher.keras")
    writer, labels = ProcessedWriter(tmp_path / "m1_m2" / "samples", {}, 1), np.repeat(np.arange(3, dtype=np.int32), 4)
    writer.write(0, {"images": np.full((FAKES, *SHAPE), 255, np.uint8), "assigned_labels": labels,
                     "final_labels": labels, "errors": np.zeros(FAKES, np.float32),
                     "density_ratios": np.ones(FAKES, np.float32), "dropped": np.zeros(FAKES, np.uint8)},
                 {"labels": np.arange(3, dtype=np.int32), "proposed": np.full(3, 9), "accepted": np.full(3, 4)})
    writer.finish()
    return tmp_path


@pytest.fixture
def trained(run, monkeypatch):
    """Callable that runs stages by name, in place of a training adding 1 to all weights; name -> what was to train.

    That is a dict of the method, the weights it began with, its steps and its first six batches.
    """
    def train_in_run(work, method, batches, steps, **others):
        network = method.networks["network"]
        found[work.folder.name] = {"method": method, "steps": steps, "batches": list(batches(0).take(6)),
                                   "weights": [np.array(weights) for weights in network.get_weights()]}
        network.set_weights([weights + 1.0 for weights in network.get_weights()])

    def go(made, names):
        for stage in (stage for stage in made if stage.name in names):
            (run / stage.name).mkdir()
            stage.function(work_of(run, stage.name, Quiet()))
        return found

    found = {}
    monkeypatch.setattr(students, "train_in_run", train_in_run)
    return go


def white(batches):
    """Of each batch, which images are samples."""
    return np.concatenate([np.asarray(batch[0]).min(axis=(1, 2, 3)) > 0.99 for batch in batches])


def entry(run, name):
    (found,) = json.loads((run / name / "networks.json").read_text())
    return {key: found[key] for key in ("role", "arm", "kd", "fakes", "steps")}


def test_an_arm_under_crd_learns_from_real_images_and_samples_alike(run, trained):
    made = stages("m1_m2+crd")
    needs = {stage.name: stage.needs for stage in made}
    assert needs["student_m1_m2_crd"] == ("m1_m2", "student_nokd", "teacher")
    found = trained(made, ("student_nokd", "student_m1_m2_crd"))["student_m1_m2_crd"]
    banks = [found["method"].technique.state[f"{who}_bank"] for who in ("student", "teacher")]
    assert [bank.shape[0] for bank in banks] == [REAL + 9] * 2
    rows = np.concatenate([np.asarray(batch[2])[:, 0] for batch in found["batches"]])
    np.testing.assert_array_equal(rows >= REAL, white(found["batches"]))  # a sample's own row stands behind them all
    assert 0 < (rows >= REAL).sum() <= 2 * 9 and rows.max() < REAL + 9
    assert found["batches"][0][0].shape[0] == LONGER.batch_size and found["method"].l2 == LONGER.l2
    for before, after in zip(load_network(run, "student_nokd").get_weights(), found["weights"], strict=True):
        np.testing.assert_array_equal(before, after)
    assert entry(run, "student_m1_m2_crd") == {"role": "student", "arm": "m1_m2+crd", "kd": "crd", "fakes": 9,
                                               "steps": 5}


def test_an_arm_under_sskd_goes_on_from_sskds_own_student(run, trained):
    made = stages("m1_m2+SSKD")
    names = [stage.name for stage in made if stage.name.startswith(("student_", "head_"))]
    assert names == ["student_nokd", "head_teacher", "student_nokd_sskd", "student_m1_m2_sskd"]
    needs = {stage.name: stage.needs for stage in made}
    assert needs["head_teacher"] == ("teacher",) and needs["student_nokd_sskd"] == ("teacher", "head_teacher")
    assert needs["student_m1_m2_sskd"] == ("m1_m2", "student_nokd_sskd", "teacher", "head_teacher")
    found = trained(made, names[1:])
    head, own, last = (found[name] for name in names[1:])
    assert not white(head["batches"]).any() and not white(own["batches"]).any() and white(last["batches"]).any()
    assert [part["method"].l2 for part in (own, last)] == [PLAIN.l2, 1e-4]
    assert [part["steps"] for part in (own, last)] == [3, 5]
    for before, after in zip(own["weights"], last["weights"], strict=True):
        np.testing.assert_array_equal(before + 1.0, after)
    prepared = last["method"].technique.prepared.get_weights()
    for before, after in zip(head["weights"], prepared, strict=True):
        np.testing.assert_array_equal(before + 1.0, after)
    assert entry(run, "student_nokd_sskd") == {"role": "control", "arm": "nokd+sskd", "kd": "sskd", "fakes": 0,
                                               "steps": 3}
    assert entry(run, "student_m1_m2_sskd") == {"role": "student", "arm": "m1_m2+sskd", "kd": "sskd", "fakes": 9,
                                                "steps": 5}


@pytest.mark.parametrize("arms, settings", [
    (("nokd+sskd", "m1_m2+sskd", "m1+sskd"), {}), (("m1+sskd", "m1_m2+sskd"), {"from_scratch": True})])
def test_arms_under_sskd_share_the_head_which_stands_before_them(arms, settings):
    made = stages(*arms, **settings)
    names = [stage.name for stage in made]
    assert names.count("head_teacher") == 1 and len(set(names)) == len(names)
    for place, stage in enumerate(made):
        assert set(stage.needs) <= set(names[:place]), stage.name
    assert {stage.name: stage.needs for stage in made}["head_teacher"] == ("teacher",)


@pytest.mark.parametrize("arm, changes, words", [
    ("m1_m2+at", {"teacher": featureless}, "AT looks at the ends of all stages, and the teacher 'featureless' has no"),
    ("m1_m2+crd", {"student": featureless}, "the student 'featureless' has no"),
    ("m1_m2+at", {"kd": {"at": {"student_layers": ("f7",)}}}, "the student 'smallest' has no layer 'f7'"),
    ("nokd+blkd", {"kd": {"blkd": {"temperature": 0.0}}}, "temperature must be"),
    ("nokd+takd", {"assistant": (lambda: smallest(4, classes=4), PLAIN)}, "the teacher tells 3 classes, the student 4"),
])
def test_what_a_technique_cannot_serve_is_refused_with_the_data(tmp_path, arm, changes, words):
    with pytest.raises(InputError, match=words) as caught:
        run_stages(tmp_path / "run", stages(arm, **changes))
    assert "\n" not in str(caught.value)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"networks", "data", "recipe.json"}
    assert not any((tmp_path / "run" / "networks").iterdir())


def test_a_given_teacher_is_read_first_then_looked_at(tmp_path):
    path = tmp_path / "four.keras"
    smallest(5, classes=4).save(path)
    with pytest.raises(InputError, match="gives 4 classes, but image set 'noise' has 3 classes"):
        run_stages(tmp_path / "a", stages("nokd+at", teacher=str(path)))
    featureless().save(path)
    with pytest.raises(InputError, match="the teacher 'featureless' has none that its reference takes"):
        run_stages(tmp_path / "b", stages("nokd+at", teacher=str(path)))
    assert (tmp_path / "b" / "teacher").is_dir() and not (tmp_path / "b" / "student_nokd").exists()


@pytest.mark.parametrize("arms, changes, words", [
    (("m1_m2+crd",), {"kd": {"crd": {"widht": 5}}}, "CRD has no setting 'widht'"),
    (("m1_m2",), {"kd": {"okd": {}}}, "no technique 'okd'"),
    (("nokd+TAKD",), {}, "TAKD goes by way of an assistant")])
def test_settings_and_assistants_are_looked_at_at_once(arms, changes, words):
    with pytest.raises(InputError, match=words):
        stages(*arms, **changes)
