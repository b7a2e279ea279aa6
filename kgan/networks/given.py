"""A generator that was made elsewhere as a network like the project's own: latents, and classes, -> [-1, 1].

What was made elsewhere stays inside as it is: a Keras model, or a `FrozenGraph`. Around it stand layers that bring
classes into the form it takes and images into [-1, 1].
"""

import keras
from keras import layers, ops

from kgan.errors import InputError
from kgan.networks.latents import LatentsLaw

FORMS = ("index", "column", "one_hot")


@keras.saving.register_keras_serializable(package="kgan")
class ClassLabels(layers.Layer):
    """Classes int [B] in the form that a generator takes: [B] ("index"), [B, 1] ("column") or [B, K] ("one_hot").

    Args:
        num_classes: K.
        form: one of `FORMS`.
        label_dtype: of what it gives.
    """

    def __init__(self, num_classes, form, label_dtype="int32", **kwargs):
        super().__init__(**kwargs)
        if form not in FORMS:
            raise InputError(f"labels come as {', '.join(FORMS)}; received {form!r}")
        if isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 2:
            raise InputError(f"num_classes must be a whole number of at least 2; received {num_classes!r}")
        self.num_classes, self.form, self.label_dtype = num_classes, form, label_dtype

    def call(self, classes):
        """The labels."""
        classes = ops.cast(classes, "int32")
        if self.form == "one_hot":
            return ops.one_hot(classes, self.num_classes, dtype=self.label_dtype)
        labels = ops.cast(classes, self.label_dtype)
        return ops.expand_dims(labels, -1) if self.form == "column" else labels

    def compute_output_spec(self, classes):
        """Shape and type of the labels."""
        more = {"index": (), "column": (1,), "one_hot": (self.num_classes,)}[self.form]
        return keras.KerasTensor((classes.shape[0], *more), dtype=self.label_dtype)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes, "form": self.form,
                "label_dtype": self.label_dtype}


@keras.saving.register_keras_serializable(package="kgan")
class SignedImages(layers.Layer):
    """Images of a range [low, high] in [-1, 1]; what lies outside is cut off. [B, H, W, C] -> float32 of that shape."""

    def __init__(self, low, high, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        if not low < high:
            raise InputError(f"a range of images goes from a number to a larger one; received {low!r} and {high!r}")
        self.low, self.high = float(low), float(high)

    def call(self, images):
        """`2 (x - low) / (high - low) - 1`, within [-1, 1]."""
        images = ops.cast(images, "float32")
        return ops.clip((images - self.low) * (2.0 / (self.high - self.low)) - 1.0, -1.0, 1.0)

    def compute_output_spec(self, images):
        """As the input's, float32."""
        return keras.KerasTensor(images.shape, dtype="float32")

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "low": self.low, "high": self.high}


def given_generator(make, latent_dim, image_range, latents_law="normal", classes=None, name="teacher"):
    """A functional generator around another: latents [B, latent_dim], or {"latents", "labels"}, -> [-1, 1].

    Args:
        make: callable, (latents, labels or None) -> images [B, H, W, C]; it is called with Keras's symbolic tensors.
        latent_dim: length of a latent vector.
        image_range: (low, high) of the images that `make` gives.
        latents_law: "normal" or "uniform" (`LatentsLaw`).
        classes: a `ClassLabels` layer for a generator that takes classes; None for one that takes latents alone.
    """
    latents = keras.Input((latent_dim,), name="latents")
    drawn = LatentsLaw(latents_law, name="law")(latents)
    if classes is None:
        inputs, images = latents, make(drawn, None)
    else:
        labels = keras.Input((), name="labels", dtype="int32")
        inputs, images = {"latents": latents, "labels": labels}, make(drawn, classes(labels))
    return keras.Model(inputs, SignedImages(*image_range, name="signed_images")(images), name=name)
