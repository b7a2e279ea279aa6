"""The class below every extractor, on a network that numpy can follow."""

import json

import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import InputError
from kgan.metrics.extractor import Extractor, load_extractor

IMAGES = np.random.default_rng(5).integers(0, 256, (7, 2, 3, 1), np.uint8)
KERNEL = np.random.default_rng(6).normal(size=(6, 4)).astype(np.float32)


def dense(images):
    flat = tf.reshape(images, (images.shape[0], 6))
    return {"features": (flat @ KERNEL)[:, None, None, :], "logits": flat[:, :2] - 1.0}


def extractor(name="small", prepare=lambda x: tf.cast(x, tf.float32), network=dense, **other):
    outputs = {"features": ("pool_3", 4), "logits": ("logits", 2)}
    return Extractor(name, prepare, network, **({"outputs": outputs, "version": 3, "sha256": "ab", "image_size": (2, 3),
                                                 "channels": 1, "resize": "none", "pixels": "uint8"} | other))


@pytest.mark.parametrize("batch_size", [1, 3, 7, 20, None])
def test_a_row_an_image_whatever_the_batch_size(batch_size):
    features, logits = extractor().extract(IMAGES, batch_size)
    flat = IMAGES.reshape(7, 6).astype(np.float64)
    np.testing.assert_allclose(features, flat @ KERNEL, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(logits, flat[:, :2] - 1.0, rtol=1e-6)
    assert features.dtype == logits.dtype == np.float32


def test_the_network_sees_batches_of_one_shape_alone():
    seen = []

    def network(images):
        seen.append(tuple(images.shape))
        return dense(images)

    extractor(network=network).extract(IMAGES, 3)
    extractor(network=network, batch_size=2, fixed_batch=True).extract(IMAGES, 3)
    extractor(network=network, batch_size=5).extract(IMAGES)
    assert seen == [(3, 2, 3, 1), (2, 2, 3, 1), (5, 2, 3, 1)]


def test_what_the_network_lacks_is_none_and_refused_where_it_is_needed():
    features = extractor(outputs={"features": ("x", 4)})
    logits = extractor(outputs={"logits": ("y", 2)})
    assert (features.num_features, features.num_logits) == (4, None)
    assert (logits.num_features, logits.num_logits) == (None, 2)
    assert features.extract(IMAGES)[1] is None and logits.extract(IMAGES)[0] is None
    features.require(features=True)
    logits.require(logits=True)
    extractor().require(features=True, logits=True)
    with pytest.raises(InputError, match="'small' gives no logits, which IS needs: leave is out of --metrics or name"):
        features.require(features=True, logits=True)
    with pytest.raises(InputError, match="gives no features, which FID, KID"):
        logits.require(features=True)


def test_tf32_is_off_while_it_extracts_and_on_again_after():
    seen = []

    def prepare(images):
        seen.append(tf.config.experimental.tensor_float_32_execution_enabled())
        return tf.cast(images, tf.float32)

    def broken(images):
        raise InputError("broken")

    before = tf.config.experimental.tensor_float_32_execution_enabled()
    try:
        tf.config.experimental.enable_tensor_float_32_execution(True)
        extractor(prepare=prepare).extract(IMAGES)
        assert seen == [False] and tf.config.experimental.tensor_float_32_execution_enabled()
        with pytest.raises(InputError, match="broken"):
            extractor(network=broken).extract(IMAGES)
        assert tf.config.experimental.tensor_float_32_execution_enabled()
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def test_the_protocol_is_json():
    told = extractor().protocol()
    assert json.loads(json.dumps(told)) == told == {
        "name": "small", "version": 3, "weights_sha256": "ab", "resize": "none", "pixels": "uint8",
        "outputs": {"features": "pool_3 (4)", "logits": "logits (2)"}}


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("kind", ["features", "logits"])
def test_what_is_not_finite_is_refused(kind, value):
    def network(images):
        found = dense(images)
        return found | {kind: found[kind] + tf.where(tf.reduce_max(images) > 200, value, 0.0)}

    images = IMAGES // 2
    small = extractor(network=network)
    small.extract(images)
    images[5, 1, 2] = 255  # one image among those of a later batch
    with pytest.raises(InputError, match=f"'small' gives {kind} that are NaN or infinite"):
        small.extract(images, 3)


def test_what_does_not_fit_is_refused():
    small = extractor()
    with pytest.raises(InputError, match="float32"):
        small.extract(IMAGES.astype(np.float32))
    with pytest.raises(InputError, match="one image or more"):
        small.extract(IMAGES[:0])
    with pytest.raises(InputError, match="1 or 3 channels"):
        small.extract(np.zeros((2, 2, 3, 4), np.uint8))
    with pytest.raises(InputError, match="1 or 3 channels"):
        small.extract(IMAGES[0])
    for wrong in (0, True, 2.0):
        with pytest.raises(InputError, match="batch_size"):
            small.extract(IMAGES, wrong)
    with pytest.raises(InputError, match="name"):
        extractor(name="CNN 1")
    with pytest.raises(InputError, match=r"12 features for an image \(2, 6, 1\), not 6:"):
        extractor(network=lambda x: {"features": x}, outputs={"features": ("x", 6)}).extract(
            np.zeros((2, 2, 6, 1), np.uint8))


def test_a_text_that_names_no_extractor(tmp_path):
    (tmp_path / "a=b.txt").write_text("no network")
    for text, message in ((f"{tmp_path}/inceptoin", "is not there: give a SavedModel folder, a .keras file or"),
                          (f"{tmp_path}/a=b.txt", "is none of these"),  # a path with =, not a name
                          (f"Big={tmp_path}/a=b.txt", "name is of a-z, 0-9 and _; received 'Big'"),
                          (f"cnn={tmp_path}", "holds no saved_model.pb"),
                          (f"inception={tmp_path}/none", "is not there: give the folder or the .tar.gz")):
        with pytest.raises(InputError, match=message):
            load_extractor(text)
    with pytest.raises(InputError, match="outputs and pixels of inception are known"):
        load_extractor("inception", pixel_range=(0, 1))
