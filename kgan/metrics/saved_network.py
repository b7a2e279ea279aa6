"""Networks from disk, whatever wrote them: a SavedModel folder, a `.keras` file, a `.tflite` file.

Each class here opens one of them and has the same few attributes:

    image_shape  (H, W, C) that the network takes, None where any will do
    batch_size   that it takes, None: any
    names        of its outputs
    unnamed      whether there is one output whose name says nothing
    has(name)    whether `function` can give that; also an inner layer, for a Keras model
    function(names)  float32 images [B, H, W, C] -> {name: tensor}; it may be called within a tf.function

All raise InputError, in one line, for what cannot be opened or takes no images.
"""

import hashlib
import re
from pathlib import Path

import keras
import tensorflow as tf

from kgan.cores import usable_cores
from kgan.errors import InputError
from kgan.quiet import quiet

GRAPH_FILE = "saved_model.pb"
_HUB_FILE = "tfhub_module.pb"  # marks the older format of TensorFlow Hub
_PARTS = (GRAPH_FILE, _HUB_FILE, "variables", "assets")


def open_network(path):
    """The `SavedModel`, `KerasFile` or `TFLiteFile` at a path; InputError where there is none of these."""
    path = Path(path).expanduser()
    if path.is_dir():
        return SavedModel(path)
    kinds = {".keras": KerasFile, ".tflite": TFLiteFile}
    if not path.is_file() or path.suffix.lower() not in kinds:
        what = "is none of these" if path.is_file() else "is not there"
        raise InputError(f"{str(path)!r} {what}: give a SavedModel folder, a .keras file or a .tflite file")
    return kinds[path.suffix.lower()](path)


def contents_sha256(path):
    """SHA-256 of a file's bytes; of a SavedModel folder's files in the order of their names.

    Of a folder the graph, the variables and the assets count, each with its name and length; a README or a
    hidden file does not.
    """
    path = Path(path)
    digest = hashlib.sha256()
    if path.is_file():
        _add(digest, path)
        return digest.hexdigest()
    files = [file for part in _PARTS for file in [path / part, *(path / part).rglob("*")] if file.is_file()]
    for name, file in sorted((file.relative_to(path).as_posix(), file) for file in files):
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        _add(digest, file)
    return digest.hexdigest()


class SavedModel:
    """A SavedModel folder: its `__call__` where that takes the images alone, else its signature.

    TF-GAN calls its Inception directly, TensorFlow Hub's and Keras's exports have signatures.
    """

    def __init__(self, folder):
        folder = Path(folder)
        if not (folder / GRAPH_FILE).is_file():
            raise InputError(f"the folder {str(folder)!r} holds no {GRAPH_FILE}: give a SavedModel folder")
        tags = [] if (folder / _HUB_FILE).is_file() else None  # that format has a graph for training, too
        try:
            with quiet():
                self._loaded = tf.saved_model.load(str(folder), tags=tags)
        except Exception as error:  # whatever a damaged graph or a missing shard raises
            raise InputError(f"cannot load the SavedModel {str(folder)!r} ({reason(error)})") from None
        self._function, spec, self._input = self._usable(folder)
        outputs = self._function.structured_outputs
        # a signature's outputs come in no certain order
        self.names = sorted(outputs) if isinstance(outputs, dict) else _numbered(tf.nest.flatten(outputs))
        self.unnamed = self.names == ["output_0"]
        shape = [None] * 4 if spec.shape.rank is None else list(spec.shape)
        self.batch_size, self.image_shape, self._dtype = shape[0], tuple(shape[1:]), spec.dtype

    def _usable(self, folder):
        """A function that takes images and nothing else, their spec, and the name to hand them under."""
        calls = getattr(self._loaded.__call__, "concrete_functions", ()) if callable(self._loaded) else ()
        signatures = dict(self._loaded.signatures)
        chosen = [signatures[name] for name in ("serving_default", "default") if name in signatures]
        found = [*calls, *(chosen or list(signatures.values())[:1])]
        for function in found:
            args, kwargs = function.structured_input_signature
            given = tf.nest.flatten((args, kwargs))
            if len(given) == 1 and isinstance(given[0], tf.TensorSpec) and given[0].dtype.is_floating and (
                    given[0].shape.rank in (None, 4)):
                return function, given[0], next(iter(kwargs), None)
        takes = [str(tf.nest.flatten(function.structured_input_signature))[:200] for function in found]
        raise InputError(f"the SavedModel {str(folder)!r} has no signature that takes float images [B, H, W, C] alone; "
                         + (f"there is one that takes {takes[-1]}" if takes else "it has none at all"))

    def has(self, name):
        return name in self.names

    def function(self, names):
        def run(images):
            images = tf.cast(images, self._dtype)
            found = self._function(**{self._input: images}) if self._input else self._function(images)
            if not isinstance(found, dict):
                found = dict(zip(self.names, tf.nest.flatten(found), strict=True))
            return {name: found[name] for name in names}

        return run


