"""SemCKD's trained parts: one step's loss in numpy, what moves, batches of another size, refusals."""

import kd_tiny
import numpy as np
import pytest
import tensorflow as tf
import tiny
from by_numpy import convolution, dense, relu, softmax
from kd_checks import averaged
from keras import layers

from kgan.errors import InputError
from kgan.methods.kd.catalogue import check_task, make_technique
from kgan.methods.kd.semckd import SemanticCalibration


def pair():
    """Stages of 8x8 and 4x4 maps of the student, of 4x4 and 8x8 of the teacher."""
    return kd_tiny.network((2, 3), (8, 4)), kd_tiny.network((3, 2), (4, 8), seed=1)


def embedded(features, output):
    """Unit vectors of a stage, [B, B / 4], from its images' inner products."""
    rows = features.reshape(len(features), -1)
    first, second = kd_tiny.of_type(layers.Dense, kd_tiny.chain(output))
    found = dense(relu(dense(rows @ rows.T, first)), second)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def projected(x, output):
    first, second, third = kd_tiny.of_type(layers.Conv2D, kd_tiny.chain(output))
    x = relu(kd_tiny.batch_norm(convolution(x, first)))
    return convolution(relu(kd_tiny.batch_norm(convolution(x, second))), third)


def test_one_steps_loss_and_what_moves():
    student, teacher = pair()
    technique = SemanticCalibration(student, teacher, 8)
    made = technique.modules.output
    for output in (*made["queries"], *made["keys"]):  # the products are above 0: no unit is silent
        first, _ = kd_tiny.of_type(layers.Dense, kd_tiny.chain(output))
        first.kernel.assign(np.abs(first.kernel) / 10)
    images, labels = kd_tiny.batch(8)
    logits, *own = kd_tiny.outputs(student, ("logits", "f1", "f2"), images, training=True)
    told, *taught = kd_tiny.outputs(teacher, ("logits", "f1", "f2"), images)
    queries, keys = ([embedded(*stage) for stage in zip(side, made[name], strict=True)]
                     for side, name in ((own, "queries"), (taught, "keys")))
    attention = np.stack([softmax(np.stack([np.sum(q * k, 1) for k in keys], 1)) for q in queries], 1)
    assert queries[0].shape == (8, 2) and attention.std() > 0.01
    loss = 0.0
    for i, x in enumerate(own):
        for j, g in enumerate(taught):
            size = (min(x.shape[1], g.shape[1]),) * 2
            found = projected(averaged(x, size), made["projected"][i][j]) - averaged(g, size)
            loss += np.sum(attention[:, i, j] * np.mean(found**2, (1, 2, 3))) / (8 * 2)
    expected = kd_tiny.cross_entropy(labels, logits) + kd_tiny.soft_labels(logits, told) + 400 * loss

    method = kd_tiny.distillation(student, teacher, technique)
    moving = [*student.trainable_variables, *technique.modules.trainable_variables]
    before, still = tiny.values(moving), tiny.values(teacher.variables)
    assert float(method.train_step((images, labels))["loss"]) == pytest.approx(expected, rel=1e-5)
    assert tiny.all_moved(before, tiny.values(moving)) and not tiny.moved(still, tiny.values(teacher.variables))


def test_widths():
    technique = SemanticCalibration(*pair(), 8)
    dense_layers = kd_tiny.of_type(layers.Dense, technique.modules.layers)
    assert sorted(layer.units for layer in dense_layers) == [2] * 4 + [4] * 4
    for row in technique.modules.output["projected"]:
        for output, width in zip(row, (3, 2), strict=True):
            found = kd_tiny.of_type(layers.Conv2D, kd_tiny.chain(output))
            assert [layer.kernel.shape[:2] for layer in found] == [(1, 1), (3, 3), (1, 1)]
            assert [layer.filters for layer in found] == [2 * width, 2 * width, width]


def test_batches_of_another_size_are_refused():
    student, teacher = pair()
    method = kd_tiny.distillation(student, teacher, SemanticCalibration(student, teacher, 8))
    with pytest.raises(InputError, match="batches of 8 images a replica and received one of 5: ") as caught:
        method.train_step(kd_tiny.batch(5))
    assert "\n" not in str(caught.value)


def test_the_size_of_a_batch_may_show_in_the_step_only():
    technique = SemanticCalibration(*pair(), 8)
    signature = [tf.TensorSpec((None, 4, 4, 3))], [tf.TensorSpec((None, 2, 2, 5))]

    @tf.function(input_signature=signature)
    def inputs(student, teacher):
        maps, own, taught = technique.module_inputs(student, teacher)
        assert own[0].shape == taught[0].shape == (8, 8)
        return maps, own, taught

    x, g = np.random.default_rng(0).normal(size=(8, 4, 4, 3)), np.random.default_rng(1).normal(size=(8, 2, 2, 5))
    maps, own, taught = inputs([x.astype("float32")], [g.astype("float32")])
    np.testing.assert_allclose(maps[0], x, rtol=1e-6)
    for found, features in ((own[0], x), (taught[0], g)):
        rows = features.reshape(8, -1)
        np.testing.assert_allclose(found, rows @ rows.T, rtol=1e-4, atol=1e-4)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Shape of tensor .* \[5,5\]"):
        inputs([x[:5].astype("float32")], [g[:5].astype("float32")])


def test_refused():
    student, teacher = pair()
    for wrong in (3, "8", True, 8.0):
        with pytest.raises(InputError, match=f"batch_size is a whole number of at least 4; received {wrong!r}"):
            SemanticCalibration(student, teacher, wrong)
    with pytest.raises(InputError, match="SemCKD needs batch_size"):
        make_technique("semckd", student, teacher)
    with pytest.raises(InputError, match="only maps"):
        SemanticCalibration(student, teacher, 8, teacher_layers="f_last")
    with pytest.raises(InputError, match="SemCKD distils classifiers"):
        check_task(SemanticCalibration, "mse")
