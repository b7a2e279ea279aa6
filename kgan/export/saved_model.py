"""The SavedModel: the network's forward pass without Keras, for servers and for the TFLite converter."""

import keras
import tensorflow as tf

from kgan.quiet import quiet

SIGNATURE = "serving_default"


def write_saved_model(model, folder):
    """Write `model` as a SavedModel into `folder`, which is created or overwritten.

    The batch size stays free. The signature `serving_default` takes the model's inputs by name and returns
    `{"output_0": ...}`, or the model's own names where its outputs are a dict.

    Args:
        model: a functional `keras.Model`; export folds it first (`fold`).
        folder: path of the folder.
    """
    with quiet():
        model.export(str(folder), verbose=False)


def run_saved_model(folder, inputs):
    """Load the SavedModel in `folder` and run it on `{input name: array}`: `{output name: array}`."""
    with quiet():
        loaded = tf.saved_model.load(str(folder))
    outputs = loaded.signatures[SIGNATURE](**{name: tf.constant(value) for name, value in inputs.items()})
    return {name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()}