class KerasFile:
    """A Keras model in a `.keras` file, in inference mode; its layers' outputs can be had by their names."""

    def __init__(self, path):
        try:
            with quiet():
                self._model = keras.saving.load_model(path, compile=False)
        except Exception as error:  # zip, JSON, HDF5 and every layer's own
            raise InputError(f"cannot load the Keras model {str(path)!r} ({reason(error)})") from None
        inputs, outputs = (getattr(self._model, kind, None) for kind in ("inputs", "outputs"))
        if not inputs or not outputs:
            raise InputError(f"the Keras model {str(path)!r} is neither functional nor a built Sequential, so its "
                             "outputs are not known: save it by model.export(FOLDER) and give the folder")
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or not inputs[0].dtype.startswith(("float", "bfloat")):
            takes = ", ".join(f"{x.dtype} {tuple(x.shape)}" for x in inputs)
            raise InputError(f"the Keras model {str(path)!r} must take float images [B, H, W, C]; it takes {takes}")
        named = getattr(self._model, "output", None)  # a Sequential has none
        self.unnamed = len(outputs) == 1 and not isinstance(named, dict)
        if not isinstance(named, dict):
            named = dict(zip(getattr(self._model, "output_names", _numbered(outputs)), outputs, strict=True))
        self._named, self.names = named, list(named)
        self.batch_size, *shape = inputs[0].shape
        self.image_shape = tuple(shape)

    def has(self, name):
        return self._tensor(name) is not None

    def _tensor(self, name):
        layers = {layer.name: layer for layer in self._model.layers}
        if name in self._named or name not in layers:
            return self._named.get(name)
        output = getattr(layers[name], "output", None)
        return output if isinstance(output, keras.KerasTensor) else None

    def function(self, names):
        try:
            part = keras.Model(self._model.inputs[0], {name: self._tensor(name) for name in names})
        except ValueError:  # the output of a model within the model belongs to a graph of its own
            raise InputError(f"cannot take {' and '.join(names)} from the model {self._model.name!r}: a layer that is "
                             "itself a model cannot be named; name the layer after it") from None
        return lambda images: part(images, training=False)


class TFLiteFile:
    """A TFLite file with float images in and out, run by LiteRT on all cores."""

    def __init__(self, path):
        from ai_edge_litert.interpreter import Interpreter

        try:
            with quiet():
                self._interpreter = Interpreter(model_path=str(path), num_threads=usable_cores())
                signatures = self._interpreter.get_signature_list()
                only = next(iter(signatures)) if len(signatures) == 1 else None
                outputs = (self._interpreter.get_signature_runner(only).get_output_details() if only else
                           {detail["name"]: detail for detail in self._interpreter.get_output_details()})
        except (ValueError, RuntimeError, OSError) as error:
            raise InputError(f"cannot load the TFLite file {str(path)!r} ({reason(error)})") from None
        inputs = self._interpreter.get_input_details()
        if len(inputs) != 1 or inputs[0]["dtype"].__name__ != "float32" or len(inputs[0]["shape_signature"]) != 4:
            takes = ", ".join(f"{x['dtype'].__name__} {list(x['shape_signature'])}" for x in inputs)
            raise InputError(f"the TFLite file {str(path)!r} must take float32 images [B, H, W, C]; it takes {takes}: "
                             "convert it with float inputs and outputs")
        other = [name for name, detail in outputs.items() if detail["dtype"].__name__ != "float32"]
        if other:
            raise InputError(f"the TFLite file {str(path)!r} gives {', '.join(other)} in another type than float32: "
                             "convert it with float inputs and outputs")
        self._places = {name: detail["index"] for name, detail in outputs.items()}
        self._place = inputs[0]["index"]
        self.names, self.unnamed = list(outputs), len(outputs) == 1
        self.batch_size, *shape = (None if size < 0 else int(size) for size in inputs[0]["shape_signature"])
        self.image_shape = tuple(shape)
        self._shape = None

    def has(self, name):
        return name in self.names

    def function(self, names):
        places = [self._places[name] for name in names]

        def interpret(images):
            if images.shape != self._shape:
                with quiet():  # the delegate reports itself
                    self._interpreter.resize_tensor_input(self._place, images.shape)
                    self._interpreter.allocate_tensors()
                self._shape = images.shape
            self._interpreter.set_tensor(self._place, images)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(place) for place in places]

        def run(images):
            found = tf.numpy_function(interpret, [tf.cast(images, tf.float32)], [tf.float32] * len(places))
            return dict(zip(names, found, strict=True))

        return run


def reason(error):
    """An exception in one line of at most 200 characters."""
    text = re.sub(r"\s+", " ", str(error)).strip()
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def _numbered(outputs):
    return [f"output_{number}" for number in range(len(outputs))]


def _add(digest, file):
    with file.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
