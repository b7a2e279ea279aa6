"""A TensorFlow graph as a Keras layer: how a SavedModel's function becomes a part of a functional model.

Keras cannot look into a SavedModel, and a saved model that refers to one breaks when the folder moves. The function is
therefore frozen to a graph without variables, which the layer keeps as text; what were variables, and other large
constants, are the layer's weights. So it is saved, copied, counted and exported like any other layer.
"""

import base64
import zlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

# As TensorFlow's own converters do; there is no public name for it.
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2_as_graph

LARGE = 256  # values from which on a constant is a weight, though it was no variable
_FLOATS = (tf.float16, tf.float32, tf.float64)


@keras.saving.register_keras_serializable(package="kgan")
class FrozenGraph(layers.Layer):
    """Tensors [B, ...], one or a list -> one float32 tensor [B, *made_shape]; for inference alone.

    Made by `frozen_graph`.

    Args:
        graph: a GraphDef without its feeds and weights, as text (`_packed`).
        feeds: names of the tensors that it is fed, in their order.
        weight_specs: (name, shape, dtype) of the tensors that are the layer's weights.
        fetch: name of the tensor that it gives.
        made_shape: of that tensor, without the batch.
    """

    def __init__(self, graph, feeds, weight_specs, fetch, made_shape, **kwargs):
        super().__init__(**kwargs)
        self.graph, self.feeds, self.fetch = graph, tuple(feeds), fetch
        self.weight_specs = tuple((name, tuple(shape), dtype) for name, shape, dtype in weight_specs)
        self.made_shape = tuple(made_shape)
        self._program = _Program(graph, (*self.feeds, *(name for name, _, _ in self.weight_specs)), fetch)

    def build(self, input_shape):
        """Adds the weights."""
        self.held = [self.add_weight(shape=shape, dtype=dtype, initializer="zeros", trainable=False, autocast=False,
                                     name=f"weight_{place}")
                     for place, (_, shape, dtype) in enumerate(self.weight_specs)]

    def call(self, inputs):
        """What the graph gives."""
        fed = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        made = self._program.run(*fed, *(tf.convert_to_tensor(weight.value) for weight in self.held))
        return tf.reshape(made, (-1, *self.made_shape))  # TensorFlow does not always infer the shape

    def compute_output_shape(self, input_shape):
        """[B, *made_shape]."""
        first = input_shape[0] if isinstance(input_shape[0], list | tuple) else input_shape
        return (first[0], *self.made_shape)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "graph": self.graph, "feeds": list(self.feeds), "fetch": self.fetch,
                "weight_specs": [[name, list(shape), dtype] for name, shape, dtype in self.weight_specs],
                "made_shape": list(self.made_shape)}


class _Program:
    """The graph as a function of its feeds and weights. A plain object: Keras does not look for variables in it."""

    def __init__(self, text, names, fetch):
        graph = tf.compat.v1.GraphDef.FromString(zlib.decompress(base64.b64decode(text)))
        used = {_source(name) for node in graph.node for name in node.input}

        def imported(*tensors):
            fed = {name: tensor for name, tensor in zip(names, tensors, strict=True) if _source(name) in used}
            return tf.graph_util.import_graph_def(graph, input_map=fed, return_elements=[fetch])[0]

        self._function = tf.function(imported, autograph=False)

    def run(self, *tensors):
        """What the graph gives for its feeds and weights."""
        # Concrete: a graph even where `tf.config.run_functions_eagerly` asks for none, which cannot be imported.
        return self._function.get_concrete_function(*tensors)(*tensors)


def frozen_graph(function, specs, made_shape, name="frozen_graph"):
    """A built `FrozenGraph` that computes what a function computes now.

    Args:
        function: callable, tensors as `specs` has them -> one float32 tensor [B, *made_shape]; it may use variables
            and call functions of a loaded SavedModel.
        specs: a `tf.TensorSpec` for each of its arguments, the batch size open.
        made_shape: of what it gives, without the batch.

    Raises whatever TensorFlow raises for a function that cannot be frozen, such as one that uses lookup tables.
    """
    concrete = tf.function(function, input_signature=specs, autograph=False).get_concrete_function()
    feeds = [tensor.name for tensor in concrete.inputs[: len(specs)]]
    captured = {inner.op.name for _, inner in concrete.graph.captures}
    _, whole = convert_variables_to_constants_v2_as_graph(concrete, lower_control_flow=False)
    weights = {f"{node.name}:0": tf.make_ndarray(node.attr["value"].tensor) for node in whole.node
               if _is_weight(node, captured)}
    text = _packed(whole, {_source(name) for name in (*feeds, *weights)})
    weight_specs = [(key, value.shape, value.dtype.name) for key, value in weights.items()]
    layer = FrozenGraph(text, feeds, weight_specs, concrete.outputs[0].name, made_shape, name=name)
    shapes = [tuple(spec.shape) for spec in specs]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    layer.set_weights(list(weights.values()))
    return layer


def _is_weight(node, captured):
    if node.op != "Const" or tf.as_dtype(node.attr["dtype"].type) not in _FLOATS:
        return False
    size = np.prod([part.size for part in node.attr["value"].tensor.tensor_shape.dim])  # 1 for a scalar
    return node.name in captured or size > LARGE


def _packed(graph, left_out):
    """A GraphDef without the nodes that are fed, compressed and as text."""
    small = tf.compat.v1.GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        if node.name in left_out:
            continue
        kept = small.node.add()
        kept.CopyFrom(node)
        kept.device = ""  # of the machine that it was saved on
        if "_class" in kept.attr:
            del kept.attr["_class"]  # colocation with a node that may be gone
        wanted = [name for name in node.input if not (name.startswith("^") and name[1:] in left_out)]
        del kept.input[:]
        kept.input.extend(wanted)
    return base64.b64encode(zlib.compress(small.SerializeToString(deterministic=True))).decode("ascii")


def _source(name):
    """The node behind an input such as "node", "node:1" or "^node"."""
    return name.removeprefix("^").partition(":")[0]
