"""Layers of the project's own: spectral normalisation and self-attention; and inner layers by name.

Source: Miyato et al., "Spectral Normalization for Generative Adversarial Networks" (2018); Zhang et al.,
"Self-Attention Generative Adversarial Networks" (2019).
"""

import re
from typing import NamedTuple

import keras
from keras import layers, ops

from kgan.errors import InputError

_TINY = 1e-12


class SpectralNorm:
    """What layers with a spectrally normalised kernel share: they use `kernel / sigma`.

    `sigma = ||W u||`, where W is the kernel as a matrix [everything else, last axis] and `u`, of unit
    length, the estimate of its first right singular vector. The gradient flows through sigma with u held
    fixed, as algorithm 1 of the paper has it. Calls leave u alone, whatever `training` is: a method moves
    it by `power_iteration`, once a step, so that all calls within a step see the same weights.
    """

    def build(self, input_shape):
        """Adds u, a random direction."""
        super().build(input_shape)
        self.built_on = tuple(input_shape)
        self.u = self.add_weight(
            shape=(self.kernel.shape[-1],), initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False, aggregation="mean", name="u",
        )

    def power_iteration(self):
        """One step of the power iteration: u <- W'W u, to unit length."""
        matrix = self._matrix()
        left = _unit(ops.matmul(matrix, ops.expand_dims(_unit(self.u), -1)))
        self.u.assign(_unit(ops.squeeze(ops.matmul(ops.transpose(matrix), left), -1)))

    def normalised_kernel(self):
        """The kernel divided by its largest singular value, as u estimates it."""
        u = ops.stop_gradient(_unit(ops.convert_to_tensor(self.u)))
        sigma = ops.norm(ops.matmul(self._matrix(), ops.expand_dims(u, -1)))
        return self.kernel / (sigma + _TINY)

    def folded(self):
        """The plain layer that does what this one does now, built, for inference and export."""
        plain = self.plain.from_config(self.get_config())
        plain.build(self.built_on)
        weights = [ops.convert_to_numpy(self.normalised_kernel())]
        plain.set_weights(weights if self.bias is None else [*weights, ops.convert_to_numpy(self.bias)])
        return plain

    def save_own_variables(self, store):
        """All variables, u among them: Keras's convolutions name kernel and bias alone."""
        layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        """What `save_own_variables` wrote."""
        layers.Layer.load_own_variables(self, store)

    def _matrix(self):
        return ops.reshape(ops.convert_to_tensor(self.kernel), (-1, self.kernel.shape[-1]))


@keras.saving.register_keras_serializable(package="kgan")
class SpectralConv2D(SpectralNorm, layers.Conv2D):
    """A convolution with a spectrally normalised kernel."""

    plain = layers.Conv2D

    def convolution_op(self, inputs, kernel):
        """The convolution, with the normalised kernel in the kernel's place."""
        return super().convolution_op(inputs, self.normalised_kernel())


@keras.saving.register_keras_serializable(package="kgan")
class SpectralConv2DTranspose(SpectralNorm, layers.Conv2DTranspose):
    """A transposed convolution with a spectrally normalised kernel."""

    plain = layers.Conv2DTranspose

    def call(self, inputs):
        """[B, H, W, C] -> [B, H', W', filters]."""
        outputs = ops.conv_transpose(
            inputs, self.normalised_kernel(), strides=list(self.strides), padding=self.padding,
            output_padding=self.output_padding, dilation_rate=self.dilation_rate, data_format=self.data_format,
        )
        return self.activation(outputs if self.bias is None else outputs + self.bias)


@keras.saving.register_keras_serializable(package="kgan")
class SpectralDense(SpectralNorm, layers.Dense):
    """A dense layer with a spectrally normalised kernel."""

    plain = layers.Dense

    def call(self, inputs, training=None):
        """[B, ..., C] -> [B, ..., units]."""
        outputs = ops.matmul(inputs, self.normalised_kernel())
        return self.activation(outputs if self.bias is None else outputs + self.bias)


@keras.saving.register_keras_serializable(package="kgan")
class SelfAttention(layers.Layer):
    """Every place of a feature map looks at every other: [B, H, W, C] -> the same shape.

    `s_ij = f(x_i)' g(x_j)`, `beta = softmax over i`, `o_j = sum_i beta_ij h(x_i)`, `y = gamma o + x`, with
    1x1 convolutions f and g to C / 8 channels and h to C, and a gamma that starts at 0 (SAGAN, section 3).

    Args:
        reduction: C / reduction channels for f and g, at least one.
    """

    def __init__(self, reduction=8, **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction

    def build(self, input_shape):
        """Adds the three kernels with their biases, and gamma."""
        channels = input_shape[-1]
        inner = max(channels // self.reduction, 1)
        for name, width in (("f", inner), ("g", inner), ("h", channels)):
            setattr(self, f"{name}_kernel", self.add_weight((channels, width), "glorot_uniform", name=f"{name}_kernel"))
            setattr(self, f"{name}_bias", self.add_weight((width,), "zeros", name=f"{name}_bias"))
        self.gamma = self.add_weight((), "zeros", name="gamma")

    def call(self, x):
        """x [B, H, W, C] -> y."""
        _, height, width, channels = x.shape
        places = ops.reshape(x, (-1, height * width, channels))
        f, g, h = (ops.matmul(places, getattr(self, f"{name}_kernel")) + getattr(self, f"{name}_bias")
                   for name in ("f", "g", "h"))
        scores = ops.matmul(g, ops.transpose(f, (0, 2, 1)))  # [B, j, i]
        o = ops.matmul(ops.softmax(scores, axis=-1), h)
        return self.gamma * ops.reshape(o, (-1, height, width, channels)) + x

    def compute_output_shape(self, input_shape):
        """As the input's."""
        return input_shape

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "reduction": self.reduction}


class FeatureNames(NamedTuple):
    """Names of layers, `network.get_layer(name).output` being the feature.

    Attributes:
        features: `f0` the stem, `f1`, `f2`, ... from front to back, and last `f_last`, the vector before the logits.
        pre_activations: for each of `f1`, `f2`, ... the layer before its activation: `pre1`, `pre2`, ..., or the
            feature itself where it has no activation.
    """

    features: tuple
    pre_activations: tuple


def feature_names(network):
    """The names of a classifier's or regressor's inner features, read from its layers.

    DenseNets have `f_last` alone.

    Raises:
        InputError: the network has no layer `f_last`.
    """
    names = {layer.name for layer in network.layers}
    if "f_last" not in names:
        raise InputError(f"the network {network.name!r} has no layer f_last, the vector before its logits; "
                         "name its inner features f0, f1, ..., f_last")
    features = sorted((name for name in names if re.fullmatch(r"f\d+", name)), key=lambda name: int(name[1:]))
    before = (f"pre{name[1:]}" for name in features if name != "f0")
    pre_activations = tuple(name if name in names else name.replace("pre", "f") for name in before)
    return FeatureNames((*features, "f_last"), pre_activations)


def _unit(vector):
    return vector / (ops.norm(vector) + _TINY)
