"""How far a classifier or a regressor is off on images whose labels are known."""

import numpy as np
import tensorflow as tf

from kgan.data import image
from kgan.errors import InputError


class Predictor:
    """A network in inference mode behind one compiled function with a fixed batch shape: uint8 images in.

    Args:
        network: a Keras model, float images [B, H, W, C] in [-1, 1] -> [B, K], or a dict of outputs.
        output: which output, by name, of a network that gives a dict.
        batch_size: of the compiled function.
    """

    def __init__(self, network, output=None, batch_size=256):
        self.image_shape, self.batch_size, self._name = tuple(network.input_shape[1:]), batch_size, network.name
        outputs = network.output
        if (output is None) == isinstance(outputs, dict) or (output and output not in outputs):
            given = sorted(outputs) if isinstance(outputs, dict) else "one unnamed output"
            raise InputError(f"{network.name!r} gives {given}; the predictor was asked for {output!r}")

        @tf.function(input_signature=[tf.TensorSpec((batch_size, *self.image_shape), tf.uint8)], autograph=False)
        def run(batch):
            found = network(image.to_float(batch), training=False)
            return tf.cast(found[output] if output else found, tf.float32)

        self._run = run

    def __call__(self, images):
        """uint8 [N, H, W, C] -> float32 [N, K], exactly N rows; InputError for other images, NaN or infinity."""
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape[1:] != self.image_shape:
            kind = f"{images.dtype} {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
            raise InputError(f"{self._name!r} takes uint8 images [N, {', '.join(map(str, self.image_shape))}]; "
                             f"received {kind}")
        found = []
        for start in range(0, len(images), self.batch_size):
            batch = images[start : start + self.batch_size]
            short = self.batch_size - len(batch)
            found.append(self._run(np.pad(batch, [(0, short), (0, 0), (0, 0), (0, 0)])).numpy()[: len(batch)])
        outputs = np.concatenate(found)
        if not np.isfinite(outputs).all():
            raise InputError(f"{self._name!r} predicts NaN or infinite values; it has diverged")
        return outputs


def error_rate(logits, labels):
    """Percent of rows [N, K] whose largest logit is not the label's, int [N]. Range [0, 100]."""
    logits, labels = np.asarray(logits), np.asarray(labels)
    _check_rows(logits, labels)
    return float(100.0 * np.mean(logits.argmax(axis=1) != labels))


def mean_absolute_error(predictions, values):
    """Mean of |prediction - value| in the values' unit: [N] or [N, 1], and [N]. Range [0, inf)."""
    predictions, values = np.asarray(predictions, np.float64), np.asarray(values, np.float64)
    predictions = predictions.reshape(len(predictions), -1)
    _check_rows(predictions, values)
    if predictions.shape[1] != 1:
        raise InputError(f"a regressor gives one value an image; received predictions of shape {predictions.shape}")
    return float(np.mean(np.abs(predictions[:, 0] - values)))


def _check_rows(outputs, labels):
    if len(outputs) != len(labels) or not len(labels):
        raise InputError(f"there must be a label for each of some predictions; received {len(outputs)} predictions "
                         f"and {len(labels)} labels")
