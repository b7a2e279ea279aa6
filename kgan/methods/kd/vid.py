"""VID: from each stage of the student a normal distribution of the teacher's is predicted, place by place.

Source: Ahn et al., "Variational Information Distillation for Knowledge Transfer" (2019), in the form of Tian et al.,
"Contrastive Representation Distillation" (2020), that the comparison of cGAN-KD takes.
"""

import keras
from keras import layers

from kgan.losses.kd.pooling import pool_to_smaller
from kgan.losses.kd.vid import starting_alpha, vid_loss
from kgan.methods.kd.features import like
from kgan.methods.kd.modules import conv
from kgan.methods.kd.technique import Technique


@keras.saving.register_keras_serializable(package="kgan")
class ChannelAlpha(layers.Layer):
    """Maps [B, H, W, C] -> alpha [C], a trained weight that starts at `starting_alpha()`; of the maps C counts."""

    def build(self, input_shape):
        """Adds alpha."""
        # Half precision would round the variance that a softplus makes of it.
        self.alpha = self.add_weight(shape=(input_shape[-1],), autocast=False, name="alpha",
                                     initializer=keras.initializers.Constant(starting_alpha()))

    def call(self, maps):
        """alpha."""
        return keras.ops.convert_to_tensor(self.alpha)

    def compute_output_shape(self, input_shape):
        """One value a channel."""
        return (input_shape[-1],)


class Variational(Technique):
    """For each pair of stages mu, by three convolutions, and a variance a channel, trained along; losses are added.

    The larger map of a pair is averaged to the smaller first. Arguments as of `Technique`; InputError for layers that
    give no maps.
    """

    key, title, kd_weight = "vid", "VID", 1.0
    student_choice = teacher_choice = "mid"

    def __init__(self, student, teacher, student_layers=None, teacher_layers=None):
        super().__init__(student, teacher, student_layers, teacher_layers)
        inputs, targets = (like(side) for side in zip(*self.pairs(), strict=True))
        self.modules = keras.Model(inputs, [_predicted(*pair) for pair in zip(inputs, targets, strict=True)],
                                   name="predictions")

    def module_inputs(self, student, teacher):
        """The student's stages that have a partner."""
        return student[: len(self.modules.inputs)]

    def loss(self, seen):
        """The negative log likelihoods of all pairs, added."""
        total = 0.0
        for (mean, alpha), features in zip(seen.made, seen.teacher, strict=False):
            mean, features = pool_to_smaller(mean, features)  # mu has the smaller size already
            total += vid_loss(mean, features, alpha)
        return total


def _predicted(student, teacher):
    """[mu, alpha] from a student's map, as wide as the teacher's and as large as the smaller of both."""
    x, width = pool_to_smaller(student, teacher)[0], teacher.shape[-1]
    for _ in range(2):
        x = layers.ReLU()(conv(x, width, bias=False))
    mean = conv(x, width, bias=False)
    return [mean, ChannelAlpha()(mean)]
