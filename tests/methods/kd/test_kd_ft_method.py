"""FT: the paraphraser's training, the translator, one written-out step, what moves, what is refused."""

import kd_checks
import keras
import labelled
import numpy as np
import pytest
import taught
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.methods.kd.catalogue import make_technique
from kgan.methods.kd.distillation import Distillation
from kgan.methods.kd.ft import FactorTransfer, Paraphrasing
from kgan.training.checkpoint import restore_checkpoint, save_checkpoint


def paraphrasing(rate=0.1, **settings):
    method = Paraphrasing(*taught.pair(), **settings)
    method.compile(keras.optimizers.SGD(rate, momentum=0.9))
    return method


def encoded(x, weights, normed=False):
    """Three convolutions, each with a leaky ReLU, from kernels and biases in order."""
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        x = taught.convolved(x, kernel, bias)
        x = taught.leaky(taught.standardised(x) if normed else x)
    return x


def test_paraphrasing_is_the_written_out_reconstruction(untraced):
    student, teacher = taught.pair()
    method = Paraphrasing(None, teacher)  # its product belongs to the teacher
    method.compile(keras.optimizers.SGD(0.1))
    images, labels = labelled.class_batch(5)
    maps, _ = taught.seen_by(teacher, images, ["f3"], training=False)
    encoder, decoder = (method.networks[name].get_weights() for name in ("network", "decoder"))
    assert [kernel.shape for kernel in encoder[::2]] == [(3, 3, 24, 24), (3, 3, 24, 12), (3, 3, 12, 12)]
    assert [kernel.shape[:1:-1] for kernel in decoder[::2]] == [(12, 12), (12, 24), (24, 24)]  # (in, out)
    x = encoded(maps, encoder)
    for kernel, bias in zip(decoder[::2], decoder[1::2], strict=True):
        shape = (*x.shape[:3], kernel.shape[2])
        x = taught.leaky(np.array(tf.nn.conv2d_transpose(tf.constant(x), kernel, shape, 1) + bias))
    before = tiny.values([*student.variables, *teacher.variables])
    logs = method.train_step((images, labels))
    assert float(logs["loss"]) == pytest.approx(np.mean((x - maps) ** 2), rel=1e-4)
    for network, weights in ((method.product, encoder), (method.networks["decoder"], decoder)):
        assert tiny.all_moved(weights, network.get_weights())
    assert not tiny.moved(before, tiny.values([*student.variables, *teacher.variables]))
    assert method.network_outputs() == {"network": method.product} and not Paraphrasing.of_pair


def test_paraphrasing_lowers_its_loss():
    method = paraphrasing(augment="flip", l2=1e-4)
    loss = taught.losses(method, steps=15, epochs=2)
    assert loss[1] < 0.7 * loss[0]


def test_a_checkpoint_brings_a_preparation_back(untraced, tmp_path):
    batch, method = labelled.class_batch(4), paraphrasing(augment="crop_flip")
    for _ in range(2):
        method.train_step(batch)
    save_checkpoint(tmp_path, method)
    other = paraphrasing(augment="crop_flip")
    assert restore_checkpoint(tmp_path, other) == 2
    losses = [float(each.train_step(batch)["loss"]) for each in (method, other)]
    assert losses[0] == losses[1]
    for name, group in method.state_groups().items():
        assert not tiny.moved(tiny.values(group), tiny.values(other.state_groups()[name])), name


def test_one_step_is_the_written_out_loss(untraced):
    student, teacher = taught.pair()
    prepared = Paraphrasing(student, teacher).product
    technique = make_technique("FT", student, teacher, prepared=prepared, num_images=10)
    images, labels = labelled.class_batch(5)
    (own, logits), (maps, told) = (taught.seen_by(network, images, ["f3"], training) for network, training in
                                   ((student, True), (teacher, False)))
    weights = [np.array(variable) for layer in technique.modules.layers if "conv" in layer.name
               for variable in layer.variables]
    assert [kernel.shape for kernel in weights[::2]] == [(3, 3, 16, 16), (3, 3, 16, 12), (3, 3, 12, 12)]
    factors = encoded(own, weights, normed=True), encoded(maps, prepared.get_weights())
    term = np.abs(kd_checks.attention(factors[0]) - kd_checks.attention(factors[1])).mean()
    assert term > 1e-3

    method = Distillation(student, teacher, technique)
    method.compile(keras.optimizers.SGD(0.01))
    still, moving = tiny.values([*teacher.variables, *prepared.variables]), [
        *student.trainable_variables, *technique.modules.trainable_variables]
    before = tiny.values(moving)
    logs = method.train_step((images, labels))
    expected = taught.cross_entropy(labels, logits) + taught.divergence(logits, told) + 200 * term
    assert float(logs["loss"]) == pytest.approx(expected, rel=1e-4)
    assert not tiny.moved(still, tiny.values([*teacher.variables, *prepared.variables]))
    unmoved = {variable.path for variable in moving} - taught.moved_names(moving, before)
    # A bias that batch norm follows has a gradient of rounding errors at most.
    assert all("conv2d" in path and path.endswith("bias") for path in unmoved)


def test_refusals():
    student, teacher = taught.pair()
    prepared = Paraphrasing(student, teacher).product
    with pytest.raises(InputError, match=r"FT needs prepared: make it as FactorTransfer\(student, teacher, prepared="):
        Distillation(student, teacher, "ft")
    with pytest.raises(InputError, match=r"\(2, 2, 24\); received one of \(2, 2, 32\)"):
        FactorTransfer(student, teacher, Paraphrasing(None, taught.pair(8)[1]).product)
    with pytest.raises(InputError, match="received str"):
        FactorTransfer(student, teacher, "network")
    with pytest.raises(InputError, match=r"\(24,\) of the teacher: .*teacher_layers"):
        Paraphrasing(student, teacher, teacher_layers=["f_last"])
    with pytest.raises(InputError, match=r"\(16,\) of the student: .*student_layers"):
        FactorTransfer(student, teacher, prepared, student_layers="f_last")
    with pytest.raises(InputError, match="the teacher must be a functional network"):
        Paraphrasing(student, None)
    with pytest.raises(InputError, match="l2"):
        Paraphrasing(student, teacher, l2=-1)
    with pytest.raises(InputError, match="'spin'"):
        Paraphrasing(student, teacher, augment="spin")
    with pytest.raises(InputError, match="FT distils classifiers"):
        values = labelled_regressor(student)
        Distillation(values, values, FactorTransfer(student, teacher, prepared), loss="mse")


def labelled_regressor(network):
    return keras.Model(network.input, keras.layers.Dense(1)(network.get_layer("f_last").output))
