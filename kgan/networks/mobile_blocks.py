"""What MobileNetV2 and the ShuffleNets are made of: convolutions of few channels each, and moves of channels."""

import keras
from keras import layers, ops

from kgan.networks.initializers import normal, torch_uniform


@keras.saving.register_keras_serializable(package="kgan")
class GroupedConv2D(layers.Conv2D):
    """A convolution whose input and output channels are cut into `groups`, each of which sees only itself.

    `layers.Conv2D` with groups has no CPU kernel outside XLA, which compiles each shape anew; this layer runs one
    ordinary convolution a group. For export it is the plain layer, one operator there.
    """

    def convolution_op(self, inputs, kernel):
        """The groups' convolutions side by side; kernel [h, w, C / groups, filters]."""
        parts = zip(ops.split(inputs, self.groups, axis=-1), ops.split(kernel, self.groups, axis=-1), strict=True)
        return ops.concatenate([super(GroupedConv2D, self).convolution_op(*part) for part in parts], axis=-1)

    def build(self, input_shape):
        """Adds the weights."""
        super().build(input_shape)
        self.built_on = tuple(input_shape)

    def folded(self):
        """The plain layer with the same weights, built, for inference and export."""
        plain = layers.Conv2D.from_config(self.get_config())
        plain.build(self.built_on)
        plain.set_weights(self.get_weights())
        return plain


@keras.saving.register_keras_serializable(package="kgan")
class ChannelShuffle(layers.Layer):
    """Channels (g, n) in g groups of n -> (n, g): the first of each group, then the second of each, and so on.

    Source: Zhang et al., "ShuffleNet" (2018), section 3.1.

    Args:
        groups: g, a divisor of the number of channels.
    """

    def __init__(self, groups, **kwargs):
        super().__init__(**kwargs)
        self.groups = groups

    def call(self, x):
        """[B, H, W, C] -> the same shape."""
        _, height, width, channels = x.shape
        x = ops.reshape(x, (-1, height * width, self.groups, channels // self.groups))
        return ops.reshape(ops.transpose(x, (0, 1, 3, 2)), (-1, height, width, channels))

    def compute_output_shape(self, input_shape):
        """As the input's."""
        return input_shape

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "groups": self.groups}


@keras.saving.register_keras_serializable(package="kgan")
class Halves(layers.Layer):
    """[B, H, W, 2n] -> its first n channels and its last n channels."""

    def call(self, x):
        """Both halves."""
        return tuple(ops.split(x, 2, axis=-1))

    def compute_output_shape(self, input_shape):
        """The halves' shapes."""
        half = (*input_shape[:-1], input_shape[-1] // 2)
        return half, half


def depthwise(x, stride, name, initializer):
    """A 3x3 convolution of each channel by itself, without bias, padded by 1 on every side."""
    padding = "same"
    if stride > 1:  # "same" would pad one side only
        padding = "valid"
        x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return layers.DepthwiseConv2D(3, stride, padding, use_bias=False, depthwise_initializer=initializer, name=name)(x)


def he_depthwise(x, stride, name):
    """`depthwise` from N(0, 2 / (9 C)): PyTorch counts the outputs of all channels as the fan-out."""
    return depthwise(x, stride, name, normal((2.0 / (9 * x.shape[-1])) ** 0.5))


def torch_depthwise(x, stride, name):
    """`depthwise` from PyTorch's initial weights."""
    return depthwise(x, stride, name, torch_uniform(9))


def torch_grouped(x, filters, groups, name):
    """A 1x1 convolution in groups, without bias, from PyTorch's initial weights."""
    return GroupedConv2D(filters, 1, groups=groups, use_bias=False, name=name,
                         kernel_initializer=torch_uniform(x.shape[-1] // groups))(x)
