"""ReviewKD: the student's stages, each fused with the deeper ones, copy the teacher's.

Source: Chen et al., "Distilling Knowledge via Knowledge Review" (2021), attention based fusion (ABF), in the form of
the authors' code.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from kgan.errors import InputError
from kgan.losses.kd.review import hierarchical_context_loss
from kgan.methods.checks import check_not_negative
from kgan.methods.kd.features import like
from kgan.methods.kd.modules import batch_norm, conv
from kgan.methods.kd.technique import Technique

WIDEST = 512  # channels of the fused maps, where the student's last features are not narrower


class Review(Technique):
    """A fusion for each level, trained along, from the pooled vector (as a map of one place) to the first stage.

    Vectors count as maps of one place everywhere, so that students whose pooled features are flat (VGG and MobileNetV2
    in the authors' code, which fails at them) are served, too.

    Args:
        student, teacher, student_layers, teacher_layers: as of `Technique`; layers from front to back.
        warm_up_steps: the loss is taken times (step + 1) / warm_up_steps until that is 1; 0 for the whole loss from
            the start. The reference: 20 of 240 epochs.

    Raises InputError for unlike counts of levels (empty cells of the cGAN-KD paper's table 3), for layers that give
    neither maps nor vectors, and for warm_up_steps below 0.
    """

    key, title = "reviewkd", "ReviewKD"
    ce_weight, kl_weight, kd_weight = 1.0, 0.0, 5.0
    student_choice, teacher_choice = "stages_and_last", "before_and_last"
    nesterov = True

    def __init__(self, student, teacher, student_layers=None, teacher_layers=None, warm_up_steps=0):
        super().__init__(student, teacher, student_layers, teacher_layers)
        check_not_negative(warm_up_steps=warm_up_steps)
        self.warm_up_steps = warm_up_steps
        counts = len(self.student_layers), len(self.teacher_layers)
        if counts[0] != counts[1]:
            raise InputError(f"ReviewKD compares level by level, and the student has {counts[0]}, the teacher "
                             f"{counts[1]}: take networks with equal counts, or name as many layers of both "
                             "(student_layers, teacher_layers)")
        inputs, targets = like(self.student_features), like(self.teacher_features)
        self.modules = keras.Model(inputs, _fusions([_as_map(x) for x in inputs], [_as_map(x) for x in targets]),
                                   name="fusions")

    def loss(self, seen):
        """The hierarchical context loss, while it warms up a share of it."""
        loss = hierarchical_context_loss(seen.made, [_as_map(features) for features in seen.teacher])
        if not self.warm_up_steps:
            return loss
        return loss * tf.minimum(1.0, (tf.cast(seen.step, tf.float32) + 1.0) / self.warm_up_steps)


def _fusions(maps, targets):
    """Maps of the targets' shapes, from those of all levels; both from front to back, the work from back to front."""
    width = min(WIDEST, maps[-1].shape[-1])
    found, residual = [], None
    for x, target in zip(reversed(maps), reversed(targets), strict=True):
        x = batch_norm(conv(x, width, bias=False))
        if residual is not None:
            x = _weighed(x, _nearest(residual, x.shape[1:3]))
        residual = _nearest(x, target.shape[1:3])
        found.append(batch_norm(conv(residual, target.shape[-1], 3, bias=False)))
    return found[::-1]


def _weighed(x, residual):
    """The sum of two maps of one shape, each times its weight in (0, 1) a place, which both determine."""
    weights = ops.sigmoid(conv(layers.Concatenate()([x, residual]), 2))
    return x * weights[..., :1] + residual * weights[..., 1:]


def _nearest(maps, size):
    """Maps [B, H, W, C] -> [B, h, w, C]: place i of h is that of floor(i H / h), as PyTorch has it."""
    for axis, wanted in zip((1, 2), size, strict=True):
        given = maps.shape[axis]
        if given != wanted:
            maps = ops.take(maps, np.arange(wanted) * given // wanted, axis=axis)
    return maps


def _as_map(features):
    """Maps as they are, vectors [B, C] as [B, 1, 1, C]."""
    if len(features.shape) not in (2, 4):
        raise InputError("ReviewKD compares maps [B, H, W, C] and vectors [B, C]; received features of "
                         f"{tuple(features.shape[1:])}: name other layers")
    return features if len(features.shape) == 4 else ops.reshape(features, (-1, 1, 1, features.shape[-1]))
