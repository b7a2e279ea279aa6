"""Sampling a generator and putting its images through the measures, with the protocol beside them."""

from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import tensorflow as tf

from kgan.data import image
from kgan.errors import InputError
from kgan.metrics.frechet import frechet_distance
from kgan.metrics.inception_score import inception_score
from kgan.metrics.sharpness import variance_of_laplacian

PROTOCOL = "kgan-classifier-1"  # raise the number when the same images would measure otherwise
_PACKAGES = ("numpy", "tensorflow", "keras", "tensorflow-gan", "tensorflow-probability")


def latents(num, latent_dim, seed):
    """float32 [num, latent_dim] of N(0, I), determined by the three numbers."""
    for name, value, least in (("num", num, 1), ("latent_dim", latent_dim, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise InputError(f"{name} must be a whole number of at least {least}; received {value!r}")
    drawn = tf.random.stateless_normal([num, latent_dim], tf.constant([seed, 0], tf.int64), alg="philox")
    return drawn.numpy()


class Sampler:
    """A generator in inference mode behind one compiled function with a fixed batch shape.

    Keep it to sample the same generator again and again: its weights are read anew at each call, its
    function is traced once.

    Args:
        generator: a Keras model: latents [B, latent_dim], or {"latents", "labels": int [B]}, -> images
            [B, H, W, C] in [-1, 1].
        batch_size: of the compiled function.
        num_classes: of a generator that takes labels; None reads it from the layer that spreads them.
    """

    def __init__(self, generator, batch_size=256, num_classes=None):
        self.conditional = isinstance(generator.input, dict) and set(generator.input) == {"latents", "labels"}
        inputs = tuple(generator.input["latents"].shape) if self.conditional else generator.input_shape
        outputs = generator.output_shape
        if not isinstance(inputs, tuple) or len(inputs) != 2 or inputs[-1] is None:
            raise InputError(f"sample needs a generator of latents [B, latent_dim]; this one takes {inputs}")
        if not isinstance(outputs, tuple) or len(outputs) != 4:
            raise InputError(f"sample needs a generator of images [B, H, W, C]; this one gives {outputs}")
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise InputError(f"batch_size must be a positive whole number; received {batch_size!r}")
        self.latent_dim, self.batch_size, self._name = inputs[-1], batch_size, generator.name
        self.num_classes = (num_classes or _num_classes(generator)) if self.conditional else 0
        signature = [tf.TensorSpec((batch_size, self.latent_dim), tf.float32), tf.TensorSpec((batch_size,), tf.int32)]

        @tf.function(input_signature=signature)
        def run(batch, labels):
            given = {"latents": batch, "labels": labels} if self.conditional else batch
            return tf.cast(generator(given, training=False), tf.float32)

        self._run = run

    def labels_of(self, num):
        """Classes in turn, int32 [num]; zeros for a generator without labels."""
        return (np.arange(num) % max(self.num_classes, 1)).astype(np.int32)

    def images_of(self, z, labels=None):
        """Latents [N, latent_dim] -> uint8 images [N, H, W, C], exactly N.

        Args:
            labels: int [N]; None takes `labels_of(N)`.

        Raises:
            InputError: latents of another length, labels that are no classes, or the generator gives NaN
                or infinite values.
        """
        z = np.asarray(z, np.float32)
        if z.ndim != 2 or z.shape[1] != self.latent_dim or not len(z):
            raise InputError(f"latents must be [N, {self.latent_dim}], N >= 1; received {z.shape}")
        labels = self.labels_of(len(z)) if labels is None else np.asarray(labels, np.int32)
        if labels.shape != (len(z),) or labels.min() < 0 or labels.max() >= max(self.num_classes, 1):
            raise InputError(f"labels must be {len(z)} classes from 0 to {max(self.num_classes, 1) - 1}; received "
                             f"{labels.shape} from {labels.min()} to {labels.max()}")
        images = []
        for start in range(0, len(z), self.batch_size):
            batch, classes = (values[start : start + self.batch_size] for values in (z, labels))
            short = self.batch_size - len(batch)
            floats = self._run(np.pad(batch, [(0, short), (0, 0)]), np.pad(classes, [(0, short)])).numpy()
            floats = floats[: len(batch)]
            if not np.isfinite(floats).all():
                raise InputError(f"{self._name!r} gives NaN or infinite images; it has diverged")
            images.append(image.to_uint8(floats))
        return np.concatenate(images)

    def __call__(self, num, seed):
        """`num` images of `latents(num, latent_dim, seed)`, of the classes in turn."""
        return self.images_of(latents(num, self.latent_dim, seed))


def _num_classes(generator):
    found = [layer.num_tokens for layer in generator.layers if hasattr(layer, "num_tokens")]
    if not found:
        raise InputError(f"{generator.name!r} takes labels, but none of its layers says how many classes there are")
    return found[0]


def sample(generator, num, seed, batch_size=256):
    """Exactly `num` uint8 images [num, H, W, C] of a generator; the seed determines the latents.

    Generators with the same latent_dim get the same latents for the same (num, seed), whatever the
    batch size.
    """
    return Sampler(generator, batch_size)(num, seed)


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
