"""A compression whose teacher exists: from a file and from recorded pairs, to measures, a TFLite file and a page."""

import dataclasses
import json

import foreign
import keras
import numpy as np
import pytest
import tiny
from staged import SEED, Quiet, run_stages, work_of

from kgan.data.image_set import ImageSet
from kgan.errors import InputError
from kgan.methods.compression import MSE, Joint
from kgan.methods.features import Features
from kgan.methods.gan import GAN
from kgan.metrics.pixel_error import pixel_mse
from kgan.metrics.sampler import Sampler, latents
from kgan.report.load import read_run
from kgan.stages.existing import controls, existing_stages
from kgan.stages.given_teacher import GivenTeacher
from kgan.stages.recorded_teacher import RecordedTeacher
from kgan.stages.teacher_form import split_pairs
from kgan.stages.training import load_network, read_registers
from kgan.training.noise import fold_seed

SEEN = Features("classifier", {"features": 0.5})
NUM = 48  # images that networks are measured on


def student(d, form):
    """A tiny generator of the teacher's form."""
    return tiny.conditional_generator(d, form.num_classes) if form.num_classes else tiny.generator(d)


def optimizer():
    return keras.optimizers.Adam(1e-2)


def stages(source, **how):
    settings = {"generator": student, "student_d": (1, 2), "student_objectives": {"mse": MSE()},
                "student_optimizer": optimizer, "student_steps": 2, "features_steps": 1, "batch_size": 8,
                "num_samples": NUM, "quantize": ("none",)}
    return existing_stages(source, **{**settings, **how})


def little_traced(wanted):
    """The stages, those that train in plain Python: a few steps take less time than their graph."""
    def plain(stage):
        def run(work):
            with tiny.untraced():
                stage.function(work)

        return dataclasses.replace(stage, function=run) if stage.name in ("features", "students") else stage

    return list(map(plain, wanted))


@pytest.fixture(scope="module")
def from_file(tmp_path_factory):
    """A run with a teacher of four classes from a SavedModel."""
    place = tmp_path_factory.mktemp("file")
    saved = foreign.save_module(place / "saved", labels=True)
    wanted = stages(GivenTeacher(saved, num_classes=4, num_images=60), student_d=(1,))
    run_stages(place / "run", little_traced(wanted))
    return place / "run"


@pytest.fixture(scope="module")
def from_pairs(tmp_path_factory):
    """A run with 100 recorded pairs of four classes, to its measures."""
    place = tmp_path_factory.mktemp("pairs")
    z, y = latents(100, foreign.LATENT_DIM, 5), np.arange(100) % 4
    for name, array in (("z", z), ("y", y), ("x", foreign.expected(z, y).astype(np.float32))):
        np.save(place / f"{name}.npy", array)
    source = RecordedTeacher(place / "z.npy", place / "x.npy", place / "y.npy", held_out=0.4)
    objectives = {"joint": Joint(alpha=0.1), "features": SEEN}
    wanted = stages(source, student_d=(1,), student_objectives=objectives, discriminator_optimizer=optimizer,
                    discriminator=lambda d, shape: tiny.discriminator(d))
    run_stages(place / "run", little_traced(wanted)[:4])
    return place / "run"


def metrics(run_dir):
    return json.loads((run_dir / "metrics.json").read_text())


def test_students_are_measured_beside_the_teacher_from_the_same_latents(from_file):
    found = metrics(from_file)
    assert set(found["networks"]) == {"teacher", "student_d1"}
    teacher, small = found["networks"]["teacher"], found["networks"]["student_d1"]
    z = latents(NUM, foreign.LATENT_DIM, fold_seed(SEED, "evaluation"))
    labels = np.arange(NUM) % 4
    made = np.rint(foreign.expected(z, labels) * 255.0).astype(np.uint8)
    copied = Sampler(load_network(from_file, "student_d1")).images_of(z, labels)
    assert small["pixel_mse"] == pytest.approx(pixel_mse(made, copied), rel=1e-2)  # a rounding may tip over
    assert "pixel_mse" not in teacher and teacher["weights"] == "given"
    assert small["ratio"] == pytest.approx(teacher["parameters"] / small["parameters"])
    assert small["vol_ratio"] == pytest.approx(small["vol"] / teacher["vol"])
    assert {"fd_teacher_cnn", "is_teacher_cnn"} <= set(small) and set(found["headline"].values()) <= set(teacher)


