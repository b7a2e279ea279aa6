"""What a knowledge distillation method adds to a student's training: features, trained parts, a loss."""

from typing import ClassVar, NamedTuple

import tensorflow as tf

from kgan.errors import InputError
from kgan.methods.augmentation import augmentation_of
from kgan.methods.kd.features import chosen_layers, outputs_of


class Seen(NamedTuple):
    """What a technique's loss is given of one step.

    Attributes:
        labels: of the batch, [B].
        student_predicted, teacher_predicted: logits [V, C] or values [V, 1] of the V views of the batch, V = B in
            all techniques but SSKD; of the first B views for the labels' sake.
        student, teacher: outputs of the technique's layers, one a layer.
        made: what the technique's modules give.
        drawn: what the batch holds besides images and labels.
        step: of the training, int64, from 0.
    """

    labels: tf.Tensor
    student_predicted: tf.Tensor
    teacher_predicted: tf.Tensor
    student: list
    teacher: list
    made: object
    drawn: tuple
    step: tf.Tensor


class Technique:
    """The part of a distillation that differs from method to method; a subclass has `loss`.

    The student's loss is `ce_weight CE + kl_weight KL + kd_weight loss(seen)`: see `Distillation`.

    Args:
        student, teacher: functional networks of the same images.
        student_layers, teacher_layers: names of the layers that are compared, in the place of the reference's choice.

    Attributes:
        key, title: the name in `kgan.methods.kd.catalogue`, and as papers write it.
        ce_weight, kl_weight, kd_weight: the weights of cGAN-KD's comparison.
        temperature: of the KL term.
        tasks: the losses of `Supervised` that it can stand beside.
        student_choice, teacher_choice: what the reference looks at, of `kgan.methods.kd.features.CHOICES`, or None.
        preparation: a `kgan.methods.kd.preparation.Preparation` that is trained beforehand, or None; its `product` is
            handed over as `prepared`.
        starts_from_prepared: whether the product is not handed over, but a student from whose weights the training
            begins.
        nesterov: whether the reference trains with Nesterov's momentum.
        draws: "negatives" where batches are (images, labels, drawn rows [B, 1 + num]), or None.
        several_replicas: whether its state and loss mean the same when replicas see a part of the batch each.
        modules: a network that is trained along with the student, or None.
        state: name -> variable that neither a network nor an optimiser holds, for checkpoints.
    """

    key, title = "", ""
    ce_weight, kl_weight, kd_weight, temperature = 1.0, 1.0, 1.0, 4.0
    tasks = ("cross_entropy",)
    student_choice: ClassVar[str | None] = None
    teacher_choice: ClassVar[str | None] = None
    preparation = None
    starts_from_prepared = nesterov = False
    draws = None
    several_replicas = True

    def __init__(self, student, teacher, student_layers=None, teacher_layers=None):
        self.student_layers = self._layers(student, student_layers, self.student_choice, "student")
        self.teacher_layers = self._layers(teacher, teacher_layers, self.teacher_choice, "teacher")
        self.student_features = outputs_of(student, self.student_layers)
        self.teacher_features = outputs_of(teacher, self.teacher_layers)
        self.modules, self.state = None, {}

    def _layers(self, network, named, choice, who):
        if choice is None:
            if named:
                raise InputError(f"{self.title} looks at no inner features: leave out {who}_layers")
            return ()
        return chosen_layers(network, named, choice, who, self.title)

    def pairs(self):
        """Student's and teacher's features as pairs from the front; what one has more is dropped."""
        return list(zip(self.student_features, self.teacher_features, strict=False))

    def views(self, images, augment, noise):
        """The images that both networks see, from a batch [B, H, W, C]; `augment` as in `Supervised`."""
        return augmentation_of(augment)(images, noise)

    def module_inputs(self, student, teacher):
        """What the modules are given, of the features of one step."""
        return student

    def predicted(self, seen):
        """What counts as the student's prediction."""
        return seen.student_predicted

    def loss(self, seen):
        """The technique's own term, a scalar."""
        raise NotImplementedError("a technique must say what it compares")

    def deployed(self, student):
        """The network that is kept: the student, and what of the modules belongs to it."""
        return student
