"""Initial weights by the rules that the reference networks start from."""

import keras


def torch_uniform(fan_in):
    """`U(-b, b)`, `b = 1 / sqrt(fan_in)`: PyTorch's default for the kernel and the bias of a layer.

    Args:
        fan_in: inputs of one output of the layer: units before a dense layer, `size * size * channels` before
            a convolution. A bias has its layer's fan-in, which its own shape does not tell.
    """
    bound = fan_in**-0.5
    return keras.initializers.RandomUniform(-bound, bound)


def he_fan_out():
    """`N(0, 2 / fan_out)`, not truncated (He et al., 2015, eq. 14), fan_out = size * size * filters."""
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


def normal(deviation):
    """`N(0, deviation^2)`; a new one for each weight, because one initializer draws the same numbers again."""
    return keras.initializers.RandomNormal(0.0, deviation)
