"""Generators that other code saved, opened: a `.keras` file or a SavedModel folder, latents and classes -> images.

What is opened has

    where, latent_dim
    labels       `Labels`, or None for a generator that takes latents alone
    run(latents, labels)  arrays -> all its outputs, float arrays; labels in the generator's own form
    image_maker(place, image_shape)  callable on Keras's symbolic tensors, for `given_generator`; `place` is that of
                 the images among the outputs

All raise InputError, in one line, for what cannot be opened or takes something else.
"""

import dataclasses
import re
import zipfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from kgan.errors import InputError
from kgan.metrics.saved_network import GRAPH_FILE, reason
from kgan.networks.frozen_graph import frozen_graph
from kgan.quiet import quiet

_SERVED = ("serving_default", "serve", "default")  # signatures that are looked at first
_ABOUT_LABELS = re.compile("label|class|condition|digit", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Labels:
    """How a generator takes classes.

    Attributes:
        form: as `kgan.networks.given.ClassLabels` has it.
        num_classes: how many there are; None where the generator does not say.
        dtype: of the labels.
    """

    form: str
    num_classes: int | None
    dtype: str


@dataclasses.dataclass(frozen=True)
class _Input:
    """One input: its name, its shape without the batch, its dtype, and the size of batches it takes (None: any)."""

    name: str
    shape: tuple
    dtype: str
    batch: int | None = None

    def __str__(self):
        return f"{self.name}: {self.dtype} {[self.batch, *self.shape]}".replace("None", "?")


def open_foreign(path, latent_dim=None, labels_input=None):
    """The generator in a `.keras` file or a SavedModel folder.

    Args:
        latent_dim: length of its latent vectors; it must be given where a SavedModel leaves it open.
        labels_input: name of the input that takes the labels, where its name, type and shape do not tell.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        return _SavedModel(path, latent_dim, labels_input)
    if path.is_file() and path.suffix.lower() == ".keras":
        return _KerasModel(path, latent_dim, labels_input)
    what = "is neither of them" if path.is_file() else "is not there"
    raise InputError(f"the teacher {path} {what}: give a .keras file or a SavedModel folder")


class _KerasModel:
    """A functional or Sequential model, called in inference mode."""

    def __init__(self, path, latent_dim, labels_input):
        self.where = f"the teacher {path}"
        try:
            with quiet():
                self._model = keras.saving.load_model(path, compile=False)
        except Exception as error:  # zip, JSON, HDF5 and every layer's own
            raise InputError(f"cannot load {self.where} {_why(error, path)}") from None
        if not getattr(self._model, "inputs", None) or not getattr(self._model, "outputs", None):
            raise InputError(f"{self.where} is neither functional nor a built Sequential: save it by "
                             "model.export(FOLDER) and give the folder")
        inputs = [_Input(x.name, tuple(x.shape[1:]), x.dtype, x.shape[0]) for x in self._model.inputs]
        latents, labels = _roles(inputs, labels_input, self.where)
        self.latent_dim = _latent_dim(latents, latent_dim, self.where)
        self.labels = labels and _labels_of(labels, self.where, _known_classes(self._model))
        self._latents_name = latents.name

    def run(self, latents, labels):
        """All outputs, arrays."""
        return [np.asarray(value) for value in self._outputs(latents, labels)]

    def image_maker(self, place, image_shape):
        """The model itself, as a layer of the functional model around it."""
        return lambda latents, labels: self._outputs(latents, labels)[place]

    def _outputs(self, latents, labels):
        def given(tensor):
            return latents if tensor.name == self._latents_name else labels

        struct = getattr(self._model, "_inputs_struct", self._model.inputs[0])  # a Sequential has one input
        return keras.tree.flatten(self._model(keras.tree.map_structure(given, struct), training=False))


class _SavedModel:
    """A function of a SavedModel: a signature, or its `__call__` where no signature fits."""

    def __init__(self, folder, latent_dim, labels_input):
        self.where = f"the teacher {folder}"
        if not (folder / GRAPH_FILE).is_file():
            raise InputError(f"{self.where} holds no {GRAPH_FILE}: give a SavedModel folder or a .keras file")
        try:
            with quiet():
                self._loaded = tf.saved_model.load(str(folder))
        except Exception as error:  # whatever a damaged graph or a missing shard raises
            raise InputError(f"cannot load {self.where} ({reason(error)})") from None
        self._function, self._inputs, latents, labels = self._usable(labels_input)
        self.latent_dim = _latent_dim(latents, latent_dim, self.where)
        self.labels = labels and _labels_of(labels, self.where)
        self._latents, self._labels = latents, labels

    def _usable(self, labels_input):
        """(function, its inputs in order and the names to hand them under, that of latents, that of labels)."""
        refused = []
        for name, function in _functions(self._loaded):
            args, kwargs = function.structured_input_signature
            specs = [*((None, spec) for spec in args), *kwargs.items()]
            if not specs or not all(isinstance(spec, tf.TensorSpec) and spec.shape.rank for _, spec in specs):
                refused.append(f"{name} takes {' '.join(str(args or kwargs or 'nothing').split())[:200]}")
                continue
            inputs = {_Input(key or spec.name or f"argument {place}", tuple(spec.shape[1:]), spec.dtype.name,
                             spec.shape[0]): key for place, (key, spec) in enumerate(specs)}
            try:
                return function, inputs, *_roles(list(inputs), labels_input, self.where)
            except InputError as error:
                refused.append(str(error).removeprefix(f"{self.where} "))
        if not refused:
            raise InputError(f"{self.where} has no signature at all: save it with one that makes images of latents, as "
                             "model.export(FOLDER) does")
        raise InputError(f"{self.where} has no signature that makes images of latents: {refused[0]}")

    def run(self, latents, labels):
        """All outputs, arrays."""
        return [np.asarray(value) for value in self._outputs(tf.constant(latents, tf.float32),
                                                             None if labels is None else tf.constant(labels))]

    def image_maker(self, place, image_shape):
        """The function as a `FrozenGraph`, which needs the folder no more."""
        specs = [tf.TensorSpec((None, self.latent_dim), tf.float32, "latents")]
        if self._labels is not None:
            specs.append(tf.TensorSpec((None, *self._labels.shape), self._labels.dtype, "labels"))

        def images(latents, labels=None):
            return tf.cast(self._outputs(latents, labels)[place], tf.float32)

        try:
            with quiet():
                layer = frozen_graph(images, specs, image_shape)
        except Exception as error:  # lookup tables, Python functions, graphs beyond two gigabytes
            raise InputError(f"cannot take over {self.where} ({reason(error)})") from None
        return lambda latents, labels: layer(latents if labels is None else [latents, labels])

    def _outputs(self, latents, labels):
        args, kwargs = [], {}
        for given, key in self._inputs.items():
            value = tf.cast(latents, given.dtype) if given == self._latents else labels
            if key is None:
                args.append(value)
            else:
                kwargs[key] = value
        return tf.nest.flatten(self._function(*args, **kwargs))


def _why(error, path):
    """Why Keras did not load a `.keras` file, and what to do, for a person who has the code that made it."""
    text, export = str(error), "call model.export(FOLDER) where it was made, and give the folder"
    if not zipfile.is_zipfile(path):
        return "(it is no archive as model.save writes it): save it again"
    unknown = re.search(r"Could not locate (?:class|function) '([^']+)'", text)
    if unknown:
        return f"({unknown[1]} is defined in the code that made it alone): {export}"
    if "`Lambda` layer" in text:
        return f"(a Lambda layer is code, which is not run from a file): {export}"
    return f"({reason(error)}): {export}"


def _functions(loaded):
    """(name, concrete function) of the signatures, the usual ones first, and of `__call__`."""
    signatures = dict(loaded.signatures)
    names = [name for name in _SERVED if name in signatures]
    names += [name for name in sorted(signatures) if name not in names and not name.startswith("__")]
    yield from ((name, signatures[name]) for name in names)
    for function in getattr(loaded.__call__, "concrete_functions", ()) if callable(loaded) else ():
        yield "__call__", function


def _roles(inputs, labels_input, where):
    """(the input of latents, that of labels or None)."""
    takes = ", ".join(map(str, inputs))
    wanted = "a generator takes latents [B, z], floats, and at most labels beside them"
    if len(inputs) > 2:
        raise InputError(f"{where} takes {takes}; {wanted}")
    fixed = [given for given in inputs if given.batch is not None]
    if fixed:
        raise InputError(f"{where} takes {takes}: batches of one size alone; save it with an open batch size")
    labels = None
    if labels_input is not None:
        labels = next((given for given in inputs if given.name == labels_input), None)
        if labels is None or len(inputs) < 2:
            raise InputError(f"{where} takes {takes}, so labels_input={labels_input} does not fit")
    elif len(inputs) == 2:
        likely = [given for given in inputs if _may_be_labels(given)]
        if len(likely) != 1:
            raise InputError(f"{where} takes {takes}; which of these are the labels: set labels_input to its name")
        (labels,) = likely
    latents = next(given for given in inputs if given is not labels)
    if len(latents.shape) != 1 or "float" not in latents.dtype:
        raise InputError(f"{where} takes {takes}; {wanted}")
    return latents, labels


def _may_be_labels(given):
    whole = "int" in given.dtype or given.shape in ((), (1,))
    return whole or bool(_ABOUT_LABELS.search(given.name))


def _latent_dim(latents, asked, where):
    (own,) = latents.shape
    if own is None and asked is None:
        raise InputError(f"{where} leaves the length of its latent vectors open: set latent_dim")
    if None not in (own, asked) and own != asked:
        raise InputError(f"{where} takes latents of {own} values, not of latent_dim={asked}: leave latent_dim out")
    return asked if own is None else own


def _labels_of(given, where, known=None):
    if given.shape in ((), (1,)):
        return Labels("column" if given.shape else "index", known, given.dtype)
    if len(given.shape) != 1 or given.shape[0] is None:
        raise InputError(f"{where} takes labels {given}; classes are taken as [B], [B, 1] or one-hot [B, K]")
    return Labels("one_hot", given.shape[0], given.dtype)


def _known_classes(model):
    """The number of classes that a layer of a Keras model says, where one alone does."""
    names = {keras.layers.Embedding: "input_dim", keras.layers.CategoryEncoding: "num_tokens"}
    found = {getattr(layer, names[type(layer)]) for layer in model._flatten_layers() if type(layer) in names}
    return found.pop() if len(found) == 1 else None
