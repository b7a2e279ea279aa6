"""Random draws that a seed and a step determine, whatever the number of replicas."""

import zlib

import tensorflow as tf

DRAWS_PER_STEP = 1 << 16


def fold_seed(seed, *words):
    """A seed in [0, 2^31) that belongs to `seed` and to these words; equal input gives equal output."""
    text = "/".join(str(part) for part in (seed, *words))
    return zlib.crc32(text.encode()) & 0x7FFFFFFF


class StepNoise:
    """Numbers for one training step, each drawn once for the global batch and cut into replicas' shares.

    A draw depends on (seed, step, number of the draw within the step) alone. There is no hidden state to
    restore beyond the step, and two replicas together see just what one sees.
    """

    def __init__(self, seed, step):
        self.seed, self.step, self.draws = seed, step, 0

    def normal(self, shape):
        """N(0, 1) of `shape`, whose first dimension is this replica's batch."""
        return self._draw(tf.random.stateless_normal, shape)

    def uniform(self, shape):
        """U[0, 1) of `shape`, whose first dimension is this replica's batch."""
        return self._draw(tf.random.stateless_uniform, shape)

    def _draw(self, function, shape):
        batch, *rest = shape
        seed = tf.stack([tf.cast(self.seed, tf.int64), tf.cast(self.step, tf.int64) * DRAWS_PER_STEP + self.draws])
        self.draws += 1
        context = tf.distribute.get_replica_context()
        replicas = context.num_replicas_in_sync if context else 1
        values = function([batch * replicas, *rest], seed, alg="philox")
        if replicas == 1:
            return values
        return values[context.replica_id_in_sync_group * batch :][:batch]
