"""Labels in int8 files: one class counts as one, the others as nothing."""

import keras
import numpy as np

from kgan.export.runtime import Runner
from kgan.export.tflite import convert


def test_classes_that_are_not_asked_for_count_for_nothing(tmp_path):
    inputs = {"latents": keras.Input((2,), name="latents"), "labels": keras.Input((), name="labels", dtype="int32")}
    one_hot = keras.layers.CategoryEncoding(3, "one_hot")(inputs["labels"])
    outputs = keras.layers.Dense(1)(keras.layers.Concatenate()([inputs["latents"], one_hot]))
    model = keras.Model(inputs, outputs)
    model.layers[-1].set_weights([np.array([[1.0], [-0.5], [4.0], [2.0], [-3.0]], np.float32), np.zeros(1, np.float32)])
    labels = (np.arange(30) % 3).astype(np.int32)
    fed = {"latents": np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32), "labels": labels}
    (tmp_path / "model.tflite").write_bytes(convert(model, "int8", [fed]))
    (found,) = Runner(tmp_path / "model.tflite")(fed).values()
    wanted = fed["latents"] @ np.array([1.0, -0.5]) + np.array([4.0, 2.0, -3.0])[labels]
    np.testing.assert_allclose(found[:, 0], wanted, atol=0.15)
