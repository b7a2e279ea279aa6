"""An extractor without a network: features and logits are fixed sums of pixels, so that tests can recompute them."""

import numpy as np

from kgan.errors import InputError


class ToyExtractor:
    """Weights [H W C, D] and [D, K] drawn by the seed; counts the images that it has seen."""

    def __init__(self, shape=(4, 4, 1), width=5, classes=3, name="toy", batch_size=7, logits=True, seed=0):
        draw = np.random.default_rng(seed)
        self.weights, self.heads = draw.normal(size=(int(np.prod(shape)), width)), draw.normal(size=(width, classes))
        self.name, self.batch_size, self.num_features = name, batch_size, width
        self.num_logits, self.seen = classes if logits else None, 0

    def require(self, *, features=False, logits=False):
        if logits and not self.num_logits:
            raise InputError(f"extractor {self.name!r} gives no logits, which IS needs")

    def features_of(self, images):
        return np.float32(images.reshape(len(images), -1) @ self.weights / 255.0)

    def extract(self, images, batch_size=None):
        self.seen += len(images)
        features = self.features_of(images)
        return features, np.float32(features @ self.heads) if self.num_logits else None

    def protocol(self):
        return {"name": self.name, "weights_sha256": f"{self.weights.sum():.6f}"}


def pictures(num, seed, shape=(4, 4, 1), brightness=1.0):
    """uint8 images [num, *shape]."""
    return np.uint8(np.random.default_rng(seed).uniform(0, 255 * brightness, (num, *shape)))
