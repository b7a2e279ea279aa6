import sys

import numpy as np
import pytest

from kgan.errors import InputError
from kgan.metrics.frechet import frechet_distance
from kgan.metrics.inception_score import inception_score
from kgan.metrics.kernel_distance import kernel_distance
from kgan.metrics.moments import Moments
from kgan.metrics.tfgan import (
    classifier_metrics,
    tfgan_frechet_distance,
    tfgan_kernel_distance,
    tfgan_score,
)


def drawn(count, dim=6, seed=0, shift=0.0):
    return (shift + np.random.default_rng(seed).normal(size=(count, dim))).astype(np.float32)


def test_the_module_loads_alone_and_computes():
    module = classifier_metrics()
    assert module.__name__ == "tensorflow_gan.python.eval.classifier_metrics"
    assert not hasattr(sys.modules["tensorflow_gan"], "eval")  # the package file did not run
    assert classifier_metrics() is module
    # p = (3/4, 1/4) and (1/4, 3/4): IS = exp(log 2 - H(1/4)) = 2 * (3/4)^(3/4) * (1/4)^(1/4)
    logits = np.log(np.array([[3.0, 1.0], [1.0, 3.0]]))
    expected = 2 * 0.75**0.75 * 0.25**0.25
    np.testing.assert_allclose(float(module.classifier_score_from_logits(logits)), expected, rtol=1e-12)


def test_the_score_agrees_with_kgans_own_part_by_part():
    logits = 3 * drawn(103)
    assert tfgan_score(logits, 4, 9) == pytest.approx(inception_score(logits, 4, 9), rel=1e-9)
    never = np.array([[0.0, 1.0, -5000.0], [1.0, 0.0, -4000.0]])
    assert tfgan_score(never, 1) == pytest.approx(inception_score(never, 1), rel=1e-9)


def test_the_frechet_distance_agrees_with_kgans_own():
    real, fake = drawn(30), drawn(40, seed=1, shift=0.5)
    expected = frechet_distance(Moments.of(real), Moments.of(fake))
    assert tfgan_frechet_distance(real, fake) == pytest.approx(expected, rel=1e-7)
    with pytest.raises(InputError, match="5 fake samples are fewer than the 6 features"):
        tfgan_frechet_distance(real, fake[:5])
    assert tfgan_frechet_distance(real, fake[:5], few=True) > 0


def test_the_kernel_distance_is_over_blocks_of_shuffled_sets():
    real, fake = drawn(30), drawn(30, seed=1, shift=0.5)
    rng = np.random.default_rng(4)
    blocks = [np.split(features[rng.permutation(30)], 3) for features in (real, fake)]
    estimates = [kernel_distance(x, y, subset_size=10)[0] for x, y in zip(*blocks, strict=True)]
    mean, error = tfgan_kernel_distance(real, fake, block_size=10, seed=4)
    assert mean == pytest.approx(np.mean(estimates), rel=1e-11)
    assert error == pytest.approx(np.std(estimates, ddof=1) / np.sqrt(3), rel=1e-9)
    assert tfgan_kernel_distance(real, fake, seed=4)[1] is None
    with pytest.raises(InputError, match="3 blocks"):
        tfgan_kernel_distance(real, fake[:5], block_size=10)
    for wrong, message in ((np.full((30, 6), np.nan), "NaN"), (drawn(30, 5), r"\[M, D\]")):
        with pytest.raises(InputError, match=message):
            tfgan_kernel_distance(real, wrong)
    with pytest.raises(InputError, match="block_size must be"):
        tfgan_kernel_distance(real, fake, block_size=1)
