"""Techniques without trained parts, carried by losses of Keras's own kind: BLKD, TAKD, AT, PKT, SP and RKD.

Sources stand with the losses, in `kgan.losses.kd`.
"""

import tensorflow as tf

from kgan.losses.kd.keras_losses import FeatureLoss
from kgan.methods.kd.technique import Technique


class BlackBox(Technique):
    """BLKD, black-box distillation: the KL term alone."""

    key, title = "blkd", "BLKD"
    ce_weight, kl_weight, kd_weight = 0.1, 0.9, 0.0

    def loss(self, seen):
        """0, whatever its weight: the KL term is all there is."""
        return tf.zeros(())


class Assisted(BlackBox):
    """TAKD: the KL term alone, once from the teacher to an assistant and once from the assistant to the student.

    Each leg is a training of its own; `(1 - lambda) CE + lambda KL` with lambda 0.5 and a temperature of 10, as the
    code of cGAN-KD has it (its text says 5).
    """

    key, title = "takd", "TAKD"
    ce_weight, kl_weight, temperature = 0.5, 0.5, 10.0


class Pairwise(Technique):
    """A `FeatureLoss` for each pair of layers, from the front; they are added.

    `losses` hold them, and go into a `keras.distillation.Distiller` as they are.
    """

    function_name = ""

    def __init__(self, student, teacher, student_layers=None, teacher_layers=None):
        super().__init__(student, teacher, student_layers, teacher_layers)
        self.pairs()
        names = zip(self.teacher_layers, self.student_layers, strict=False)
        self.losses = [FeatureLoss(self.function_name, *pair) for pair in names]
        for loss in self.losses:
            loss.validate_model_compatibility(teacher, student)

    def loss(self, seen):
        """The losses of all pairs, added."""
        return sum(loss.compute_loss(teacher, student) for loss, teacher, student in
                   zip(self.losses, seen.teacher, seen.student, strict=False))


class AttentionTransfer(Pairwise):
    """AT: the attention maps of all stages."""

    key, title, kd_weight = "at", "AT", 1000.0
    tasks = ("cross_entropy", "mse")
    student_choice = teacher_choice = "mid"
    function_name = "attention_loss"


class ProbabilisticTransfer(Pairwise):
    """PKT: which samples of a batch are near each other, at the pooled vector."""

    key, title, kd_weight = "pkt", "PKT", 30000.0
    student_choice = teacher_choice = "last"
    function_name = "pkt_loss"


class SimilarityPreserving(Pairwise):
    """SP: which samples of a batch excite the last stage alike."""

    key, title, kd_weight = "sp", "SP", 3000.0
    student_choice = teacher_choice = "before_last"
    function_name = "similarity_loss"


class Relational(Pairwise):
    """RKD: distances and angles between the samples of a batch, at the pooled vector."""

    key, title, kd_weight = "rkd", "RKD", 1.0
    tasks = ("cross_entropy", "mse")
    student_choice = teacher_choice = "last"
    function_name = "rkd_loss"
