"""SSKD: the student tells, as the teacher does, which upright image a rotated one was made from.

Source: Xu et al., "Knowledge Distillation Meets Self-Supervision" (2020), section 3, with the reductions, weights and
schedule of the authors' code.
"""

import keras
import tensorflow as tf
from keras import layers

from kgan.errors import InputError
from kgan.losses.kd.sskd import cosine_similarities, sskd_loss, transformation_loss
from kgan.methods.augmentation import augmentation_parts
from kgan.methods.kd.features import like
from kgan.methods.kd.preparation import Preparation, check_prepared
from kgan.methods.kd.technique import Technique

TITLE = "SSKD"
TURNS = 4  # upright, and by 90, 180 and 270 degrees


def rotated_views(images, augment, noise):
    """Each image upright and rotated by 90, 180 and 270 degrees anticlockwise: [4B, H, W, C], the B upright ones first.

    An image is mirrored, or not, before it is rotated, so its four views agree in that; then each view is cropped on
    its own. This is the form of the authors' code. cGAN-KD's copy of it mirrors each view once more.

    Args:
        images: [B, H, H, C] in [-1, 1].
        augment: a name in `kgan.methods.augmentation.AUGMENTATIONS`; None rotates alone.
        noise: the step's draws.
    """
    mirror, cut = augmentation_parts(augment)
    images = mirror(images, noise)
    # One draw for each turn, of B numbers: a draw of 4B would be cut otherwise among several replicas.
    return tf.concat([cut(_rotated(images, turns), noise) for turns in range(TURNS)], axis=0)


class HeadTraining(Preparation):
    """Trains a head on the teacher's pooled vector that knows of each rotated view which image it was made from.

    The product is the head, features [B, ...] -> vectors [B, D], D the features' width. Arguments as of `Preparation`.
    cGAN-KD's comparison on CIFAR-100 trains it on the real images alone, whatever the student sees; its scripts for
    ImageNet-100 take the student's images.
    """

    title, part = TITLE, "head"
    teacher_choice = "last"
    schedule_share, rate, decay_at = 60 / 240, 0.05, (0.5, 0.75)
    real_images_only = True

    @staticmethod
    def networks_of(student, teacher, student_features, teacher_features):
        """The head."""
        _check_square(teacher)
        return {"network": _head(teacher_features[0], "teacher_head")}

    def views(self, images, noise):
        """Four views of each image."""
        return rotated_views(images, self.augment, noise)

    def objective(self, student, teacher):
        """The cross entropy of each rotated view's cosines with all upright images."""
        embedded = self.product(teacher[0], training=True)
        batch = embedded.shape[0] // TURNS
        return transformation_loss(_similarities(embedded, batch), _own(batch))


class SelfSupervision(Technique):
    """The student's logits and similarities of rotated views follow the teacher's; CE and KL take the upright ones.

    The student has a head of its own, trained along.

    Args:
        student, teacher, student_layers, teacher_layers: as of `Technique`.
        prepared: `HeadTraining`'s product for this teacher and these layers; in inference mode, never moved.

    Raises InputError for images that are not square, and for a head of features of another shape.
    """

    key, title = "sskd", TITLE
    ce_weight, kl_weight, kd_weight = 0.1, 0.9, 1.0  # `sskd_loss` has its own 2.7 and 10 inside
    student_choice = teacher_choice = "last"
    preparation = HeadTraining

    def __init__(self, student, teacher, prepared, student_layers=None, teacher_layers=None):
        super().__init__(student, teacher, student_layers, teacher_layers)
        _check_square(student)
        own, told = self.pairs()[0]
        check_prepared(prepared, told, self.title)
        self.prepared = prepared
        self.modules = _head(own, "student_head")

    def views(self, images, augment, noise):
        """Four views of each image, the upright ones first."""
        return rotated_views(images, augment, noise)

    def module_inputs(self, student, teacher):
        """The student's pooled vector."""
        return student[0]

    def loss(self, seen):
        """The divergences of the rotated views' logits and similarities, weighed."""
        batch = seen.labels.shape[0]
        student, teacher = (_similarities(embedded, batch)
                            for embedded in (seen.made, self.prepared(seen.teacher[0], training=False)))
        return sskd_loss(seen.student_predicted[batch:], seen.teacher_predicted[batch:],
                         tf.tile(seen.labels, [TURNS - 1]), student, teacher, _own(batch))


def _rotated(images, turns):
    """By so many times 90 degrees anticlockwise, without the checks that `tf.image.rot90` adds to the graph."""
    if turns % 2:
        images = tf.transpose(images, (0, 2, 1, 3))[:, ::-1]
    return images[:, ::-1, ::-1] if turns >= 2 else images


def _head(features, name):
    inputs = like([features])[0]
    x = layers.Flatten()(inputs)
    width = x.shape[-1]
    return keras.Model(inputs, layers.Dense(width)(layers.Dense(width, "relu")(x)), name=name)


def _similarities(embedded, batch):
    """Cosines of the rotated views' vectors with the upright images', [3B, B]."""
    return cosine_similarities(embedded[batch:], embedded[:batch])


def _own(batch):
    """Which image each rotated view was made from, int32 [3B]."""
    return tf.tile(tf.range(batch), [TURNS - 1])


def _check_square(network):
    height, width = network.input_shape[1:3]
    if height != width:
        raise InputError(f"{TITLE} rotates images by 90 degrees, which must be square; the networks take "
                         f"{height}x{width}: crop the images to a square")
