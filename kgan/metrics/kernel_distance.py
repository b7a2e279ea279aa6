"""The kernel distance between the features of two sets of images (Binkowski et al., "Demystifying MMD GANs", 2018).

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y),    k(x, y) = (x . y / D + 1)^3

With Inception's features it is the KID.
"""

import numpy as np

from kgan.errors import InputError

_ROWS = 1000  # rows of a kernel matrix at a time


def kernel_distance(real, fake, *, subsets=100, subset_size=1000, seed=0):
    """Mean and standard deviation of the unbiased estimate of MMD^2 over seeded subsets, in float64.

    Each subset is drawn from each set without replacement, anew from all of it (torch-fidelity's form; tf-gan cuts
    the sets into blocks instead). A subset holds `possible_subset_size` samples of each set.

    Args:
        real, fake: features [N, D] and [M, D], N and M at least 2: arrays, or anything with a length that gives
            float32 rows when indexed by an array of whole numbers.
        subsets: how many.
        subset_size: samples of each set in a subset; no more than the smaller set has.
        seed: of the draws.

    Returns:
        (mean, std): the mean may be a little below 0, for the estimate is unbiased; std is that of the subsets
        (ddof 0), 0 where the subsets are the whole sets.

    Raises:
        InputError: wrong numbers, fewer than two samples, unlike D, NaN or infinity.
    """
    for name, value, least in (("subsets", subsets, 1), ("subset_size", subset_size, 2), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise InputError(f"{name} must be a whole number of at least {least}; received {value!r}")
    size = possible_subset_size(len(real), len(fake), subset_size)
    if size < 2:
        raise InputError(f"the kernel distance needs two samples or more of each set; received {len(real)} real and "
                         f"{len(fake)} fake")
    rng = np.random.default_rng(seed)
    count = 1 if size == len(real) == len(fake) else subsets  # all subsets would be one and the same
    estimates = [_estimate(_draw(real, size, rng, "real"), _draw(fake, size, rng, "fake")) for _ in range(count)]
    return float(np.mean(estimates)), float(np.std(estimates))


def possible_subset_size(num_real, num_fake, subset_size):
    """The samples of each set that a subset of `kernel_distance` holds: all of the smaller set, if it has fewer."""
    return int(min(subset_size, num_real, num_fake))


def _draw(features, size, rng, which):
    chosen = np.sort(rng.choice(len(features), size, replace=False))  # in the order of a file
    rows = np.asarray(features[chosen], np.float64)
    if rows.ndim != 2:
        raise InputError(f"{which} features must be [N, D]; received rows of shape {rows.shape[1:]}")
    if not np.isfinite(rows).all():
        raise InputError(f"{which} features are NaN or infinite; no distance is given")
    return rows


def _estimate(x, y):
    """The unbiased estimate of MMD^2 from rows [m, D] of each."""
    if x.shape[1] != y.shape[1]:
        raise InputError(f"real and fake features must be as wide; received {x.shape[1]} and {y.shape[1]}")
    pairs = len(x) * (len(x) - 1.0)
    within = (_kernel_sum(x, x) - _own_sum(x)) + (_kernel_sum(y, y) - _own_sum(y))
    return within / pairs - 2.0 * _kernel_sum(x, y) / (len(x) * len(y))


def _kernel_sum(x, y):
    return sum(_kernel(x[start : start + _ROWS] @ y.T, x.shape[1]).sum() for start in range(0, len(x), _ROWS))


def _own_sum(x):
    return _kernel(np.einsum("nd,nd->n", x, x), x.shape[1]).sum()


def _kernel(products, dim):
    values = products / dim + 1.0
    return values * values * values
