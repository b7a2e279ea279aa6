"""ReviewKD's trained parts: one step's loss in numpy, the warm-up, what moves, networks of unlike depth, refusals."""

import kd_tiny
import numpy as np
import pytest
import tensorflow as tf
import tiny
from by_numpy import convolution
from kd_checks import hierarchical_context
from keras import layers

from kgan.errors import InputError
from kgan.methods.kd.catalogue import check_task
from kgan.methods.kd.review import Review
from kgan.methods.kd.technique import Seen


def pair():
    """Three stages of the student, 8x8, 4x4 and 2x2, beside two of the teacher, 4x4 and 8x8."""
    return kd_tiny.network((3, 4, 5), (8, 4, 2), last=6), kd_tiny.network((7, 8), (4, 8), last=9, seed=1)


def found(modules, *shape, size=None):
    """The one convolution whose kernel has this shape (and whose maps this size)."""
    (layer,) = [layer for layer in kd_tiny.of_type(layers.Conv2D, modules.layers)
                if layer.kernel.shape == shape and size in (None, layer.output.shape[1])]
    return layer


def resized(x, size):
    """Each place is that of PyTorch's "nearest"."""
    return np.stack([np.stack([x[:, i * x.shape[1] // size, j * x.shape[2] // size] for j in range(size)], 1)
                     for i in range(size)], 1)


def fused(modules, x, target, residual=None):
    """(the level's output, its residual) from the student's map; widths tell the convolutions apart."""
    x = kd_tiny.batch_norm(convolution(x, found(modules, 1, 1, x.shape[-1], 6)))
    if residual is not None:
        residual = resized(residual, x.shape[1])
        attention = found(modules, 1, 1, 12, 2, size=x.shape[1])
        weights = 1 / (1 + np.exp(-convolution(np.concatenate([x, residual], -1), attention)))
        x = x * weights[..., :1] + residual * weights[..., 1:]
    x = resized(x, target.shape[1])
    return kd_tiny.batch_norm(convolution(x, found(modules, 3, 3, 6, target.shape[-1]))), x


def test_one_steps_loss_and_what_moves():
    student, teacher = pair()
    technique = Review(student, teacher, ("f2", "f3", "f_last"), warm_up_steps=4)
    assert technique.teacher_layers == ("pre1", "pre2", "f_last")
    images, labels = kd_tiny.batch(6)
    logits, *own = kd_tiny.outputs(student, ("logits", "f_last", "f3", "f2"), images, training=True)
    *taught, = kd_tiny.outputs(teacher, ("f_last", "pre2", "pre1"), images)
    own[0], taught[0] = own[0][:, None, None], taught[0][:, None, None]
    # Up from 2x2 to the teacher's 8x8, down to the student's 4x4.
    assert [x.shape[1] for x in own] == [1, 2, 4] and [g.shape[1] for g in taught] == [1, 8, 4]
    total, residual = 0.0, None
    for x, g in zip(own, taught, strict=True):
        out, residual = fused(technique.modules, x, g, residual)
        total += hierarchical_context(out, g)
    expected = kd_tiny.cross_entropy(labels, logits) + 5.0 * total / 4

    method = kd_tiny.distillation(student, teacher, technique)
    moving = [*student.trainable_variables, *technique.modules.trainable_variables]
    before, still = tiny.values(moving), tiny.values(teacher.variables)
    assert float(method.train_step((images, labels))["loss"]) == pytest.approx(expected, rel=1e-5)
    assert tiny.all_moved(before, tiny.values(moving)) and not tiny.moved(still, tiny.values(teacher.variables))
    convolutions = kd_tiny.of_type(layers.Conv2D, technique.modules.layers)
    assert [layer.kernel.shape for layer in convolutions if layer.use_bias] == [(1, 1, 12, 2)] * 2


def test_the_warm_up():
    student, teacher = pair()
    made = [tf.ones((1, 2, 2, 3)), tf.ones((1, 1, 1, 2))]
    told = [tf.zeros((1, 2, 2, 3)), tf.zeros((1, 2))]  # the vector counts as a map

    def loss(steps, step):
        technique = Review(student, teacher, "f3", "pre2", warm_up_steps=steps)
        return float(technique.loss(Seen(None, None, None, None, told, made, (), tf.constant(step, tf.int64))))

    assert [loss(8, step) for step in (0, 3, 7, 8, 100)] == pytest.approx([0.25, 1.0, 2.0, 2.0, 2.0])
    assert loss(0, 0) == pytest.approx(2.0)


def test_refused():
    student, teacher = pair()
    with pytest.raises(InputError, match="the student has 4, the teacher 3: take networks with equal counts"):
        Review(student, teacher)
    with pytest.raises(InputError, match=r"warm_up_steps must be .* received -1"):
        Review(student, teacher, "f3", "pre2", warm_up_steps=-1)
    rows = kd_tiny.network((3, 4), (8, 4), head="rows")
    with pytest.raises(InputError, match=r"maps .* and vectors .* received features of \(16, 7\)"):
        Review(rows, teacher, student_layers="rows", teacher_layers="pre1")
    with pytest.raises(InputError, match="ReviewKD distils classifiers"):
        check_task(Review, "mse")
