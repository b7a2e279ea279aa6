"""Features of images in the plane, for the eye alone.

Source: van der Maaten and Hinton, "Visualizing Data using t-SNE" (2008), by scikit-learn.
"""

import numpy as np

from kgan.errors import InputError

PERPLEXITY = 30.0


def tsne(features, seed):
    """[N, D] -> float32 [N, 2]; neighbours stay neighbours, distances between groups mean little.

    The perplexity is 30, or (N - 1) / 3 where that is less. InputError for fewer than five rows or values
    that are not finite.
    """
    from sklearn.manifold import TSNE  # a second to import

    features = np.asarray(features, np.float32)
    if features.ndim != 2 or len(features) < 5 or not np.isfinite(features).all():
        raise InputError(f"t-SNE takes finite features [N, D], N >= 5; received {features.shape}")
    perplexity = min(PERPLEXITY, (len(features) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(features).astype(np.float32)
