"""Module M2 of cGAN-KD: which generated samples a teacher's labels agree with, and labels replaced by them.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image
Classification and Regression" (2022), section 3.4, algorithms 1 and 2. The paper and the authors' code
differ, and `mode` chooses:

* "paper": the errors of one set are sorted, the cutoff is the ceil(rho N)-th smallest, and samples of this
  same set with an error <= cutoff stay.
* "code": the cutoff is `numpy.quantile(errors, rho)`, interpolated, and samples with an error < cutoff
  stay. In classification the cutoffs come from a burn-in sample of each class, apart from the samples
  that they filter; in regression from all samples at once.

In both, rho = 1 filters nothing (figure 11 of the paper): the cutoff is infinite.
"""

import dataclasses
import math

import numpy as np

from kgan.errors import InputError

MODES = ("paper", "code")


def cross_entropies(logits, labels):
    """-ln softmax(logits)[label] of each sample, float64 [N]: the errors of classification.

    Args:
        logits: [N, C], the teacher's.
        labels: int [N], assigned.
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise InputError(f"cross entropies need logits [N, C] and labels [N]; received {logits.shape} and "
                         f"{labels.shape}")
    if len(labels) and (labels.min() < 0 or labels.max() >= logits.shape[1]):
        raise InputError(f"the teacher knows classes 0 to {logits.shape[1] - 1}, but labels run from {labels.min()} to "
                         f"{labels.max()}: take a teacher of the same classes")
    highest = logits.max(axis=1, initial=-np.inf)
    return np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest - logits[np.arange(len(labels)), labels]


def cutoff(errors, rho, mode="code"):
    """The rho-th quantile of errors [N] as `mode` takes it.

    Raises:
        InputError: rho out of (0, 1], no such mode, no error, or one that is not finite.
    """
    errors = _checked_errors(errors)
    is_number = isinstance(rho, int | float | np.floating) and not isinstance(rho, bool)
    if not is_number or not 0.0 < rho <= 1.0:
        raise InputError(f"rho must lie in (0, 1]; received {rho!r}")
    _check_mode(mode)
    if not len(errors):
        raise InputError("a cutoff needs one error or more; received none")
    if rho == 1.0:
        return math.inf
    if mode == "code":
        return float(np.quantile(errors, rho))
    place = math.ceil(rho * len(errors) - 1e-9)  # 0.55 * 100 is above 55 in floating point
    return float(np.sort(errors)[max(place, 1) - 1])


def class_cutoffs(errors, labels, num_classes, rho, mode="code"):
    """`cutoff` of each class, float64 [num_classes].

    Args:
        errors: [N], of the burn-in sample in mode "code", of the samples to be filtered in mode "paper".
        labels: int [N], assigned.
        num_classes: how many there are.
        rho: the share to keep, in (0, 1].
        mode: "code" or "paper".

    Raises:
        InputError: as `cutoff`; a class without a sample; a label out of 0..num_classes - 1.
    """
    errors, labels = _checked_errors(errors), _checked_labels(labels, num_classes, len(errors))
    cutoffs = np.empty(num_classes)
    for label in range(num_classes):
        of_class = errors[labels == label]
        if not len(of_class):
            raise InputError(f"class {label} has no sample to take a cutoff from; make samples of every class")
        cutoffs[label] = cutoff(of_class, rho, mode)
    return cutoffs


def keep_classes(errors, labels, cutoffs, mode="code"):
    """Which samples stay, bool [N]: error below its class's cutoff, or equal to it in mode "paper"."""
    errors, labels = _checked_errors(errors), _checked_labels(labels, len(cutoffs), len(errors))
    return _within(errors, np.asarray(cutoffs)[labels], mode)


@dataclasses.dataclass(frozen=True, eq=False)
class AdjustedValues:
    """What `adjust_values` makes of N samples.

    Attributes:
        keep: bool [N].
        labels: final labels float32 [N] in label units.
        errors: |assigned - predicted|, float32 [N] in label units.
        cutoff: in label units; infinite where rho is 1.
    """

    keep: np.ndarray
    labels: np.ndarray
    errors: np.ndarray
    cutoff: float


def adjust_values(assigned, predicted, rho, mode="code", *, low, high, whole_units=False, replace=True):
    """Filters samples for regression by one quantile of all absolute errors, and replaces their labels.

    Args:
        assigned: labels [N] in label units.
        predicted: the teacher's predictions [N] in label units; clipped to low..high first.
        rho: the share to keep, in (0, 1].
        mode: "code" or "paper".
        low, high: the range of labels.
        whole_units: truncate the clipped predictions towards zero, as cGAN-KD does with UTKFace's years.
            Many errors are equal then, and in mode "code" all that equal the cutoff fall.
        replace: take the predictions as final labels; otherwise the assigned ones stay.

    Raises:
        InputError: as `cutoff`, or arrays of unlike lengths.
    """
    assigned, predicted = np.asarray(assigned, np.float64), np.asarray(predicted, np.float64)
    if assigned.ndim != 1 or assigned.shape != predicted.shape:
        raise InputError(f"assigned and predicted labels must be [N]; received {assigned.shape} and {predicted.shape}")
    if not low < high:
        raise InputError(f"low must be below high; received {low!r} and {high!r}")
    predicted = np.clip(predicted, low, high)
    if whole_units:
        predicted = np.trunc(predicted)
    errors = _checked_errors(np.abs(assigned - predicted))
    alpha = cutoff(errors, rho, mode)
    labels = predicted if replace else assigned
    return AdjustedValues(_within(errors, alpha, mode), labels.astype(np.float32), errors.astype(np.float32), alpha)


def _within(errors, cutoffs, mode):
    _check_mode(mode)
    return errors < cutoffs if mode == "code" else errors <= cutoffs


def _check_mode(mode):
    if mode not in MODES:
        raise InputError(f"mode must be one of {', '.join(MODES)}; received {mode!r}")


def _checked_errors(errors):
    errors = np.asarray(errors, np.float64)
    if errors.ndim != 1:
        raise InputError(f"errors must be [N]; received shape {errors.shape}")
    for row in np.flatnonzero(~np.isfinite(errors))[:1]:
        raise InputError(f"error {row} is {errors[row]}: the teacher's predictions must be finite")
    return errors


def _checked_labels(labels, num_classes, count):
    labels = np.asarray(labels)
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise InputError(f"labels must be {count} whole numbers; received {labels.dtype} of shape {labels.shape}")
    if count and (labels.min() < 0 or labels.max() >= num_classes):
        raise InputError(f"labels must lie in 0 to {num_classes - 1}; received {labels.min()} to {labels.max()}")
    return labels
