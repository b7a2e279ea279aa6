"""What classification and regression do differently in the stages of cGAN-KD."""

import numpy as np

from kgan.data.value_set import ValueSet
from kgan.errors import InputError
from kgan.methods import label_filter
from kgan.metrics.prediction import Predictor, error_rate, mean_absolute_error
from kgan.stages.training import image_batches


def task_of(images, whole_units=False):
    """`Classification` or `Regression`, as the labels of an `ImageSet` or a `ValueSet` ask for.

    `whole_units`: a regressor's predictions are truncated to whole units, as cGAN-KD does with UTKFace's years.
    """
    return Regression(images, whole_units) if isinstance(images, ValueSet) else Classification(images)


def check_predictor(network, images, what):
    """InputError unless a network takes the images of a set and predicts its kind of labels.

    Args:
        network: a keras network; logits [B, C], or values [B, 1] in [0, 1], are its output, or stand in a dict of
            outputs under "logits" or "labels".
        images: an `ImageSet` with labels or a `ValueSet`.
        what: how messages name the network.
    """
    task = task_of(images)
    try:
        takes, gives = network.input_shape, network.output
    except (AttributeError, ValueError):
        raise InputError(f"{what} is no functional or sequential network with a known input") from None
    if takes != (None, *images.image_shape):
        raise InputError(f"{what} takes inputs of {takes}, but {images.where} has images of {images.image_shape}: give "
                         "the image size and channels that it was made for, or another network")
    gives = gives.get(task.output) if isinstance(gives, dict) else gives
    shape = tuple(getattr(gives, "shape", ()))
    if shape != task.predicted_shape:
        problem = (f"{shape[1]} classes" if len(shape) == 2 and shape[1] > 1 else "one value an image"
                   if shape == (None, 1) else f"outputs of {shape}" if shape else f"no output {task.output!r}")
        raise InputError(f"{what} gives {problem}, but {images.where} {task.asks}")


class Classification:
    """Classes as labels: errors are percent of images named wrongly, and cross entropies."""

    name, loss, output, unit = "classification", "cross_entropy", "logits", "%"

    def __init__(self, images):
        if images.num_classes < 2:
            raise InputError(f"{images.name} has no classes to tell apart: cGAN-KD needs labelled images")
        self.images = images
        self.predicted_shape = (None, images.num_classes)
        self.asks = f"has {images.num_classes} classes: take a classifier of these"

    def facts(self):
        """What `metrics.json` says of the data."""
        return {"classes": list(self.images.class_names), "low": None, "high": None}

    def batches(self, batch_size, seed, draw="epochs"):
        """Callable, step -> batches (images, labels); classes are drawn in epochs alone."""
        if draw != "epochs":
            raise InputError(f"images with classes are drawn in epochs; received draw={draw!r}")
        return image_batches(self.images, batch_size, seed, with_labels=True)

    def error(self, network, images):
        """Percent of the images of an `ImageSet` that a network names wrongly."""
        return error_rate(predictor(network, self.output)(images.images), images.labels)

    def labels(self, num=None):
        """All classes, int32 [L]; `num`, a number of labels, is regression's."""
        return np.arange(self.images.num_classes, dtype=np.int32)

    def stored(self, labels):
        """Labels as they are kept on disk: classes as they are."""
        return np.asarray(labels, np.int32)

    def disagreement(self, predict, images, labels):
        """(errors float32 [N], a teacher's predictions [N]): cross entropies, and the classes it names.

        `predict` is `predictor` of the teacher, images uint8 [N, H, W, C], labels as `stored` gives them.
        """
        logits = predict(images)
        return label_filter.cross_entropies(logits, labels).astype(np.float32), logits.argmax(axis=1).astype(np.int32)

    def label_error(self, labels, predicted):
        """Percent of labels that the teacher disagrees with."""
        return float(100.0 * np.mean(np.asarray(labels) != np.asarray(predicted)))


class Regression:
    """Numbers as labels: errors are absolute, in the labels' unit."""

    name, loss, output = "regression", "mse", "labels"
    predicted_shape, asks = (None, 1), "asks for one value an image: take a regressor"

    def __init__(self, images, whole_units=False):
        self.images, self.unit, self.whole_units = images, images.unit, whole_units

    def facts(self):
        """What `metrics.json` says of the data."""
        return {"classes": None, "low": self.images.low, "high": self.images.high}

    def batches(self, batch_size, seed, draw="epochs"):
        """Callable, step -> batches (images, targets in [0, 1]), drawn as `ValueSet.batches` has it."""
        return lambda step: self.images.batches(batch_size, seed=seed, start_step=step, draw=draw)

    def error(self, network, images):
        """Mean absolute error on a `ValueSet`, in its unit; predictions are clipped to the range."""
        return mean_absolute_error(self._values(predictor(network, self.output), images.images), images.values)

    def labels(self, num=None):
        """`num` normalised labels evenly spaced over [0, 1], or the distinct ones of the images; float32 [L]."""
        return np.unique(self.images.targets) if num is None else np.linspace(0.0, 1.0, num, dtype=np.float32)

    def stored(self, labels):
        """Labels as they are kept on disk: in the labels' unit."""
        return self.images.to_values(labels)

    def disagreement(self, predict, images, labels):
        """(errors float32 [N], a teacher's predictions float32 [N]), both in the unit of `labels`.

        Arguments as those of `Classification.disagreement`.
        """
        predicted = self._values(predict, images)
        return np.abs(predicted - labels).astype(np.float32), predicted

    def label_error(self, labels, predicted):
        """Mean absolute difference of label and teacher, in the unit."""
        return mean_absolute_error(predicted, labels)

    def _values(self, predict, images):
        """Predictions in label units, clipped to their range and truncated if so asked, float32 [N]."""
        values = self.images.to_values(predict(images)[:, 0])
        return np.trunc(values) if self.whole_units else values


def predictor(network, output):
    """The `Predictor` of a network's outputs [N, K]; `output` is their name where it gives several."""
    return Predictor(network, output if isinstance(network.output, dict) else None)
