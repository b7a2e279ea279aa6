"""CRD: embeddings of one image from both networks attract each other, beside banks of all training images.

Source: Tian et al., "Contrastive Representation Distillation" (2020), in the form of the authors' code.
"""

import keras
import numpy as np
import tensorflow as tf

from kgan.errors import InputError
from kgan.losses.kd.crd import crd_loss, crd_normaliser, crd_scores, drawn_products, moved_bank_rows
from kgan.losses.transfer import unit
from kgan.methods.kd.features import like
from kgan.methods.kd.technique import Technique

TEMPERATURE, MOMENTUM = 0.07, 0.5


class Contrastive(Technique):
    """Two linear embeddings, trained along, and a bank for each network with a row for each training image.

    Batches hold, besides images and labels, the rows int32 [B, 1 + m] of each image itself and of m images of other
    classes: `kgan.data.negatives` draws them.

    Args:
        student, teacher, student_layers, teacher_layers: as of `Technique`.
        num_images: n, the rows of each bank: the training images, with the samples that stand beside them.
        width: of the embeddings.
        seed: determines the banks' first rows.

    `state` holds the banks float32 [n, width] and the two normalisers, 0 until the first batch sets them.
    """

    key, title, kd_weight = "crd", "CRD", 0.8
    student_choice = teacher_choice = "last"
    draws = "negatives"
    several_replicas = False  # each replica would have banks of its own

    def __init__(self, student, teacher, num_images, student_layers=None, teacher_layers=None, width=128, seed=0):
        super().__init__(student, teacher, student_layers, teacher_layers)
        if num_images < 2:
            raise InputError(f"CRD contrasts images: num_images must be at least 2; received {num_images!r}")
        self.num_images = num_images
        inputs = like([features for pair in self.pairs()[:1] for features in pair])
        embedded = [keras.layers.Dense(width, name=f"{who}_embedding")(keras.layers.Flatten()(features))
                    for who, features in zip(("student", "teacher"), inputs, strict=True)]
        self.modules = keras.Model(inputs, embedded, name="embeddings")
        bound, rng = 1.0 / np.sqrt(width / 3.0), np.random.default_rng(seed)
        for who in ("student", "teacher"):
            first = rng.uniform(-bound, bound, (num_images, width)).astype(np.float32)
            self.state[f"{who}_bank"] = tf.Variable(first, trainable=False, name=f"{who}_bank")
            self.state[f"{who}_normaliser"] = tf.Variable(0.0, trainable=False, name=f"{who}_normaliser")

    def module_inputs(self, student, teacher):
        """Both pooled vectors."""
        return [*student, *teacher]

    def loss(self, seen):
        """The contrasts of both sides, added; then the banks' rows of this batch move on."""
        (drawn,) = seen.drawn
        embedded = dict(zip(("student", "teacher"), map(unit, seen.made), strict=True))
        scores = {}
        for who, other in (("student", "teacher"), ("teacher", "student")):
            products = drawn_products(embedded[who], self.state[f"{other}_bank"], drawn)
            normaliser = self.state[f"{who}_normaliser"]
            first = crd_normaliser(products, self.num_images, TEMPERATURE)
            normaliser.assign(tf.where(normaliser == 0.0, first, normaliser))
            scores[who] = crd_scores(products, normaliser.read_value(), TEMPERATURE)
        loss = crd_loss(scores["student"], scores["teacher"], self.num_images)
        own = drawn[:, 0]
        with tf.control_dependencies([loss]):  # the scores are those of the old rows
            for who, vectors in embedded.items():
                bank = self.state[f"{who}_bank"]
                bank.scatter_nd_update(own[:, None], moved_bank_rows(tf.gather(bank, own), vectors, MOMENTUM))
        return loss
