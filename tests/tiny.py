"""Small methods and data that several tests train."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from kgan.data.image_set import ImageSet
from kgan.methods.gan import GAN

LATENT_DIM = 3
SHAPE = (8, 8, 1)


def generator(filters=3, shape=SHAPE, latent_dim=LATENT_DIM, name="generator"):
    """Latents -> 8x8 images through a transposed convolution with batch norm."""
    latents = keras.Input((latent_dim,))
    x = keras.layers.Dense(4 * 4 * filters)(latents)
    x = keras.layers.Reshape((4, 4, filters))(x)
    x = keras.layers.BatchNormalization(momentum=0.9, synchronized=True)(x)
    x = keras.layers.LeakyReLU(0.2)(x)
    images = keras.layers.Conv2DTranspose(shape[-1], 4, 2, "same", activation="tanh")(x)
    return keras.Model(latents, images, name=name)


def discriminator(filters=3, shape=SHAPE, batch_norm=False):
    """8x8 images -> one logit."""
    images = keras.Input(shape)
    x = keras.layers.Conv2D(filters, 4, 2, "same")(images)
    if batch_norm:
        x = keras.layers.BatchNormalization(synchronized=True)(x)
    x = keras.layers.LeakyReLU(0.2)(x)
    return keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(x)))


def conditional_generator(filters=3, classes=3):
    """{"latents", "labels"} -> 8x8 images."""
    inputs = {"latents": keras.Input((LATENT_DIM,), name="latents"),
              "labels": keras.Input((), name="labels", dtype="int32")}
    one_hot = keras.layers.CategoryEncoding(classes, "one_hot")(inputs["labels"])
    vector = keras.layers.Concatenate()([inputs["latents"], one_hot])
    return keras.Model(inputs, generator(filters, latent_dim=LATENT_DIM + classes)(vector))


def telling_discriminator(classes=3):
    """8x8 images -> {"source", "class"}."""
    images = keras.Input(SHAPE)
    maps = keras.layers.Flatten()(keras.layers.LeakyReLU(0.2)(keras.layers.Conv2D(3, 4, 2, "same")(images)))
    return keras.Model(images, {"source": keras.layers.Dense(1)(maps), "class": keras.layers.Dense(classes)(maps)})


def gan(seed=0, optimizer=None, **settings):
    """A compiled GAN whose weights the seed determines."""
    keras.utils.set_random_seed(seed)
    model = GAN(generator(), discriminator(), seed=seed, **settings)
    make = optimizer or (lambda: keras.optimizers.Adam(1e-2, 0.5))
    model.compile(make(), make())
    return model


@contextlib.contextmanager
def untraced():
    """Every `tf.function` runs as plain Python: of tiny networks, a few steps take less time than their graph."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def data(num=20, seed=0, shape=SHAPE):
    """Random images, each unlike the others."""
    images = np.random.default_rng(seed).integers(0, 256, (num, *shape)).astype(np.uint8)
    return ImageSet("noise", images, None)


def values(variables):
    """Copies of variables' values."""
    return [np.array(variable) for variable in variables]


def moved(before, after):
    """Whether any array differs."""
    return any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def all_moved(before, after):
    """Whether every array differs."""
    return all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def descended(tape, loss, variables, rate):
    """Each variable's value after plain gradient descent, written out; reads the tape once."""
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    # A table's gradient comes as the rows that were looked up.
    return [np.array(variable - rate * tf.convert_to_tensor(gradient))
            for variable, gradient in zip(variables, gradients, strict=True)]


def assign(variables, arrays):
    """Sets variables to these values."""
    for variable, value in zip(variables, arrays, strict=True):
        variable.assign(value)
