"""Generators as other people's code saves them: plain Keras, plain TensorFlow, known to the last number."""

import keras
import numpy as np
import tensorflow as tf

from kgan.quiet import quiet

LATENT_DIM, SIDE, CLASSES = 3, 8, 4
RNG = np.random.default_rng(5)
KERNEL = RNG.normal(size=(LATENT_DIM, SIDE * SIDE)).astype(np.float32)  # 192 values: a small constant
TABLE = RNG.normal(size=(CLASSES, SIDE * SIDE)).astype(np.float32)  # 256 values: no larger than a small constant
BIAS = RNG.normal(size=SIDE * SIDE).astype(np.float32)


def expected(latents, labels=None):
    """Sigmoid images [N, 8, 8, 1], float64: of latents, and of a row of `TABLE` each where there are labels."""
    x = latents.astype(np.float64) @ KERNEL + BIAS + (0.0 if labels is None else TABLE[labels])
    return (1.0 / (1.0 + np.exp(-x))).reshape(-1, SIDE, SIDE, 1)


def functional(scale=1.0, latents=LATENT_DIM, batch_size=None, dtype=None):
    """Latents -> `scale` times `expected`."""
    z = keras.Input((latents,), batch_size, name="noise", dtype=dtype)
    x = keras.layers.Dense(SIDE * SIDE, "sigmoid", name="dense")(z)
    images = keras.layers.Reshape((SIDE, SIDE, 1))(x)
    images = images if scale == 1.0 else keras.layers.Rescaling(scale)(images)
    model = keras.Model(z, images, name="outsider")
    if latents == LATENT_DIM:
        model.get_layer("dense").set_weights([KERNEL, BIAS])
    return model


def sequential():
    """The same as a Sequential."""
    model = keras.Sequential([keras.Input((LATENT_DIM,)), keras.layers.Dense(SIDE * SIDE, "sigmoid"),
                              keras.layers.Reshape((SIDE, SIDE, 1))])
    model.layers[0].set_weights([KERNEL, BIAS])
    return model


def labelled(form="column", names=("noise", "label"), as_dict=False):
    """Latents and labels as a column of numbers, as most tutorials have them, or one-hot -> `expected`."""
    z = keras.Input((LATENT_DIM,), name=names[0])
    labels = keras.Input((1,) if form == "column" else (CLASSES,), name=names[1])
    if form == "column":
        row = keras.layers.Flatten()(keras.layers.Embedding(CLASSES, SIDE * SIDE, name="table")(labels))
    else:
        row = keras.layers.Dense(SIDE * SIDE, use_bias=False, name="table")(labels)
    x = keras.layers.Add()([keras.layers.Dense(SIDE * SIDE, name="dense")(z), row])
    images = keras.layers.Reshape((SIDE, SIDE, 1))(keras.layers.Activation("sigmoid")(x))
    model = keras.Model({names[0]: z, names[1]: labels} if as_dict else [z, labels], images, name="outsider")
    model.get_layer("dense").set_weights([KERNEL, BIAS])
    model.get_layer("table").set_weights([TABLE])
    return model


class Module(tf.Module):
    """A generator that is no Keras model: variables, a large constant, and two outputs."""

    def __init__(self, labels=False, latents=LATENT_DIM):
        super().__init__()
        self.kernel, self.bias = tf.Variable(KERNEL), tf.Variable(BIAS)
        self.moved = tf.Variable(3, dtype=tf.int64)  # a counter that no image depends on
        large = np.zeros((1, SIDE * SIDE, 5), np.float32)  # 320 values that change nothing
        specs = [tf.TensorSpec((None, latents), tf.float32, "z")]
        if labels:
            specs.append(tf.TensorSpec((None,), tf.int64, "y"))

        def made(x):
            x = x + self.bias + tf.reduce_sum(tf.constant(large), -1)
            return {"images": tf.reshape(tf.sigmoid(x), (-1, SIDE, SIDE, 1)), "mean": tf.reduce_mean(x, 1)}

        def of_classes(z, y):
            return made(z @ self.kernel + tf.gather(tf.constant(TABLE), y))

        self.serve = tf.function(of_classes if labels else lambda z: made(z @ self.kernel), input_signature=specs)


def save_module(folder, signature="serving_default", **how):
    """Saves a `Module` as a SavedModel; returns the folder."""
    module = Module(**how)
    with quiet():
        tf.saved_model.save(module, str(folder), signatures={signature: module.serve})
    return folder


def save_keras(folder, model):
    """Saves a model as a `.keras` file; returns its path."""
    path = folder / "outsider.keras"
    model.save(path)
    return path


def export_keras(folder, model):
    """Exports a model as a SavedModel, as Keras does; returns the folder."""
    with quiet():
        model.export(str(folder / "outsider"), verbose=False)
    return folder / "outsider"
