"""A tiny student beside a tiny teacher, both classifiers with named features, and what tests of techniques share."""

import random

import keras
import labelled
import numpy as np
import tensorflow as tf
import tiny

CLASSES = 3


def network(width, shape=tiny.SHAPE, name="network"):
    """A classifier of three stages of one convolution each, of 1, 2 and 4 times `width` maps."""
    images = keras.Input(shape)
    x = keras.layers.ReLU(name="f0")(keras.layers.Conv2D(width, 3, padding="same")(images))
    for stage, stride in ((1, 1), (2, 2), (3, 2)):
        x = keras.layers.Conv2D(width * 2 ** (stage - 1), 3, stride, "same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"pre{stage}")(x)
        x = keras.layers.ReLU(name=f"f{stage}")(x)
    pooled = keras.layers.GlobalAveragePooling2D(name="f_last")(x)
    return keras.Model(images, keras.layers.Dense(CLASSES, name="logits")(pooled), name=name)


def pair(teacher_width=6, shape=tiny.SHAPE):
    """A student of width 4 and a teacher, with fixed weights, as has what is made after them."""
    random.seed(1)  # from which Keras draws; its own `set_random_seed` would empty TensorFlow's caches as well
    networks = network(4, shape, "student"), network(teacher_width, shape, "teacher")
    draw = np.random.default_rng(1)
    for variable in [variable for each in networks for variable in each.variables]:
        # Statistics and shifts as after some training: in inference mode all differs from a batch's own.
        if variable.name in ("moving_mean", "beta"):
            variable.assign(draw.normal(0, 0.3, variable.shape))
        if variable.name == "moving_variance":
            variable.assign(draw.uniform(0.5, 2, variable.shape))
    return networks


def seen_by(network, images, names, training):
    """Outputs of layers by name, and the logits last, as arrays."""
    outputs = {name: network.get_layer(name).output for name in [*names, "logits"]}
    found = keras.Model(network.input, outputs)(images, training=training)
    return [np.array(found[name]) for name in outputs]


def soft(logits, temperature=1.0):
    """ln softmax of logits over a temperature, in float64."""
    scaled = np.asarray(logits, "float64") / temperature
    return scaled - np.log(np.exp(scaled).sum(-1, keepdims=True))


def cross_entropy(labels, logits):
    """Its mean."""
    return -soft(logits)[np.arange(len(labels)), np.asarray(labels)].mean()


def divergence(student, teacher, temperature=4.0):
    """T^2 KL(teacher || student), averaged over the batch."""
    student, teacher = soft(student, temperature), soft(teacher, temperature)
    return temperature**2 * (np.exp(teacher) * (teacher - student)).sum(-1).mean()


def standardised(x):
    """Batch norm of a batch with scale 1 and shift 0."""
    mean, variance = (function(x, axis=(0, 1, 2)) for function in (np.mean, np.var))
    return (x - mean) / np.sqrt(variance + 1e-5)


def leaky(x):
    """Leaky ReLU of slope 0.1."""
    return np.where(x > 0, x, 0.1 * x)


def convolved(x, kernel, bias):
    """A padded convolution of stride 1."""
    return np.array(tf.nn.conv2d(tf.constant(x), tf.constant(kernel), 1, "SAME") + bias)


def moved_names(variables, before):
    """The paths of variables that differ from copies taken before."""
    return {variable.path for variable, old in zip(variables, before, strict=True)
            if not np.array_equal(np.array(variable), old)}


def losses(method, steps, epochs):
    """The mean loss of each epoch of a training on one batch of six images, each of its own brightness."""
    images, labels = labelled.class_batch(6)
    batch = 0.3 * images + tf.reshape(tf.linspace(-0.7, 0.7, 6), (6, 1, 1, 1)), labels
    return method.fit(labelled.endless(batch), steps_per_epoch=steps, epochs=epochs, verbose=0,
                      shuffle=False).history["loss"]
