"""Layers in plain numpy, as textbooks define them, to hold networks against; and counts of parameters."""

import math

import keras
import numpy as np


def convolution(x, layer, stride=1):
    """A convolution [B, H, W, C] padded by (size - 1) // 2 on every side."""
    kernel = kernel_of(layer)
    size = kernel.shape[0]
    around = (size - 1) // 2
    x = np.pad(x, ((0, 0), (around, around), (around, around), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("bhwcij,ijco->bhwo", windows, kernel) + bias_of(layer)


def depthwise(x, layer, stride=1):
    """A 3x3 convolution of each channel by itself, padded by 1 on every side."""
    x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("bhwcij,ijc->bhwc", windows, np.array(layer.kernel, np.float64)[..., 0])


def dense(x, layer):
    return x @ kernel_of(layer) + bias_of(layer)


def kernel_of(layer):
    """The kernel, divided by ||W u|| where the layer has spectral norm."""
    kernel = np.array(layer.kernel, np.float64)
    if not hasattr(layer, "power_iteration"):
        return kernel
    u = np.array(layer.u, np.float64)
    return kernel / np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]) @ (u / np.linalg.norm(u)))


def bias_of(layer):
    return 0.0 if layer.bias is None else np.array(layer.bias, np.float64)


def relu(x):
    return np.maximum(x, 0.0)


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def twice(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


def pooled(x, reduce=np.mean):
    batch, height, width, channels = x.shape
    return reduce(x.reshape(batch, height // 2, 2, width // 2, 2, channels), axis=(2, 4))


def batch_norm(x, layer):
    """With the moving statistics."""
    x = (x - np.array(layer.moving_mean)) / np.sqrt(np.array(layer.moving_variance) + 1e-5)
    return x if layer.gamma is None else x * np.array(layer.gamma) + np.array(layer.beta)


def group_norm(x, layer):
    """Eight groups of the channels of vectors [B, C]."""
    groups = x.reshape(len(x), 8, -1)
    groups = (groups - groups.mean(-1, keepdims=True)) / np.sqrt(groups.var(-1, keepdims=True) + 1e-5)
    return groups.reshape(x.shape) * np.array(layer.gamma) + np.array(layer.beta)


def pooled_attention(x, network, name):
    """`x + sigma * out(softmax(theta phi') g)` over all places, phi and g pooled by their maxima."""
    part = {one: network.get_layer(f"{name}_{one}") for one in ("theta", "phi", "g", "out")}
    theta = convolution(x, part["theta"])
    phi, g = (pooled(convolution(x, part[one]), np.max) for one in ("phi", "g"))
    found = np.empty((*x.shape[:3], g.shape[-1]))
    for i in range(len(x)):
        keys, values = phi[i].reshape(-1, phi.shape[-1]), g[i].reshape(-1, g.shape[-1])
        scores = theta[i].reshape(-1, theta.shape[-1]) @ keys.T
        found[i] = (softmax(scores) @ values).reshape(found.shape[1:])
    return x + float(network.get_layer(name).sigma) * convolution(found, part["out"])


def features_agree(network, images, expected):
    """The layers' outputs by name equal numpy's, to 1e-4 of the largest value of each."""
    inner = keras.Model(network.input, {name: network.get_layer(name).output for name in expected})
    found = inner(images)
    for name, values in expected.items():
        scale = np.abs(values).max()
        assert scale > 1e-3, name
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-4 * scale, err_msg=name)


def shapes(network, *names):
    """The shapes of layers' outputs by name, without the batch."""
    return [network.get_layer(name).output.shape[1:] for name in names]


def unsettle(network, seed=0):
    """Random statistics, scales, shifts and gates in place of those that a network starts with, uneven all."""
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            unsettle(layer, seed + 1)
        elif isinstance(layer, keras.layers.BatchNormalization | keras.layers.GroupNormalization):
            for variable in layer.weights:
                low, high = (0.3, 2.0) if "variance" in variable.path else (-0.7, 1.2)
                variable.assign(rng.uniform(low, high, variable.shape))
        elif hasattr(layer, "sigma"):
            layer.sigma.assign(0.7)
        elif getattr(layer, "bias", None) is not None:
            layer.bias.assign(rng.uniform(-0.5, 0.8, layer.bias.shape))
    return network


def trainable_parameters(make):
    """Number of trainable parameters of the network that `make` makes, built without drawing its weights."""
    with keras.StatelessScope(initialize_variables=False):
        count = sum(math.prod(weight.shape) for weight in make().trainable_weights)
    keras.backend.clear_session(free_memory=False)  # or the next scope would draw them
    return count
