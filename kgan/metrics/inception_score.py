"""The score of "Improved Techniques for Training GANs" (Salimans et al., 2016, section 4).

    IS = exp( E_x KL( p(y|x) || p(y) ) )

It is called the Inception score when Inception gives the logits; from any other classifier it has
another scale, and `evaluate` names it after that classifier.
"""

import numpy as np

from kgan.errors import InputError

_LARGEST_GAP = 700.0  # exp(-700) is the least that float64 holds with some room
_ROWS = 1024  # logits taken to float64 at a time


def inception_score(logits, splits=10, seed=0):
    """Mean and standard deviation of the score over parts of the samples, in float64.

    The samples are shuffled first (class-ordered ones would score 1), then cut into `splits` parts whose
    sizes differ by one at most; the standard deviation is that of the parts (ddof 0).

    Args:
        logits: [N, K], any float; computed in float64.
        splits: parts, 1 <= splits <= N.
        seed: of the shuffle.

    Returns:
        (mean, std), each score in [1, K].

    Raises:
        InputError: not [N, K], fewer samples than splits, a NaN or an infinity.
    """
    logits = np.asarray(logits)
    _check_shape(logits)
    parts = ScoreParts(len(logits), splits, seed)
    for start in range(0, len(logits), _ROWS):
        parts.update(logits[start : start + _ROWS])
    return parts.result()


class ScoreParts:
    """`inception_score` of logits that come batch by batch: the same parts, sums of O(splits x K) numbers.

    Of each sample it keeps no more than the number of its part.

    Args:
        num: N, samples in all, known before the first.
        splits: parts, 1 <= splits <= N.
        seed: of the shuffle.

    Attributes:
        part: of each sample, int [N] in 0..splits - 1.
    """

    def __init__(self, num, splits=10, seed=0):
        for name, value in (("num", num), ("splits", splits)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise InputError(f"{name} must be a positive whole number; received {value!r}")
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise InputError(f"seed must be a whole number of at least 0; received {seed!r}")
        if num < splits:
            raise InputError(f"{splits} splits need as many samples or more; received {num}")
        self.num, self.splits, self.seen = int(num), int(splits), 0
        self.part = np.empty(num, np.int32)
        for part, members in enumerate(np.array_split(np.random.default_rng(seed).permutation(num), splits)):
            self.part[members] = part
        self._sizes = np.bincount(self.part, minlength=splits)
        self._entropy = np.zeros(splits)  # sums of p log p
        self._sums = None  # of p, [splits, K]

    def update(self, logits):
        """The next samples' logits [b, K], in the samples' order.

        Raises:
            InputError: another shape, more samples than `num`, a NaN or an infinity.
        """
        logits = np.asarray(logits)
        _check_shape(logits)
        if self._sums is None:
            self._sums = np.zeros((self.splits, logits.shape[1]))
        if logits.shape[1] != self._sums.shape[1]:
            raise InputError(f"logits must be [b, {self._sums.shape[1]}] like those before; received {logits.shape}")
        last = self.seen + len(logits)
        if last > self.num:
            raise InputError(f"a score of {self.num} samples received {last}")
        log_p = bounded(logits, self.seen)
        log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        p = np.exp(log_p)
        entropy = (p * log_p).sum(axis=1)
        parts = self.part[self.seen : last]
        for part in np.unique(parts):
            self._entropy[part] += entropy[parts == part].sum()
            self._sums[part] += p[parts == part].sum(axis=0)
        self.seen = last

    def result(self):
        """(mean, std) over the parts, each score in [1, K]; InputError before the last sample."""
        if self.seen != self.num:
            raise InputError(f"a score of {self.num} samples has received {self.seen}")
        # E_x KL(p || q) = E_x sum p log p - sum q log q with q = E_x p
        q = self._sums / self._sizes[:, None]
        divergence = self._entropy / self._sizes - (q * np.log(q)).sum(axis=1)
        scores = np.exp(np.maximum(divergence, 0.0))  # rounding takes zeros below 0
        return float(scores.mean()), float(scores.std())


def bounded(logits, first=0):
    """float64 logits [N, K] less their row's largest, -700 at the least: no probability is exactly 0.

    p log p would be the product of 0 and infinity otherwise.

    Args:
        logits: [N, K], K >= 2.
        first: number of the first row, for the message.

    Raises:
        InputError: another shape, a NaN or an infinity.
    """
    _check_shape(logits)
    logits = np.asarray(logits, np.float64)
    if not np.isfinite(logits).all():
        raise InputError(f"logits are NaN or infinite among samples {first} to {first + len(logits) - 1}; no score is "
                         "given")
    largest = logits.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):  # a gap beyond float64 is cut off, too
        return np.maximum(logits - largest, -_LARGEST_GAP)


def _check_shape(logits):
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise InputError(f"inception_score needs logits [N, K], K >= 2; received shape {logits.shape}")
