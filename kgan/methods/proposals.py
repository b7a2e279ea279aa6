"""The books of rejection sampling: what is known of each label's proposals, and the images taken of them."""

import dataclasses

import numpy as np

from kgan.errors import InputError


@dataclasses.dataclass(eq=False)
class Record:
    """What is known of each of L labels' proposals.

    Attributes:
        labels: [L], int32 or float32.
        maxima: greatest ratio, float64 [L].
        sums: of ratios, float64 [L].
        proposed: number of ratios seen, int64 [L].
        drawn: number of images drawn for them, int64 [L]; more than `proposed` under a zeta filter.
    """

    labels: np.ndarray
    maxima: np.ndarray
    sums: np.ndarray
    proposed: np.ndarray
    drawn: np.ndarray

    @classmethod
    def of(cls, labels):
        """Nothing seen yet."""
        counts = [np.zeros(len(labels), dtype) for dtype in (np.float64, np.float64, np.int64, np.int64)]
        return cls(labels, *counts)

    def name(self, row):
        """How messages name a label."""
        return f"label {self.labels[row].item():g}"

    def part(self, labels):
        """A copy for some of the labels, in their order."""
        place = {label: row for row, label in enumerate(self.labels.tolist())}
        unknown = [label for label in labels.tolist() if label not in place]
        if unknown:
            raise InputError(f"the burn-in does not know label {unknown[0]}; give it the same labels")
        rows = [place[label] for label in labels.tolist()]
        return Record(labels, self.maxima[rows], self.sums[rows], self.proposed[rows], self.drawn[rows])

    def expected_rates(self):
        """Mean ratio over greatest ratio [L]: the acceptance rate that the ratios seen lead to expect."""
        return self.sums / np.maximum(self.proposed * self.maxima, np.finfo(np.float64).tiny)


class ImageStore:
    """Arrays that take up to `num` [L] images of each label, group after group."""

    def __init__(self, num, image_shape):
        self.starts, self.missing, self.have = np.cumsum(num) - num, num.copy(), np.zeros(len(num), np.int64)
        self.images, self.ratios = np.empty((num.sum(), *image_shape), np.uint8), np.empty(num.sum(), np.float32)

    def add(self, slots, rows, images, ratios):
        """Takes of a batch the `rows`, whose labels `slots` are sorted; what is too much is left out."""
        rank = np.arange(len(slots)) - np.searchsorted(slots, slots)
        fits = rank < self.missing[slots]
        slots, rows = slots[fits], rows[fits]
        places = self.starts[slots] + self.have[slots] + rank[fits]
        self.images[places], self.ratios[places] = images[rows], ratios[rows]
        taken = np.bincount(slots, minlength=len(self.have))
        self.have += taken
        self.missing -= taken

    def filled(self, labels):
        """Images, labels and ratios of what was taken."""
        slots = np.repeat(np.arange(len(labels)), self.have)
        rows = self.starts[slots] + np.arange(len(slots)) - np.searchsorted(slots, slots)
        if len(rows) == len(self.images):  # no second copy of what may be gigabytes
            return self.images, labels[slots], self.ratios
        return self.images[rows], labels[slots], self.ratios[rows]


def shares_of_batch(expected, batch_size):
    """A whole batch shared out in proportion to the proposals [L] that are still expected."""
    shares = expected * (batch_size / expected.sum())
    quotas = np.floor(shares).astype(np.int64)
    most = np.argsort(quotas - shares, kind="stable")[: batch_size - quotas.sum()]
    quotas[most] += 1
    return quotas


def start_of_batch(missing, batch_size):
    """The missing proposals [L], label after label, as far as a batch holds them."""
    return np.diff(np.minimum(np.cumsum(missing), batch_size), prepend=0)


def checked_labels(labels):
    """Distinct labels [L] as int32 or float32, or InputError."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels) or labels.dtype.kind not in "iuf":
        raise InputError(f"labels must be numbers [L]; received {labels.dtype} of shape {labels.shape}")
    labels = labels.astype(np.float32 if labels.dtype.kind == "f" else np.int32)
    if len(np.unique(labels)) != len(labels):
        raise InputError(f"labels must be distinct; received {len(labels)} with {len(np.unique(labels))} distinct ones")
    return labels
