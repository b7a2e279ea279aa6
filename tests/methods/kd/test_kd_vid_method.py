"""VID's trained parts: one step's loss in numpy, what moves, what is refused."""

import kd_tiny
import numpy as np
import pytest
import tiny
from by_numpy import convolution, relu
from kd_checks import averaged
from keras import layers

from kgan.errors import InputError
from kgan.methods.kd.catalogue import check_task
from kgan.methods.kd.vid import ChannelAlpha, Variational


def pair():
    """Three stages of the student beside two of the teacher: 8x8 beside 4x4 maps, 4x4 beside 8x8."""
    return kd_tiny.network((3, 5, 4), (8, 4, 4)), kd_tiny.network((4, 6), (4, 8), seed=1)


def test_one_steps_loss_and_what_moves():
    student, teacher = pair()
    technique = Variational(student, teacher)
    found = [kd_tiny.of_type((layers.Conv2D, ChannelAlpha), kd_tiny.chain(alpha))
             for _, alpha in technique.modules.output]
    for *_, last in found:
        np.testing.assert_allclose(np.log1p(np.exp(last.alpha)) + 1e-5, 5.0, rtol=1e-6)
        last.alpha.assign(np.linspace(-1, 2, last.alpha.shape[0]))
    images, labels = kd_tiny.batch(6)
    logits, *own = kd_tiny.outputs(student, ("logits", "f1", "f2"), images, training=True)
    told, *taught = kd_tiny.outputs(teacher, ("logits", "f1", "f2"), images)
    assert [x.shape[1] for x in own] == [8, 4] and [g.shape[1] for g in taught] == [4, 8]
    expected = kd_tiny.cross_entropy(labels, logits) + kd_tiny.soft_labels(logits, told)
    for x, g, (*convolutions, last) in zip(own, taught, found, strict=True):
        x, g = averaged(x, (4, 4)), averaged(g, (4, 4))
        x = relu(convolution(relu(convolution(x, convolutions[0])), convolutions[1]))
        variance = np.log1p(np.exp(np.array(last.alpha, np.float64))) + 1e-5
        expected += np.mean((convolution(x, convolutions[2]) - g) ** 2 / variance + np.log(variance)) / 2

    method = kd_tiny.distillation(student, teacher, technique)
    moving = [*student.trainable_variables, *technique.modules.trainable_variables]
    before, still = tiny.values(moving), tiny.values(teacher.variables)
    assert float(method.train_step((images, labels))["loss"]) == pytest.approx(expected, rel=1e-5)
    assert len(technique.modules.variables) == 2 * (3 + 1)  # kernels without biases, and alpha
    assert tiny.all_moved(before, tiny.values(moving)) and not tiny.moved(still, tiny.values(teacher.variables))


def test_refused():
    student, teacher = pair()
    with pytest.raises(InputError, match=r"only maps .* received features of shape \(None, 7\)"):
        Variational(student, teacher, student_layers="f_last")
    with pytest.raises(InputError, match="VID distils classifiers"):
        check_task(Variational, "mse")
