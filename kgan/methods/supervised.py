"""Classifiers and regressors trained on labelled images.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (cGAN-KD, 2021), sections 2.1 and 3.5.
"""

import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import supervised as losses
from kgan.methods.augmentation import augmentation_of
from kgan.methods.checks import check_not_negative
from kgan.training.method import Method

PREDICTED = {"cross_entropy": "logits", "mse": "labels"}  # which of a network's named outputs a loss looks at
ERRORS = {"cross_entropy": "accuracy", "mse": "mean_absolute_error"}


class Supervised(Method):
    """One network on (images, labels); besides the loss it reports the accuracy or the mean absolute error.

    Args:
        network: images [B, H, W, C] -> logits [B, C] for "cross_entropy", labels [B, 1] for "mse", or a dict with
            them as "logits" or "labels".
        loss: "cross_entropy" or "mse".
        l2: times each weight, biases and batch norm's among them, added to its gradient.
        augment: a name in `kgan.methods.augmentation.AUGMENTATIONS`, or None.
        seed: determines the augmentation.
        beside: name -> further network that a subclass trains.

    `fit` takes batches (images [B, H, W, C] in [-1, 1], labels int32 [B], or float32 [B] for "mse").
    """

    def __init__(self, network, loss="cross_entropy", l2=0.0, augment=None, seed=0, beside=None, **kwargs):
        if loss not in PREDICTED:
            raise InputError(f"loss must be one of {', '.join(PREDICTED)}; received {loss!r}")
        predicted_shape(network, loss)
        check_not_negative(l2=l2)
        super().__init__({"network": network, **(beside or {})}, (), 0.0, seed, ("loss", ERRORS[loss]), **kwargs)
        self.network, self.task, self.l2, self.augment = network, loss, l2, augment
        self._augment = augmentation_of(augment)

    def compile(self, optimizer, **kwargs):
        """The network's optimiser, with its schedule of learning rates."""
        self.set_optimizers({"network": optimizer}, **kwargs)

    def call(self, images, training=False):
        """What the network gives for images [B, H, W, C]."""
        return self.network(images, training=training)

    def train_step(self, data):
        """One update of the network."""
        images, labels = data
        images = self._augment(images, self.noise())
        with tf.GradientTape() as tape:
            predicted = self._predicted(self.network(images, training=True))
            each = losses.cross_entropy if self.task == "cross_entropy" else losses.squared_error
            loss = tf.reduce_mean(each(labels, predicted))
        self.minimise(tape, {"network": loss}, self.l2)
        return self.finish_step({"loss": loss, **self._measured(labels, predicted)})

    def _predicted(self, outputs):
        return outputs[PREDICTED[self.task]] if isinstance(outputs, dict) else outputs

    def _measured(self, labels, predicted):
        """The accuracy or the mean absolute error of a batch, by its name."""
        if self.task == "mse":
            error = tf.reduce_mean(losses.absolute_error(labels, predicted))
        else:
            right = tf.argmax(predicted, axis=-1, output_type=tf.int32) == tf.cast(labels, tf.int32)
            error = tf.reduce_mean(tf.cast(right, tf.float32))
        return {ERRORS[self.task]: error}


def predicted_shape(network, loss):
    """(None, C) of a network's logits, or (None, 1) of its value; InputError where it gives no such output."""
    name, output = PREDICTED[loss], network.output
    if isinstance(output, dict) and name not in output:
        raise InputError(f"under loss={loss!r} a network gives {name!r}; {network.name!r} gives "
                         f"{', '.join(sorted(output))}")
    shape = tuple((output[name] if isinstance(output, dict) else output).shape)
    wanted = "logits [B, C], C at least 2" if loss == "cross_entropy" else "labels [B, 1]"
    if len(shape) != 2 or (shape[1] < 2) != (loss == "mse"):
        raise InputError(f"under loss={loss!r} a network gives {wanted}; {network.name!r} gives {shape}")
    return shape
