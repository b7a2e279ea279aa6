"""Teachers that other code saved: opened in every form, looked at, or refused in one line before anything is kept."""

import foreign
import keras
import numpy as np
import pytest
import tensorflow as tf
from picture_files import refused
from staged import SEED, work_of

from kgan.metrics.sampler import Sampler, latents
from kgan.quiet import quiet
from kgan.stages.given_teacher import GivenTeacher
from kgan.stages.judge import Judge
from kgan.stages.teacher_form import form_of, take_in, teacher_images
from kgan.stages.training import load_network, read_registers
from kgan.training.noise import fold_seed


def kept(tmp_path, source, check=lambda form: None):
    """The `Work` of a stage that took the teacher in."""
    (tmp_path / "run" / "networks").mkdir(parents=True)
    (tmp_path / "run" / "recipe.json").write_text('{"stages": ["teacher"], "settings": {}, "recipe": "x"}')
    work = work_of(tmp_path / "run", "teacher")
    take_in(source, check, 4)(work)
    return work


def teacher(path, **how):
    return GivenTeacher(path, num_images=12, **how)


def subclassed_free(folder):
    """A SavedModel without signatures, called itself."""
    class Called(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32)])
        def __call__(self, z):
            return tf.reshape(tf.sigmoid(z @ foreign.KERNEL + foreign.BIAS), (-1, 8, 8, 1))

    with quiet():
        tf.saved_model.save(Called(), str(folder), signatures={})
    return folder


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("save", [
    lambda folder: foreign.save_keras(folder, foreign.functional()),
    lambda folder: foreign.save_keras(folder, foreign.sequential()),
    lambda folder: foreign.export_keras(folder, foreign.functional()),
    lambda folder: foreign.save_module(folder / "module", signature="make"),
    lambda folder: subclassed_free(folder / "called"),
], ids=["keras", "sequential", "exported", "module", "called"])
def test_a_teacher_of_any_form_makes_its_images_in_the_run(tmp_path, save):
    work = kept(tmp_path, teacher(save(tmp_path)))
    network = load_network(work.run_dir, "teacher")
    z = np.random.default_rng(2).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_allclose(network(z, training=False), 2.0 * foreign.expected(z) - 1.0, atol=1e-5)
    form = form_of(work.run_dir)
    assert (form.latent_dim, form.image_shape, form.num_classes, form.recorded) == (3, (8, 8, 1), 0, False)
    (entry,) = read_registers(work.run_dir)
    assert (entry["name"], entry["role"], entry["weights"], entry["image_range"]) == (
        "teacher", "teacher", "given", [0.0, 1.0])
    assert entry["parameters"] == network.count_params()
    images = teacher_images(work.run_dir)
    assert images.name == "teacher" and images.images.shape == (12, 8, 8, 1) and images.labels is None
    assert (work.folder / "samples" / "teacher.png").is_file()


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("make, how, num_classes", [
    (lambda folder: foreign.save_keras(folder, foreign.labelled()), {"num_classes": 3}, 3),
    (lambda folder: foreign.save_keras(folder, foreign.labelled("one_hot", ("a", "b"), True)),
     {"labels_input": "b"}, 4),
    (lambda folder: foreign.save_module(folder / "module", labels=True), {"num_classes": 4}, 4),
], ids=["column", "dict", "index"])
def test_classes_reach_a_teacher_in_its_own_form(tmp_path, make, how, num_classes):
    work = kept(tmp_path, teacher(make(tmp_path), latents_law="uniform", **how))
    sampler = Sampler(load_network(work.run_dir, "teacher"))
    assert (sampler.num_classes, sampler.latents_law) == (num_classes, "uniform")
    z, labels = latents(5, 3, 1), np.array([2, 0, 1, 1, 2])
    wanted = np.rint(foreign.expected(z, labels) * 255.0)
    assert np.abs(sampler.images_of(z, labels) - wanted).max() <= 1
    drawn = latents(4, 3, fold_seed(SEED, "evaluation"), "uniform")  # as every measure of the run draws them
    np.testing.assert_array_equal(Judge(work, None, 4).images(load_network(work.run_dir, "teacher")),
                                  sampler.images_of(drawn))
    images = teacher_images(work.run_dir)
    np.testing.assert_array_equal(images.labels, np.arange(12) % num_classes)
    assert form_of(work.run_dir).num_classes == images.num_classes == num_classes


def test_the_range_is_found_out_and_the_images_are_the_same(tmp_path):
    work = kept(tmp_path, teacher(foreign.save_keras(tmp_path, foreign.functional(200.0))))
    (entry,) = read_registers(work.run_dir)
    assert entry["image_range"] == [0.0, 255.0] and entry["steady"]
    z = latents(4, 3, 1)
    wanted = foreign.expected(z) * 200.0 / 255.0 * 2.0 - 1.0
    np.testing.assert_allclose(load_network(work.run_dir, "teacher")(z), wanted, atol=1e-5)


def test_a_teacher_with_noise_of_its_own_is_told(tmp_path):
    class Noisy(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32)])
        def __call__(self, z):
            x = z @ foreign.KERNEL + tf.random.normal((tf.shape(z)[0], 64))
            return tf.reshape(tf.sigmoid(x), (-1, 8, 8, 1))

    with quiet():
        tf.saved_model.save(Noisy(), str(tmp_path / "noisy"))
    work = kept(tmp_path, teacher(tmp_path / "noisy"))
    assert not read_registers(work.run_dir)[0]["steady"]
    assert "students can only learn the mean" in work.console.lines[1]


