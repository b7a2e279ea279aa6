"""Generated images put through the measures, with the protocol beside them."""

from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from kgan.errors import InputError
from kgan.metrics.frechet import frechet_distance
from kgan.metrics.inception_score import inception_score
from kgan.metrics.sharpness import variance_of_laplacian

PROTOCOL = "kgan-classifier-1"  # raise the number when the same images would measure otherwise
_PACKAGES = ("numpy", "tensorflow", "keras", "tensorflow-gan", "tensorflow-probability")


@dataclass(frozen=True, eq=False)
class RealStatistics:
    """What the measures need of the real images, computed once a run by `RealStatistics.of`."""

    features: np.ndarray  # float32 [N, D]
    inception_score: float
    inception_score_std: float
    vol: float  # variance of the Laplacian, mean over the images
    split: str
    num_splits: int
    seed: int
    extractor_sha256: str

    @classmethod
    def of(cls, images, extractor, *, seed, split, num_splits=10):
        """From uint8 images [N, H, W, C]; `split` says which they are, for the protocol."""
        features, logits = extractor.extract(images)
        mean, std = inception_score(logits, num_splits, seed)
        vol = float(variance_of_laplacian(images).mean())
        return cls(features, mean, std, vol, split, num_splits, seed, extractor.sha256)

    def measures(self, name):
        """The real images' own measures under the names that `measure` uses; no distance among them."""
        return {
            f"is_{name}": self.inception_score,
            f"is_{name}_std": self.inception_score_std,
            "vol": self.vol,
        }


def measure(images, extractor, real, *, seed):
    """The measures of generated images: uint8 [N, H, W, C] -> floats by name.

    For an extractor named "digits_cnn": `is_digits_cnn` and `is_digits_cnn_std` (`inception_score` over
    the splits of `real`), `fd_digits_cnn` (`frechet_distance` to the real features) and `vol` (variance
    of the Laplacian, mean over the images).

    Args:
        images: exactly the images to be measured.
        extractor: the `Extractor` that `real` was computed with.
        real: `RealStatistics`.
        seed: of the shuffle before the splits.

    Raises:
        InputError: another extractor than that of `real`, too few images, or a measure that is NaN.
    """
    if extractor.sha256 != real.extractor_sha256:
        raise InputError(
            f"the real statistics were computed with another extractor than {extractor.name!r} "
            f"(weights {real.extractor_sha256[:12]}, not {extractor.sha256[:12]}); compute them anew"
        )
    features, logits = extractor.extract(images)
    mean, std = inception_score(logits, real.num_splits, seed)
    measures = {
        f"is_{extractor.name}": mean,
        f"is_{extractor.name}_std": std,
        f"fd_{extractor.name}": frechet_distance(real.features, features),
        "vol": float(variance_of_laplacian(images).mean()),
    }
    wrong = [name for name, value in measures.items() if not np.isfinite(value)]
    if wrong:
        raise InputError(f"{', '.join(wrong)} came out NaN or infinite; that is no score")
    return measures


def protocol(extractor, real, *, num_fake, seed, held_out_accuracy):
    """How the numbers of `measure` came about, ready for JSON. Unlike protocols are never compared.

    What the run alone knows (EMA or raw weights, step, sampling seed) is its own to add.

    Args:
        extractor: the `Extractor`.
        real: the `RealStatistics`.
        num_fake: generated images that each network is measured on.
        seed: of the shuffle, as handed to `measure`.
        held_out_accuracy: the extractor's, from `train_classifier`.
    """
    height, width, channels = extractor.image_shape
    return {
        "name": PROTOCOL,
        "extractor": {
            "name": extractor.name,
            "version": extractor.version,
            "weights_sha256": extractor.sha256,
            "held_out_accuracy": float(held_out_accuracy),
        },
        "pixels": "quantised to uint8 before measuring",
        "resize": f"none, measured at {height}x{width}x{channels}",
        "num_real": len(real.features),
        "num_fake": int(num_fake),
        "real_split": real.split,
        "is_splits": int(real.num_splits),
        "is_seed": int(seed),
        "fd": "all features of both sets, float64, unbiased covariances",
        "vol": "Laplacian of the 0..255 grey image, reflect-101 border, mean over the images",
        "packages": {name: version(name) for name in _PACKAGES},
    }
