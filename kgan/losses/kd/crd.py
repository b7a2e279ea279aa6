"""Contrastive representation distillation (CRD): embeddings of one image from both networks attract each other.

Source: Tian et al., "Contrastive Representation Distillation" (2020), in the form of the authors' code: the
noise-contrastive estimate and the banks of Wu et al., "Unsupervised Feature Learning via Non-Parametric Instance
Discrimination" (2018), eqs. 4 to 8.

Each network has an embedding, of unit length, and a bank with one row for each of the n training images. An
embedding is scored against rows of the other network's bank: that of its own image and m of other classes.
"""

import tensorflow as tf
from keras import ops

from kgan.losses.transfer import unit

_EPSILON = 1e-7


def drawn_products(embeddings, bank, drawn):
    """<v, row> of each embedding with the bank rows drawn for it: [B, 1 + m] in [-1, 1].

    All n products are formed and the drawn ones picked: B n floats, where gathering the rows would take
    B (1 + m) D (half a gigabyte at B = 64, m = 16384, D = 128).

    Args:
        embeddings: v, [B, D], of unit length.
        bank: the other network's rows, float32 [n, D], of unit length; constants.
        drawn: int [B, 1 + m]: the image's own row first; those of one image are distinct.
    """
    bank, drawn = tf.stop_gradient(tf.convert_to_tensor(bank)), tf.cast(drawn, tf.int64)
    num_rows = tf.shape(bank, tf.int64)[0]
    places = drawn + num_rows * tf.range(tf.shape(drawn, tf.int64)[0])[:, None]

    @tf.custom_gradient
    def products(rows):
        all_products = tf.matmul(rows, bank, transpose_b=True)

        def slope(upstream):
            # Each place at most once, so that slopes are put, not added: in an eighth of a scatter's time.
            dense = tf.raw_ops.SparseToDense(
                sparse_indices=tf.reshape(places, [-1]), output_shape=tf.size(all_products, tf.int64)[None],
                sparse_values=tf.reshape(upstream, [-1]), default_value=0.0, validate_indices=False)
            return tf.matmul(tf.reshape(dense, tf.shape(all_products)), bank)

        return tf.gather(tf.reshape(all_products, [-1]), places), slope

    return tf.ensure_shape(products(tf.cast(embeddings, tf.float32)), drawn.shape)


def crd_normaliser(products, bank_size, temperature=0.07):
    """Z = n E[exp(<v, row> / tau)], set once for each side from its first batch (Wu et al., eq. 8); a scalar.

    Args:
        products: [B, 1 + m], of the first batch; constants.
        bank_size: n.
        temperature: tau.
    """
    return bank_size * ops.mean(ops.exp(ops.stop_gradient(products) / temperature))


def crd_scores(products, normaliser, temperature=0.07):
    """o = exp(<v, row> / tau) / Z, the shape of `products`, above 0 (Wu et al., eq. 4)."""
    return ops.exp(products / temperature) / normaliser


def contrastive_loss(scores, bank_size):
    """One side: -(1/B) [sum ln(o+ / (o+ + q + eps)) + sum ln(q / (o- + q + eps))], q = m / n, eps = 1e-7.

    Args:
        scores: [B, 1 + m]: o+, of the image's own row, then o-, of the m others.
        bank_size: n.

    Returns: summed over rows and averaged over the batch, a scalar in (0, inf).
    """
    noise = (scores.shape[1] - 1) / bank_size
    # As ln(1 + x): near 1, where most of the m fractions lie, float32 would round what they add up to. All columns
    # are summed and the first taken off again: a slice of the m others would copy them, and once more for the slope.
    own = ops.log1p((noise + _EPSILON) / scores[:, 0]) - ops.log1p((scores[:, 0] + _EPSILON) / noise)
    return ops.mean(own + ops.sum(ops.log1p((scores + _EPSILON) / noise), axis=1))


def crd_loss(student_scores, teacher_scores, bank_size):
    """The sum of `contrastive_loss` of both sides.

    The teacher's embedding is trained too, so its scores are no constants: what is constant of the teacher are
    the features that go into its embedding.

    Args:
        student_scores: of the student's embeddings with rows of the teacher's bank, [B, 1 + m].
        teacher_scores: of the teacher's embeddings with rows of the student's bank, [B, 1 + m].
        bank_size: n.

    Returns: a scalar in (0, inf).
    """
    return contrastive_loss(student_scores, bank_size) + contrastive_loss(teacher_scores, bank_size)


def moved_bank_rows(rows, embeddings, momentum=0.5):
    """momentum row + (1 - momentum) v at unit length: what a bank holds of a batch's images from then on, [B, D].

    Args:
        rows: the same network's bank rows of the batch's images, float32 [B, D].
        embeddings: v, [B, D], of that network; constants.
    """
    return unit(momentum * rows + (1.0 - momentum) * ops.cast(ops.stop_gradient(embeddings), "float32"))
