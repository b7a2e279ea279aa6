"""Eqs. 3 and 4 of the compression paper, and the loss on features, against values computed by hand and by numpy."""

import numpy as np
import pytest
from kd_checks import agrees, draw

from kgan.errors import InputError
from kgan.losses import distillation

TEACHER = np.array([[[[0.5], [-0.5]]], [[[1.0], [0.0]]]], "float32")  # [2, 1, 2, 1]
STUDENT = np.array([[[[0.0], [0.5]]], [[[1.0], [-1.0]]]], "float32")
# squared differences: 0.25 + 1.0 and 0.0 + 1.0


def test_pixel_loss_sums_over_an_image_and_averages_over_the_batch():
    assert float(distillation.pixel_distillation_loss(TEACHER, STUDENT)) == pytest.approx(1.125, rel=1e-6)


def test_pixel_loss_as_mean_is_smaller_by_the_number_of_values():
    assert float(distillation.pixel_distillation_loss(TEACHER, STUDENT, "mean")) == pytest.approx(0.5625, rel=1e-6)


def test_an_unknown_reduction_is_refused():
    with pytest.raises(InputError, match="received 'none'"):
        distillation.pixel_distillation_loss(TEACHER, STUDENT, "none")


@pytest.mark.parametrize("norm, reduction, expected", [
    ("l1", "sum", 3.0), ("l1", "mean", 1.0), ("l2", "sum", 6.25), ("l2", "mean", 6.25 / 3)])
def test_feature_loss_by_hand(norm, reduction, expected):
    teacher = np.array([[1.0, 0.0, -2.0], [0.5, 0.5, 0.0]], "float32")
    student = np.array([[0.0, 0.5, -2.0], [0.5, -1.0, 3.0]], "float32")
    # differences -1, 0.5, 0 and 0, -1.5, 3: absolute 1.5 and 4.5, squared 1.25 and 11.25
    found = distillation.feature_distillation_loss(teacher, student, norm, reduction)
    assert float(found) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("norm", distillation.NORMS)
@pytest.mark.parametrize("reduction", distillation.REDUCTIONS)
def test_feature_loss_of_maps_and_its_gradient(norm, reduction):
    def loss(student, teacher):
        return distillation.feature_distillation_loss(teacher, student, norm, reduction)

    def by_numpy(student, teacher):
        distances = np.abs(student - teacher) ** (2 if norm == "l2" else 1)
        rows = distances.reshape(len(student), -1)
        return np.mean(rows.sum(axis=1) if reduction == "sum" else rows.mean(axis=1))

    agrees(loss, by_numpy, draw(5, 3, 2, 4), draw(5, 3, 2, 4, seed=1))


def test_features_of_unlike_shapes_and_unknown_norms_are_refused():
    with pytest.raises(InputError, match=r"received \(2, 1\) of the teacher and \(1, 2\) of the student"):
        distillation.feature_distillation_loss(np.zeros((3, 2, 1)), np.zeros((3, 1, 2)))
    with pytest.raises(InputError, match="norm must be one of l1, l2; received 'l3'"):
        distillation.feature_distillation_loss(TEACHER, STUDENT, "l3")
    with pytest.raises(InputError, match="received 'max'"):
        distillation.feature_distillation_loss(TEACHER, STUDENT, "l1", "max")


def test_joint_generator_loss_saturating_and_not():
    logits = np.array([[np.log(3.0)]], "float32")  # D = 3/4: log(1 - D) = -1.386294, -log D = 0.287682
    assert float(distillation.joint_generator_loss(logits, 2.0, 0.25)) == pytest.approx(
        0.25 * -1.3862943611 + 0.75 * 2.0, rel=1e-6)
    assert float(distillation.joint_generator_loss(logits, 2.0, 0.25, saturating=False)) == pytest.approx(
        0.25 * 0.2876820724 + 0.75 * 2.0, rel=1e-6)


def test_joint_discriminator_loss_plain_and_as_printed():
    real = np.array([[0.0]], "float32")  # D = 1/2: -log D = ln 2
    fake = np.array([[np.log(3.0)]], "float32")  # -log(1 - D) = ln 4
    assert float(distillation.joint_discriminator_loss(real, fake, 0.1)) == pytest.approx(
        0.6931471806 + 1.3862943611, rel=1e-6)
    assert float(distillation.joint_discriminator_loss(real, fake, 0.1, "paper")) == pytest.approx(
        0.6931471806 + 0.13862943611, rel=1e-6)


def test_an_unknown_mode_is_refused():
    with pytest.raises(InputError, match="received 'code'"):
        distillation.joint_discriminator_loss(TEACHER, TEACHER, 0.1, "code")
