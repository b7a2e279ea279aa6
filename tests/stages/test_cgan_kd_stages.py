"""The stages of cGAN-KD on tiny networks: which samples are made, kept and learned from."""

import json

import keras
import numpy as np
import pytest
from staged import Quiet, work_of

from kgan.data.image_set import ImageSet
from kgan.data.processed import DROPPED_BY_M2, KEPT, ProcessedWriter, shard_path
from kgan.data.processed_set import ProcessedSet
from kgan.data.value_set import ValueSet
from kgan.errors import InputError
from kgan.export.runtime import Runner
from kgan.stages import students, subsampling
from kgan.stages.cgan_kd import ARMS, Sampling, cgan_kd_stages
from kgan.stages.delivery import export_run
from kgan.stages.predictors import Plan
from kgan.stages.students import Arm
from kgan.stages.training import image_batches, load_network

SHAPE = (8, 8, 1)
PLAN = Plan(steps=4, batch_size=4, learning_rate=0.1, l2=0.0)
RNG = np.random.default_rng(0)


def classes(count=24):
    labels = (np.arange(count) % 3).astype(np.int32)
    return ImageSet("noise", RNG.integers(0, 256, (count, *SHAPE)).astype(np.uint8), labels, ("a", "b", "c"))


def values(count=24):
    numbers = np.linspace(10, 30, count).astype(np.float32)
    return ValueSet("noise", RNG.integers(0, 256, (count, *SHAPE)).astype(np.uint8), numbers, 10.0, 30.0, "degrees")


CLASSES, VALUES = classes(), values()


def network(outputs=3):
    images = keras.Input(SHAPE, name="images")
    return keras.Model(images, keras.layers.Dense(outputs)(keras.layers.Flatten()(images)))


def generator(classes=3):
    """Images that say nothing of their labels; the label's vector is there for the number of classes."""
    inputs = {"latents": keras.Input((5,), name="latents"), "labels": keras.Input((), name="labels", dtype="int32")}
    one_hot = keras.layers.CategoryEncoding(classes, "one_hot")(inputs["labels"])
    x = keras.layers.Concatenate()([inputs["latents"], one_hot])
    return keras.Model(inputs, keras.layers.Reshape(SHAPE)(keras.layers.Dense(64, "tanh")(x)))


@pytest.fixture
def run(tmp_path):
    """A run folder with a generator and a teacher."""
    folder = tmp_path / "run"
    (folder / "networks").mkdir(parents=True)
    (folder / "recipe.json").write_text(json.dumps({"stages": ["teacher", "unprocessed", "m1", "m1_m2", "student_nokd",
                                                               "student_m1_m2", "student_m1"]}))
    keras.utils.set_random_seed(1)
    generator().save(folder / "networks" / "cgan.keras")
    network().save(folder / "networks" / "teacher.keras")
    return folder


def staged(run, name, function):
    (run / name).mkdir(exist_ok=True)
    console = Quiet()
    function(work_of(run, name, console))
    return console.lines


