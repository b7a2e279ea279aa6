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
import tiny  # noqa: E402

from kgan.methods.compression import Distiller, Joint  # noqa: E402
from kgan.methods.gan import GAN  # noqa: E402


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


def ends(build, strategy):
    with strategy.scope():
        method = build()
        before = values(method)
        method.fit(tiny.data().batches(8, seed=0), steps_per_epoch=3, verbose=0, shuffle=False)
    return before, values(method)


def values(method):
    groups = {name: group for name, group in method.state_groups().items() if not name.startswith(("loss/", "step"))}
    return [np.array(variable) for group in groups.values() for variable in group]


found = {}
# One strategy for all: a second one would number its collective operations from the start again.
mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
for name, build in {"gan": gan("non_saturating"), "wgan_gp": gan("wgan_gp"), "distiller": distiller}.items():
    before, one = ends(build, tf.distribute.get_strategy())
    _, two = ends(build, mirrored)
    found[name] = {"difference": max(float(np.abs(a - b).max()) for a, b in zip(one, two, strict=True)),
                   "moved": max(float(np.abs(a - b).max()) for a, b in zip(one, before, strict=True))}
print(json.dumps(found))
