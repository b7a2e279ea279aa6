"""What classification and regression do differently in the stages of cGAN-KD."""

import numpy as np

from kgan.data.value_set import ValueSet
from kgan.errors import InputError
from kgan.methods import label_filter
from kgan.metrics.prediction import Predictor, error_rate, mean_absolute_error
from kgan.stages.training import image_batches


def task_of(images):
    """`Classification` or `Regression`, as the labels of an `ImageSet` or a `ValueSet` ask for."""
    return Regression(images) if isinstance(images, ValueSet) else Classification(images)


class Classification:
    """Classes as labels: errors are percent of images named wrongly, and cross entropies."""

    name, loss, output, unit = "classification", "cross_entropy", "logits", "%"

    def __init__(self, images):
        if images.num_classes < 2:
            raise InputError(f"{images.name} has no classes to tell apart: cGAN-KD needs labelled images")
        self.images = images

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

    def __init__(self, images):
        self.images, self.unit = images, images.unit

    def facts(self):
        """What `metrics.json` says of the data."""
        return {"classes": None, "low": self.images.low, "high": self.images.high}

    def batches(self, batch_size, seed, draw="epochs"):
        """Callable, step -> batches (images, targets in [0, 1]), drawn as `ValueSet.batches` has it."""
        return lambda step: self.images.batches(batch_size, seed=seed, start_step=step, draw=draw)

    def error(self, network, images):
        """Mean absolute error on a `ValueSet`, in its unit; predictions are clipped to the range."""
        predicted = images.to_values(predictor(network, self.output)(images.images)[:, 0])
        return mean_absolute_error(predicted, images.values)

    def labels(self, num):
        """`num` normalised labels evenly spaced over [0, 1], float32."""
        return np.linspace(0.0, 1.0, num, dtype=np.float32)

    def stored(self, labels):
        """Labels as they are kept on disk: in the labels' unit."""
        return self.images.to_values(labels)

    def disagreement(self, predict, images, labels):
        """(errors float32 [N], a teacher's predictions float32 [N]), both in the unit of `labels`.

        Arguments as those of `Classification.disagreement`.
        """
        predicted = self.images.to_values(predict(images)[:, 0])
        return np.abs(predicted - labels).astype(np.float32), predicted

    def label_error(self, labels, predicted):
        """Mean absolute difference of label and teacher, in the unit."""
        return mean_absolute_error(predicted, labels)


def predictor(network, output):
    """The `Predictor` of a network's outputs [N, K]; `output` is their name where it gives several."""
    return Predictor(network, output if isinstance(network.output, dict) else None)
