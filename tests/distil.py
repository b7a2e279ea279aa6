"""Tiny pairs of teacher and student, and batches, for tests of knowledge distillation."""

import keras
import numpy as np
import tensorflow as tf

from kgan.methods.kd.catalogue import make_technique
from kgan.methods.kd.distillation import Distillation
from kgan.networks.classifiers import classifier, regressor

CLASSES, SHAPE = 3, (8, 8, 1)
NARROW = {"resnet8": 4, "resnet14": 8}


def network(name="resnet8", classes=CLASSES, shape=SHAPE, seed=0, **options):
    """A narrow classifier whose weights the seed determines."""
    keras.utils.set_random_seed(seed)
    return classifier(name, classes, shape, **({"width": NARROW[name]} | options if name in NARROW else options))


def smallest(width, classes=CLASSES, shape=SHAPE, name="smallest"):
    """Two stages of a convolution each, with the names that `kgan.networks.classifiers` gives inner features."""
    images = keras.Input(shape, name="images")
    x = keras.layers.Conv2D(width, 3, 2, "same", activation="relu", name="f0")(images)
    for stage in (1, 2):
        x = keras.layers.Conv2D(width * stage, 3, 1, "same", name=f"pre{stage}")(x)
        x = keras.layers.ReLU(name=f"f{stage}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="f_last")(x)
    return keras.Model(images, keras.layers.Dense(classes, name="logits")(x), name=name)


def featureless(classes=CLASSES, shape=SHAPE, name="featureless"):
    """A network without inner features, as a DenseNet counts."""
    images = keras.Input(shape, name="images")
    return keras.Model(images, keras.layers.Dense(classes)(keras.layers.Flatten()(images)), name=name)


def value_network(name="resnet8", shape=SHAPE, seed=0):
    """A narrow regressor whose weights the seed determines."""
    keras.utils.set_random_seed(seed)
    return regressor(name, shape, width=NARROW[name], hidden=8)


def batch(num=6, shape=SHAPE, seed=0, classes=CLASSES):
    """(images [B, H, W, C], labels int32 [B]), no two images alike and no class missing."""
    draw = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), draw.integers(0, classes, num)])[:num]
    return tf.constant(draw.uniform(-1, 1, (num, *shape)).astype("float32")), tf.constant(labels.astype("int32"))


def drawn_rows(num=6, images=20, negatives=9, seed=1):
    """int32 [num, 1 + negatives]: rows 0 to num - 1, each with others."""
    draw = np.random.default_rng(seed)
    others = [draw.choice(np.setdiff1d(np.arange(images), [row]), negatives, replace=False) for row in range(num)]
    return tf.constant(np.concatenate([np.arange(num)[:, None], others], axis=1).astype("int32"))


def method(technique="blkd", student=None, teacher=None, rate=0.1, settings=None, **others):
    """A compiled `Distillation` of tiny networks; `settings` are the technique's own."""
    student = student or network()
    teacher = teacher or network("resnet14", seed=1)
    keras.utils.set_random_seed(2)
    if isinstance(technique, str):
        technique = make_technique(technique, student, teacher, **(settings or {}))
    made = Distillation(student, teacher, technique, **others)
    made.compile(keras.optimizers.SGD(rate))
    return made


def settled(made):
    """A network whose moving averages are no longer those of the start, so that inference mode differs."""
    draw = np.random.default_rng(5)
    for variable in made.non_trainable_variables:
        if "moving" in variable.path:
            variable.assign(draw.uniform(0.5, 1.5, variable.shape))
    return made
