"""TF-GAN's measures on a current TensorFlow, as a second opinion on kgan's own.

`import tensorflow_gan` fails on TensorFlow 2.16 and later (its package file wants `tf.estimator`), though
the one module that holds the measures is sound. It is loaded here alone, below bare parents that have
a search path but whose package files never run. It imports TensorFlow Probability, 1 to 2 s on top of
TensorFlow's own import, hence the loading on first use.
"""

import functools
import importlib
import importlib.util
import sys
import types
from pathlib import Path

import numpy as np

from kgan.errors import InputError
from kgan.metrics.frechet import check_samples
from kgan.metrics.inception_score import ScoreParts, bounded

_PARENTS = ("tensorflow_gan", "tensorflow_gan.python", "tensorflow_gan.python.eval")


@functools.cache
def classifier_metrics():
    """TF-GAN's module `tensorflow_gan.python.eval.classifier_metrics`.

    The bare parents stay in `sys.modules`: within this process `tensorflow_gan` has nothing else to
    offer. A package that is already there is left alone.

    Raises:
        ModuleNotFoundError: tensorflow-gan is not installed.
    """
    if "tensorflow_gan" not in sys.modules:
        spec = importlib.util.find_spec("tensorflow_gan")  # finds a top-level package without running it
        if spec is None:
            raise ModuleNotFoundError("tensorflow-gan is not installed; run `pip install tensorflow-gan`")
        root = Path(next(iter(spec.submodule_search_locations)))
        for name in _PARENTS:
            parent = types.ModuleType(name)
            parent.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
            sys.modules[name] = parent
    return importlib.import_module("tensorflow_gan.python.eval.classifier_metrics")


def tfgan_score(logits, splits=10, seed=0):
    """(mean, std) of TF-GAN's classifier score over the very parts of `inception_score`.

    Args:
        logits: [N, K].
        splits: parts, 1 <= splits <= N.
        seed: of the shuffle.
    """
    logits = bounded(np.asarray(logits))
    part = ScoreParts(len(logits), splits, seed).part
    score = classifier_metrics().classifier_score_from_logits
    scores = [float(score(logits[part == number])) for number in range(splits)]
    return float(np.mean(scores)), float(np.std(scores))


def tfgan_frechet_distance(real, fake, *, few=False):
    """TF-GAN's Frechet classifier distance in float64; a negative rounding error becomes 0.

    Args:
        real, fake: features [N, D] and [M, D], held in memory whole.
        few: allow fewer samples than features, as in `frechet_distance`.
    """
    real, fake = _features(real, fake)
    check_samples(len(real), len(fake), real.shape[1], few=few)
    return max(float(classifier_metrics().frechet_classifier_distance_from_activations(real, fake)), 0.0)


def tfgan_kernel_distance(real, fake, *, block_size=1000, seed=0):
    """(mean, standard error) of TF-GAN's kernel classifier distance in float64.

    TF-GAN cuts both sets into blocks of about equal size, of `block_size` samples at the most; they are shuffled
    first. One block gives no standard error: None. `kernel_distance` draws subsets instead and gives their standard
    deviation.

    Args:
        real, fake: features [N, D] and [M, D], held in memory whole, two or more samples of each in every block.
        block_size: 2 or more.
        seed: of the shuffle.
    """
    import tensorflow as tf

    real, fake = _features(real, fake)
    for name, value, least in (("block_size", block_size, 2), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise InputError(f"{name} must be a whole number of at least {least}; received {value!r}")
    blocks = -(-max(len(real), len(fake)) // block_size)
    if min(len(real), len(fake)) < 2 * blocks:
        raise InputError(f"{blocks} blocks of two samples or more cannot be made of {len(real)} real and {len(fake)} "
                         "fake; take a larger block_size or more samples")
    rng = np.random.default_rng(seed)
    shuffled = [tf.constant(features[rng.permutation(len(features))]) for features in (real, fake)]
    function = classifier_metrics().kernel_classifier_distance_and_std_from_activations
    mean, error = (float(value) for value in function(*shuffled, max_block_size=block_size))
    return mean, error if blocks > 1 else None


def _features(*both):
    found = [np.asarray(features, np.float64) for features in both]
    if any(features.ndim != 2 for features in found) or found[0].shape[1] != found[1].shape[1]:
        raise InputError(f"features must be [N, D] and [M, D]; received {found[0].shape} and {found[1].shape}")
    if not all(np.isfinite(features).all() for features in found):
        raise InputError("features are NaN or infinite; no distance is given")
    return found
