"""A sparse autoencoder that also predicts the label: the feature network of regression.

Source: Ding et al., "Efficient Subsampling of Realistic Images From GANs Conditional on a Class or a Continuous
Variable" (cDR-RS, 2023).
"""

import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import supervised as losses
from kgan.methods.augmentation import augmentation_of
from kgan.methods.checks import check_not_negative
from kgan.training.method import Method

_OUTPUTS = ("features", "images", "labels")


class SparseAutoencoder(Method):
    """Trains a network on what it makes of an image: the image again, its label, and few large features.

    Args:
        network: images [B, H, W, C] in [-1, 1] -> {"features" [B, F], at least 0, "images" [B, H, W, C], "labels"
            [B, 1]}.
        sparsity: weight of the features' mean.
        l2: times each weight, added to its gradient.
        augment: a name in `kgan.methods.augmentation.AUGMENTATIONS`, or None; what is to be made again is the
            augmented image.
        seed: determines the augmentation.

    `fit` takes batches (images [B, H, W, C], labels float32 [B] in [0, 1]).
    """

    def __init__(self, network, sparsity=1e-3, l2=1e-4, augment=None, seed=0, **kwargs):
        output = network.output
        if not isinstance(output, dict) or not set(_OUTPUTS) <= set(output):
            raise InputError(f"a sparse autoencoder gives {', '.join(_OUTPUTS)}; {network.name!r} gives "
                             f"{', '.join(sorted(output)) if isinstance(output, dict) else network.output_shape}")
        if tuple(output["images"].shape) != tuple(network.input_shape):
            raise InputError(f"a sparse autoencoder takes images of {network.input_shape[1:]} but gives "
                             f"{tuple(output['images'].shape[1:])}")
        check_not_negative(sparsity=sparsity, l2=l2)
        super().__init__({"network": network}, (), 0.0, seed, ("loss", "mean_absolute_error"), **kwargs)
        self.network, self.sparsity, self.l2 = network, sparsity, l2
        self._augment = augmentation_of(augment)

    def compile(self, optimizer, **kwargs):
        """The network's optimiser."""
        self.set_optimizers({"network": optimizer}, **kwargs)

    def call(self, images, training=False):
        """The network's outputs by name."""
        return self.network(images, training=training)

    def train_step(self, data):
        """One update of the network; also reports the mean absolute error of its labels."""
        images, labels = data
        images = self._augment(images, self.noise())
        with tf.GradientTape() as tape:
            out = self.network(images, training=True)
            loss = losses.sparse_autoencoder_loss(images, out["images"], out["features"], labels, out["labels"],
                                                  self.sparsity)
        self.minimise(tape, {"network": loss}, self.l2)
        error = tf.reduce_mean(losses.absolute_error(labels, out["labels"]))
        return self.finish_step({"loss": loss, "mean_absolute_error": error})
