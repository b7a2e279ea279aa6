"""Two figures that torch-fidelity documents, of its port of the same Inception; only where the real weights are named.

They are of CIFAR-10's original pixels, which `keras.datasets` downloads; tensorflow-datasets' copies may differ.
"""

import os

import keras
import pytest

from kgan.metrics.inception import PATH_VARIABLE, load_inception
from kgan.metrics.options import Options
from kgan.metrics.score import chunks_of, gather, measures_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(
    not os.environ.get(PATH_VARIABLE), reason=f"{PATH_VARIABLE} does not name the weights of Inception")]


@pytest.fixture(scope="module")
def cifar10():
    """(train, test), uint8 [N, 32, 32, 3] in their files' order."""
    (train, _), (test, _) = keras.datasets.cifar10.load_data()
    return train, test


def test_frechet_distance_of_the_first_5000_of_train_and_test(cifar10):
    """Quick sibling: test_inception.py, with random weights and tf-gan's own functions."""
    extractor, options = load_inception(), Options(("fid",))
    train, test = (gather(chunks_of(images[:5000]), 5000, extractor, options, keep="none") for images in cifar10)
    assert measures_of(test, train, extractor, options)["fid_inception"] == pytest.approx(10.3233274, abs=0.01)


def test_inception_score_of_the_training_images(cifar10):
    """Other splits are drawn than torch-fidelity's, so that the mean may differ by a part of the std."""
    extractor, options = load_inception(), Options(("is",))
    measures = measures_of(gather(chunks_of(cifar10[0]), 50_000, extractor, options, keep="none"), None, extractor,
                           options)
    assert measures["is_inception"] == pytest.approx(11.23678, abs=0.03)
    assert measures["is_inception_std"] == pytest.approx(0.0951, abs=0.06)
