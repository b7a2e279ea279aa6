"""The look at a cGAN-KD run's data, and the finished teacher that a run may be given, on tiny networks."""

import json

import keras
import numpy as np
import pytest
from staged import Quiet, work_of

from kgan.data.image_set import ImageSet
from kgan.data.value_set import ValueSet
from kgan.errors import InputError
from kgan.stages.cgan_kd_data import check_data
from kgan.stages.predictors import Plan, given_teacher
from kgan.stages.tasks import check_predictor
from kgan.stages.training import load_network

PLAN = Plan(4, 4, 0.1)
SHAPE = (8, 8, 1)


def pictures(count=8):
    """Image k has the one value 30 k."""
    return np.broadcast_to((30 * np.arange(count)).astype(np.uint8)[:, None, None, None], (count, *SHAPE)).copy()


def classes(labels=(0, 0, 0, 0, 0, 1, 1, 1), names=("dark", "light")):
    return ImageSet("grey", pictures(len(labels)), np.array(labels, np.int32), names)


def values(high=70.0):
    return ValueSet("grey", pictures(), np.arange(0, 80, 10).astype(np.float32), 0.0, high, "mm")


def network(outputs=2, shape=SHAPE):
    images = keras.Input(shape)
    dense = keras.layers.Dense(outputs)
    made = keras.Model(images, dense(keras.layers.GlobalAveragePooling2D()(images)))
    if outputs == 2:  # light from a mean pixel of 0 on: 127.5, between images 4 and 5
        dense.set_weights([np.float32([[-1, 1]] * shape[-1]) / shape[-1], np.zeros(2, np.float32)])
    return made


def run(tmp_path, name, function):
    (tmp_path / name).mkdir()
    (tmp_path / "networks").mkdir(exist_ok=True)
    console = Quiet()
    function(work_of(tmp_path, name, console))
    return console.lines


def test_what_was_read_is_written_down(tmp_path):
    held_out = ImageSet("grey", pictures(2), np.int32([0, 1]), ("dark", "light"), "test", "there")
    stage = check_data(classes, lambda: held_out, {"student": (network, PLAN)}, num_fakes=6, per_label=4, apart=1)
    assert run(tmp_path, "data", stage) == ["classification: 8 images of (8, 8, 1) to learn from, 2 to test on"]
    found = json.loads((tmp_path / "data" / "data.json").read_text())
    assert found["test"] == {"name": "grey", "split": "test", "num": 2, "source": "there"}
    assert found["classes"] == ["dark", "light"] and found["image_shape"] == [8, 8, 1] and found["train"]["num"] == 8


@pytest.mark.parametrize("test, trained, asked, words", [
    (lambda: classes(names=("dark", "white")), {}, {}, "the classes or the range of labels differ"),
    (values, {}, {}, "to learn from has classification images of .* to test on regression images"),
    (classes, {"student": (lambda: network(3), PLAN)}, {}, "network of 'student' gives 3 classes, .* 2 classes"),
    (classes, {"student": (network, Plan(4, 9, 0.1))}, {}, "has 8 images, fewer than one batch of 9"),
    (classes, {}, {"num_fakes": 8}, "num_fakes of 8 .* 3 of each of 2 labels"),
    (classes, {}, {"num_fakes": 5}, "num_fakes must be a multiple of the 2 classes")])
def test_what_would_fail_later_is_refused(tmp_path, test, trained, asked, words):
    stage = check_data(classes, test, trained, **{"num_fakes": 6, "per_label": 4, "apart": 1} | asked)
    with pytest.raises(InputError, match=words):
        run(tmp_path, "data", stage)


def test_samples_of_the_labels_that_occur_are_counted(tmp_path):
    with pytest.raises(InputError, match=r"num_fakes of 17 .* 2 of each of 8 labels"):
        run(tmp_path, "data", check_data(values, values, {}, num_fakes=17, per_label=2))


@pytest.mark.parametrize("made, data, words", [
    (lambda: network(shape=(8, 8, 3)), classes, r"takes inputs of \(None, 8, 8, 3\)"),
    (network, values, "gives 2 classes, but value set 'grey' asks for one value an image"),
    (lambda: network(1), classes, "gives one value an image, but image set 'grey' has 2 classes"),
    (lambda: keras.Sequential([keras.layers.Dense(2)]), classes, "no functional or sequential network"),
    (lambda: keras.Model(x := keras.Input(SHAPE), {"features": x}), classes, "gives no output 'logits'"),
    (lambda: keras.Model(x := keras.Input(SHAPE), x), classes, r"gives outputs of \(None, 8, 8, 1\)")])
def test_networks_of_other_images_or_labels_do_not_fit(made, data, words):
    with pytest.raises(InputError, match=f"^it {words}|^it is {words}"):
        check_predictor(made(), data(), "it")


def test_networks_that_fit_pass():
    check_predictor(network(), classes(), "it")
    check_predictor(network(1), values(), "it")
    images = keras.Input(SHAPE)
    flat = keras.layers.Flatten()(images)
    check_predictor(keras.Model(images, {"logits": keras.layers.Dense(2)(flat), "features": flat}), classes(), "it")


def test_a_finished_teacher_becomes_the_runs(tmp_path):
    network().save(tmp_path / "mine.keras")
    data = classes((0, 0, 0, 1, 0, 1, 1, 0))  # images 3 and 7 are on the other side of the teacher's border
    lines = run(tmp_path, "teacher", given_teacher(lambda: data, str(tmp_path / "mine.keras")))
    assert lines == ["the given teacher's error on 8 of the images to learn from: 25.00 %"]
    kept = load_network(tmp_path, "teacher")
    np.testing.assert_array_equal(kept.get_weights()[0], [[-1, 1]])
    (entry,) = json.loads((tmp_path / "teacher" / "networks.json").read_text())
    assert (entry["name"], entry["role"], entry["steps"], entry["parameters"]) == ("teacher", "teacher", 0, 4)


def test_a_finished_regressor_is_judged_in_the_unit(tmp_path):
    images = keras.Input(SHAPE)
    mean = keras.layers.GlobalAveragePooling2D()(images)
    # image k has the mean 30 k / 127.5 - 1 and the value 10 k of 70: a regressor that is right, but 3.5 mm too high
    keras.Model(images, keras.layers.Rescaling(127.5 / 210, 127.5 / 210 + 0.05)(mean)).save(tmp_path / "mine.keras")
    lines = run(tmp_path, "teacher", given_teacher(lambda: values(), tmp_path / "mine.keras"))
    # the last image's prediction of 73.5 is clipped to 70
    assert lines == [f"the given teacher's error on 8 of the images to learn from: {7 * 3.5 / 8:.2f} mm"]
