"""Classifiers of few layers with inner features by name, and what a distillation step does with them in numpy."""

import keras
import numpy as np
import tensorflow as tf
from by_numpy import softmax
from keras import layers

from kgan.methods.kd.distillation import Distillation

CLASSES = 3


def network(widths, sizes, last=7, seed=0, head="average", dropout=0.0):
    """8x8 images -> logits: a stage of each width and size (`f1`, `pre1` before it, ...), a 1x1 convolution, `f_last`.

    `head` is "average" over all places, "flatten", "rows" (an average, too), or "branched": two poolings added. With
    dropout two runs in training give unlike logits.
    """
    keras.utils.set_random_seed(seed)
    images = x = keras.Input((8, 8, 1), name="images")
    for stage, (width, size) in enumerate(zip(widths, sizes, strict=True), start=1):
        x = layers.UpSampling2D(size // x.shape[1])(x) if size > x.shape[1] else x
        x = layers.Conv2D(width, 3, x.shape[1] // size, "same", use_bias=False, name=f"stage{stage}")(x)
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"pre{stage}")(x)
        x = layers.ReLU(name=f"f{stage}")(x)
    x = layers.ReLU(name="last_relu")(layers.Conv2D(last, 1, name="last_conv")(x))
    if head == "branched":
        x = layers.Add(name="f_last")([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
    elif head == "rows":
        x = layers.GlobalAveragePooling1D(name="f_last")(layers.Reshape((-1, last), name="rows")(x))
    else:
        x = (layers.Flatten if head == "flatten" else layers.GlobalAveragePooling2D)(name="f_last")(x)
    x = layers.Dropout(dropout, seed=1)(x) if dropout else x
    return keras.Model(images, layers.Dense(CLASSES, name="logits")(x))


def batch(num):
    """(images [num, 8, 8, 1], labels [num])."""
    draw = np.random.default_rng(3)
    return (tf.constant(draw.normal(size=(num, 8, 8, 1)), tf.float32),
            tf.constant(draw.integers(0, CLASSES, num), tf.int32))


def distillation(student, teacher, technique, **settings):
    """A compiled `Distillation`, with plain gradient descent."""
    method = Distillation(student, teacher, technique, **settings)
    method.compile(keras.optimizers.SGD(0.1))
    return method


def outputs(model, names, images, training=False):
    """The outputs of layers by name, in float64."""
    model = keras.Model(model.input, [model.get_layer(name).output for name in names])
    found = model(images, training=training)
    return [np.array(one, np.float64) for one in (found if isinstance(found, list) else [found])]


def chain(tensor):
    """The layers from the input to a symbolic tensor, of which each has one input."""
    found = []
    while True:
        operation, index, _ = tensor._keras_history
        before = operation._inbound_nodes[index].input_tensors
        if not before:
            return found[::-1]
        found.append(operation)
        (tensor,) = before


def of_type(kind, found):
    return [layer for layer in found if isinstance(layer, kind)]


def batch_norm(x):
    """In training, with gamma and beta as they start."""
    return (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 1e-5)


def cross_entropy(labels, logits):
    return -np.mean(np.log(softmax(logits)[np.arange(len(labels)), np.array(labels)]))


def soft_labels(student, teacher, temperature=4.0):
    student, teacher = softmax(student / temperature), softmax(teacher / temperature)
    return temperature**2 * np.mean(np.sum(teacher * np.log(teacher / student), -1))
