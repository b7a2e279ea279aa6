"""What some techniques train before the student's own training, from the teacher's features."""

from typing import ClassVar

import keras
import tensorflow as tf

from kgan.errors import InputError
from kgan.methods.augmentation import augmentation_of
from kgan.methods.checks import check_not_negative
from kgan.methods.kd.features import chosen_layers, in_order, numbered, outputs_of
from kgan.methods.kd.pair import check_network, check_pair
from kgan.training.method import Method

PRODUCT = "network"


class Preparation(Method):
    """A training whose `product` a technique takes as `prepared`; a subclass has `networks_of` and `objective`.

    The teacher runs in inference mode on the augmented images and is never moved.

    Args:
        student: of the same images and classes as the teacher; not looked at, and None will do, unless `of_pair`.
        teacher: a functional classifier.
        student_layers, teacher_layers: names of layers, in the place of the reference's choice, as of `Technique`.
        l2: times each weight that the loss reaches, added to its gradient.
        augment: a name in `kgan.methods.augmentation.AUGMENTATIONS`, or None.
        seed: determines the augmentation.

    `fit` takes batches (images [B, H, W, C] in [-1, 1], labels [B]), whose labels none of them uses. Raises
    InputError, in one line, for networks that the technique cannot serve.

    Attributes:
        title: the technique's.
        student_choice, teacher_choice: what the reference looks at, of `kgan.methods.kd.features.CHOICES`.
        of_pair: whether the product belongs to this student too: False where the teacher and its layers alone
            determine it, so that several students may share it.
        part: what the product is called in a run.
        schedule_share: its steps over the student's.
        rate: its first learning rate; None for the student's.
        decay_at: shares of its steps at which the rate falls to a tenth.
        real_images_only: whether samples that the student sees beside the real images are left out.
    """

    title = part = ""
    schedule_share, decay_at = 30 / 240, ()
    rate: ClassVar[float | None] = None
    real_images_only = False
    student_choice: ClassVar[str | None] = None
    teacher_choice: ClassVar[str | None] = None
    of_pair = False

    def __init__(self, student, teacher, student_layers=None, teacher_layers=None, l2=0.0, augment=None, seed=0,
                 **kwargs):
        if self.of_pair:
            check_pair(student, teacher, "cross_entropy")
        else:
            check_network(teacher, "teacher", "cross_entropy")
        check_not_negative(l2=l2)
        augmentation = augmentation_of(augment)
        told = _features(teacher, teacher_layers, self.teacher_choice, "teacher", self.title)
        looked = _features(student, student_layers, self.student_choice, "student", self.title) if self.of_pair else []
        super().__init__(self.networks_of(student, teacher, looked, told), (), 0.0, seed, ("loss",), **kwargs)
        self.l2, self.augment, self._augment = l2, augment, augmentation
        self._telling = keras.Model(teacher.input, numbered(told))
        # The layers behind the last one looked at do not run: their batch norm's statistics stay.
        self._looking = keras.Model(student.input, numbered(looked)) if looked else None

    @staticmethod
    def networks_of(student, teacher, student_features, teacher_features):
        """name -> network of those that are trained, the product under "network".

        Args:
            student, teacher: the networks.
            student_features, teacher_features: symbolic outputs of the layers looked at; the student's are [] unless
                `of_pair`.
        """
        raise NotImplementedError("a preparation must say what it trains")

    def objective(self, student, teacher):
        """The loss, a scalar.

        Args:
            student, teacher: the outputs of their layers for the views of the batch, lists; [] of the student unless
                `of_pair`.
        """
        raise NotImplementedError("a preparation must say what its networks learn")

    def views(self, images, noise):
        """The images that the networks see, from a batch [B, H, W, C]."""
        return self._augment(images, noise)

    def compile(self, optimizer, **kwargs):
        """The product's optimiser; further networks get one of the same kind."""
        alike = {name: type(optimizer).from_config(optimizer.get_config()) for name in self.networks if name != PRODUCT}
        self.set_optimizers({PRODUCT: optimizer, **alike}, **kwargs)

    def train_step(self, data):
        """One update of the networks; reports the loss."""
        images, _ = data
        images = self.views(images, self.noise())
        teacher = in_order(self._telling(images, training=False))
        with tf.GradientTape() as tape:
            student = in_order(self._looking(images, training=True)) if self.of_pair else []
            loss = self.objective(student, teacher)
            share = loss * tf.cast(self.share(), loss.dtype)
        names = list(self.networks)
        found = tape.gradient(share, [self.networks[name].trainable_variables for name in names])
        self.apply(dict(zip(names, found, strict=True)), self.l2)
        return self.finish_step({"loss": loss})

    @property
    def product(self):
        """The network that is kept."""
        return self.networks[PRODUCT]

    def network_outputs(self):
        """The product under "network": what else was trained has served."""
        return {PRODUCT: self.product}


def check_prepared(prepared, features, title):
    """InputError unless a technique's `prepared` is a network of the teacher's features, a symbolic tensor."""
    found = getattr(prepared, "input_shape", None)
    if found is None or tuple(found[1:]) != tuple(features.shape[1:]):
        what = type(prepared).__name__ if found is None else f"one of {tuple(found[1:])}"
        raise InputError(f"{title} needs as prepared a network of the teacher's features {tuple(features.shape[1:])}; "
                         f"received {what}: prepare it with this teacher and these teacher_layers")


def _features(network, named, choice, who, title):
    return outputs_of(network, chosen_layers(network, named, choice, who, title))
