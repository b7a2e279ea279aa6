"""Distillation through a teacher assistant (TAKD): the loss of both legs, teacher to assistant to student.

Source: Mirzadeh et al., "Improved Knowledge Distillation via Teacher Assistant" (2020), eq. 3.
"""

from kgan.losses.supervised import student_loss


def takd_loss(labels, student_logits, teacher_logits, weight=0.5, temperature=10.0):
    """(1 - lambda) CE + lambda T^2 KL(softmax(t / T) || softmax(s / T)), averaged over the batch: a scalar.

    Args:
        labels: int [B].
        student_logits, teacher_logits: [B, C], of the one who learns and the one who teaches on this leg; the
            latter are taken as constants.
        weight: lambda.
        temperature: T; the cGAN-KD paper prints 5, its code takes 10.
    """
    return student_loss(labels, student_logits, teacher_logits, 1.0 - weight, weight, temperature)
