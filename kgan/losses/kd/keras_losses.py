"""Methods that need no trained parts as losses of Keras's own `keras.distillation.Distiller`.

BLKD compares the networks' outputs; FitNet (equal shapes, so without a regressor), AT, PKT, SP and RKD one layer of
each.
"""

import keras
from keras.distillation import DistillationLoss

from kgan.errors import InputError
from kgan.losses.kd.attention import attention_loss
from kgan.losses.kd.fitnet import hint_loss
from kgan.losses.kd.pkt import pkt_loss
from kgan.losses.kd.rkd import rkd_loss
from kgan.losses.kd.similarity import similarity_loss
from kgan.losses.supervised import blkd_loss, check_blkd_mode

FUNCTIONS = {function.__name__: function
             for function in (attention_loss, hint_loss, pkt_loss, rkd_loss, similarity_loss)}
_OF_SHAPES = (attention_loss, hint_loss)  # those that refuse some pairs of shapes


@keras.saving.register_keras_serializable(package="kgan")
class LogitLoss(DistillationLoss):
    """BLKD between the outputs of both networks, which are logits [B, C].

    Unlike `keras.distillation.LogitsDistillation` it takes no logarithm of a clipped probability.

    Args:
        temperature, mode: as for `kgan.losses.supervised.blkd_loss`. Raises InputError for a temperature that is not
            above 0 and for another mode.
    """

    def __init__(self, temperature=4.0, mode="code"):
        if not temperature > 0:
            raise InputError(f"temperature must be above 0; received {temperature!r}")
        check_blkd_mode(mode)
        self.temperature = temperature
        self.mode = mode

    def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        """Logits [B, C] of both -> the mean over the batch, a scalar."""
        return blkd_loss(student_outputs, teacher_outputs, self.temperature, self.mode)

    def get_config(self):
        """The constructor's arguments."""
        return {"temperature": self.temperature, "mode": self.mode}

    @classmethod
    def from_config(cls, config):
        """The loss of a `get_config`."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="kgan")
class FeatureLoss(DistillationLoss):
    """One of `FUNCTIONS` between the output of one layer of each network; both networks are functional.

    Args:
        function_name: "attention_loss" (AT), "hint_loss" (FitNet), "pkt_loss", "rkd_loss" or "similarity_loss" (SP).
        teacher_layer_name, student_layer_name: the layers, by name. Raises InputError for another function, and
            `validate_model_compatibility`, which a `Distiller` calls, for a layer that is not there and for shapes
            that the function cannot compare.
    """

    def __init__(self, function_name, teacher_layer_name, student_layer_name):
        if function_name not in FUNCTIONS:
            raise InputError(f"there is no loss {function_name!r} of one pair of layers; the names are "
                             f"{', '.join(FUNCTIONS)}")
        # Without a name of the teacher's layer a Distiller compares the networks' outputs, whatever the student's is.
        if not (teacher_layer_name and student_layer_name):
            raise InputError(f"{function_name} takes the name of a layer of each network; received "
                             f"teacher_layer_name={teacher_layer_name!r}, student_layer_name={student_layer_name!r}")
        self.function_name = function_name
        self.teacher_layer_name = teacher_layer_name
        self.student_layer_name = student_layer_name

    def validate_model_compatibility(self, teacher, student):
        """InputError unless both networks have their layer, and the function can compare the two."""
        teacher_features = _features(teacher, self.teacher_layer_name, "teacher")
        student_features = _features(student, self.student_layer_name, "student")
        function = FUNCTIONS[self.function_name]
        if function in _OF_SHAPES:
            function(student_features, teacher_features)

    def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        """The layers' outputs -> a scalar."""
        return FUNCTIONS[self.function_name](student_outputs, teacher_outputs)

    def get_config(self):
        """The constructor's arguments."""
        return {"function_name": self.function_name, "teacher_layer_name": self.teacher_layer_name,
                "student_layer_name": self.student_layer_name}

    @classmethod
    def from_config(cls, config):
        """The loss of a `get_config`."""
        return cls(**config)


def _features(network, layer_name, who):
    """A symbolic tensor like the layer's output, outside the network's graph."""
    if getattr(network, "inputs", None) is None:
        raise InputError(f"the {who} {network.name!r} has no graph of named layers; make it a functional model")
    if layer_name not in (layer.name for layer in network.layers):
        raise InputError(f"the {who} {network.name!r} has no layer {layer_name!r}; name one of its layers")
    output = network.get_layer(layer_name).output
    return keras.KerasTensor(output.shape, output.dtype)
