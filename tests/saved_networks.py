"""Small networks of random weights, saved in the forms that others hand theirs out in."""

import numpy as np
import tensorflow as tf


class TFGANNetwork(tf.Module):
    """TF-GAN's interface: called with images, it gives "pool_3" [B, 1, 1, D] and "logits" [B, K]."""

    def __init__(self, num_features=2048, num_logits=1008, seed=0):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.kernel = tf.Variable(rng.normal(size=(48, num_features)).astype(np.float32))
        self.head = tf.Variable(rng.normal(size=(48, num_logits)).astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32)])
    def __call__(self, images):
        pooled = tf.image.resize(images, (4, 4), antialias=True)
        x = tf.reshape(pooled, (tf.shape(images)[0], 48))
        return {"pool_3": tf.nn.relu(x @ self.kernel)[:, None, None, :], "logits": x @ self.head}


def save_tfgan_network(folder, **sizes):
    """Saves a `TFGANNetwork` as a SavedModel; returns the folder as text."""
    tf.saved_model.save(TFGANNetwork(**sizes), str(folder))
    return str(folder)
