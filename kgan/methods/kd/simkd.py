"""SimKD: the student's last maps, projected, copy the teacher's, and the teacher's own classifier reads them.

Source: Chen et al., "Knowledge Distillation with the Reused Teacher Classifier" (2022), in the form of the authors'
code.
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.losses.kd.pooling import adaptive_average_pool
from kgan.losses.kd.simkd import simkd_loss
from kgan.methods.kd.features import like
from kgan.methods.kd.modules import batch_norm, conv, conv_bn_relu
from kgan.methods.kd.technique import Technique
from kgan.methods.supervised import predicted_shape

SIGNED = (layers.Add, layers.BatchNormalization)  # layers whose outputs have both signs


class ReusedClassifier(Technique):
    """A projection, trained along, and behind it all that follows the teacher's layer, copied and frozen.

    The network that is kept goes from the images to the student's layer, through the projection, to the teacher's
    classifier; what follows the student's own layer gets no gradient and is left out. The larger map is averaged to
    the smaller before the projection. That ends in a ReLU, but not where the teacher's layer is a sum or a batch norm
    (WRN, MobileNetV2), whose values below 0 a ReLU could not give; the reference's teachers have none such.

    Arguments as of `Technique`; of several layers the first counts. Raises InputError for layers that give no maps,
    for a teacher that is no chain of layers from its layer to the logits, and for one whose classifier takes maps of
    its own size alone (VGG for large images) where the student's are smaller.
    """

    key, title = "simkd", "SimKD"
    ce_weight, kl_weight, kd_weight = 0.0, 0.0, 1.0
    student_choice = teacher_choice = "before_last"

    def __init__(self, student, teacher, student_layers=None, teacher_layers=None):
        super().__init__(student, teacher, student_layers, teacher_layers)
        ((features, hint),) = self.pairs()[:1]
        classifier = _chain(hint, _logits(teacher), teacher)
        inputs = like([features])
        signed = isinstance(teacher.get_layer(self.teacher_layers[0]), SIGNED)
        projected = _projection(inputs[0], hint, rectified=not signed)
        logits = _frozen_copies(classifier, projected, hint)
        self.modules = keras.Model(inputs, {"projected": projected, "logits": logits}, name="reused_classifier")
        for layer in _chain(inputs[0], logits, self.modules):
            features = layer(features)
        self._deployed = keras.Model(student.input, features, name=student.name)

    def predicted(self, seen):
        """Logits of the teacher's classifier."""
        return seen.made["logits"]

    def loss(self, seen):
        """The mean squared difference of the projected and the teacher's maps."""
        projected = seen.made["projected"]
        return simkd_loss(projected, adaptive_average_pool(seen.teacher[0], projected.shape[1:3]))

    def deployed(self, student):
        """Images -> logits, by the student up to its layer, projection and copied classifier; it shares all weights."""
        return self._deployed


def _logits(network):
    predicted_shape(network, "cross_entropy")  # refuses a network without logits
    return network.output["logits"] if isinstance(network.output, dict) else network.output


def _chain(start, end, network):
    """The layers of a network from one symbolic tensor to another; InputError where they are no chain."""
    found, tensor = [], end
    while tensor is not start:
        operation, index, _ = tensor._keras_history
        before = operation._inbound_nodes[index].input_tensors
        if not isinstance(operation, keras.Layer) or len(before) != 1:
            raise InputError("SimKD takes over the teacher's layers behind its last stage if each takes what the one "
                             f"before gives; {operation.name!r} of {network.name!r} does not: name a later layer in "
                             "teacher_layers")
        found.append(operation)
        tensor = before[0]
    return found[::-1]


def _projection(maps, hint, rectified):
    """Maps of the hint's width, and as large as the smaller of both."""
    if len(maps.shape) != 4 or len(hint.shape) != 4:
        raise InputError(f"SimKD compares maps [B, H, W, C]; received features of {tuple(maps.shape[1:])} of the "
                         f"student and {tuple(hint.shape[1:])} of the teacher: name other layers")
    width = hint.shape[-1]
    x = _averaged(maps, tuple(min(sides) for sides in zip(maps.shape[1:3], hint.shape[1:3], strict=True)))
    for number, size in enumerate((1, 3), start=1):
        x = conv_bn_relu(x, max(width // 2, 1), size, bias=False, name=f"projection{number}")
    x = batch_norm(conv(x, width, bias=False, name="projection3_conv"), "projection3_bn")
    return layers.ReLU(name="projection3")(x) if rectified else x


def _averaged(maps, size):
    """`adaptive_average_pool` as a layer, for a network that is saved."""
    before = tuple(maps.shape[1:3])
    if before == size:
        return maps
    windows = tuple(large // small for large, small in zip(before, size, strict=True))
    if all(large % small == 0 for large, small in zip(before, size, strict=True)):
        return layers.AveragePooling2D(windows, name="projection_pool")(maps)
    return layers.AdaptiveAveragePooling2D(size, name="projection_pool")(maps)


def _frozen_copies(chain, x, hint):
    """What copies of a chain of layers, with its weights and in inference mode for good, make of the maps x."""
    given, taken = (_size(maps) for maps in (x, hint))
    for place, layer in enumerate(chain):
        if isinstance(layer, layers.Dropout):  # nothing in inference mode, and it would act in training
            continue
        try:
            copy = type(layer).from_config({**layer.get_config(), "name": f"reused{place}_{layer.name}"})
            copy.trainable = False  # which keeps batch norm in inference mode as well
            x = copy(x)
            copy.set_weights(layer.get_weights())
        except (TypeError, ValueError, NotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"SimKD cannot put the teacher's layer {layer.name!r} behind maps of {given} in the place "
                             f"of {taken} ({reason}): take a teacher that averages over all places, or a student with "
                             "maps of that size") from error
    return x


def _size(maps):
    return "x".join(str(side) for side in maps.shape[1:])