def test_the_teachers_images_are_never_called_real(from_file):
    found = metrics(from_file)
    assert found["real"] == {} and not (from_file / "evaluate" / "real.npz").exists()
    assert "num_real" not in found["protocol"] and "real_split" not in found["protocol"]
    assert found["protocol"]["num_compared_with"] == 60 and found["protocol"]["num_fake"] == NUM
    assert found["protocol"]["compared_with"] == "images that the teacher made of other latents"
    with np.load(from_file / "evaluate" / "samples.npz") as samples:
        assert set(samples.files) == set(found["networks"])


def test_students_leave_as_tflite_and_the_page_misses_nothing(from_file):
    exported = json.loads((from_file / "export" / "export.json").read_text())
    (file,) = exported["files"]
    assert file["network"] == "student_d1" and (from_file / "out" / file["file"]).is_file()
    assert file["latents_law"] == "latents N(0, I), labels 0 to 3"
    measured = json.loads((from_file / "measure_files" / "files.json").read_text())
    assert measured["protocol"]["num_compared_with"] == 60 and "num_real" not in measured["protocol"]
    beside = metrics(from_file)["networks"]["student_d1"]
    for found in (measured["networks"]["student_d1"], measured["files"][0]["measures"]):  # of the same latents
        assert found["vol"] == pytest.approx(beside["vol"], rel=1e-2)
    run = read_run(from_file)
    assert run.missing == () and set(run.logs) == {"students"}
    page = (from_file / "report.html").read_text()
    assert "student_d1" in page and "pixel_mse" in page


def test_students_of_recorded_pairs_learn_from_those_not_held_out(from_pairs):
    rest, held_out = split_pairs(from_pairs)
    assert (len(rest), len(held_out)) == (60, 40)
    found = metrics(from_pairs)
    students = ["student_d1_joint", "student_d1_features"]
    assert set(found["networks"]) == {"teacher", *students}
    for name in students:
        copied = Sampler(load_network(from_pairs, name)).images_of(held_out.latents, held_out.labels)
        assert found["networks"][name]["pixel_mse"] == pytest.approx(pixel_mse(held_out.images, copied), rel=1e-6)
        assert found["networks"][name]["fd_teacher_cnn"] > 0
    teacher = found["networks"]["teacher"]
    assert teacher["weights"] == "recorded" and teacher["parameters"] is None
    assert "fd_teacher_cnn" not in teacher and teacher["is_teacher_cnn"] >= 1.0
    assert found["protocol"]["num_compared_with"] == found["protocol"]["num_fake"] == 40
    assert [entry["name"] for entry in read_registers(from_pairs)] == students
    assert read_run(from_pairs).missing == ("export/export.json",)
    with np.load(from_pairs / "evaluate" / "samples.npz") as samples:
        np.testing.assert_array_equal(samples["teacher"], held_out.images[:32])


def test_a_training_on_pairs_sees_the_order_of_the_runs_seed(from_pairs):
    """The first step's loss in the log is that of the first batch of the run's seed."""
    lines = (from_pairs / "students" / "log.csv").read_text().splitlines()
    rest, _ = split_pairs(from_pairs)
    inputs, images = next(iter(rest.batches(8, seed=fold_seed(SEED, "students"))))
    keras.utils.set_random_seed(fold_seed(SEED, "students"))
    first = tiny.conditional_generator(1, 4)
    loss = float(np.square(np.array(images - first(inputs, training=True))).sum() / 8.0)
    column = lines[0].split(",").index("student_d1_joint/pixel_loss")
    assert float(lines[1].split(",")[column]) == pytest.approx(loss, rel=1e-3)


def real(num=30, shape=(8, 8, 1), labels=True):
    images = np.random.default_rng(0).integers(0, 256, (num, *shape)).astype(np.uint8)
    return ImageSet("photos", images, (np.arange(num) % 2).astype(np.int32) if labels else None)


def gan(d, form, seed, learning_rate):
    model = GAN(tiny.generator(d), tiny.discriminator(d), ema_decay=0.5, seed=seed)
    model.compile(keras.optimizers.Adam(learning_rate), keras.optimizers.Adam(learning_rate))
    return model


