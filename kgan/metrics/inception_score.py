"""The score of "Improved Techniques for Training GANs" (Salimans et al., 2016, section 4).

    IS = exp( E_x KL( p(y|x) || p(y) ) )

It is called the Inception score when Inception gives the logits; from any other classifier it has
another scale, and `evaluate` names it after that classifier.
"""

import numpy as np

from kgan.errors import InputError

_LARGEST_GAP = 700.0  # exp(-700) is the least that float64 holds with some room


def inception_score(logits, splits=10, seed=0):
    """Mean and standard deviation of the score over parts of the samples, by TF-GAN's formula.

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
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise InputError(f"inception_score needs logits [N, K], K >= 2; received shape {logits.shape}")
    if isinstance(splits, bool) or not isinstance(splits, int | np.integer) or splits < 1:
        raise InputError(f"splits must be a positive whole number; received {splits!r}")
    if len(logits) < splits:
        raise InputError(f"{splits} splits need as many samples or more; received {len(logits)}")
    if not np.isfinite(logits).all():
        raise InputError("inception_score received logits that are NaN or infinite; no score is given")
    from kgan.metrics.tfgan import classifier_metrics

    # a class whose probability is 0 in every sample would make TF-GAN's formula 0 * infinity
    logits = np.maximum(logits, logits.max(axis=1, keepdims=True) - _LARGEST_GAP)
    shuffled = logits[np.random.default_rng(seed).permutation(len(logits))]
    score = classifier_metrics().classifier_score_from_logits
    scores = [float(score(part)) for part in np.array_split(shuffled, splits)]
    return float(np.mean(scores)), float(np.std(scores))
