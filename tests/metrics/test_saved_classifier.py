"""Features through kgan equal those of the network itself, whichever form it is saved in."""

import hashlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from picture_files import refused
from saved_networks import save_tfgan_network

from kgan.errors import InputError
from kgan.metrics.extractor import load_extractor
from kgan.metrics.saved_classifier import extractor_from
from kgan.metrics.saved_network import contents_sha256
from kgan.quiet import quiet

RNG = np.random.default_rng(8)
KERNEL = RNG.normal(size=(12, 5)).astype(np.float32)
HEAD = RNG.normal(size=(5, 3)).astype(np.float32)
IMAGES = RNG.integers(0, 256, (7, 2, 2, 3), np.uint8)


def model(outputs=lambda hidden, last: {"features": hidden, "logits": last}, shape=(2, 2, 3), batch_size=None):
    images = keras.Input(shape, batch_size, name="images")
    hidden = keras.layers.Dense(5, "relu", use_bias=False, name="hidden")(keras.layers.Flatten()(images))
    last = keras.layers.Dense(3, use_bias=False, name="last")(hidden)
    network = keras.Model(images, outputs(hidden, last))
    network.get_layer("hidden").set_weights([KERNEL])
    if len(network.weights) > 1:
        network.get_layer("last").set_weights([HEAD])
    return network


def expected(images=IMAGES, low=-1.0, high=1.0):
    pixels = images.reshape(len(images), 12) / 255.0 * (high - low) + low
    hidden = np.maximum(pixels @ KERNEL.astype(np.float64), 0.0)
    return hidden, hidden @ HEAD


def keras_file(folder, **how):
    model(**how).save(folder / "Small CNN-2.keras")
    return folder / "Small CNN-2.keras"


def exported(folder, **how):
    with quiet():
        model(**how).export(str(folder / "Small CNN-2"), verbose=False)
    return folder / "Small CNN-2"


def tflite(folder, **how):
    path = folder / "Small CNN-2.tflite"
    with quiet():
        path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(exported(folder, **how))).convert())
    return path


