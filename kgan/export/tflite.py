"""TFLite: one flatbuffer a quantisation, of builtin operators only.

| quantize | weights | arithmetic | inputs, outputs |
|---|---|---|---|
| `none` | float32 | float32 | float32 |
| `float16` | float16 | float32 (float16 where the phone's GPU takes it) | float32 |
| `dynamic` | int8 | see below | float32 |
| `int8` | int8 | int8, with int32 biases | float32 |

The inputs and the output of `int8` stay float32: an app feeds floats and reads floats, whichever file it
loads, and the file begins with a QUANTIZE and ends with a DEQUANTIZE. Integer inputs (labels) stay integers.
Activations of `int8` are calibrated on representative data. With `uint8_output` it ends with a QUANTIZE in the
DEQUANTIZE's place and gives the output's own quantised values (`kgan.export.pixels` says which images these are).

`dynamic` with the converter's default quantiser runs TRANSPOSE_CONV on int8 weights in an unoptimised kernel:
46 to 60 ms where float32 takes 2.5 ms (1.1 million parameters, 64x64, one thread of an x86-64). Networks with
transposed convolutions therefore go through the converter's older quantiser, which stores the weights as int8
too and widens them to float32 once: 3.5 ms at the same size and parity. Other networks keep the default,
whose dense and convolution kernels multiply in int8. Tensors below 1,024 weights stay float32 in `dynamic`.
"""

import contextlib
import gc
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from tensorflow.core.protobuf import saved_model_pb2

from kgan.errors import InputError
from kgan.export.one_hot import mend_one_hot
from kgan.export.saved_model import SIGNATURE, write_saved_model
from kgan.quiet import quiet

QUANTISATIONS = ("none", "float16", "dynamic", "int8")

_OPERATORS = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")
}


def convert(model, quantize, representative=None):
    """Convert a functional model to the bytes of a TFLite file with a free batch size.

    Args:
        model: a functional `keras.Model`, taken as it is (export folds batch norm first).
        quantize: one of `QUANTISATIONS`; the table above says what each does.
        representative: for `int8`, an iterable of batches, each a dict of arrays keyed by the signature's
            input names (the names of the model's `Input`s).

    Raises:
        InputError: an unknown quantisation, representative data that are missing or do not fit, or an
            operator that TFLite does not have (or does not have in int8), named in the message.
    """
    check_quantize(quantize)
    with tempfile.TemporaryDirectory() as folder:
        write_saved_model(model, Path(folder) / "model")
        return convert_saved_model(Path(folder) / "model", quantize, representative)


def convert_saved_model(folder, quantize, representative=None, uint8_output=False):
    """`convert` for a SavedModel that is written already, so that several conversions share it.

    Args:
        uint8_output: of `int8` alone: the output as uint8 quantised values in the place of float32.
    """
    check_quantize(quantize)
    graph = (Path(folder) / "saved_model.pb").read_bytes()
    batches = _checked(graph, representative) if quantize == "int8" else None
    with quiet():
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[SIGNATURE])
        if quantize != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        elif quantize == "dynamic":
            # The name of TensorFlow's transposed convolution, which stands in the graph as plain text.
            converter.experimental_new_dynamic_range_quantizer = b"Conv2DBackpropInput" not in graph
        elif quantize == "int8":
            converter.representative_dataset = lambda: iter(batches)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            if uint8_output:
                converter.inference_output_type = tf.uint8
    try:
        with quiet(), _little_garbage():
            content = converter.convert()
    except Exception as error:
        # The converter's error lists what it could not translate; anything else is not the user's fault.
        missing = {entry.operator.name for entry in getattr(error, "errors", ())} - {""}
        if not missing:
            raise
        raise InputError(_no_such_operator(sorted(missing), quantize)) from error
    require_builtin(content)
    return mend_one_hot(content) if quantize == "int8" else content


def operators(content):
    """The operators of a TFLite file in order, e.g. `["RESHAPE", "TRANSPOSE_CONV", ...]`, of all subgraphs.

    A custom operator stands under its own name (`"FlexErfinv"`).
    """
    model = schema.Model.GetRootAs(content)
    names = []
    for graph in (model.Subgraphs(i) for i in range(model.SubgraphsLength())):
        for i in range(graph.OperatorsLength()):
            names.append(_name(model.OperatorCodes(graph.Operators(i).OpcodeIndex())))
    return names


def require_builtin(content):
    """Raise `InputError` naming every operator of a TFLite file that is not one of TFLite's own.

    Flex operators need a TensorFlow build inside the app, custom operators code of its own.
    """
    model = schema.Model.GetRootAs(content)
    codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
    foreign = sorted(_name(code) for code in codes if _is_custom(code))
    if foreign:
        raise InputError(_no_such_operator(foreign, "none"))


def check_quantize(quantize):
    """Raise `InputError` unless `quantize` is one of `QUANTISATIONS`."""
    if quantize not in QUANTISATIONS:
        raise InputError(f"export: quantize must be one of {', '.join(QUANTISATIONS)}; received {quantize!r}")


@contextlib.contextmanager
def _little_garbage():
    """Spare the converter, which collects garbage when it is done, the search through all that lives."""
    frozen = gc.get_freeze_count() == 0  # else somebody froze objects, and thawing them is not ours
    if frozen:
        gc.freeze()
    try:
        yield
    finally:
        if frozen:
            gc.unfreeze()


def _no_such_operator(names, quantize):
    kind = "int8" if quantize == "int8" else "builtin"
    return (
        f"export: TFLite has no {kind} operator for {', '.join(names)}; "
        "replace the layer that needs it by one that is made of ordinary operators"
    )


def _checked(graph, representative):
    """The representative batches as a list, each checked against the signature's input names."""
    if representative is None:
        raise InputError("export: int8 needs representative data; give dicts of arrays by input name")
    signature = saved_model_pb2.SavedModel.FromString(graph).meta_graphs[0].signature_def[SIGNATURE]
    names = sorted(signature.inputs)
    batches = [dict(batch) for batch in representative]
    for batch in batches or [{}]:
        if sorted(batch) != names or not all(np.all(np.isfinite(value)) for value in batch.values()):
            raise InputError(
                f"export: a representative batch must hold finite arrays for the inputs {names}; "
                f"received one for {sorted(batch)}"
            )
    return batches


def _is_custom(code):
    return _code(code) in (schema.BuiltinOperator.CUSTOM, schema.BuiltinOperator.DELEGATE)


def _code(code):
    # Codes above 127 did not fit the first field of the format; the larger of the two counts.
    return max(code.BuiltinCode(), code.DeprecatedBuiltinCode())


def _name(code):
    return code.CustomCode().decode() if _is_custom(code) and code.CustomCode() else _OPERATORS[_code(code)]
