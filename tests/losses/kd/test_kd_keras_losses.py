"""BLKD and losses of one pair of layers within Keras's own `Distiller`."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from kd_checks import draw
from keras import layers
from keras.distillation import Distiller

from kgan.errors import InputError
from kgan.losses.kd import keras_losses
from kgan.losses.kd.keras_losses import FeatureLoss, LogitLoss
from kgan.losses.supervised import blkd_loss

IMAGES, LABELS = draw(5, 8, 8, 1).astype("float32"), np.array([0, 2, 1, 2, 0])


def classifier(name, width, stride=1):
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(width, 3, strides=stride, padding="same", activation="relu", name="map")(image)
    x = layers.Conv2D(4, 3, strides=2 // stride, padding="same", activation="relu", name="same_map")(x)
    x = layers.Dense(2 * width, name="vector")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, layers.Dense(3, name="logits")(x), name=name)


@pytest.fixture
def networks():
    keras.utils.set_random_seed(0)
    return classifier("teacher", 5), classifier("student", 3, stride=2)


def distiller(networks, loss):
    made = Distiller(*networks, distillation_losses=loss, student_loss_weight=0.25)
    made.compile(keras.optimizers.SGD(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                 run_eagerly=True)
    return made


def output(network, layer):
    return keras.Model(network.input, network.get_layer(layer).output)(IMAGES)


LOSSES = [FeatureLoss("attention_loss", "map", "map"), FeatureLoss("hint_loss", "same_map", "same_map"),
          FeatureLoss("pkt_loss", "vector", "vector"), FeatureLoss("rkd_loss", "vector", "vector"),
          FeatureLoss("similarity_loss", "map", "same_map")]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.function_name)
def test_keras_distills_through_a_pair_of_layers(networks, loss):
    teacher, student = networks
    function = keras_losses.FUNCTIONS[loss.function_name]
    features = output(student, loss.student_layer_name), output(teacher, loss.teacher_layer_name)
    expected = float(function(*features))
    assert expected > 1e-6 and float(function(*features[::-1])) >= 0
    hard = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, student(IMAGES))
    found = distiller(networks, loss).compute_loss(IMAGES, LABELS)
    assert float(found) == pytest.approx(0.25 * float(hard) + 0.75 * expected, rel=1e-5)


def test_keras_distills_through_logits(networks):
    teacher, student = networks
    hard = float(keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, student(IMAGES)))
    for arguments in ((4.0, "code"), (2.0, "code"), (3.0, "paper")):
        expected = 0.25 * hard + 0.75 * float(blkd_loss(student(IMAGES), teacher(IMAGES), *arguments))
        found = distiller(networks, LogitLoss(*arguments)).compute_loss(IMAGES, LABELS)
        assert float(found) == pytest.approx(expected, rel=1e-5)


def test_the_students_logits_are_the_ones_that_learn():
    student, teacher = (tf.constant(draw(5, 3, seed=seed), tf.float32) for seed in (1, 2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([student, teacher])
        losses = LogitLoss().compute_loss(teacher, student), LOSSES[2].compute_loss(teacher, student)
    for loss in losses:
        assert tape.gradient(loss, teacher) is None and np.abs(tape.gradient(loss, student)).max() > 1e-6


def test_a_step_moves_the_student_alone(networks):
    teacher, student = networks
    before = [[np.array(weight) for weight in network.weights] for network in networks]
    made = distiller(networks, [LogitLoss(), LOSSES[0], LOSSES[4]])
    made.fit(IMAGES, LABELS, batch_size=5, epochs=2, verbose=0)
    for weight, old in zip(teacher.weights, before[0], strict=True):
        np.testing.assert_array_equal(weight, old)
    assert all(np.any(np.array(weight) != old) for weight, old in zip(student.weights, before[1], strict=True))


def test_a_distiller_comes_back_from_its_config(networks):
    made = Distiller(*networks, distillation_losses=[LogitLoss(2.0, "paper"), LOSSES[4]])
    again = Distiller.from_config(made.get_config())
    assert [loss.get_config() for loss in again.distillation_losses] == [
        {"temperature": 2.0, "mode": "paper"},
        {"function_name": "similarity_loss", "teacher_layer_name": "map", "student_layer_name": "same_map"}]
    assert [type(loss) for loss in again.distillation_losses] == [LogitLoss, FeatureLoss]


@pytest.mark.parametrize("make, message", [
    (lambda: LogitLoss(0.0), "above 0; received 0.0"),
    (lambda: LogitLoss(mode="print"), "'print'"),
    (lambda: FeatureLoss("vid_loss", "map", "map"), "'vid_loss'.*attention_loss, hint_loss"),
    (lambda: FeatureLoss("pkt_loss", None, "map"), "teacher_layer_name=None"),
    (lambda: FeatureLoss("pkt_loss", "map", None), "student_layer_name=None"),
])
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("loss, message", [
    (FeatureLoss("pkt_loss", "f9", "map"), "the teacher 'teacher' has no layer 'f9'"),
    (FeatureLoss("pkt_loss", "map", "f9"), "the student 'student' has no layer 'f9'"),
    (FeatureLoss("hint_loss", "map", "map"), r"\(4, 4, 3\).*\(8, 8, 5\)"),
    (FeatureLoss("attention_loss", "vector", "map"), "only maps"),
])
def test_networks_that_do_not_fit_are_refused(networks, loss, message):
    with pytest.raises(InputError, match=message):
        Distiller(*networks, distillation_losses=loss)


def test_a_network_without_a_graph_is_refused(networks):
    class Bare(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(InputError, match="no graph of named layers"):
        LOSSES[2].validate_model_compatibility(Bare(), networks[1])
