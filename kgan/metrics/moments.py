"""Mean and covariance of features that come batch by batch, in float64 and O(D^2) memory."""

import numpy as np
from scipy.linalg.blas import dsyrk

from kgan.errors import InputError

_ROWS = 1024  # rows taken to float64 at a time, so that one large array needs no second copy
_BLOCK = 256  # of a matrix that is mirrored


class Moments:
    """Number, mean and covariance of the rows of [b, D] batches, however these are split.

    Each batch's scatter about its own mean is added to the scatter so far, with the term for the distance of the
    two means (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
    1979). Nothing cancels, wherever the features lie, and the result depends on the split by rounding alone.

    Args:
        dim: D, the width of the features.

    Attributes:
        dim: D.
        num: rows so far.
    """

    def __init__(self, dim):
        if isinstance(dim, bool) or not isinstance(dim, int | np.integer) or dim < 1:
            raise InputError(f"dim must be a positive whole number; received {dim!r}")
        self.dim, self.num = int(dim), 0
        self._mean = np.zeros(self.dim)
        self._scatter = np.zeros((self.dim, self.dim), order="F")  # the upper triangle counts

    @classmethod
    def of(cls, features):
        """Of anything with a length that gives [n, D] when sliced: an array, or a file of features."""
        if not len(features) or np.ndim(features[:1]) != 2:
            raise InputError(f"features must be [N, D], N >= 1; received {np.shape(features[:1])} a row")
        moments = cls(np.shape(features[:1])[1])
        for start in range(0, len(features), _ROWS):
            moments.update(features[start : start + _ROWS])
        return moments

    @classmethod
    def given(cls, num, mean, covariance):
        """Of `num` rows with this mean [D] and unbiased covariance [D, D], as `num`, `mean`, `covariance` give them.

        Raises:
            InputError: num below 2, shapes that do not fit, NaN or infinity, a covariance that is not symmetric or
                has a negative variance.
        """
        mean, covariance = np.asarray(mean, np.float64), np.asarray(covariance, np.float64)
        if isinstance(num, bool) or not isinstance(num, int | np.integer) or num < 2:
            raise InputError(f"given moments are of 2 rows or more; received num={num!r}")
        if mean.ndim != 1 or not len(mean) or covariance.shape != (len(mean), len(mean)):
            raise InputError(f"given moments are a mean [D] and a covariance [D, D]; received {mean.shape} and "
                             f"{covariance.shape}")
        if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
            raise InputError("a given mean or covariance has NaN or infinite values; compute the moments anew")
        variances = covariance.diagonal()
        if variances.min() < 0 or np.abs(covariance - covariance.T).max() > 1e-9 * variances.max():
            raise InputError("a given covariance is not symmetric or has a negative variance; compute the moments anew")
        moments = cls(len(mean))
        moments.num = int(num)
        moments._mean = mean.copy()
        moments._scatter = np.asfortranarray(covariance * (num - 1.0))
        return moments

    def update(self, features):
        """Take in a batch: [b, D] of any float type, b >= 1.

        Raises:
            InputError: another shape, NaN or infinity; the message says which rows the batch was.
        """
        features = np.asarray(features)
        if features.ndim != 2 or features.shape[1] != self.dim or not len(features):
            raise InputError(f"features must be [b, {self.dim}], b >= 1; received {features.shape}")
        for start in range(0, len(features), _ROWS):
            self._add(features[start : start + _ROWS])

    def _add(self, batch):
        count = len(batch)
        with np.errstate(invalid="ignore", over="ignore"):  # told below
            mean = batch.mean(axis=0, dtype=np.float64)
        if not np.isfinite(mean).all():
            raise InputError(f"features are NaN or infinite among rows {self.num} to {self.num + count - 1}; look at "
                             "the images and the extractor that gave them")
        rows = np.empty((count + 1, self.dim))
        np.subtract(batch, mean, out=rows[:count])
        # the distance of the means is one more row, so that one product of the batch adds everything
        apart = mean - self._mean
        rows[count] = apart * np.sqrt(self.num * count / (self.num + count))
        dsyrk(1.0, rows.T, beta=1.0, c=self._scatter, overwrite_c=True)
        self._mean += apart * (count / (self.num + count))
        self.num += count

    @property
    def mean(self):
        """float64 [D]; InputError before the first row."""
        if not self.num:
            raise InputError("there is no mean of no rows; update the moments first")
        return self._mean.copy()

    @property
    def covariance(self):
        """float64 [D, D], unbiased (N - 1), symmetric; InputError for fewer than two rows."""
        if self.num < 2:
            raise InputError(f"a covariance needs two samples or more; received {self.num}")
        covariance = self._scatter / (self.num - 1.0)
        for start in range(0, self.dim, _BLOCK):  # the upper triangle's mirror image, a strip of rows at a time
            block = slice(start, start + _BLOCK)
            covariance[block, :start] = covariance[:start, block].T
            square = np.triu(covariance[block, block])
            covariance[block, block] = square + np.triu(square, 1).T
        return covariance
