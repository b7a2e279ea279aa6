"""Each family of networks in a narrow form, and a step of any technique between any two; for tests of distillation."""

import functools
import random
from unittest import mock

import distil
import keras
import numpy as np
import tensorflow as tf
import tiny
from by_numpy import unsettle

from kgan.methods.kd.catalogue import TECHNIQUES, make_technique
from kgan.methods.kd.distillation import Distillation
from kgan.networks import mobilenet_v2
from kgan.networks.classifiers import classifier

# At 16x16 MobileNetV2's last maps would be single places, whose attention maps tell nothing.
SHAPE, BATCH, ROWS = (32, 32, 3), 8, 20
# family -> (a network's name, its options, the side of the maps that end each stage).
FAMILIES = {
    "resnet": ("resnet8", {"width": 4}, (32, 16, 8)),
    "wrn": ("wrn16_1", {"depth": 10, "width": 5}, (32, 16, 8)),
    "vgg": ("vgg8", {"width": 4}, (16, 8, 4, 4)),
    "mobilenetv2": ("mobilenetv2", {"width": 0.25}, (16, 8, 4, 2)),
    "shufflev1": ("shufflev1", {"width": 36, "units": (1, 1, 1)}, (16, 8, 4)),
    "shufflev2": ("shufflev2", {"width": 6, "units": (2, 2, 2)}, (16, 8, 4)),
    "densenet": ("densenet121", {"blocks": (1, 1), "growth_rate": 4}, ()),
}
# MobileNetV2 with one block a stage but two in the third, whose end is a sum then, as three of four usually are.
FEW_BLOCKS = tuple((expansion, channels, 2 if stage == 3 else 1, stride)
                   for stage, (expansion, channels, _, stride) in enumerate(mobilenet_v2._STAGES, start=1))


@functools.cache
def built(family, who):
    """(a network, the weights with which it begins); `who` is "student" or "teacher"."""
    name, options, _ = FAMILIES[family]
    random.seed(f"{family} {who}")  # from which Keras draws
    with mock.patch.object(mobilenet_v2, "_STAGES", FEW_BLOCKS):
        network = calibrated(classifier(name, distil.CLASSES, SHAPE, **options), distil.batch(32, SHAPE)[0])
    network.get_layer("logits").bias.assign(np.zeros(distil.CLASSES))  # uneven ones would outweigh the images
    return network, tiny.values(network.variables)


def calibrated(network, images):
    """`network` with uneven scales and shifts and these images' statistics, so that it tells images apart."""
    norms = {layer: layer.momentum for layer in unsettle(network).layers
             if isinstance(layer, keras.layers.BatchNormalization)}
    for norm in norms:
        norm.momentum = 0.0
    network(images, training=True)
    for norm, momentum in norms.items():
        norm.momentum = momentum
    return network


def pair(student, teacher):
    """(student, teacher), the student as it begins. Every call gives the same networks: train one at a time."""
    network, values = built(student, "student")
    tiny.assign(network.variables, values)
    return network, built(teacher, "teacher")[0]


def batch(key, seed=0):
    """(images, labels), and what CRD draws."""
    drawn = (distil.drawn_rows(BATCH, ROWS, seed=seed),) if key == "crd" else ()
    return (*distil.batch(BATCH, SHAPE, seed), *drawn)


def technique(key, student, teacher, prepared=None, **settings):
    """A technique by name, with what those take that take more than two networks."""
    made = make_technique(key, student, teacher, num_images=ROWS, batch_size=BATCH, prepared=prepared, **settings)
    if key == "semckd":  # products of images are above 0: so no embedding begins with silent units alone
        for layer in made.modules.layers:
            if isinstance(layer, keras.layers.Dense) and layer.activation is keras.activations.relu:
                layer.kernel.assign(np.abs(layer.kernel) / 10)
    return made


class SignDescent(keras.optimizers.SGD):
    """Whatever has a gradient moves by the rate, however large a technique's weight and however small the gradient."""

    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, learning_rate * tf.sign(gradient))


def compiled(method, optimizer=None):
    """The method, compiled."""
    method.compile(optimizer or SignDescent(1e-3))
    return method


def silent(network):
    """Ids of the biases in front of batch norms, whose gradient is 0 but for rounding."""
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [norm._inbound_nodes[0].input_tensors[0]._keras_history[0] for norm in norms]
    return {id(layer.bias) for layer in before if getattr(layer, "bias", None) is not None}


def as_far_as(network, features):
    """The part of a network that its inner features come from."""
    return keras.Model(network.input, features)


class Watched:
    """Values of variables before a training, to be held against those after it."""

    def __init__(self, variables):
        self.variables = list(variables)
        self.before = self.values()

    def values(self):
        return [variable.numpy() for variable in self.variables]

    def moved(self):
        """Ids of those that moved; all must be finite."""
        after = self.values()
        assert all(np.isfinite(value).all() for value in after)
        return {id(variable) for variable, old, new in zip(self.variables, self.before, after, strict=True)
                if not np.array_equal(old, new)}


def step(method, moving, still, given):
    """A step with a finite loss, in which of all trainable variables `moving` move alone, and `still` stays."""
    watched = Watched(variable for network in method.networks.values() for variable in network.trainable_variables)
    resting = Watched(still)
    loss = float(method.train_step(given)["loss"])
    assert np.isfinite(loss) and loss > 0
    biases = set().union(*map(silent, method.networks.values()))
    unlike = (watched.moved() ^ {id(variable) for variable in moving}) - biases
    assert not unlike, [variable.path for variable in watched.variables if id(variable) in unlike]
    assert not resting.moved()


def prepared(key, student, teacher):
    """The product of a step of a technique's preparation; None where it has none."""
    preparation = TECHNIQUES[key].preparation
    if preparation is None:
        return None
    method = compiled(preparation(student if preparation.of_pair else None, teacher))
    moving = [variable for network in method.networks.values() for variable in network.trainable_variables]
    still, statistics = teacher.variables, Watched([])
    if preparation.of_pair:
        trunk = as_far_as(student, [student.get_layer(name).output for name in stages_before(student)])
        inside = {id(variable) for variable in trunk.variables}
        head = [variable for variable in student.variables if id(variable) not in inside]
        assert head and "connectors" in method.networks and method.product is student
        statistics = Watched(trunk.non_trainable_variables)
        moving = [*trunk.trainable_variables, *method.networks["connectors"].trainable_variables]
        still = [*still, *head]
    step(method, moving, still, batch(key))
    assert len(statistics.moved()) == len(statistics.variables)
    return method.product


def stages_before(network):
    """Names of the layers that AB compares: those before the activation that ends each stage."""
    names = {layer.name for layer in network.layers}
    numbers = [number for number in range(1, 5) if f"f{number}" in names]
    return [f"pre{number}" if f"pre{number}" in names else f"f{number}" for number in numbers]


def distillation(key, student, teacher, prepared=None):
    """A compiled method."""
    return compiled(Distillation(student, teacher, technique(key, student, teacher, prepared)))
