"""Trains small methods on one and on two replicas; run in a process of its own by test_replicas.py.

Prints as JSON, for each method, the largest difference of any variable after three SGD steps, and how far
the variables moved.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import keras
import numpy as np
import tensorflow as tf

tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
import labelled  # noqa: E402
import tiny  # noqa: E402

from kgan.methods.cgan import ConditionalGAN  # noqa: E402
from kgan.methods.compression import Distiller, Joint  # noqa: E402
from kgan.methods.gan import GAN  # noqa: E402
from kgan.methods.okd import OKD, ring  # noqa: E402
from kgan.methods.supervised import Supervised  # noqa: E402


def sgd():
    return keras.optimizers.SGD(0.05)


def gan(objective):
    def build():
        keras.utils.set_random_seed(1)
        method = GAN(tiny.generator(), tiny.discriminator(batch_norm=objective != "wgan_gp"), objective, seed=5)
        method.compile(sgd(), sgd())
        return method

    return build


def distiller():
    keras.utils.set_random_seed(2)
    students = {"a": tiny.generator(2), "b": tiny.generator(4)}
    judges = {name: tiny.discriminator() for name in students}
    method = Distiller(tiny.generator(5), students, Joint(alpha=0.3), judges, seed=5)
    method.compile({name: sgd() for name in students}, {name: sgd() for name in students})
    return method


def okd():
    keras.utils.set_random_seed(6)
    method = OKD({name: tiny.generator(6) for name in "ab"}, {name: tiny.discriminator() for name in "ab"},
                 {edge: tiny.discriminator() for edge in ring(2)}, "wgan_gp", rho=0.3, ema_decay=0.9, seed=5)
    method.compile(sgd, sgd, sgd)
    return method


def cgan():
    keras.utils.set_random_seed(3)
    method = ConditionalGAN(labelled.class_generator(), labelled.class_discriminator(), labelled.CLASSES,
                            critic_steps=2, augment="flip", ema_decay=0.9, ema_start=2, seed=5)
    method.compile(sgd(), sgd())
    return method


def supervised():
    keras.utils.set_random_seed(4)
    images = keras.Input(tiny.SHAPE)
    network = keras.Model(images, keras.layers.Dense(labelled.CLASSES)(keras.layers.Flatten()(images)))
    method = Supervised(network, l2=0.5, augment="crop_flip", seed=5)
    method.compile(keras.optimizers.SGD(0.05, momentum=0.9))
    return method


def ends(build, strategy):
    batches = tiny.data().batches(8, seed=0)
    if build is cgan or build is supervised:
        batches = labelled.endless(labelled.class_batch(8, 2 if build is cgan else None))
    with strategy.scope():
        method = build()
        before = values(method)
        method.fit(batches, steps_per_epoch=3, verbose=0, shuffle=False)
    return before, values(method)


def values(method):
    groups = {name: group for name, group in method.state_groups().items() if not name.startswith(("loss/", "step"))}
    return [np.array(variable) for group in groups.values() for variable in group]


found = {}
# One strategy for all: a second one would number its collective operations from the start again.
mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
methods = {"gan": gan("non_saturating"), "wgan_gp": gan("wgan_gp"), "wgan_clip": gan("wgan_clip"),
           "distiller": distiller, "okd": okd, "cgan": cgan, "supervised": supervised}
for name, build in methods.items():
    before, one = ends(build, tf.distribute.get_strategy())
    _, two = ends(build, mirrored)
    found[name] = {"difference": max(float(np.abs(a - b).max()) for a, b in zip(one, two, strict=True)),
                   "moved": max(float(np.abs(a - b).max()) for a, b in zip(one, before, strict=True))}
print(json.dumps(found))
