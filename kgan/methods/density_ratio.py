"""A network that estimates how much likelier an image is among real ones than among a generator's, by its label.

Source: Ding et al., "Efficient Subsampling of Realistic Images From GANs Conditional on a Class or a Continuous
Variable" (cDR-RS, 2023).
"""

import tensorflow as tf

from kgan.errors import InputError
from kgan.losses.density_ratio import conditional_softplus_loss
from kgan.methods.augmentation import augmentation_of
from kgan.methods.checks import check_not_negative
from kgan.training.method import Method, latent_dim_of, takes_labels


class DensityRatio(Method):
    """Trains a density-ratio network on features of real images, and of fakes made for the same labels.

    Generator and feature network are frozen, in inference mode; they belong to no checkpoint of this method.

    Args:
        ratio_network: {"features" [B, F], "labels" [B]} -> ratios [B, 1], at least 0.
        generator: {"latents" [B, Z], "labels" [B]} -> images [B, H, W, C] in [-1, 1].
        features: images -> {"features" [B, F], ...}.
        penalty: weight of (mean fake ratio - 1)^2.
        l2: times each weight of the ratio network, added to its gradient.
        augment: a name in `kgan.methods.augmentation.AUGMENTATIONS` for the real images, or None.
        seed: determines all latents and augmentations.

    `fit` takes batches (images [B, H, W, C], labels [B]).
    """

    def __init__(self, ratio_network, generator, features, penalty=0.01, l2=1e-4, augment=None, seed=0, **kwargs):
        _validate(ratio_network, generator, features)
        check_not_negative(penalty=penalty, l2=l2)
        super().__init__({"ratio": ratio_network}, (), 0.0, seed, ("loss", "mean_fake_ratio"), **kwargs)
        self.ratio_network, self.generator, self.features = ratio_network, generator, features
        self.penalty, self.l2 = penalty, l2
        self.latent_dim = latent_dim_of(generator)
        self._augment = augmentation_of(augment)

    def compile(self, optimizer, **kwargs):
        """The ratio network's optimiser."""
        self.set_optimizers({"ratio": optimizer}, **kwargs)

    def call(self, inputs, training=False):
        """Ratios [B, 1] of {"features", "labels"}."""
        return self.ratio_network(inputs, training=training)

    def train_step(self, data):
        """One update of the ratio network; also reports the mean ratio of the fakes, which tends to 1."""
        images, labels = data
        noise = self.noise()
        latents = noise.normal((images.shape[0], self.latent_dim))
        fakes = self.generator({"latents": latents, "labels": labels}, training=False)
        both = tf.concat([self._augment(images, noise), fakes], axis=0)
        features = self.features(both, training=False)["features"]
        with tf.GradientTape() as tape:
            inputs = {"features": tf.stop_gradient(features), "labels": tf.concat([labels, labels], axis=0)}
            real, fake = tf.split(self.ratio_network(inputs, training=True), 2)
            loss = conditional_softplus_loss(real, fake, self.penalty)
        self.minimise(tape, {"ratio": loss}, self.l2)
        return self.finish_step({"loss": loss, "mean_fake_ratio": tf.reduce_mean(fake)})


def _validate(ratio_network, generator, features):
    if not takes_labels(generator):
        raise InputError(f"the generator under a density ratio takes {{'latents', 'labels'}}; {generator.name!r} takes "
                         f"{generator.input_shape}")
    if tuple(features.input_shape) != tuple(generator.output_shape):
        raise InputError(f"the generator makes images of shape {generator.output_shape[1:]} but the feature network "
                         f"takes {features.input_shape[1:]}")
    if not isinstance(features.output, dict) or "features" not in features.output:
        raise InputError(f"a feature network gives {{'features': [B, F], ...}}; {features.name!r} gives "
                         f"{features.output_shape}")
    inputs = ratio_network.input
    if not isinstance(inputs, dict) or set(inputs) != {"features", "labels"}:
        raise InputError(f"a density-ratio network takes {{'features', 'labels'}}; {ratio_network.name!r} takes "
                         f"{ratio_network.input_shape}")
    given, taken = features.output["features"].shape[-1], inputs["features"].shape[-1]
    if given != taken:
        raise InputError(f"the feature network gives {given} features but the density-ratio network takes {taken}")