def test_real_images_bring_controls_and_distances_to_them(tmp_path, untraced):
    path = foreign.save_keras(tmp_path, foreign.functional())
    wanted = stages(GivenTeacher(path, num_images=30), data=real, gan=gan, control_learning_rates=(1e-3,),
                    control_steps=1, student_d=(1,), num_samples=24)
    assert [stage.name for stage in wanted] == ["teacher", "features", "students", "controls", "evaluate", "export",
                                                "measure_files", "report"]
    run_stages(tmp_path / "run", [stage for stage in wanted[:5] if stage.name != "students"])
    found = metrics(tmp_path / "run")
    assert {name: entry["role"] for name, entry in found["networks"].items()} == {
        "teacher": "teacher", "control_d1_lr0.001": "control"}
    assert all("fd_photos_cnn" in entry for entry in found["networks"].values())
    assert "pixel_mse" not in found["networks"]["control_d1_lr0.001"]
    assert found["protocol"]["num_real"] == 30 and found["real"]["vol"] > 0
    assert (tmp_path / "run" / "evaluate" / "real.npz").is_file()


@pytest.mark.parametrize("images, words", [
    (lambda: real(shape=(16, 16, 1)), "the real images of image set 'photos' are 16x16x1, the teacher's 8x8x1: bring "
     "the real ones to that with image_size=8 and channels=1"),
    (lambda: real(num=5), "has 5 images, fewer than one batch of 8")])
def test_real_images_that_do_not_fit_end_the_run_before_anything_is_trained(tmp_path, images, words):
    path = foreign.save_keras(tmp_path, foreign.functional())
    wanted = stages(GivenTeacher(path, num_images=30), data=images, gan=gan, control_learning_rates=(1e-3,))
    with pytest.raises(InputError) as caught:
        run_stages(tmp_path / "run", wanted[:1])
    assert words in str(caught.value)
    assert not any((tmp_path / "run" / "networks").iterdir())


def test_a_teacher_of_classes_has_no_controls(from_file):
    console = Quiet()
    work = work_of(from_file, "controls", console)
    controls(gan, (1,), (1e-3,), real, steps=2, batch_size=8, num_samples=24)(work)
    assert console.lines == ["controls: none are trained, for the students take labels"]
    assert json.loads((work.folder / "networks.json").read_text()) == []


@pytest.mark.parametrize("law, scale, held_out, num, words", [
    ("uniform", 3.0, 0.4, 60, "those of U(-1, 1) end at 1: set latents_law=normal"),
    ("normal", 0.9, 0.4, 400, "all lie in [-1, 1], as those of U(-1, 1) do: set latents_law=uniform"),
    ("normal", 3.0, 0.2, 60, "holds out 12 of 60 recorded pairs, but measures need at least 20"),
    ("normal", 3.0, 0.9, 60, "60 recorded pairs without the 54 held out are fewer than a batch of 8")])
def test_pairs_that_do_not_fit_are_refused_in_one_line(tmp_path, law, scale, held_out, num, words):
    drawn = latents(num, 3, 0, "uniform") * scale
    np.save(tmp_path / "z.npy", drawn)
    np.save(tmp_path / "x.npy", foreign.expected(drawn).astype(np.float32))
    source = RecordedTeacher(tmp_path / "z.npy", tmp_path / "x.npy", latents_law=law, held_out=held_out)
    with pytest.raises(InputError) as caught:
        source.open(tmp_path, 8)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("how, words", [
    ({"student_d": (2, 2)}, "student_d takes different positive whole numbers; received (2, 2)"),
    ({"batch_size": 0}, "batch_size must be at least 1"), ({"num_samples": 4}, "num_samples must be at least 20"),
    ({"quantize": ()}, "quantize takes some of none, float16"), ({"image_output": "int8"}, "received 'int8'"),
    ({"student_objectives": {"features": SEEN}, "features": "x.keras"}, "leave out one of the two"),
    ({"ema_decay": 1.0}, "ema_decay must lie in [0, 1)"), ({"quantize": ("int4",)}, "'int4'"),
    ({"data": real, "gan": gan, "control_learning_rates": (0.0,)}, "positive numbers; received (0.0,)")])
def test_settings_that_do_not_fit_are_refused_at_once(how, words):
    with pytest.raises(InputError) as caught:
        stages(GivenTeacher("nowhere.keras"), **how)
    assert words in str(caught.value)
