"""Folding: a network for inference only, in which batch norm is part of the kernel before it.

Batch norm in inference is `y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`, a fixed scale and
shift a channel. After a layer that is linear in its kernel, `x = W * u + b`, both can be taken into it:
`s = gamma / sqrt(variance + epsilon)`, `W' = s * W`, `b' = beta + s * (b - mean)`.
"""

from collections import Counter

import keras
import numpy as np
from keras import layers

from kgan.errors import InputError

# Exact types: a subclass may call its kernel differently (spectral norm), so it has to offer `folded()`.
_FOLDABLE = (layers.Conv2D, layers.Conv2DTranspose, layers.DepthwiseConv2D, layers.Dense)


@keras.saving.register_keras_serializable(package="kgan")
class InferenceModel(keras.Model):
    """A functional model that always runs as with `training=False`, whatever its caller asks for."""

    def call(self, inputs, training=None, mask=None, **kwargs):
        """Run the graph in inference mode; `training` is ignored."""
        return super().call(inputs, training=False, mask=mask, **kwargs)


def fold(model, *, dtype=None, batch_norm=True):
    """A frozen copy of a functional model, with every batch norm folded that can be.

    A `BatchNormalization` is folded when it directly follows a Conv2D, Conv2DTranspose, DepthwiseConv2D or
    Dense layer with linear activation, normalises that layer's output channels, is used once, and nothing
    else uses the layer or its output. Layers that offer `folded()` (spectral norm) are replaced by the
    plain built layer it returns, and a batch norm after them is then folded likewise. Everything else is
    copied as it is; nested functional models are folded inside.

    Args:
        model: a built functional or Sequential model; neither it nor its layers are changed.
        dtype: a dtype policy name for all layers of the copy (`"float32"` for a network that was trained in
            bfloat16); None keeps each layer's own.
        batch_norm: False copies without folding batch norm (`folded()` layers are replaced either way).

    Returns:
        An `InferenceModel` with the same inputs (structure and names), the same structure of outputs, and no
        trainable weights. Gradients with respect to its inputs flow. Its outputs agree with
        `model(..., training=False)` to about 1e-5 of their size. The weights are a snapshot: later changes
        of `model` do not reach it.

    Raises:
        InputError: `model` is not a built functional model, or a layer cannot be copied.
    """
    view = functional_view(model)
    nodes = _nodes(view)
    plain = {id(layer): _plain(layer) for layer in view.layers}
    pairs = _pairs(view, nodes, plain) if batch_norm else {}
    norms = {id(norm) for norm in pairs.values()}
    to_fill = []

    def clone(operation):
        if id(operation) in norms:
            return None  # its effect is in the kernel before it
        if not isinstance(operation, keras.Layer):
            return operation  # a plain operation has no state
        if isinstance(operation, keras.Model) and hasattr(operation, "inputs"):
            return fold(operation, dtype=dtype, batch_norm=batch_norm)
        layer = plain[id(operation)]
        norm = pairs.get(id(operation))
        changes = {"name": operation.name} if norm is None else {"name": operation.name, "use_bias": True}
        copy = _copy(layer, dtype, changes)
        weights = layer.get_weights() if norm is None else _folded_weights(layer, norm)
        to_fill.append((copy, weights))
        return copy

    def call(layer, *args, **kwargs):
        if layer is None:
            return args[0] if args else next(iter(kwargs.values()))
        kwargs.pop("training", None)
        return layer(*args, **kwargs)

    cloned = keras.models.clone_model(view, clone_function=clone, call_function=call)
    for layer, weights in to_fill:
        layer.set_weights(weights)
    folded = InferenceModel(cloned._inputs_struct, cloned._outputs_struct, name=model.name)
    folded.trainable = False
    return folded


def functional_view(model, output=None):
    """The model's own graph as a plain functional model that shares all layers.

    Args:
        model: a built functional or Sequential model.
        output: the name of one of its outputs, for models whose outputs are a dict; None keeps all.

    Raises:
        InputError: no graph can be read from `model`, or it has no output of that name.
    """
    if isinstance(model, keras.Sequential) and model.built:
        inputs, outputs = model.inputs[0], model.outputs[0]
    elif hasattr(model, "_inputs_struct"):
        inputs, outputs = model._inputs_struct, model._outputs_struct
    else:
        raise InputError(
            f"export: a built functional or Sequential model is needed, received {type(model).__name__}; "
            "build the network as keras.Model(inputs, outputs)"
        )
    if output is not None:
        if not isinstance(outputs, dict) or output not in outputs:
            known = sorted(outputs) if isinstance(outputs, dict) else "no named outputs"
            raise InputError(f"export: the network {model.name!r} has no output {output!r}; it has {known}")
        outputs = outputs[output]
    return keras.Model(inputs, outputs, name=model.name)


