"""Eqs. 3 and 4 of the compression paper against values computed by hand."""

import numpy as np
import pytest

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
