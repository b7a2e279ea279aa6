"""SSKD: the views, the head's training, one written-out step, what moves, what is refused."""

import keras
import labelled
import numpy as np
import pytest
import taught
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.losses.kd.sskd import sskd_loss
from kgan.methods.kd.catalogue import make_technique
from kgan.methods.kd.distillation import Distillation
from kgan.methods.kd.sskd import HeadTraining, SelfSupervision, rotated_views
from kgan.training.noise import StepNoise


class Given:
    """Draws that a test chooses, one after the other; remembers their shapes."""

    def __init__(self, *draws):
        self.draws, self.shapes = list(draws), []

    def uniform(self, shape):
        self.shapes.append(tuple(shape))
        return tf.reshape(tf.constant(self.draws.pop(0), tf.float32), shape)


def cosines(embedded, batch):
    """[3B, B] in float64."""
    rows = embedded.astype("float64") / np.linalg.norm(embedded, axis=1, keepdims=True)
    return rows[batch:] @ rows[:batch].T


def through(head, x):
    """Two dense layers with a ReLU between, from a head's weights."""
    first, shift, second, last = head.get_weights()
    return np.maximum(x @ first + shift, 0) @ second + last


def turned(images):
    """An image upright, then by 90, 180 and 270 degrees anticlockwise, all upright ones first."""
    return np.concatenate([np.rot90(images, turns, axes=(1, 2)) for turns in range(4)])


def test_views_are_upright_then_rotated_anticlockwise():
    top = tf.reshape(tf.constant([[1.0, 2.0], [3.0, 4.0]]), (1, 2, 2, 1))
    views = np.array(rotated_views(tf.concat([top, 10 * top], 0), None, None))[..., 0]
    expected = [[[1, 2], [3, 4]], [[2, 4], [1, 3]], [[4, 3], [2, 1]], [[3, 1], [4, 2]]]
    np.testing.assert_array_equal(views[::2], expected)
    np.testing.assert_array_equal(views[1::2], 10 * np.array(expected))


def test_an_image_is_mirrored_before_all_its_views_are_made():
    images = np.array(labelled.class_batch(3)[0])
    mirrored = images.copy()
    mirrored[[0, 2]] = images[[0, 2]][:, :, ::-1]
    noise = Given([0.2, 0.6, 0.4])
    np.testing.assert_array_equal(rotated_views(tf.constant(images), "flip", noise), turned(mirrored))
    assert not noise.draws


def test_each_view_is_cropped_on_its_own_after_its_rotation():
    images = np.array(labelled.class_batch(2)[0])
    starts = np.random.default_rng(4).integers(0, 9, (4, 2, 2))  # of turn, axis and image, of 9 places
    noise = Given([0.1, 0.9], *((starts + 0.5) / 9).reshape(8, 2))
    views = np.array(rotated_views(tf.constant(images), "crop_flip", noise))
    mirrored = np.stack([images[0][:, ::-1], images[1]])
    frame = np.pad(turned(mirrored), [(0, 0), (4, 4), (4, 4), (0, 0)], constant_values=-1)
    for turn in range(4):
        for image in range(2):
            top, left = starts[turn, :, image]
            np.testing.assert_array_equal(views[2 * turn + image],
                                          frame[2 * turn + image, top : top + 8, left : left + 8])
    # Each draw has a number for each image of the batch, as `StepNoise` cuts it among replicas.
    assert [shape[0] for shape in noise.shapes] == [2] * 9


def test_resized_crops_differ_from_view_to_view():
    images = labelled.class_batch(2)[0]
    views = np.array(rotated_views(images, "resized_crop_flip", StepNoise(1, 0))).reshape(4, 2, 8, 8, 1)
    upright = [np.rot90(views[turn], -turn, axes=(1, 2)) for turn in range(4)]
    assert views.shape == (4, 2, 8, 8, 1) and np.abs(views).max() <= 1
    assert min(np.abs(upright[0] - other).max() for other in upright[1:]) > 0.1


