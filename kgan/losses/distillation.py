"""Losses with which a student generator copies a teacher: Aguinaldo et al. (2019), eqs. 3 and 4; and on features."""

from keras import ops

from kgan.errors import InputError
from kgan.losses.gan import non_saturating_generator_loss, saturating_generator_loss

REDUCTIONS = ("sum", "mean")
MODES = ("plain", "paper")
NORMS = ("l1", "l2")


def pixel_distillation_loss(teacher_images, student_images, reduction="sum"):
    """E_z || g_T(z) - g(z) ||^2, eq. 3.

    Args:
        teacher_images, student_images: [B, H, W, C], from the same latents.
        reduction: over the values of one image: "sum" as printed, or "mean", smaller by H W C
            (12,288 for 64x64x3). The mean over the batch is taken in both.

    Returns: a scalar in [0, inf). Raises InputError for another reduction.
    """
    check_reduction(reduction)
    squares = ops.square(teacher_images - student_images)
    over_image = ops.sum if reduction == "sum" else ops.mean
    return ops.mean(over_image(squares, axis=(1, 2, 3)))


def feature_distillation_loss(teacher_features, student_features, norm="l2", reduction="sum"):
    """E_z sum_i |phi_i(g_T(z)) - phi_i(g(z))|^p over the features phi of one layer, p = 2 for "l2" and 1 for "l1".

    As means these are the feature reconstruction loss of Johnson et al., "Perceptual Losses for Real-Time Style
    Transfer and Super-Resolution" (2016), eq. 2 ("l2"), and a layer's term of the feature matching loss of Wang et al.,
    "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs" (2018), eq. 4 ("l1"), with the
    teacher's image in the real one's place.

    Args:
        teacher_features, student_features: [B, ...] of one shape, from the same latents; the teacher's are taken as a
            constant.
        norm: "l1" or "l2".
        reduction: over the values of a layer for one image, "sum" or "mean". The mean over the batch is taken in both.

    Returns: a float32 scalar in [0, inf). Raises InputError for another norm or reduction, and for unlike shapes.
    """
    check_reduction(reduction)
    check_norm(norm)
    if tuple(teacher_features.shape[1:]) != tuple(student_features.shape[1:]):
        raise InputError(f"features are compared place by place; received {tuple(teacher_features.shape[1:])} of the "
                         f"teacher and {tuple(student_features.shape[1:])} of the student")
    teacher = ops.stop_gradient(ops.cast(teacher_features, "float32"))
    difference = ops.cast(student_features, "float32") - teacher
    distances = ops.square(difference) if norm == "l2" else ops.abs(difference)
    over_layer = ops.sum if reduction == "sum" else ops.mean
    return ops.mean(over_layer(distances, axis=tuple(range(1, len(distances.shape)))))


def joint_generator_loss(fake_logits, pixel_loss, alpha, saturating=True):
    """alpha * E[log(1 - D(g(z)))] + (1 - alpha) * pixel loss, the generator's side of eq. 4.

    Args:
        fake_logits: [B, 1], the discriminator's logits of the student's images.
        pixel_loss: scalar, of `pixel_distillation_loss`; an alpha belongs to its reduction.
        alpha: weight of the adversarial term in [0, 1]; 1e-4 in the paper's figure 11.
        saturating: True as printed; False puts -E[log D(g(z))] in the first term's place.
    """
    adversarial = saturating_generator_loss if saturating else non_saturating_generator_loss
    return alpha * adversarial(fake_logits) + (1.0 - alpha) * pixel_loss


def joint_discriminator_loss(real_logits, fake_logits, alpha, mode="plain"):
    """The discriminator's side of eq. 4, to be minimised.

    `mode="paper"` is the print: -E[log D(x)] - alpha * E[log(1 - D(g(z)))], which at alpha = 1e-4 all but
    hides the student's images from D. `mode="plain"`, the default, leaves alpha out.
    """
    check_mode(mode)
    weight = alpha if mode == "paper" else 1.0
    return ops.mean(ops.softplus(-real_logits)) + weight * ops.mean(ops.softplus(fake_logits))


def check_reduction(reduction):
    """InputError unless it is one of `REDUCTIONS`."""
    if reduction not in REDUCTIONS:
        raise InputError(f"reduction must be one of {', '.join(REDUCTIONS)}; received {reduction!r}")


def check_norm(norm):
    """InputError unless it is one of `NORMS`."""
    if norm not in NORMS:
        raise InputError(f"norm must be one of {', '.join(NORMS)}; received {norm!r}")


def check_mode(mode):
    """InputError unless it is one of `MODES`."""
    if mode not in MODES:
        raise InputError(f"mode must be one of {', '.join(MODES)}; received {mode!r}")
