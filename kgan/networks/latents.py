"""What a generator's latents are drawn from, written into the generator itself, so that it travels with the file."""

import keras
from keras import layers

from kgan.errors import InputError

LAWS = ("normal", "uniform")


@keras.saving.register_keras_serializable(package="kgan")
class LatentsLaw(layers.Layer):
    """Passes latents [B, z] on as they are.

    Args:
        latents_law: what they are drawn from: "normal" is N(0, I), "uniform" is U(-1, 1). Whoever draws latents
            for a network reads it from this layer; a network without one takes N(0, I).
    """

    def __init__(self, latents_law, **kwargs):
        super().__init__(**kwargs)
        self.latents_law = check_law(latents_law)

    def call(self, latents):
        """The latents."""
        return latents

    def compute_output_shape(self, input_shape):
        """As the input's."""
        return input_shape

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "latents_law": self.latents_law}


def check_law(latents_law):
    """One of `LAWS`, or InputError."""
    if latents_law not in LAWS:
        raise InputError(f"latents_law must be one of {', '.join(LAWS)}; received {latents_law!r}")
    return latents_law
