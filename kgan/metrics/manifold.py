"""Fidelity and diversity by nearest neighbours among features.

The samples' manifold is the union of balls around them that reach to their k-th nearest neighbours.

Precision and recall: Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models",
2019. Density and coverage: Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020.
"""

import numpy as np

from kgan.errors import InputError

_ROWS = 512  # of either set at a time: distances and features stand in memory by this many rows


def precision_recall(real, fake, neighbours=3):
    """(precision, recall), as in `manifold`."""
    found = manifold(real, fake, precision_recall=neighbours, density_coverage=None)
    return found["precision"], found["recall"]


def density_coverage(real, fake, neighbours=5):
    """(density, coverage), as in `manifold`."""
    found = manifold(real, fake, precision_recall=None, density_coverage=neighbours)
    return found["density"], found["coverage"]


def manifold(real, fake, *, precision_recall=3, density_coverage=5, nearest_reals=None):
    """Precision, recall, density and coverage from one pass over the distances.

    With B_k(x) the ball around x to its k-th nearest neighbour of its own set, itself not counted and the surface
    included:

        precision   share of the fakes that lie in some B_k(real)        [0, 1]
        recall      share of the reals that lie in some B_k(fake)        [0, 1]
        density     number of B_k(real) that a fake lies in, mean, / k   [0, N / k], about 1 for equal distributions
        coverage    share of the B_k(real) that hold a fake              [0, 1]

    Distances are Euclidean, computed squared by |x|^2 + |y|^2 - 2 x . y in float64 of features about the reals' mean;
    what differs by this form's rounding counts as equal. Time grows with (N + M)^2 D, memory with neither N D nor N M.
    All four depend on N and M: compare only with the same numbers.

    Args:
        real, fake: features [N, D] and [M, D]: arrays, or anything with a length that gives float32 rows when sliced.
        precision_recall: k of the first two, or None to leave them out.
        density_coverage: k of the last two, or None to leave them out.
        nearest_reals: `nearest_others` of the reals with the larger k, where many fakes meet the same reals; computed
            here unless given.

    Returns:
        dict of floats by the names above.

    Raises:
        InputError: fewer than k + 1 samples, unlike D, NaN or infinity, a k that is no positive whole number.
    """
    for name, k in (("precision_recall", precision_recall), ("density_coverage", density_coverage)):
        if k is not None and (isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1):
            raise InputError(f"{name} takes a positive whole number of neighbours; received {k!r}")
    most = max(precision_recall or 0, density_coverage or 0)
    if not most:
        raise InputError("manifold was asked for nothing; give precision_recall or density_coverage its neighbours")
    for which, features, k in (("real", real, most), ("fake", fake, precision_recall or 0)):
        if len(features) < k + 1:
            raise InputError(f"{k} nearest neighbours need {k + 1} samples or more; received {len(features)} {which}")
    reals, fakes = _Rows(real, "real"), _Rows(fake, "fake")
    if len(reals.mean) != len(fakes.mean):
        raise InputError(f"real and fake features must be as wide; received {len(reals.mean)} and {len(fakes.mean)}")
    reals.origin = fakes.origin = reals.mean
    nearest = _nearest(reals, most) if nearest_reals is None else nearest_reals
    if nearest.shape != (len(reals), most):
        raise InputError(f"nearest_reals must be [{len(reals)}, {most}]; received {nearest.shape}")
    counts = []
    if precision_recall:
        counts.append(_PrecisionRecall(nearest[:, precision_recall - 1], _nearest(fakes, precision_recall)[:, -1]))
    if density_coverage:
        counts.append(_DensityCoverage(nearest[:, density_coverage - 1], len(fakes), density_coverage))
    for here, x in fakes.chunks():
        for there, y in reals.chunks():
            distances = _squared_distances(x, y)
            distances -= _rounding(x, y)
            for count in counts:
                count.add(here, there, distances)
    return {name: value for count in counts for name, value in count.result().items()}


def nearest_others(features, k):
    """Squared distances of each sample to its k nearest others, ascending: [N, k], for `manifold`.

    Args:
        features: [N, D], as `manifold` takes them; k below N.
    """
    rows = _Rows(features, "real")
    rows.origin = rows.mean
    return _nearest(rows, k)


class _PrecisionRecall:
    """Which samples lie in a ball of the other set; reaches are squared, [N] and [M]."""

    def __init__(self, reach_of_reals, reach_of_fakes):
        self.reals, self.fakes = reach_of_reals, reach_of_fakes
        self.precise, self.recalled = np.zeros(len(self.fakes), bool), np.zeros(len(self.reals), bool)

    def add(self, fakes, reals, distances):
        """Squared distances [m, n] between two slices."""
        self.precise[fakes] |= (distances <= self.reals[reals]).any(axis=1)
        self.recalled[reals] |= (distances <= self.fakes[fakes, None]).any(axis=0)

    def result(self):
        return {"precision": float(self.precise.mean()), "recall": float(self.recalled.mean())}


class _DensityCoverage:
    """How many balls of the reals the fakes lie in, and which balls hold one; the reach is squared, [N]."""

    def __init__(self, reach_of_reals, num_fakes, k):
        self.reals, self.divisor, self.within = reach_of_reals, k * num_fakes, 0
        self.covered = np.zeros(len(self.reals), bool)

    def add(self, fakes, reals, distances):
        """Squared distances [m, n] between two slices."""
        within = distances <= self.reals[reals]
        self.within += int(np.count_nonzero(within))
        self.covered[reals] |= within.any(axis=0)

    def result(self):
        return {"density": self.within / self.divisor, "coverage": float(self.covered.mean())}


class _Rows:
    """Features by chunks of float64 rows about `origin`; looked through once for their mean and what is not finite."""

    def __init__(self, features, which):
        self.features, self.origin, total = features, 0.0, 0.0
        for here, rows in self.chunks():
            if rows.ndim != 2:
                raise InputError(f"{which} features must be [N, D]; received rows of shape {rows.shape[1:]}")
            if not np.isfinite(rows).all():
                raise InputError(f"{which} features are NaN or infinite among rows {here.start} to {here.stop - 1}")
            total = total + rows.sum(axis=0)
        self.mean = total / len(features)

    def __len__(self):
        return len(self.features)

    def chunks(self, first=0):
        """(slice, rows) in order, from row `first` on."""
        for start in range(first, len(self), _ROWS):
            here = slice(start, min(start + _ROWS, len(self)))
            yield here, np.asarray(self.features[here], np.float64) - self.origin


def _nearest(rows, k):
    """Squared distances of each row to its k nearest others, ascending: [N, k]."""
    nearest = np.full((len(rows), k), np.inf)

    def merge(here, distances):
        among = np.concatenate([nearest[here], distances], axis=1)
        nearest[here] = np.partition(among, k - 1, axis=1)[:, :k]

    for here, x in rows.chunks():
        for there, y in rows.chunks(here.start):
            distances = _squared_distances(x, y)
            if there == here:
                np.fill_diagonal(distances, np.inf)
            else:
                merge(there, distances.T)
            merge(here, distances)
    return np.sort(nearest, axis=1)


def _squared_distances(x, y):
    distances = x @ y.T
    distances *= -2.0
    distances += _squares(x)[:, None]
    distances += _squares(y)
    return np.maximum(distances, 0.0, out=distances)


def _rounding(x, y):
    """How far off a squared distance may be: without it, ties and equal samples would be decided by chance."""
    return (x.shape[1] + 8) * np.finfo(np.float64).eps * (_squares(x)[:, None] + _squares(y))


def _squares(x):
    return np.einsum("nd,nd->n", x, x)
