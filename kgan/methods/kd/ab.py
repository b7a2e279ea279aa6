"""AB: before its own training, the student learns which of the teacher's neurons are on.

Source: Heo et al., "Knowledge Transfer via Distillation of Activation Boundaries Formed by Hidden Neurons" (2019), with
the connectors and the schedule of RepDistiller, which the comparison of cGAN-KD takes over.
"""

import keras
import tensorflow as tf
from keras import layers

from kgan.errors import InputError
from kgan.losses.kd.boundary import boundary_loss
from kgan.methods.kd.features import in_order, like, numbered
from kgan.methods.kd.modules import regressor
from kgan.methods.kd.preparation import Preparation
from kgan.methods.kd.technique import Technique

TITLE = "AB"


class BoundaryForming(Preparation):
    """Trains the student's stages, each through a connector, to be on where the teacher's are.

    A connector is the identity between features of one shape, else a `kgan.methods.kd.modules.regressor` without its
    ReLU; connectors are dropped afterwards. The product is the student; what of it lies behind its last stage, the
    classifier among it, stays as it is. Arguments as of `Preparation`.
    """

    title, part = TITLE, "connectors"
    student_choice = teacher_choice = "mid_before"
    of_pair = True

    @staticmethod
    def networks_of(student, teacher, student_features, teacher_features):
        """The student, and its connectors where there are any with weights."""
        _check_counts(student_features, teacher_features)
        inputs = like(student_features)
        connected = [layers.Identity()(own) if own.shape == told.shape else regressor(own, told, TITLE, relu=False)
                     for own, told in zip(inputs, teacher_features, strict=True)]
        connectors = keras.Model(inputs, numbered(connected), name="connectors")
        return {"network": student, **({"connectors": connectors} if connectors.trainable_variables else {})}

    def objective(self, student, teacher):
        """The squared hinges of all stages."""
        if "connectors" in self.networks:
            student = in_order(self.networks["connectors"](student, training=True))
        return boundary_loss(student, teacher)


class ActivationBoundaries(Technique):
    """CE and KL alone, of a student that begins with the weights that `BoundaryForming` gave it.

    The caller copies them: `student.set_weights(prepared.get_weights())`. Arguments as of `Technique`.

    Raises InputError for unlike counts of stages.
    """

    key, title, kd_weight = "ab", TITLE, 0.0
    student_choice = teacher_choice = "mid_before"
    preparation = BoundaryForming
    starts_from_prepared = True

    def __init__(self, student, teacher, student_layers=None, teacher_layers=None):
        super().__init__(student, teacher, student_layers, teacher_layers)
        _check_counts(self.student_features, self.teacher_features)

    def loss(self, seen):
        """0, whatever its weight: the boundaries were formed before."""
        return tf.zeros(())


def _check_counts(student, teacher):
    if len(student) != len(teacher):
        raise InputError(f"{TITLE} compares stage by stage, and the student has {len(student)}, the teacher "
                         f"{len(teacher)}: take networks with equal counts, or name as many layers of both "
                         "(student_layers, teacher_layers)")
