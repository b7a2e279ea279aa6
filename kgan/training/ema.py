"""Exponential moving average of a network: its weights, and its batch norm's statistics with them."""

import keras
import tensorflow as tf

from kgan.errors import InputError


class EMA:
    """A second network that follows `model`: ema <- decay * ema + (1 - decay) * model.

    The moving statistics of batch norm are averaged with the same decay, so that they belong to the
    averaged weights about as well as the raw ones belong to the raw weights.

    Args:
        model: the network that is followed.
        decay: in [0, 1).
        start: the update, counted from one, that is the first to average with the whole decay; before it the
            average is a plain copy (BigGAN: Brock et al., 2019). None has no such update: the decay is capped
            at (1 + t) / (10 + t) after t updates, so that the first weights, which are noise, fade at once.
    """

    def __init__(self, model, decay, start=None):
        if not 0.0 <= decay < 1.0:
            raise InputError(f"ema_decay must lie in [0, 1); received {decay!r}")
        if start is not None and (not isinstance(start, int) or isinstance(start, bool) or start < 0):
            raise InputError(f"ema_start must be a whole number of at least 0, or None; received {start!r}")
        self.decay, self.start = decay, start
        self.source = model
        self.model = keras.models.clone_model(model)
        self.restart()
        self.model.trainable = False

    def restart(self):
        """Begins anew at the network's present weights."""
        self.model.set_weights(self.source.get_weights())

    def update(self, updates, moves=True):
        """Moves the average; `updates` counts the updates before this one (an integer tensor).

        `moves` tells whether there was one: where it is a boolean tensor that is False, the average stays.
        """
        decay = self.decay
        if self.start is None:
            count = tf.cast(updates, tf.float32)
            decay = tf.minimum(decay, (1.0 + count) / (10.0 + count))
        for average, value in zip(self.model.weights, self.source.weights, strict=True):
            moved = average + (1.0 - decay) * (value - average)
            if self.start is not None:
                moved = tf.where(updates + 1 < self.start, tf.convert_to_tensor(value), moved)
            average.assign(moved if moves is True else tf.where(moves, moved, tf.convert_to_tensor(average)))
