"""SemCKD: every stage of the student copies all of the teacher's, each as much as attention says, image by image.

Source: Chen et al., "Cross-Layer Distillation with Semantic Calibration" (2021), in the form of the authors' code.
"""

import keras
import tensorflow as tf
from keras import layers

from kgan.errors import InputError
from kgan.losses.kd.features import feature_rows
from kgan.losses.kd.pooling import pool_to_smaller
from kgan.losses.kd.semckd import attention_weights, semckd_loss
from kgan.losses.transfer import unit
from kgan.methods.kd.features import like
from kgan.methods.kd.modules import conv, conv_bn_relu
from kgan.methods.kd.technique import Technique

FEWEST = 4  # images: embeddings have a quarter as many values


class SemanticCalibration(Technique):
    """A projection for each pair of stages, and an embedding of which images are alike for each stage, trained along.

    Args:
        student, teacher, student_layers, teacher_layers: as of `Technique`.
        batch_size: B, images of one replica in a step, at least 4: the embeddings see the products of each image's
            features with those of all others in the batch. A batch of another size is refused.

    Raises InputError for another batch_size, and for layers that give no maps.
    """

    key, title, kd_weight = "semckd", "SemCKD", 400.0
    student_choice = teacher_choice = "mid"

    def __init__(self, student, teacher, batch_size, student_layers=None, teacher_layers=None):
        super().__init__(student, teacher, student_layers, teacher_layers)
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < FEWEST:
            raise InputError(f"SemCKD's batch_size is a whole number of at least {FEWEST}; received {batch_size!r}")
        self.batch_size = batch_size
        maps, targets = like(self.student_features), like(self.teacher_features)
        products = {who: [keras.Input((batch_size,), name=f"{who}_products{number}") for number in range(len(seen))]
                    for who, seen in (("student", maps), ("teacher", targets))}
        made = {
            "queries": [_embedding(rows) for rows in products["student"]],
            "keys": [_embedding(rows) for rows in products["teacher"]],
            "projected": [[_projection(own, target) for target in targets] for own in maps],
        }
        self.modules = keras.Model([maps, products["student"], products["teacher"]], made, name="calibration")

    def module_inputs(self, student, teacher):
        """The student's maps, and both networks' products of images."""
        return [student, *([self._products(features) for features in side] for side in (student, teacher))]

    def loss(self, seen):
        """The squared differences of all pairs, each image's weighed by its attention."""
        queries, keys = (tf.stack([unit(tf.cast(rows, tf.float32)) for rows in seen.made[name]], 1)
                         for name in ("queries", "keys"))
        projected = seen.made["projected"]
        targets = [[pool_to_smaller(*pair)[1] for pair in zip(row, seen.teacher, strict=True)] for row in projected]
        return semckd_loss(attention_weights(queries, keys), projected, targets)

    def _products(self, features):
        """Inner products of all images' features, [B, B]."""
        if features.shape[0] not in (None, self.batch_size):
            raise InputError(f"SemCKD was made for batches of {self.batch_size} images a replica and received one of "
                             f"{features.shape[0]}: give it that batch_size, and drop a shorter last batch")
        rows = feature_rows(tf.cast(features, tf.float32))
        return tf.ensure_shape(tf.matmul(rows, rows, transpose_b=True), (self.batch_size, self.batch_size))


def _embedding(products):
    """[B, B] -> [B, B / 4], a row an image."""
    width = products.shape[-1] // 4
    return layers.Dense(width)(layers.Dense(2 * width, "relu")(products))


def _projection(maps, target):
    """The student's maps, as wide as the teacher's and as large as the smaller of both."""
    x, width = pool_to_smaller(maps, target)[0], target.shape[-1]
    for size in (1, 3):
        x = conv_bn_relu(x, 2 * width, size, bias=False)
    return conv(x, width, bias=False)
