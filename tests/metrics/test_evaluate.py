import json

import keras
import numpy as np
import pytest

from kgan.errors import InputError
from kgan.metrics.classifier import Extractor, build_classifier
from kgan.metrics.evaluate import RealStatistics, measure, protocol
from kgan.metrics.frechet import frechet_distance
from kgan.metrics.inception_score import inception_score
from kgan.metrics.sampler import Sampler, sample
from kgan.metrics.sharpness import variance_of_laplacian


def noise(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def generator(seed=0, latent_dim=5):
    keras.utils.set_random_seed(seed)
    z = keras.Input((latent_dim,))
    x = keras.layers.Dense(8 * 8, name="dense")(z)
    x = keras.layers.BatchNormalization(momentum=0.5)(x)
    x = keras.layers.Dropout(0.5)(x)  # both would show if it ran in training mode
    return keras.Model(z, keras.layers.Activation("tanh")(keras.layers.Reshape((8, 8, 1))(x)), name="small")


@pytest.fixture(scope="module")
def extractor():
    return Extractor(build_classifier((8, 8, 1), 3, seed=1), "tiny_cnn")


@pytest.fixture(scope="module")
def real(extractor):
    return RealStatistics.of(noise(30, 8, 8, 1), extractor, seed=2, split="test", num_splits=3)


def test_measures_are_those_of_their_files(extractor, real):
    fake = noise(25, 8, 8, 1, seed=7) // 2
    measures = measure(fake, extractor, real, seed=5)
    features, logits = extractor.extract(fake)
    real_features, real_logits = extractor.extract(noise(30, 8, 8, 1))
    mean, std = inception_score(logits, 3, 5)
    assert measures == {
        "is_tiny_cnn": mean,
        "is_tiny_cnn_std": std,
        "fd_tiny_cnn": pytest.approx(frechet_distance(real_features, features), rel=1e-9),
        "vol": pytest.approx(variance_of_laplacian(fake).mean(), rel=1e-12),
    }
    assert all(type(value) is float for value in measures.values())
    assert real.measures("tiny_cnn") == {
        "is_tiny_cnn": inception_score(real_logits, 3, 2)[0],
        "is_tiny_cnn_std": inception_score(real_logits, 3, 2)[1],
        "vol": variance_of_laplacian(noise(30, 8, 8, 1)).mean(),
    }


def test_the_real_images_are_at_no_distance_from_themselves(extractor, real):
    own = measure(noise(30, 8, 8, 1), extractor, real, seed=2)
    assert own["fd_tiny_cnn"] == pytest.approx(0.0, abs=1e-6)
    assert own["is_tiny_cnn"] == real.inception_score


def test_protocol_is_whole_and_json(extractor, real):
    told = protocol(extractor, real, num_fake=25, seed=5, held_out_accuracy=np.float32(0.5))
    assert json.loads(json.dumps(told)) == told
    assert told["extractor"] == {
        "name": "tiny_cnn",
        "version": 1,
        "weights_sha256": extractor.sha256,
        "held_out_accuracy": 0.5,
    }
    assert (told["num_real"], told["num_fake"], told["real_split"]) == (30, 25, "test")
    assert (told["is_splits"], told["is_seed"]) == (3, 5)
    assert told["packages"]["keras"] == keras.__version__


def test_another_extractor_is_refused(real):
    other = Extractor(build_classifier((8, 8, 1), 3, seed=9), "tiny_cnn")
    with pytest.raises(InputError, match="another extractor"):
        measure(noise(25, 8, 8, 1), other, real, seed=0)


def test_too_few_images_are_refused(extractor, real):
    with pytest.raises(InputError, match="received 2"):
        measure(noise(2, 8, 8, 1), extractor, real, seed=0)


def test_a_diverged_generator_or_classifier_gives_no_score(extractor, real):
    network = generator()
    dense = network.get_layer("dense")
    dense.set_weights([np.full_like(w, np.nan) for w in dense.get_weights()])
    with pytest.raises(InputError, match="'small' gives NaN"):
        sample(network, 3, seed=0)
    broken = build_classifier((8, 8, 1), 3)
    broken.set_weights([np.full_like(w, np.nan) for w in broken.get_weights()])
    with pytest.raises(InputError, match="NaN"):
        RealStatistics.of(noise(30, 8, 8, 1), Extractor(broken, "broken"), seed=0, split="test")


def test_wrong_generators_and_numbers_are_refused():
    two = keras.Input((3,)), keras.Input((2,))
    joined = keras.layers.Concatenate()(list(two))
    with pytest.raises(InputError, match="latent_dim"):
        sample(keras.Model(list(two), joined), 3, seed=0)
    z = keras.Input((3,))
    with pytest.raises(InputError, match="images"):
        sample(keras.Model(z, keras.layers.Dense(2)(z)), 3, seed=0)
    for wrong in ({"num": 0}, {"seed": -1}, {"batch_size": 0}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            sample(generator(), **({"num": 3, "seed": 0} | wrong))
    with pytest.raises(InputError, match="latents must be"):
        Sampler(generator()).images_of(np.zeros((2, 4), np.float32))
