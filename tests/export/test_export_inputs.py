"""What networks are fed, the snippet that shows it, and layers that cannot be copied."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from kgan.errors import InputError
from kgan.export.export import export_network
from kgan.export.fold import fold
from kgan.export.inputs import Inputs
from kgan.export.snippet import loading_snippet


def test_inputs_and_snippet_of_a_labelled_network(tmp_path):
    tensors = [keras.Input((3,), name="latents"), keras.Input((), dtype="int32", name="labels")]
    model = keras.Model(tensors, layers.Concatenate()([tensors[0], layers.Embedding(10, 2)(tensors[1])]))
    with pytest.raises(InputError, match="no default law"):
        Inputs(model)

    def draw(count, seed):
        rng = np.random.default_rng(seed)
        return {"latents": rng.uniform(-1, 1, (count, 3)), "labels": rng.integers(0, 10, count)}

    law = "latents U(-1, 1), labels uniform over 0..9"
    (entry,) = export_network(
        model, tmp_path, name="g", run="r", quantize="none", inputs=draw, latents_law=law, output_range=None
    )
    assert entry["latents_law"] == law and entry["output_range"] is None
    text = json.loads((tmp_path / "export.json").read_text())["loading_snippet"]
    label = draw(1, 0)["labels"][0]
    assert f'"labels": np.array([{label}], dtype=np.int32)' in text and law in text
    assert '"latents": rng.uniform(-1, 1, (1, 3))' in text  # by the law that the words name
    done = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "(1, 5)\n", done.stderr


def test_uniform_law_and_colour_snippet():
    tensor = keras.Input((7,), name="latents")
    feed = Inputs(keras.Model(tensor, tensor * 2.0), "uniform")
    drawn = feed(1000, 3)["latents"]
    assert drawn.dtype == np.float32 and drawn.shape == (1000, 7)
    assert feed.text == "U(-1, 1), float32 [batch, 7]"
    assert -1 <= drawn.min() < -0.99 and 0.99 < drawn.max() < 1 and abs(drawn.var() - 1 / 3) < 0.02
    np.testing.assert_array_equal(drawn, feed(1000, 3)["latents"])
    assert np.abs(drawn - feed(1000, 4)["latents"]).mean() > 0.3
    text = loading_snippet("g.int8.tflite", feed, {"name": "o", "shape": [None, 8, 8, 3]}, (-1.0, 1.0))
    assert "rng.uniform(-1, 1, (1, 7))" in text and "Image.fromarray(pixels[0])" in text


class Forgetful(layers.Layer):
    def __init__(self, factor):
        super().__init__(name="forgetful")
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return super().get_config()


class Liar(layers.Dense):
    def folded(self):
        return "dense"


def test_wrong_input():
    with pytest.raises(InputError, match="received Subclassed"):
        fold(type("Subclassed", (keras.Model,), {})())
    latents = keras.Input((4,), name="latents")
    with pytest.raises(InputError, match=r"'forgetful'.*cannot be copied"):
        fold(keras.Model(latents, Forgetful(2.0)(latents)))
    with pytest.raises(InputError, match=r"folded\(\) of the layer 'liar' returned 'dense'"):
        fold(keras.Model(latents, Liar(2, name="liar")(latents)))