def shards(run, stage, values_, errors, predicted=None, each=6):
    """Made-up samples of a stage, in shards of six."""
    count = len(values_)
    writer = ProcessedWriter(run / stage / "samples", {}, -(-count // each))
    for number in writer.missing():
        rows = slice(number * each, (number + 1) * each)
        labels = values_[rows]
        writer.write(number, {
            "images": np.full((len(labels), *SHAPE), number, np.uint8), "assigned_labels": labels,
            "final_labels": (values_ if predicted is None else predicted)[rows], "errors": np.float32(errors)[rows],
            "density_ratios": np.ones(len(labels), np.float32), "dropped": np.zeros(len(labels), np.uint8)},
            {"labels": np.unique(labels), "proposed": np.full(len(np.unique(labels)), 9),
             "accepted": np.full(len(np.unique(labels)), 3)})
    writer.finish()


@pytest.mark.parametrize("count, steps", [(24, 2), (6, 2), (24, 3)])
def test_each_critic_step_gets_images_of_its_own_with_their_labels(count, steps):
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    data = ImageSet("count", images, (np.arange(count) % 3).astype(np.int32), ("a", "b", "c"))
    batches = list(image_batches(data, 4, 7, steps, with_labels=True)(0).take(4))
    for pictures, labels in batches:
        assert pictures.shape == (4, steps, *SHAPE) and labels.shape == (4, steps)
        numbers = np.rint((pictures.numpy()[..., 0, 0, 0] + 1.0) * 127.5).astype(int)
        np.testing.assert_array_equal(numbers % 3, labels.numpy())
        for step in range(steps):
            assert len(set(numbers[:, step])) == 4
        if count == 24:
            assert len(set(numbers.ravel())) == 4 * steps
    later = next(iter(image_batches(data, 4, 7, steps, with_labels=True)(3)))
    np.testing.assert_array_equal(later[0], batches[3][0])
    np.testing.assert_array_equal(later[1], batches[3][1])


def test_a_plans_learning_rate_falls_where_it_says():
    rates = Plan(100, 8, 0.4, (0.5, 0.75), 0.1).optimizer().learning_rate
    assert isinstance(Plan(100, 8, 0.4).optimizer(), keras.optimizers.SGD)
    schedule = Plan(100, 8, 0.4, (0.5, 0.75), 0.1).optimizer()._learning_rate
    assert float(rates) == pytest.approx(0.4)
    assert [float(schedule(step)) for step in (50, 51, 75, 76)] == pytest.approx([0.4, 0.04, 0.04, 0.004])
    assert float(Plan(100, 8, 0.4, ()).optimizer().learning_rate) == pytest.approx(0.4)


def test_unprocessed_samples_are_the_generators_with_the_teachers_errors(run):
    staged(run, "unprocessed", subsampling.unprocessed(lambda: CLASSES, per_label=7))
    samples = ProcessedSet(run / "unprocessed" / "samples")
    np.testing.assert_array_equal(np.bincount(samples.labels), [7, 7, 7])
    logits = load_network(run, "teacher")(samples.images(np.arange(21)) / 127.5 - 1.0).numpy().astype(np.float64)
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(21), samples.labels]
    np.testing.assert_allclose(samples.errors, expected, rtol=1e-4)


@pytest.mark.parametrize("mode, kept", [
    # cutoffs from the first two of each class: means of 1, 2 and 3, 5 (rho = 0.5), then `<` on the others
    ("code", {0: [1.2], 1: [3.5, 0.5]}),
    # the second smallest of four: 1.2 and 3
    ("paper", {0: [1.0, 1.2], 1: [3.0, 0.5]}),
])
def test_m2_drops_what_the_teacher_disagrees_with_class_by_class(run, mode, kept):
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1], np.int32)
    two = ImageSet("two", CLASSES.images, CLASSES.labels % 2, ("a", "b"))
    shards(run, "m1", labels, [1.0, 3.0, 2.0, 5.0, 1.2, 3.5, 1.5, 0.5])
    staged(run, "m1_m2", subsampling.adjust(lambda: two, rho=0.5, mode=mode, burn_in=2))
    samples = ProcessedSet(run / "m1_m2" / "samples")
    for label, errors in kept.items():
        np.testing.assert_allclose(samples.errors[samples.labels == label], errors)
    threshold = json.loads((run / "m1_m2" / "threshold.json").read_text())["threshold"]
    assert threshold == pytest.approx({"0": 1.5, "1": 4.0} if mode == "code" else {"0": 1.2, "1": 3.0})
    codes = np.concatenate([np.load(shard_path(run / "m1_m2" / "samples", number))["dropped"] for number in (0, 1)])
    assert (codes == KEPT).sum() == sum(map(len, kept.values()))
    assert (codes == DROPPED_BY_M2).sum() == 8 - (codes == KEPT).sum()


def test_m2_replaces_values_and_both_labels_can_be_learned(run):
    assigned, predicted = np.float32([10, 12, 14, 16, 18, 30]), np.float32([11, 12.5, 18, 16.2, 40, 20])
    shards(run, "m1", assigned, np.abs(assigned - predicted), predicted)
    staged(run, "m1_m2", subsampling.adjust(lambda: VALUES, rho=0.5, mode="paper"))
    samples = ProcessedSet(run / "m1_m2" / "samples")  # errors 1, 0.5, 4, 0.2, 12 (40 is clipped to 30), 10
    np.testing.assert_allclose(samples.labels, [11, 12.5, 16.2])
    np.testing.assert_allclose(samples.with_assigned_labels().labels, [10, 12, 16])
    taken = samples.with_assigned_labels().take(2, 0)
    assert set(taken.labels) < {10, 12, 16} and set(samples.take(2, 0).labels) < set(samples.labels)


