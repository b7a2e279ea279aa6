"""FT: a translator of the student's last stage gives the factors that a paraphraser finds in the teacher's.

Source: Kim et al., "Paraphrasing Complex Network: Network Compression via Factor Transfer" (2018), with the networks
and the schedule of RepDistiller, which the comparison of cGAN-KD takes over.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.losses.kd.factor import factor_loss, paraphraser_loss
from kgan.methods.kd.features import like
from kgan.methods.kd.modules import batch_norm, conv
from kgan.methods.kd.preparation import Preparation, check_prepared
from kgan.methods.kd.technique import Technique

TITLE = "FT"
_SLOPE = 0.1  # of the leaky ReLUs for values below 0


class Paraphrasing(Preparation):
    """Trains the paraphraser: factors of half the teacher's channels, from which a decoder makes its maps again.

    The product is the encoder, maps [B, H, W, C] -> factors [B, H, W, C // 2]. Arguments as of `Preparation`.
    """

    title, part = TITLE, "paraphraser"
    teacher_choice = "before_last"
    # The reference's for ResNets and WRNs. Its other students take their own rate, which is the same for all but
    # VGGs (0.05): one rate, and students can share a paraphraser.
    rate = 0.01

    @staticmethod
    def networks_of(student, teacher, student_features, teacher_features):
        """The encoder, three convolutions, and its decoder, three transposed ones."""
        maps = teacher_features[0]
        _check_maps(maps, "teacher")
        channels = maps.shape[-1]
        inputs = like([maps])[0]
        factors = _encoded(inputs, max(channels // 2, 1))
        decoded = of_factors = like([factors])[0]
        for filters in (factors.shape[-1], channels, channels):
            decoded = layers.LeakyReLU(_SLOPE)(layers.Conv2DTranspose(filters, 3, 1, "same")(decoded))
        return {"network": keras.Model(inputs, factors, name="paraphraser"),
                "decoder": keras.Model(of_factors, decoded, name="paraphraser_decoder")}

    def objective(self, student, teacher):
        """The mean squared error of the maps that are made again."""
        factors = self.networks["network"](teacher[0], training=True)
        return paraphraser_loss(self.networks["decoder"](factors, training=True), teacher[0])


class FactorTransfer(Technique):
    """A translator, trained along, whose factors have the attention maps of the paraphraser's.

    Args:
        student, teacher, student_layers, teacher_layers: as of `Technique`.
        prepared: `Paraphrasing`'s product for this teacher and these layers; in inference mode, never moved.

    Raises InputError for features that are no maps, and for a paraphraser of features of another shape.
    """

    key, title, kd_weight = "ft", TITLE, 200.0
    student_choice = teacher_choice = "before_last"
    preparation = Paraphrasing

    def __init__(self, student, teacher, prepared, student_layers=None, teacher_layers=None):
        super().__init__(student, teacher, student_layers, teacher_layers)
        own, told = self.pairs()[0]
        _check_maps(own, "student")
        _check_maps(told, "teacher")
        check_prepared(prepared, told, self.title)
        self.prepared = prepared
        inputs = like([own])
        translated = _encoded(inputs[0], prepared.output_shape[-1], normed=True)
        self.modules = keras.Model(inputs, translated, name="translator")

    def loss(self, seen):
        """The mean absolute difference of the factors' attention maps."""
        return factor_loss(seen.made, self.prepared(seen.teacher[0], training=False))


def _encoded(x, filters, normed=False):
    """Factors [B, H, W, filters] of maps [B, H, W, C]."""
    for width in (x.shape[-1], filters, filters):
        x = conv(x, width, 3)
        x = layers.LeakyReLU(_SLOPE)(batch_norm(x) if normed else x)
    return x


def _check_maps(features, who):
    if len(features.shape) != 4:
        raise InputError(f"{TITLE} takes maps [B, H, W, C]; received features of {tuple(features.shape[1:])} of the "
                         f"{who}: name another layer ({who}_layers)")