def test_head_training_is_the_written_out_loss(untraced):
    teacher = taught.pair()[1]
    method = HeadTraining(None, teacher)
    method.compile(keras.optimizers.SGD(0.1))
    images, labels = labelled.class_batch(5)
    pooled, _ = taught.seen_by(teacher, turned(np.array(images)), ["f_last"], training=False)
    head = method.product
    assert [weights.shape for weights in head.get_weights()] == [(24, 24), (24,), (24, 24), (24,)]
    scores = cosines(through(head, pooled), 5)
    own = np.tile(np.arange(5), 3)
    kept, before = tiny.values(teacher.variables), head.get_weights()
    logs = method.train_step((images, labels))
    assert float(logs["loss"]) == pytest.approx(taught.cross_entropy(own, scores), rel=1e-4)
    assert tiny.all_moved(before, head.get_weights())
    assert not tiny.moved(kept, tiny.values(teacher.variables))
    assert method.network_outputs() == {"network": head} and not HeadTraining.of_pair


def test_head_training_lowers_its_loss():
    method = HeadTraining(*taught.pair(), l2=5e-4)
    method.compile(keras.optimizers.Adam(0.03))
    loss = taught.losses(method, steps=15, epochs=2)
    assert loss[1] < loss[0] - 0.1 and loss[1] > np.log(1 + 5 / np.e**2)  # as low as cosines can bring it


def test_one_step_is_the_written_out_loss(untraced):
    student, teacher = taught.pair()
    prepared = HeadTraining(student, teacher).product
    technique = make_technique("sskd", student, teacher, prepared=prepared)
    images, labels = labelled.class_batch(5)
    views = turned(np.array(images))
    (own, logits), (pooled, told) = (taught.seen_by(network, views, ["f_last"], training) for network, training in
                                     ((student, True), (teacher, False)))
    assert technique.modules.output_shape == (None, 16)
    student_scores = cosines(through(technique.modules, own), 5)
    teacher_scores = cosines(through(prepared, pooled), 5)
    term = sskd_loss(logits[5:], told[5:], np.tile(labels, 3), student_scores, teacher_scores, np.tile(range(5), 3))

    method = Distillation(student, teacher, technique)
    method.compile(keras.optimizers.SGD(0.01))
    moving, still = {**method.networks}, [*teacher.variables, *prepared.variables]
    before = {name: tiny.values(network.trainable_variables) for name, network in moving.items()}
    kept = tiny.values(still)
    logs = method.train_step((images, labels))
    expected = (0.1 * taught.cross_entropy(labels, logits[:5]) + 0.9 * taught.divergence(logits[:5], told[:5])
                + float(term))
    assert float(logs["loss"]) == pytest.approx(expected, rel=1e-4)
    assert float(logs["accuracy"]) == pytest.approx(np.mean(logits[:5].argmax(1) == np.array(labels)))
    assert not tiny.moved(kept, tiny.values(still)) and set(moving) == {"network", "modules"}
    for name, network in moving.items():
        assert tiny.all_moved(before[name], tiny.values(network.trainable_variables)), name
    assert method.network_outputs() == {"network": student}


def test_the_step_compiles():
    student, teacher = taught.pair()
    technique = SelfSupervision(student, teacher, HeadTraining(student, teacher).product)
    method = Distillation(student, teacher, technique, augment="crop_flip")
    method.compile(keras.optimizers.Adam(0.01))
    logs = method.fit(labelled.endless(labelled.class_batch(4)), steps_per_epoch=2, verbose=0, shuffle=False).history
    assert np.isfinite(logs["loss"][0]) and set(logs) == {"loss", "accuracy"}


def test_refusals():
    student, teacher = taught.pair()
    with pytest.raises(InputError, match=r"SSKD needs prepared: make it as SelfSupervision\("):
        Distillation(student, teacher, "sskd")
    with pytest.raises(InputError, match=r"features \(24,\); received one of \(32,\)"):
        SelfSupervision(student, teacher, HeadTraining(None, taught.pair(8)[1]).product)
    oblong = taught.pair(shape=(8, 16, 1))
    with pytest.raises(InputError, match="must be square; the networks take 8x16"):
        HeadTraining(*oblong)
    with pytest.raises(InputError, match="must be square; the networks take 8x16"):
        SelfSupervision(*oblong, HeadTraining(None, teacher).product)
    with pytest.raises(InputError, match="'spin'"):
        HeadTraining(student, teacher, augment="spin")
