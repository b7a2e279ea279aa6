"""Classifiers and regressors trained on labelled images, a classifier beside its teacher where there is one.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (cGAN-KD, 2021), sections 2.1 and 3.5; Hinton et al., "Distilling the Knowledge in a Neural Network" (2015).
"""

import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import supervised as losses
from kgan.methods.augmentation import augmentation_of
from kgan.methods.checks import check_not_negative, check_positive
from kgan.training.method import Method

PREDICTED = {"cross_entropy": "logits", "mse": "labels"}  # which of a network's named outputs a loss looks at
ERRORS = {"cross_entropy": "accuracy", "mse": "mean_absolute_error"}


class Supervised(Method):
    """One network on (images, labels); besides the loss it reports the accuracy or the mean absolute error.

    Args:
        network: images [B, H, W, C] -> logits [B, C] for "cross_entropy", labels [B, 1] for "mse", or a dict with
            them as "logits" or "labels".
        loss: "cross_entropy" or "mse".
        teacher: a classifier of the same classes, in inference mode, never moved (BLKD); None for none. It sees
            the images as the student does, augmented.
        kd_weight, ce_weight, temperature, mode: as `kgan.losses.supervised.student_loss` has them; without a
            teacher they are not looked at, and the loss is the plain one.
        l2: times each weight, biases and batch norm's among them, added to its gradient.
        augment: a name in `kgan.methods.augmentation.AUGMENTATIONS`, or None.
        seed: determines the augmentation.

    `fit` takes batches (images [B, H, W, C] in [-1, 1], labels int32 [B], or float32 [B] for "mse").
    """

    def __init__(self, network, loss="cross_entropy", teacher=None, kd_weight=0.9, ce_weight=0.1, temperature=4.0,
                 mode="code", l2=0.0, augment=None, seed=0, **kwargs):
        if loss not in PREDICTED:
            raise InputError(f"loss must be one of {', '.join(PREDICTED)}; received {loss!r}")
        shape = _predicted_shape(network, loss)
        check_not_negative(l2=l2, kd_weight=kd_weight, ce_weight=ce_weight)
        losses.check_blkd_mode(mode)
        check_positive(temperature=temperature)
        if teacher is not None:
            _check_teacher(teacher, network, loss, shape)
        super().__init__({"network": network}, (), 0.0, seed, ("loss", ERRORS[loss]), **kwargs)
        self.network, self.teacher, self.task = network, teacher, loss
        self.blkd = {"ce_weight": ce_weight, "kd_weight": kd_weight, "temperature": temperature, "mode": mode}
        self.l2 = l2
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
        told = None if self.teacher is None else self._predicted(self.teacher(images, training=False))
        with tf.GradientTape() as tape:
            predicted = self._predicted(self.network(images, training=True))
            loss = self._loss(labels, predicted, told)
        self.minimise(tape, {"network": loss}, self.l2)
        return self.finish_step({"loss": loss, ERRORS[self.task]: self._error(labels, predicted)})

    def _predicted(self, outputs):
        return outputs[PREDICTED[self.task]] if isinstance(outputs, dict) else outputs

    def _loss(self, labels, predicted, told):
        if told is not None:
            return losses.student_loss(labels, predicted, told, **self.blkd)
        each = losses.cross_entropy if self.task == "cross_entropy" else losses.squared_error
        return tf.reduce_mean(each(labels, predicted))

    def _error(self, labels, predicted):
        if self.task == "mse":
            return tf.reduce_mean(losses.absolute_error(labels, predicted))
        right = tf.argmax(predicted, axis=-1, output_type=tf.int32) == tf.cast(labels, tf.int32)
        return tf.reduce_mean(tf.cast(right, tf.float32))


def _predicted_shape(network, loss):
    name, output = PREDICTED[loss], network.output
    if isinstance(output, dict) and name not in output:
        raise InputError(f"under loss={loss!r} a network gives {name!r}; {network.name!r} gives "
                         f"{', '.join(sorted(output))}")
    shape = tuple((output[name] if isinstance(output, dict) else output).shape)
    wanted = "logits [B, C], C at least 2" if loss == "cross_entropy" else "labels [B, 1]"
    if len(shape) != 2 or (shape[1] < 2) != (loss == "mse"):
        raise InputError(f"under loss={loss!r} a network gives {wanted}; {network.name!r} gives {shape}")
    return shape


def _check_teacher(teacher, network, loss, shape):
    if loss != "cross_entropy":
        raise InputError(f"a teacher's soft labels are for classifiers: give no teacher with loss={loss!r}")
    told = _predicted_shape(teacher, loss)
    if told != shape:
        raise InputError(f"the teacher tells {told[1]} classes, the student {shape[1]}: take a teacher trained on the "
                         "student's classes")
    if teacher.input_shape != network.input_shape:
        raise InputError(f"the teacher takes images of {teacher.input_shape[1:]}, the student of "
                         f"{network.input_shape[1:]}")
