import hashlib

import keras
import numpy as np
import pytest

from kgan.data import digits
from kgan.data.image_set import ImageSet
from kgan.errors import InputError
from kgan.metrics.classifier import Extractor, build_classifier, train_classifier


def noise(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def tiny_set(count=40):
    labels = (np.arange(count) % 3).astype(np.int32)
    images = noise(count, 8, 8, 1) // 4 + (80 * labels[:, None, None, None]).astype(np.uint8)
    return ImageSet("tiny", images, labels, ("a", "b", "c"))


@pytest.mark.slow
def test_the_digits_are_learnt_as_the_docstring_says():
    """Quick sibling: the next, at half the side."""
    _, accuracy = train_classifier(digits.load(), seed=0)
    assert 0.97 <= accuracy <= 1.0


def test_the_digits_are_learnt():
    _, accuracy = train_classifier(digits.load(16), steps=120, seed=0)
    assert 0.93 <= accuracy <= 1.0


def test_training_is_determined_by_the_seed(untraced):
    shas = [Extractor(train_classifier(tiny_set(), steps=4, seed=s)[0], "x").sha256 for s in (1, 1, 2)]
    assert shas[0] == shas[1] != shas[2]


def test_training_leaves_the_global_seed_alone(untraced):
    def drawn(between):
        keras.utils.set_random_seed(7)
        between()
        return np.random.random(3)

    np.testing.assert_array_equal(drawn(lambda: None), drawn(lambda: train_classifier(tiny_set(), steps=1)))


def test_the_held_out_part_is_not_trained_on():
    """Labels without any relation to noise images can be learnt by heart, but not guessed."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200).astype(np.int32)
    model, accuracy = train_classifier(ImageSet("noise", noise(200, 8, 8, 1), labels), steps=150, holdout=0.5)
    by_heart = Extractor(model, "x").extract(noise(200, 8, 8, 1))[1].argmax(1) == labels
    assert 0.3 < accuracy < 0.7
    assert by_heart.mean() > accuracy + 0.1


@pytest.mark.parametrize("shape", [(8, 8, 1), (32, 32, 3), (64, 64, 3), (12, 20, 1)])
def test_outputs_by_name(shape):
    model = build_classifier(shape, 5)
    outputs = model(np.zeros((2, *shape), np.float32))
    assert outputs["features"].shape == (2, 64)
    assert outputs["logits"].shape == (2, 5)


def test_save_and_load_keep_the_outputs(tmp_path):
    model = build_classifier((8, 8, 3), 4, seed=3)
    model.save(tmp_path / "classifier.keras")
    loaded = keras.saving.load_model(tmp_path / "classifier.keras")
    images = noise(5, 8, 8, 3)
    before, after = Extractor(model, "x"), Extractor(loaded, "x")
    assert before.sha256 == after.sha256
    for a, b in zip(before.extract(images), after.extract(images), strict=True):
        np.testing.assert_array_equal(a, b)


def test_extract_gives_exactly_n_rows_in_order():
    model = build_classifier((8, 8, 1), 3)
    images = noise(11, 8, 8, 1)
    extractor = Extractor(model, "tiny_cnn")
    features, logits = extractor.extract(images, batch_size=4)
    direct = model(images.astype(np.float32) / 127.5 - 1.0, training=False)
    assert (extractor.num_features, extractor.num_logits, extractor.image_size) == (64, 3, (8, 8))
    assert extractor.protocol()["resize"] == "none, measured at 8x8x1"
    assert features.shape == (11, 64) and features.dtype == logits.dtype == np.float32
    np.testing.assert_allclose(features, direct["features"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(logits, direct["logits"], rtol=1e-4, atol=1e-5)
    extractor.extract(images[:6], batch_size=4)
    assert extractor._compiled[4, 8, 8, 1].experimental_get_tracing_count() == 1


def test_sha256_is_of_dtype_shape_and_bytes():
    inputs = keras.Input((8, 8, 1))
    flat = keras.layers.Flatten()(inputs)
    model = keras.Model(inputs, {"features": flat, "logits": keras.layers.Dense(2, use_bias=False)(flat)})
    kernel = np.arange(128, dtype=np.float32).reshape(64, 2)
    model.set_weights([kernel])
    assert Extractor(model, "x").sha256 == hashlib.sha256(b"float32(64, 2)" + kernel.tobytes()).hexdigest()
    model.set_weights([kernel + 1])
    assert Extractor(model, "x").sha256 != hashlib.sha256(b"float32(64, 2)" + kernel.tobytes()).hexdigest()


def test_wrong_input():
    model = build_classifier((8, 8, 1), 3)
    extractor = Extractor(model, "x")
    with pytest.raises(InputError, match="float64"):
        extractor.extract(np.zeros((2, 8, 8, 1)))
    with pytest.raises(InputError, match=r"\(8, 8, 3\)"):
        extractor.extract(noise(2, 8, 8, 3))
    with pytest.raises(InputError, match="batch_size"):
        extractor.extract(noise(2, 8, 8, 1), batch_size=0)
    with pytest.raises(InputError, match="name"):
        Extractor(model, "Digits CNN")
    with pytest.raises(InputError, match="'features' and 'logits'"):
        Extractor(keras.Model(model.input, model.output["logits"]), "x")
    with pytest.raises(InputError, match="8x8"):
        build_classifier((4, 4, 1), 3)
    with pytest.raises(InputError, match="num_classes=1"):
        build_classifier((8, 8, 1), 1)
    with pytest.raises(InputError, match="no labels"):
        train_classifier(ImageSet("bare", noise(9, 8, 8, 1), None))
    with pytest.raises(InputError, match="steps"):
        train_classifier(tiny_set(), steps=0)
