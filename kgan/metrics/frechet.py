"""The Fréchet distance between the features of two sets of images (Heusel et al., 2017, section 3)."""

import numpy as np
from scipy.linalg import eigvalsh, lapack
from scipy.linalg.blas import dsyrk

from kgan.errors import InputError

# Pivots of a rank-deficient covariance came out at up to 20 machine epsilons of the largest variance.
_NOISE = 64 * np.finfo(np.float64).eps


def frechet_distance(real, fake, *, few=False):
    """`|m - m_w|^2 + Tr(C + C_w - 2 (C C_w)^(1/2))` in float64.

    m and C are the sample mean and the unbiased sample covariance (N - 1) of each set. The trace of the root is the
    sum of the square roots of the eigenvalues of F^T C_w F with C = F F^T, which are those of
    C^(1/2) C_w C^(1/2): a symmetric form that singular covariances don't disturb. The factors are pivoted Cholesky
    factors that end where a covariance's numerical range does; their columns fall in size, and with them small
    eigenvalues keep their digits. The distance is off by some 1e-8 of Tr(C + C_w) at the most.

    It is biased upwards for few samples: compare only distances with the same two numbers of samples.

    Args:
        real: `Moments` of the one set.
        fake: `Moments` of the other; the distance is symmetric.
        few: allow fewer samples than features; the covariances then are of deficient rank and the bias is large.

    Returns:
        A float >= 0 (a negative rounding error becomes 0), in squared units of the features.

    Raises:
        InputError: unlike D, fewer than two samples, fewer than D without `few`, a covariance that overflows.
    """
    if real.dim != fake.dim:
        raise InputError(f"real and fake features must be as wide; received {real.dim} and {fake.dim}")
    check_samples(real.num, fake.num, real.dim, few=few)
    both = real.covariance, fake.covariance
    trace = float(both[0].trace() + both[1].trace())
    if not np.isfinite(trace):
        raise InputError("the features are so large that their variance overflows; no distance is given")
    mean = float(np.sum((real.mean - fake.mean) ** 2))
    return max(mean + trace - 2.0 * _trace_of_root(*(_factor(covariance) for covariance in both)), 0.0)


def check_samples(num_real, num_fake, dim, *, few=False):
    """InputError for fewer than two samples, or without `few` for fewer than the `dim` features."""
    for which, num in (("real", num_real), ("fake", num_fake)):
        if num < 2:
            raise InputError(f"a covariance needs two samples or more; received {num} {which}")
        if num < dim and not few:
            raise InputError(f"{num} {which} samples are fewer than the {dim} features, which biases the Frechet "
                             "distance much; take more samples, or allow few of them")


def _factor(covariance):
    """F^T [rank, D] with F F^T = covariance up to rounding noise; its rows fall in size."""
    largest = covariance.diagonal().max()
    if largest <= 0:
        return np.zeros((0, len(covariance)))
    lower, pivots, rank, _ = lapack.dpstrf(covariance, tol=_NOISE * largest, lower=1)
    return np.take(np.triu(lower.T[:rank]), np.argsort(pivots), axis=1)


def _trace_of_root(one, other):
    if not len(one) or not len(other):
        return 0.0
    product = one @ other.T if len(one) >= len(other) else other @ one.T
    # of product^T product the lower triangle: the reduction that begins with the largest rows keeps small eigenvalues
    gram = dsyrk(1.0, product.T, lower=1)
    eigenvalues = eigvalsh(gram, lower=True, overwrite_a=True, check_finite=False)
    return float(np.sqrt(np.maximum(eigenvalues, 0.0)).sum())  # rounding takes zeros below 0
