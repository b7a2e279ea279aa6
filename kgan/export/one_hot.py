"""Mends one-hot labels in int8 TFLite files.

The converter gives the constants of ONE_HOT scales of their own, but the operator copies their bytes into its output,
which has another: its 0 then reads as 1/2 (TensorFlow 2.21), and every class but the one asked for counts by half.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

ON, OFF = 2, 3  # places among the operator's inputs


def mend_one_hot(content):
    """The bytes of a TFLite file in which every int8 ONE_HOT writes its on and off values in its output's scale."""
    content = bytearray(content)  # so that the views below write into it
    model = schema.Model.GetRootAs(content)
    for graph in (model.Subgraphs(i) for i in range(model.SubgraphsLength())):
        for operator in (graph.Operators(i) for i in range(graph.OperatorsLength())):
            code = model.OperatorCodes(operator.OpcodeIndex())
            if code.BuiltinCode() != schema.BuiltinOperator.ONE_HOT:
                continue
            made = graph.Tensors(operator.Outputs(0))
            if made.Type() != schema.TensorType.INT8:
                continue
            scale, zero = _scale_of(made)
            for place in (ON, OFF):
                constant = graph.Tensors(operator.Inputs(place))
                own_scale, own_zero = _scale_of(constant)
                raw = model.Buffers(constant.Buffer()).DataAsNumpy().view(np.int8)
                value = (raw.astype(np.float64) - own_zero) * own_scale
                raw[:] = np.clip(np.rint(value / scale) + zero, -128, 127)
    return bytes(content)


def _scale_of(tensor):
    found = tensor.Quantization()
    return float(found.Scale(0)), int(found.ZeroPoint(0))