def test_nothing_is_kept_of_a_teacher_whose_form_is_refused(tmp_path):
    def check(form):
        raise ValueError(f"latents of {form.latent_dim}")

    with pytest.raises(ValueError, match="latents of 3"):
        kept(tmp_path, teacher(foreign.save_keras(tmp_path, foreign.functional())), check)
    assert not any((tmp_path / "run" / "networks").iterdir()) and not (tmp_path / "run" / "teacher").exists()


def flat(folder):
    """A generator that ends before its images have a shape."""
    z = keras.Input((3,))
    return foreign.save_keras(folder, keras.Model(z, keras.layers.Dense(64)(z)))


def deaf(folder):
    """A generator that makes one image."""
    z = keras.Input((3,))
    x = keras.layers.Dense(64, kernel_initializer="zeros", bias_initializer="ones")(z)
    return foreign.save_keras(folder, keras.Model(z, keras.layers.Reshape((8, 8, 1))(x)))


def deaf_in_each_class(folder):
    """A generator whose images differ by their class alone."""
    z, labels = keras.Input((3,), name="noise"), keras.Input((4,), name="label")
    x = keras.layers.Add()([keras.layers.Dense(64)(labels), keras.layers.Dense(64, kernel_initializer="zeros")(z)])
    x = keras.layers.Activation("sigmoid")(x)
    return foreign.save_keras(folder, keras.Model([z, labels], keras.layers.Reshape((8, 8, 1))(x)))


def of_own_layer(folder):
    """A file with a layer that is known to the code that made it alone."""
    class Own(keras.layers.Layer):
        def call(self, x):
            return keras.ops.tanh(x)

    z = keras.Input((64,))
    return foreign.save_keras(folder, keras.Model(z, keras.layers.Reshape((8, 8, 1))(Own()(z))))


def of_code(folder):
    z = keras.Input((64,))
    x = keras.layers.Reshape((8, 8, 1))(keras.layers.Lambda(lambda x: tf.tanh(x))(z))
    return foreign.save_keras(folder, keras.Model(z, x))


def classifier(folder):
    images = keras.Input((8, 8, 1), name="images")
    return foreign.export_keras(folder, keras.Model(images, keras.layers.Dense(2)(keras.layers.Flatten()(images))))


def without_signature(folder):
    with quiet():
        tf.saved_model.save(tf.Module(), str(folder / "bare"))
    return folder / "bare"


@pytest.mark.parametrize("make, how, words", [
    (lambda folder: folder / "none.keras", {}, "none.keras is not there: give a .keras file or a SavedModel folder"),
    (lambda folder: folder, {}, "holds no saved_model.pb"),
    (lambda folder: foreign.save_keras(folder, foreign.functional()), {"latent_dim": 4},
     "takes latents of 3 values, not of latent_dim=4"),
    (lambda folder: foreign.save_keras(folder, foreign.functional()), {"num_classes": 4}, "takes no labels"),
    (lambda folder: foreign.save_keras(folder, foreign.functional()), {"labels_input": "noise"}, "does not fit"),
    (lambda folder: foreign.save_keras(folder, foreign.functional(7.0)), {"image_range": "0,1"}, "not in [0, 1]"),
    (lambda folder: foreign.save_keras(folder, foreign.functional(batch_size=5)), {}, "batches of one size alone"),
    (lambda folder: foreign.save_keras(folder, foreign.functional(dtype="int32")), {}, "noise: int32 [?, 3]"),
    (lambda folder: foreign.save_keras(folder, foreign.labelled("one_hot", ("a", "b"))), {},
     "which of these are the labels: set labels_input"),
    (lambda folder: foreign.save_keras(folder, foreign.labelled("one_hot")), {"num_classes": 9},
     "labels of 4 classes, not of num_classes=9"),
    (flat, {}, "gives [B, 64], where one output of images [B, H, W, C]"),
    (deaf, {}, "the same image whatever the latents are"),
    (deaf_in_each_class, {}, "the same image whatever the latents are"),
    (of_own_layer, {}, "(Own is defined in the code that made it alone): call model.export(FOLDER)"),
    (of_code, {}, "(a Lambda layer is code, which is not run from a file): call model.export(FOLDER)"),
    (lambda folder: foreign.save_keras(folder, foreign.labelled()), {"num_classes": 90}, "cannot be run on 64 latents"),
    (classifier, {}, "takes images: float32 [?, 8, 8, 1]"),
    (without_signature, {}, "has no signature at all: save it with one"),
    (lambda folder: foreign.save_module(folder / "module", labels=True), {}, "set num_classes"),
    (lambda folder: foreign.save_module(folder / "module", latents=None), {}, "set latent_dim"),
])
def test_what_does_not_fit_is_refused_in_one_line(tmp_path, make, how, words):
    message = refused(teacher(make(tmp_path), **how).open, tmp_path, 4)
    assert words in message and len(message) < 700, message


def test_a_file_that_is_damaged_or_holds_something_else(tmp_path):
    (tmp_path / "a.keras").write_bytes(b"no archive")
    assert "no archive as model.save writes it" in refused(teacher(tmp_path / "a.keras").open, tmp_path, 4)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "saved_model.pb").write_bytes(b"no graph")
    assert "cannot load the teacher" in refused(teacher(tmp_path / "bad").open, tmp_path, 4)
    (tmp_path / "a.txt").write_text("x")
    assert "is neither of them" in refused(teacher(tmp_path / "a.txt").open, tmp_path, 4)


def test_settings_are_checked_before_anything_is_opened():
    assert "'log'" in refused(GivenTeacher, "x", latents_law="log")
    assert "received '0,9'" in refused(GivenTeacher, "x", image_range="0,9")
