"""The Fréchet distance between the features of two sets of images (Heusel et al., 2017, section 3)."""

import numpy as np

from kgan.errors import InputError


def frechet_distance(real_features, fake_features):
    """`|m - m_w|^2 + Tr(C + C_w - 2 (C C_w)^(1/2))`, by TF-GAN's formula in float64.

    m and C are the sample mean and the unbiased sample covariance (N - 1) of each set. It is biased
    upwards for few samples: compare only distances with the same two numbers of samples.

    Args:
        real_features: [N, D].
        fake_features: [M, D].

    Returns:
        A float >= 0 (a negative rounding error becomes 0).

    Raises:
        InputError: not [N, D], unlike D, fewer than two samples, a NaN or an infinity.
    """
    both = []
    for which, features in (("real", real_features), ("fake", fake_features)):
        features = np.asarray(features, np.float64)
        if features.ndim != 2 or features.shape[1] < 1:
            raise InputError(f"{which} features must be [N, D]; received shape {features.shape}")
        if len(features) < 2:
            raise InputError(f"a covariance needs two samples or more; received {len(features)} {which}")
        if not np.isfinite(features).all():
            raise InputError(f"{which} features are NaN or infinite; no distance is given")
        both.append(features)
    if both[0].shape[1] != both[1].shape[1]:
        raise InputError(
            f"real and fake features must be as wide; received {both[0].shape[1]} and {both[1].shape[1]}"
        )
    from kgan.metrics.tfgan import classifier_metrics

    return max(float(classifier_metrics().frechet_classifier_distance_from_activations(*both)), 0.0)
