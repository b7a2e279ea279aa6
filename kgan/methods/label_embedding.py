"""Improved label input (ILI): a network that turns a label into a vector, as an image network sees labels.

Source: Ding et al., "CcGAN: Continuous Conditional Generative Adversarial Networks for Image Generation" (2021),
section on improved label input.

The first of its two networks, which predicts labels from images through a vector h of 128 values, is trained by
`kgan.methods.supervised.Supervised` with loss="mse"; the second, here, learns the way back from a label to h.
"""

import tensorflow as tf

from kgan.errors import InputError
from kgan.losses.supervised import squared_error
from kgan.methods.checks import check_not_negative
from kgan.training.method import Method


class LabelEmbedding(Method):
    """Trains y2h so that h2y(y2h(y')) = y', with h2y, the first network's last part, frozen in inference mode.

    `y' = clip(y + N(0, noise_std^2), 0, 1)`: the embedding also meets labels between those that occur.

    Args:
        embedding: y2h, labels float32 [B] -> h [B, n].
        inverse: h2y, h [B, n] -> labels [B, 1].
        noise_std: in normalised label units.
        l2: times each weight of the embedding, added to its gradient.
        seed: determines the noise.

    `fit` takes batches of labels [B] in [0, 1].
    """

    def __init__(self, embedding, inverse, noise_std=0.2, l2=1e-4, seed=0, **kwargs):
        if embedding.output_shape != inverse.input_shape:
            raise InputError(f"the label embedding gives vectors of shape {embedding.output_shape[1:]} but the network "
                             f"back to labels takes {inverse.input_shape[1:]}")
        if tuple(inverse.output_shape) != (None, 1):
            raise InputError(f"the network back to labels must give [B, 1]; it gives {inverse.output_shape}")
        check_not_negative(noise_std=noise_std, l2=l2)
        super().__init__({"embedding": embedding}, (), 0.0, seed, ("loss",), **kwargs)
        self.embedding, self.inverse = embedding, inverse
        self.noise_std, self.l2 = noise_std, l2

    def compile(self, optimizer, **kwargs):
        """The embedding's optimiser."""
        self.set_optimizers({"embedding": optimizer}, **kwargs)

    def call(self, labels, training=False):
        """h [B, n] of labels [B]."""
        return self.embedding(labels, training=training)

    def train_step(self, labels):
        """One update of the embedding."""
        noisy = labels + self.noise_std * self.noise().normal((labels.shape[0],))
        noisy = tf.clip_by_value(noisy, 0.0, 1.0)
        with tf.GradientTape() as tape:
            again = self.inverse(self.embedding(noisy, training=True), training=False)
            loss = tf.reduce_mean(squared_error(noisy, again))
        self.minimise(tape, {"embedding": loss}, self.l2)
        return self.finish_step({"loss": loss})