def test_arms_start_where_they_should_and_learn_from_their_samples(run):
    shards(run, "m1_m2", np.array([0, 1, 2] * 4, np.int32), np.zeros(12))
    make = students.student(lambda: CLASSES, network, PLAN, Arm("nokd"))
    staged(run, "student_nokd", make)
    plain = load_network(run, "student_nokd").get_weights()
    rest = Plan(steps=1, batch_size=4, learning_rate=0.0, l2=0.0)
    goes_on = Arm("m1_m2", "m1_m2", 9, start="nokd")
    staged(run, "student_m1_m2", students.student(lambda: CLASSES, network, rest, goes_on))
    for before, after in zip(plain, load_network(run, "student_m1_m2").get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    fresh = Arm("m1", "m1_m2", 9)
    staged(run, "student_m1", students.student(lambda: CLASSES, network, rest, fresh))
    assert np.abs(load_network(run, "student_m1").get_weights()[0] - plain[0]).max() > 1e-3
    entry, = json.loads((run / "student_m1_m2" / "networks.json").read_text())
    assert entry["role"] == "student" and entry["fakes"] == 9 and entry["parameters"] == 64 * 3 + 3
    with pytest.raises(InputError, match="multiple of the 3 classes"):
        staged(run, "student_m1", students.student(lambda: CLASSES, network, PLAN, Arm("m1", "m1_m2", 10)))
    with pytest.raises(InputError, match="holds 4 kept samples of class 0"):
        staged(run, "student_m1", students.student(lambda: CLASSES, network, PLAN, Arm("m1", "m1_m2", 15)))


def test_students_leave_as_tflite_and_a_regressor_gives_its_unit(run):
    staged(run, "student_nokd", students.student(lambda: VALUES, lambda: network(1), PLAN, Arm("nokd")))
    (run / "export").mkdir()
    file, = export_run(run, "student_nokd", ("none",), run / "out", "x")
    pictures = VALUES.images[:1] / np.float32(127.5) - 1.0
    (found,) = Runner(file.read_bytes())({"images": pictures}).values()
    assert float(found[0, 0]) == pytest.approx(
        10 + 20 * float(load_network(run, "student_nokd")(pictures)[0, 0]), abs=1e-3)


def stages(**changes):
    sampling = Sampling(**{"per_label": 5, "num_fakes": 6, "burn_in": 4, "batch_size": 8, "rho": 0.9,
                           "filter_burn_in": 2} | changes.pop("sampling", {}))
    given = {"arms": ("nokd_longer", "m1_m2"), "teacher": (network, PLAN), "features": (network, PLAN),
             "cgan": (lambda work: None, 5), "ratio": (lambda work: None, 5), "student": (network, PLAN, PLAN)}
    return cgan_kd_stages(lambda: CLASSES, lambda: CLASSES, sampling=sampling, **given | changes)


def test_the_arms_say_what_is_made():
    names = [stage.name for stage in stages()]
    assert names == ["data", "teacher", "cgan", "features", "density_ratio", "m1", "m1_m2", "student_nokd",
                     "student_nokd_longer", "student_m1_m2", "evaluate", "report"]
    names = [stage.name for stage in stages(arms=("unprocessed",), quantize=("none",))]
    assert names == ["data", "teacher", "cgan", "unprocessed", "student_nokd", "student_unprocessed", "evaluate",
                     "export", "report"]
    of_arm = {stage.name: stage for stage in stages(arms=(*ARMS, "nokd+blkd", "m1_m2+blkd"))}
    assert {f"student_{arm}" for arm in ARMS} <= set(of_arm)
    assert of_arm["student_m1_m2_blkd"].needs == ("m1_m2", "student_nokd", "teacher")
    assert of_arm["student_nokd_blkd"].needs == ("teacher",)
    scratch = {stage.name: stage for stage in stages(from_scratch=True)}
    assert scratch["student_m1_m2"].needs == ("m1_m2",)


@pytest.mark.parametrize("changes, words", [
    ({"arms": ("m2",)}, "an arm is one of nokd, .*; received 'm2'"),
    ({"arms": ("m1_m2+okd",)}, "no technique 'okd'"), ({"arms": ("nokd+takd",)}, "TAKD goes by way of an assistant"),
    ({"sampling": {"rho": 0.0}}, r"rho must lie in \(0, 1\]"), ({"sampling": {"rho": 1.5}}, "rho must lie"),
    ({"sampling": {"mode": "both"}}, "mode must be one of paper, code"),
    ({"sampling": {"num_fakes": 0}}, "num_fakes must be a positive"), ({"quantize": ("int4",)}, "int4")])
def test_what_does_not_fit_is_refused_at_once(changes, words):
    with pytest.raises(InputError, match=words):
        stages(**changes)