def _nodes(model):
    """Every call in the graph, found from the outputs backwards."""
    found, waiting = {}, list(model.outputs)
    while waiting:
        operation, index, _ = waiting.pop()._keras_history
        if (id(operation), index) not in found:
            node = operation._inbound_nodes[index]
            found[id(operation), index] = node
            waiting.extend(node.input_tensors)
    return list(found.values())


def _origin(tensor):
    operation, node_index, tensor_index = tensor._keras_history
    return id(operation), node_index, tensor_index


def _pairs(model, nodes, plain):
    """Which batch norm goes into which layer: `{id(layer): norm}`."""
    calls = Counter(id(node.operation) for node in nodes)
    uses = Counter(_origin(tensor) for node in nodes for tensor in node.input_tensors)
    uses.update(_origin(tensor) for tensor in model.outputs)
    pairs = {}
    for node in nodes:
        norm = node.operation
        if type(norm) is not layers.BatchNormalization or calls[id(norm)] != 1:
            continue
        tensor = node.input_tensors[0]
        source = tensor._keras_history[0]
        layer = plain.get(id(source))
        if type(layer) not in _FOLDABLE or calls[id(source)] != 1 or uses[_origin(tensor)] != 1:
            continue
        # Low-rank adapters and quantised kernels keep their weights in another layout.
        if getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None):
            continue
        axis = norm.axis if isinstance(norm.axis, int) else norm.axis[0]
        rank = len(tensor.shape)
        channels = 1 if getattr(layer, "data_format", None) == "channels_first" else rank - 1
        if layer.activation is keras.activations.linear and axis % rank == channels:
            pairs[id(source)] = norm
    return pairs


def _folded_weights(layer, norm):
    """Kernel and bias of `layer` with `norm` taken in; computed in float64."""
    number = {name: None for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    for name in number:
        variable = getattr(norm, name)
        number[name] = None if variable is None else _array(variable)
    scale = 1.0 / np.sqrt(number["moving_variance"] + norm.epsilon)
    if number["gamma"] is not None:
        scale = scale * number["gamma"]
    bias = 0.0 if layer.bias is None else _array(layer.bias)
    bias = (bias - number["moving_mean"]) * scale
    if number["beta"] is not None:
        bias = bias + number["beta"]

    kernel = _array(layer.kernel)
    if type(layer) is layers.Conv2DTranspose:  # [height, width, out, in]
        kernel = kernel * scale[:, None]
    elif type(layer) is layers.DepthwiseConv2D:  # [height, width, in, multiplier], channel = in * m + j
        kernel = kernel * scale.reshape(kernel.shape[2:])
    else:  # [..., in, out]
        kernel = kernel * scale
    return [kernel.astype("float32"), bias.astype("float32")]


def _array(variable):
    return keras.ops.convert_to_numpy(variable).astype("float64")


def _plain(layer):
    """What stands for `layer` in the copy: the layer itself, or what its `folded()` returns."""
    offer = getattr(layer, "folded", None)
    if not callable(offer):
        return layer
    plain = offer()
    if not isinstance(plain, keras.Layer) or not plain.built:
        raise InputError(
            f"export: folded() of the layer {layer.name!r} returned {plain!r}; it must return a built layer"
        )
    return plain


def _copy(layer, dtype, changes):
    """A new layer of the same configuration, not yet built."""
    if isinstance(layer, layers.Lambda):  # from_config refuses Python functions, which is meant for files
        return layers.Lambda(
            layer.function,
            output_shape=layer._output_shape,
            arguments=layer.arguments,
            name=changes["name"],
            dtype=dtype or layer.dtype_policy,
        )
    try:
        config = {**layer.get_config(), **changes}
        if dtype is not None:
            config["dtype"] = dtype
        return type(layer).from_config(config)
    except (TypeError, NotImplementedError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"export: the layer {layer.name!r} ({type(layer).__name__}) cannot be copied: {reason}; "
            "give it a get_config that holds its constructor's arguments"
        ) from error
