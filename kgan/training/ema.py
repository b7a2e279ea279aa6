"""Exponential moving average of a network: its weights, and its batch norm's statistics with them."""

import keras
import tensorflow as tf

from kgan.errors import InputError


class EMA:
    """A second network that follows `model`: ema <- decay * ema + (1 - decay) * model.

    The moving statistics of batch norm are averaged with the same decay, so that they belong to the
    averaged weights about as well as the raw ones belong to the raw weights. The decay is capped at
    (1 + t) / (10 + t) after t updates: the first weights, which are noise, fade at once.
    """

    def __init__(self, model, decay):
        if not 0.0 <= decay < 1.0:
            raise InputError(f"ema_decay must lie in [0, 1); received {decay!r}")
        self.decay = decay
        self.source = model
        self.model = keras.models.clone_model(model)
        self.restart()
        self.model.trainable = False

    def restart(self):
        """Begins anew at the network's present weights."""
        self.model.set_weights(self.source.get_weights())

    def update(self, updates):
        """Moves the average; `updates` counts the updates before this one (an integer tensor)."""
        count = tf.cast(updates, tf.float32)
        decay = tf.minimum(self.decay, (1.0 + count) / (10.0 + count))
        for average, value in zip(self.model.weights, self.source.weights, strict=True):
            average.assign(average + (1.0 - decay) * (value - average))