@pytest.mark.parametrize("save", [keras_file, exported, tflite])
def test_features_and_logits_are_those_of_the_network(tmp_path, save):
    path = save(tmp_path)
    extractor = extractor_from(path)
    features, logits = extractor.extract(IMAGES, batch_size=3)
    hidden, last = expected()
    np.testing.assert_allclose(features, hidden, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(logits, last, rtol=1e-4, atol=1e-5)
    assert (extractor.name, extractor.num_features, extractor.num_logits) == ("small_cnn_2", 5, 3)
    assert (extractor.image_size, extractor.channels) == ((2, 2), 3)
    assert extractor.sha256 == contents_sha256(path)
    told = extractor.protocol()
    assert json.loads(json.dumps(told)) == told
    assert told["resize"] == "to 2x2: bilinear, half-pixel centres, antialiased, rounded to uint8"


def test_tf_gans_interface(tmp_path):
    """Called as TF-GAN does, without a signature; any size, so images come as they are."""
    path = save_tfgan_network(tmp_path / "net", num_features=6, num_logits=4)
    images = RNG.integers(0, 256, (5, 9, 6, 3), np.uint8)
    extractor = load_extractor(f"mine={path}")
    features, logits = extractor.extract(images, batch_size=2)
    direct = tf.saved_model.load(path)(images / np.float32(127.5) - 1.0)
    np.testing.assert_allclose(features, direct["pool_3"].numpy()[:, 0, 0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(logits, direct["logits"], rtol=1e-5, atol=1e-5)
    assert (extractor.name, extractor.image_size, extractor.channels) == ("mine", None, 3)
    assert extractor.protocol()["resize"] == "none, measured at the images' own size"
    assert extractor.protocol()["outputs"] == {"features": "pool_3 (6)", "logits": "logits (4)"}
    grey = extractor.extract(images[..., :1])[0]  # one channel is repeated for a network of three
    np.testing.assert_array_equal(grey, extractor.extract(np.repeat(images[..., :1], 3, -1))[0])


def test_the_older_format_of_tensorflow_hub(tmp_path):
    """A graph without tags beside one for training, and a signature called "default"."""
    folder = tmp_path / "old"
    builder = tf.compat.v1.saved_model.Builder(str(folder))
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.compat.v1.placeholder(tf.float32, (None, 2, 2, 3))
        kernel = tf.compat.v1.get_variable("kernel", initializer=KERNEL)
        signature = tf.compat.v1.saved_model.predict_signature_def(
            {"images": images}, {"pool_3": tf.nn.relu(tf.reshape(images, (-1, 12)) @ kernel)})
        session.run(tf.compat.v1.global_variables_initializer())
        with quiet():
            builder.add_meta_graph_and_variables(session, [], {"default": signature})
            builder.add_meta_graph(["train"], {"default": signature})
            builder.save()
    (folder / "tfhub_module.pb").write_bytes(b"\x08\x03")
    features, logits = extractor_from(folder).extract(IMAGES)
    np.testing.assert_allclose(features, expected()[0], rtol=1e-4, atol=1e-5)
    assert logits is None


def test_pixels_are_brought_to_the_range_that_is_named(tmp_path):
    extractor = extractor_from(keras_file(tmp_path), "x", pixel_range=(-2, 0.5))
    np.testing.assert_allclose(extractor.extract(IMAGES)[1], expected(low=-2.0, high=0.5)[1], rtol=1e-4, atol=1e-5)
    assert extractor.protocol()["pixels"] == "uint8, then scaled to [-2, 0.5]"


def test_larger_images_are_resized_with_antialiasing(tmp_path):
    """6x6 -> 2x2: each pixel is a mean under a triangle of three pixels' reach, worked out here."""
    large = RNG.integers(0, 256, (4, 6, 6, 3), np.uint8)
    weights = np.array([np.maximum(1 - np.abs(np.arange(6) - centre) / 3, 0) for centre in (1.0, 4.0)])
    weights /= weights.sum(axis=1, keepdims=True)
    small = np.rint(np.einsum("ia,jb,nabc->nijc", weights, weights, large)).astype(np.uint8)
    features, _ = extractor_from(keras_file(tmp_path)).extract(large)
    np.testing.assert_allclose(features, expected(small)[0], rtol=1e-4, atol=0.02)  # a rounding apart at most


def test_outputs_by_name(tmp_path):
    path = keras_file(tmp_path, outputs=lambda hidden, last: last)
    hidden, last = expected()
    sole, none = extractor_from(path).extract(IMAGES)  # one unnamed output is the features
    np.testing.assert_allclose(sole, last, rtol=1e-4, atol=1e-5)
    assert none is None
    features, logits = extractor_from(path, "x", {"features": "hidden", "logits": "last"}).extract(IMAGES)
    np.testing.assert_allclose(features, hidden, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(logits, last, rtol=1e-4, atol=1e-5)
    none, logits = extractor_from(path, "x", {"logits": "last"}).extract(IMAGES)
    assert none is None and logits.shape == (7, 3)
    network = keras.Sequential(model(outputs=lambda hidden, last: last).layers)
    network.save(tmp_path / "sequential.keras")
    features, logits = extractor_from(tmp_path / "sequential.keras", outputs={"logits": "last"}).extract(IMAGES)
    np.testing.assert_allclose(logits, last, rtol=1e-4, atol=1e-5)
    assert features is None
    path = exported(tmp_path, outputs=lambda hidden, last: [hidden, last])
    features, logits = extractor_from(path, "x", {"features": "output_0"}).extract(IMAGES)
    np.testing.assert_allclose(features, hidden, rtol=1e-4, atol=1e-5)
    assert logits is None
    message = refused(extractor_from, path, "x")
    assert "gives output_0, output_1, of which none is called features, pool_3 or logits" in message


def test_a_tflite_file_of_a_fixed_batch_keeps_to_it(tmp_path):
    extractor = extractor_from(tflite(tmp_path, batch_size=2))
    for batch_size in (None, 5):
        np.testing.assert_allclose(extractor.extract(IMAGES, batch_size)[0], expected()[0], rtol=1e-4, atol=1e-5)


def test_sha256_is_of_the_contents_in_order(tmp_path):
    (tmp_path / "a").write_bytes(b"graph")
    assert contents_sha256(tmp_path / "a") == hashlib.sha256(b"graph").hexdigest()
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "variables" / "v.data").write_bytes(b"12")
    (folder / "saved_model.pb").write_bytes(b"graph")
    found = hashlib.sha256(b"saved_model.pb\x005\x00graph" + b"variables/v.data\x002\x0012").hexdigest()
    assert contents_sha256(folder) == found
    (folder / "README.md").write_bytes(b"beside it")
    assert contents_sha256(folder) == found
    (folder / "variables" / "v.data").write_bytes(b"13")
    assert contents_sha256(folder) != found


def test_what_is_no_network_for_images(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "saved_model.pb").write_bytes(b"no graph")
    (tmp_path / "damaged.keras").write_bytes(b"no zip")
    (tmp_path / "damaged.tflite").write_bytes(b"no flatbuffer at all")
    (tmp_path / "weights.h5").write_bytes(b"other")
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(tmp_path / "latents.keras")
    with quiet():  # Keras warns of it
        keras.Sequential([keras.layers.Dense(2)]).save(tmp_path / "unbuilt.keras")
    two = tf.Module()
    two.run = tf.function(lambda a, b: a + b, input_signature=[tf.TensorSpec((None, 2, 2, 3), tf.float32)] * 2)
    tf.saved_model.save(two, str(tmp_path / "two"))
    for name, message in (("empty", "holds no saved_model.pb"), ("damaged", "cannot load the SavedModel"),
                          ("damaged.keras", "cannot load the Keras model"),
                          ("damaged.tflite", "cannot load the TFLite file"),
                          ("weights.h5", "is none of these: give a SavedModel folder"),
                          ("none.keras", "is not there"), ("latents.keras", "it takes float32 (None, 4)"),
                          ("unbuilt.keras", "is neither functional nor a built Sequential"),
                          ("two", "has no signature that takes float images [B, H, W, C] alone; there is one")):
        assert message in refused(extractor_from, tmp_path / name), name


def test_what_does_not_fit_the_network(tmp_path):
    path = keras_file(tmp_path)
    assert "no output 'pool' to take the features from; it gives features, logits" in refused(
        extractor_from, path, outputs={"features": "pool"})
    assert "received 'feature'" in refused(extractor_from, path, outputs={"feature": "hidden"})
    assert "pixel_range must be (lowest, highest)" in refused(extractor_from, path, pixel_range=(1, 1))
    assert "write inception=" in refused(extractor_from, path.rename(tmp_path / "inception.keras"))
    wide = keras_file(tmp_path, shape=(1, 4, 3))
    assert extractor_from(wide).extract(IMAGES.reshape(7, 1, 4, 3))[0].shape == (7, 5)
    with pytest.raises(InputError, match="takes images of 1x4, which is no square"):
        extractor_from(wide).extract(IMAGES)
    free = keras.Input((None, None, 3))
    keras.Model(free, keras.layers.Conv2D(1, 3)(free)).save(tmp_path / "free.keras")
    with pytest.raises(InputError, match=r"gives 4 features for an image \(4, 4, 3\), not 15876: they must not depend"):
        extractor_from(tmp_path / "free.keras").extract(IMAGES.repeat(2, 1).repeat(2, 2))
    inner = keras.Input((2, 2, 3))
    backbone = keras.Model(inner, keras.layers.Conv2D(1, 2)(inner), name="backbone")
    outer = keras.Input((2, 2, 3))
    keras.Model(outer, keras.layers.Flatten()(backbone(outer))).save(tmp_path / "nested.keras")
    assert "name the layer after it" in refused(
        extractor_from, tmp_path / "nested.keras", outputs={"features": "backbone"})
    four = keras_file(tmp_path, shape=(3, 1, 4))
    assert "an extractor takes [H, W, C] of 1 or 3 channels" in refused(extractor_from, four)
    images = keras.Input((2, 2, 3))
    keras.Model(images, keras.ops.sum(images, axis=0)).save(tmp_path / "sum.keras")
    assert "a row an image" in refused(extractor_from, tmp_path / "sum.keras")
