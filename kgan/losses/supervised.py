"""Losses and errors of classifiers and regressors, and of a student classifier beside its teacher (BLKD).

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (cGAN-KD, 2021), eqs. 2 to 4; Hinton et al., "Distilling the Knowledge in a Neural Network" (2015).
"""

from keras import ops

from kgan.errors import InputError

MODES = ("code", "paper")


def cross_entropy(labels, logits):
    """-log softmax(logits) at the label, eq. 3 of each sample: [B] in [0, inf).

    Args:
        labels: int [B].
        logits: [B, C].
    """
    chosen = ops.take_along_axis(ops.log_softmax(logits, axis=-1), ops.expand_dims(labels, -1), axis=-1)
    return -ops.squeeze(chosen, -1)


def squared_error(labels, predictions):
    """(prediction - label)^2 of each sample, [B]; both [B] or [B, 1]."""
    return ops.square(ops.reshape(predictions, (-1,)) - ops.reshape(labels, (-1,)))


def absolute_error(labels, predictions):
    """|prediction - label| of each sample, [B]; both [B] or [B, 1], in one unit."""
    return ops.abs(ops.reshape(predictions, (-1,)) - ops.reshape(labels, (-1,)))


def blkd_loss(student_logits, teacher_logits, temperature=4.0, mode="code"):
    """How far the student's softened classes are from the teacher's, p = softmax(logits / T).

    `mode="code"` is that of the authors' code and of Hinton et al.: T^2 KL(p_t || p_s), in [0, inf).
    `mode="paper"` is eq. 2: the cross entropy -sum p_t log p_s, without T^2. Its gradient is smaller by T^2; its
    least value is the entropy of p_t.

    Args:
        student_logits, teacher_logits: [B, C]; the teacher's are taken as constants.
        temperature: T.

    Returns: the mean over the batch, a scalar. Raises InputError for another mode.
    """
    check_blkd_mode(mode)
    student = ops.log_softmax(student_logits / temperature, axis=-1)
    teacher = ops.log_softmax(ops.stop_gradient(teacher_logits) / temperature, axis=-1)
    if mode == "paper":
        return -ops.mean(ops.sum(ops.exp(teacher) * student, axis=-1))
    return temperature**2 * ops.mean(ops.sum(ops.exp(teacher) * (teacher - student), axis=-1))


def student_loss(labels, student_logits, teacher_logits, ce_weight=0.1, kd_weight=0.9, temperature=4.0, mode="code"):
    """ce_weight CE + kd_weight BLKD, eq. 4, where they are 1 - lambda and lambda.

    In `mode="code"` the cross entropy with the labels is the plain one; in `mode="paper"` the student's classes
    are softened in it too (eq. 3 takes the soft label p_s). Other arguments as for `blkd_loss`.
    """
    softened = student_logits / temperature if mode == "paper" else student_logits
    hard = ops.mean(cross_entropy(labels, softened))
    return ce_weight * hard + kd_weight * blkd_loss(student_logits, teacher_logits, temperature, mode)


def sparse_autoencoder_loss(images, decoded, features, labels, predictions, sparsity=1e-3):
    """E[(decoded - image)^2] + sparsity E[features] + E[(prediction - label)^2], a scalar (cDR-RS, regression).

    Args:
        images, decoded: [B, H, W, C]; the mean is taken over all values.
        features: [B, F], at least 0 (after a ReLU): their mean is their L1 norm over their number.
        labels: [B].
        predictions: of the labels, [B, 1] or [B].
        sparsity: weight of the features' mean.
    """
    reconstruction = ops.mean(ops.square(decoded - images))
    return reconstruction + sparsity * ops.mean(features) + ops.mean(squared_error(labels, predictions))


def check_blkd_mode(mode):
    """InputError unless it is one of `MODES`."""
    if mode not in MODES:
        raise InputError(f"mode must be one of {', '.join(MODES)}; received {mode!r}")
