"""Module M1 of cGAN-KD: rejection sampling of a conditional generator by density ratios (cDR-RS).

Source: Ding, Wang, Wang, Welch, "Efficient Subsampling of Realistic Images From GANs Conditional on a Class
or a Continuous Variable" (2022), its rejection sampling scheme. An image x made for label y is accepted with
probability a(x, y) / M(y), where a is the density ratio and M(y) the greatest ratio seen of that label: over
a burn-in at first, and raised by each batch before that batch is judged. Acceptances of earlier batches stand.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from kgan.errors import InputError
from kgan.methods.proposals import ImageStore, Record, checked_labels, shares_of_batch, start_of_batch
from kgan.training.method import latent_dim_of
from kgan.training.noise import fold_seed

MOST_ROUNDS = 200  # draws of an image, on the average, until its predicted label lies within zeta
_DRAWS_PER_BATCH = 4


def rejection_step(ratios, uniforms, slots, maxima):
    """Judges one batch: raises each label's maximum to the batch's own, then accepts where u <= a / M.

    Args:
        ratios: density ratios [n], not negative.
        uniforms: U[0, 1) [n].
        slots: int [n], the label's place in `maxima` of each proposal.
        maxima: [L].

    Returns:
        accepted bool [n], and the new maxima [L]. Nothing is accepted of a label whose maximum is 0.
    """
    maxima = maxima.copy()
    np.maximum.at(maxima, slots, ratios)
    bound = maxima[slots]
    return (uniforms * bound <= ratios) & (bound > 0.0), maxima


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """Accepted images, grouped by label in the order asked for.

    Attributes:
        images: uint8 [N, H, W, C].
        labels: [N], int32 or float32.
        density_ratios: float32 [N].
        rejected: dict with the same three of a few rejected images of each label.
        proposed, accepted: int64 [L], how many images of each label were judged and how many passed, also
            those beyond the number asked for; the burn-in is not counted.
    """

    images: np.ndarray
    labels: np.ndarray
    density_ratios: np.ndarray
    rejected: dict
    proposed: np.ndarray
    accepted: np.ndarray


class RejectionSampler:
    """Draws accepted images of many labels at once, in batches of one size that mix the labels.

    Latents and uniforms are determined by (seed, call), so that each call can be made again alone.

    Args:
        generator: {"latents" [B, Z], "labels" [B]} -> images [B, H, W, C] in [-1, 1].
        feature_network: images -> dict with "features" [B, F], and "labels" [B, 1] if `zeta` needs them.
        ratio_network: {"features", "labels"} -> density ratios [B, 1], not negative.
        batch_size: images a batch, of all labels together.
        burn_in: how many images of each label the first maximum is taken of.
        seed: whole number.
        floor: the least acceptance rate of a label. It is measured as mean over greatest ratio, which
            settles with far fewer images than counted acceptances do.
        quantise_first: feed the features with images brought to uint8 and back, as cGAN-KD does but for
            CIFAR. The images given back are truncated to uint8 either way.
        zeta: half-width, in normalised labels, of the filter for regression: the generator is asked for a
            label uniform in y +- zeta (within 0..1), and an image counts as a proposal only when its
            predicted label lies in y +- zeta, else another is drawn. 0 for none, as in cGAN-KD.
        predictor: images -> predicted labels [B] or [B, 1] for `zeta`; None for the feature network's.

    Raises:
        InputError: an option out of its range. When sampling: a label whose ratios are all zero after the
            burn-in, whose rate falls below the floor, or of which 200 images and more have to be drawn for
            one within zeta; a ratio that is negative or not finite.
    """

    def __init__(self, generator, feature_network, ratio_network, *, batch_size, burn_in, seed=0, floor=1e-3,
                 quantise_first=True, zeta=0.0, predictor=None):
        for name, value in (("batch_size", batch_size), ("burn_in", burn_in)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{name} must be a positive whole number; received {value!r}")
        if not 0.0 < floor < 1.0:
            raise InputError(f"floor must lie in (0, 1); received {floor!r}")
        if not 0.0 <= zeta < np.inf:
            raise InputError(f"zeta must be at least 0; received {zeta!r}")
        self.generator, self.feature_network, self.ratio_network = generator, feature_network, ratio_network
        self.batch_size, self.num_burn_in, self.seed, self.floor = batch_size, burn_in, seed, floor
        self.quantise_first, self.zeta, self.predictor = quantise_first, zeta, predictor
        self.latent_dim = latent_dim_of(generator)
        self._propose = tf.function(self._proposals)

    def burn_in(self, labels, *, call=0):
        """The `Record` of `burn_in` proposals of each label [L]; several calls of `sample` may begin with it."""
        record = Record.of(checked_labels(labels))

        def wanted():
            return self.num_burn_in - record.proposed

        for slots, _, ratios, _ in self._batches(record, ("burn-in", call), wanted, start_of_batch):
            np.maximum.at(record.maxima, slots, ratios)
        for row in np.flatnonzero(record.maxima == 0.0)[:1]:
            raise InputError(f"{record.name(row)}: all {self.num_burn_in} density ratios of the burn-in "
                             "are zero (rate 0), so that nothing would ever be accepted: train the density-ratio "
                             "network longer, or give a longer burn_in")
        self._check_rates(record)
        return record

    def sample(self, labels, num, *, call=0, burn_in=None, num_rejected=0):
        """Accepted images of each label.

        Args:
            labels: [L] distinct class numbers, or normalised labels in [0, 1].
            num: how many of each: a whole number, or [L].
            call: whole number that stands for this call's random numbers.
            burn_in: a `Record` of these and perhaps other labels to begin with; None makes one.
            num_rejected: how many rejected images of each label to give as examples, at most.

        Returns:
            `Samples`, exactly `num` of each label.
        """
        labels = checked_labels(labels)
        num = np.array(np.broadcast_to(num, labels.shape))
        if num.dtype.kind not in "iu" or num.min() < 0:
            raise InputError(f"num must be whole numbers of at least 0; received {num.tolist()!r}")
        num = num.astype(np.int64)
        record = self.burn_in(labels, call=call) if burn_in is None else burn_in.part(labels)
        shape = self.generator.output_shape[1:]
        kept, examples = ImageStore(num, shape), ImageStore(np.full(len(labels), num_rejected), shape)
        proposed, accepted = np.zeros(len(labels), np.int64), np.zeros(len(labels), np.int64)

        def wanted():
            return kept.missing / record.expected_rates()

        for slots, images, ratios, uniforms in self._batches(record, ("sample", call), wanted, shares_of_batch):
            passed, record.maxima = rejection_step(ratios, uniforms, slots, record.maxima)
            kept.add(slots[passed], np.flatnonzero(passed), images, ratios)
            examples.add(slots[~passed], np.flatnonzero(~passed), images, ratios)
            proposed += np.bincount(slots, minlength=len(labels))
            accepted += np.bincount(slots[passed], minlength=len(labels))
            self._check_rates(record, kept.missing > 0)
        rejected = dict(zip(("images", "labels", "density_ratios"), examples.filled(labels), strict=True))
        return Samples(*kept.filled(labels), rejected, proposed, accepted)

    def _batches(self, record, stream, wanted, share):
        """Batches while proposals are wanted: slots, images, ratios and uniforms of the proposals of each.

        A batch is sent off before the results of the one before it are read, so that a device does not wait
        for the books. Where the batch under way is expected to be the last but one or the last, it is read first:
        little is drawn in vain.

        Args:
            wanted: callable that gives how many proposals [L] are expected to be needed still.
            share: callable, (such proposals, batch size) -> how many of each label [L] a batch holds.
        """
        seed = tf.constant(fold_seed(self.seed, "rejection", *stream), tf.int64)
        number, ahead = 0, None
        while ahead is not None or wanted().any():
            if ahead is None:
                number, ahead = number + 1, self._sent(record, share(wanted(), self.batch_size), seed, number)
            (quotas, results), ahead = ahead, None
            further = np.maximum(wanted() - quotas, 0)
            if further.sum() >= self.batch_size:
                number, ahead = number + 1, self._sent(record, share(further, self.batch_size), seed, number)
            yield self._read(record, quotas, results)

    def _sent(self, record, quotas, seed, number):
        """The quotas [L] of a batch, and its results, which may still be under way."""
        slots = np.repeat(np.arange(len(quotas)), quotas)
        asked = record.labels[np.resize(slots, self.batch_size)]  # the compiled function knows one batch size
        return quotas, self._propose(tf.constant(asked), seed, tf.constant(number, tf.int64))

    def _read(self, record, quotas, results):
        """Checks the results of a batch and enters them in the record."""
        slots = np.repeat(np.arange(len(quotas)), quotas)
        images, ratios, uniforms, inside = (result.numpy()[: len(slots)] for result in results)
        record.drawn += quotas
        ratios = ratios.astype(np.float64)
        for row in np.flatnonzero(~(np.isfinite(ratios) & (ratios >= 0.0)))[:1]:
            raise InputError(f"{record.name(slots[row])}: the density-ratio network gives "
                             f"{ratios[row]:g}; a ratio must be finite and not negative: train it anew")
        if not inside.all():
            slots, images, ratios, uniforms = slots[inside], images[inside], ratios[inside], uniforms[inside]
        record.proposed += np.bincount(slots, minlength=len(quotas))
        record.sums += np.bincount(slots, ratios, minlength=len(quotas))
        for row in np.flatnonzero(record.drawn > MOST_ROUNDS * (record.proposed + 1))[:1]:
            raise InputError(f"{record.name(row)}: {record.proposed[row]} of {record.drawn[row]} images "
                             f"have a predicted label within zeta = {self.zeta:g}: train the generator or the "
                             "predictor longer, or give a greater zeta, or 0 for no such filter")
        return slots, images, ratios, uniforms.astype(np.float64)

    def _proposals(self, labels, seed, batch_number):
        """Images uint8 [B, H, W, C], ratios [B], uniforms [B], and whether each may be proposed bool [B]."""
        first, size = batch_number * _DRAWS_PER_BATCH, self.batch_size
        latents = tf.random.stateless_normal([size, self.latent_dim], [seed, first], alg="philox")
        uniforms = tf.random.stateless_uniform([size], [seed, first + 1], alg="philox")
        asked = labels
        if self.zeta:
            shift = tf.random.stateless_uniform([size], [seed, first + 2], -self.zeta, self.zeta, alg="philox")
            asked = tf.clip_by_value(labels + shift, 0.0, 1.0)
        images = tf.cast(self.generator({"latents": latents, "labels": asked}, training=False), tf.float32)
        # truncated, as cGAN-KD stores them: its students see these very pixels
        pixels = tf.cast(tf.clip_by_value((images + 1.0) * 127.5, 0.0, 255.0), tf.uint8)
        if self.quantise_first:
            images = tf.cast(pixels, tf.float32) / 127.5 - 1.0
        outputs = self.feature_network(images, training=False)
        ratios = self.ratio_network({"features": outputs["features"], "labels": labels}, training=False)
        inside = tf.ones([size], tf.bool)
        if self.zeta:
            predicted = outputs["labels"] if self.predictor is None else self.predictor(images)
            inside = tf.abs(tf.reshape(tf.cast(predicted, tf.float32), [size]) - labels) <= self.zeta
        return pixels, tf.reshape(ratios, [size]), uniforms, inside

    def _check_rates(self, record, which=True):
        rates = record.expected_rates()
        for row in np.flatnonzero((rates < self.floor) & which)[:1]:
            raise InputError(f"{record.name(row)}: its acceptance rate is {rates[row]:.2g}, below the "
                             f"floor of {self.floor:g} (greatest ratio {record.maxima[row]:.3g}): train the "
                             "density-ratio network longer or with a greater penalty, or lower the floor and wait")
