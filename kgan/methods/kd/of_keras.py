"""Losses of `keras.distillation` as techniques: Keras's own, ours, or a user's."""

from kgan.methods.kd.technique import Technique


class OfKeras(Technique):
    """A `keras.distillation.DistillationLoss` between two layers, or between the networks' outputs.

    Args:
        student, teacher: functional networks.
        loss: the Keras loss; where it names layers (`FeatureDistillation`, `kgan.losses.kd.keras_losses.FeatureLoss`)
            it is given their outputs, else both networks' logits or values.

    The weights are 1 for the labels, 0 for KL and 1 for the loss. Raises what the loss itself raises for a pair of
    networks that it cannot compare.
    """

    ce_weight, kl_weight, kd_weight = 1.0, 0.0, 1.0
    tasks = ("cross_entropy", "mse")

    def __init__(self, student, teacher, loss):
        loss.validate_model_compatibility(teacher, student)
        self.key = self.title = type(loss).__name__
        names = [getattr(loss, f"{who}_layer_name", None) for who in ("student", "teacher")]
        self.within = all(names)
        # "mid" only says that there are layers to be named; they always are.
        self.student_choice = self.teacher_choice = "mid" if self.within else None
        super().__init__(student, teacher, *([[name] for name in names] if self.within else ()))
        self.keras_loss = loss

    def loss(self, seen):
        """The Keras loss, a scalar."""
        if self.within:
            return self.keras_loss.compute_loss(seen.teacher[0], seen.student[0])
        return self.keras_loss.compute_loss(seen.teacher_predicted, seen.student_predicted)
