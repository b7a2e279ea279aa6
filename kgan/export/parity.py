"""Parity: how far an exported file's images are from those of the Keras model it was made from."""

import numpy as np

from kgan.errors import InputError

# A file is refused when its mean absolute error exceeds `floor + share * spread`, in units of [-1, 1], where
# spread is the mean absolute distance of the model's images from their mean image: a file that ignores its
# latents errs by 1.0 spread, one that gives the images of other latents by about 1.4. The floors cover nearly
# constant images (int8's output has steps of 2/255). Measured on DCGANs of 28 thousand to 1.1 million
# parameters with random statistics in batch norm, spread 0.002 to 0.09 (mean error; share of the spread):
#   none 2e-7; 6e-6   float16 7e-4; 0.011   dynamic 7e-3; 0.26   int8 1.5e-2; 0.36
# and on two trained on digits, spread 0.32, where the bounds are some fifty times what is met:
#   none 1e-7; 3e-7   float16 2e-4; 6e-4    dynamic 4e-3; 0.014  int8 8e-3; 0.026
TOLERANCES = {
    "none": (1e-5, 1e-3),
    "saved_model": (1e-5, 1e-3),
    "float16": (1e-3, 0.1),
    "dynamic": (5e-3, 0.8),
    "int8": (1e-2, 0.9),
}


def parity(expected, received):
    """`{"parity_max_abs", "parity_mean_abs"}` over all values of two arrays of one shape.

    Raises `InputError` when the shapes differ or a received value is not finite.
    """
    if expected.shape != received.shape:
        raise InputError(
            f"export: the file returns {received.shape}, the network {expected.shape}; export it again"
        )
    if not np.all(np.isfinite(received)):
        raise InputError(
            "export: the file returns values that are not finite; "
            "look for weights or activations beyond the number format and export with quantize 'none'"
        )
    error = np.abs(expected.astype(np.float64) - received)
    return {"parity_max_abs": float(error.max()), "parity_mean_abs": float(error.mean())}


def tolerance(kind, expected):
    """The largest mean absolute error at which a file of this kind may leave; see `TOLERANCES`."""
    floor, share = TOLERANCES[kind]
    expected = expected.astype(np.float64)
    return floor + share * float(np.abs(expected - expected.mean(axis=0)).mean())


def checked_parity(kind, file, expected, received):
    """`parity`, or `InputError` when the mean error is beyond `tolerance`."""
    measured = parity(expected, received)
    limit = tolerance(kind, expected)
    if measured["parity_mean_abs"] > limit:
        raise InputError(
            f"export: {file} is {measured['parity_mean_abs']:.2g} off the network on average, more than the "
            f"{limit:.2g} that {kind} may be; nothing was written, export with another quantisation"
        )
    return measured
