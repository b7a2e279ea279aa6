"""Files whose images are uint8 pixels: their values, parity, register and snippet."""

import json

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from kgan.data.image import to_uint8
from kgan.errors import InputError
from kgan.export.export import export_network
from kgan.export.pixels import Pixels, check_file, in_unit, to_pixels
from kgan.export.runtime import Runner
from kgan.export.saved_model import run_saved_model
from kgan.export.tflite import operators

KINDS = ("none", "int8")  # float16 and dynamic end as none does


def generator(last="tanh", name="net"):
    keras.utils.set_random_seed(4)
    latents = keras.Input((7,), name="latents")
    x = layers.Reshape((1, 1, 7))(latents)
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2DTranspose(16, 4)(x)))
    x = layers.Conv2DTranspose(3, 4, 2, "same")(x)
    return keras.Model(latents, layers.Activation(last)(x * 4.0), name=name)


def latents(count, seed):
    return np.random.default_rng(seed).standard_normal((count, 7), dtype=np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder, model = tmp_path_factory.mktemp("pixels") / "out", generator()
    return folder, model, export_network(model, folder, name="student", run="r", quantize=KINDS, image_output="uint8")


def test_pixels_by_hand():
    # (x + 1) * 127.5: 0, 63.75, 127.5 (halves up), 191.25, 255; what lies beyond stays at the ends
    floats = np.array([-1.0, -0.5, 0.0, 0.5, 1.0, -1.3, 1.3], np.float32).reshape(1, 7, 1, 1)
    expected = np.array([0, 64, 128, 191, 255, 0, 255], np.uint8).reshape(1, 7, 1, 1)
    for found in (to_pixels(floats), np.array(Pixels()(floats))):
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, expected)
    many = np.tanh(np.random.default_rng(0).standard_normal((50, 8, 8, 3), dtype=np.float32))
    off = np.abs(to_pixels(many).astype(int) - to_uint8(many).astype(int))
    assert off.max() <= 1 and off.mean() < 1e-3  # rounding of float32 next to a half alone
    np.testing.assert_allclose(in_unit(np.array([0, 51, 255], np.uint8)), [-1.0, -0.6, 1.0], atol=1e-6)
    assert in_unit(many) is many


def test_files_give_pixels_and_the_saved_model_floats(exported):
    folder, model, entries = exported
    x = latents(64, 9)
    expected = to_pixels(np.array(model(x, training=False)))
    assert expected.std() > 20
    ends = {"none": "CAST", "int8": "QUANTIZE"}
    for entry in entries:
        path = folder / entry["file"]
        found = Runner(path)({"latents": x})["output_0"]
        off = np.abs(found.astype(int) - expected.astype(int))
        assert found.dtype == np.uint8 and found.shape == (64, 8, 8, 3)
        assert off.mean() < {"none": 0.01, "int8": 4.0}[entry["quantize"]]
        assert (off.mean() > 0.01) == (entry["quantize"] != "none")
        assert operators(path.read_bytes())[-1] == ends[entry["quantize"]]
        assert entry["output"] == {"name": "output_0", "shape": [None, 8, 8, 3], "dtype": "uint8"}
        assert entry["output_range"] == [0, 255]
    floats = run_saved_model(folder / "student", {"latents": x})["output_0"]
    np.testing.assert_allclose(floats, model(x, training=False), atol=1e-5)
    (saved,) = json.loads((folder / "export.json").read_text())["saved_models"]
    assert saved["output_range"] == [-1.0, 1.0]


def test_parity_compares_pixels_with_pixels(exported):
    folder, model, entries = exported
    held_out = np.random.default_rng(1).standard_normal((256, 7), dtype=np.float32)
    expected = to_pixels(np.array(model(held_out, training=False))).astype(float)
    for entry in entries:
        off = np.abs(Runner(folder / entry["file"])({"latents": held_out})["output_0"] - expected) / 127.5
        assert entry["parity_mean_abs"] == pytest.approx(off.mean(), rel=0.02, abs=1e-5)
        assert entry["parity_max_abs"] == pytest.approx(off.max(), abs=1.01 / 127.5)  # one pixel may round otherwise
    assert entries[0]["parity_mean_abs"] < 1e-4 < entries[1]["parity_mean_abs"] < 0.03


def test_int8_gives_its_own_quantised_values(exported):
    """tanh's own steps: q stands for y = (q - 128) / 128, which is nearer to the network's y than the pixel's."""
    folder, model, _ = exported
    x = latents(64, 5)
    runner, floats = Runner(folder / "student.int8.tflite"), np.array(model(x, training=False))
    assert runner.quantization("output_0") == (1 / 128, 128)
    assert Runner(folder / "student.none.tflite").quantization("output_0") is None
    values = runner({"latents": x})["output_0"].astype(np.float32)
    assert np.abs((values - 128) / 128 - floats).mean() < np.abs(in_unit(values.astype(np.uint8)) - floats).mean()


def test_the_snippet_writes_the_files_own_pixels(exported, monkeypatch):
    folder, _, _ = exported
    monkeypatch.chdir(folder)
    text = json.loads((folder / "export.json").read_text())["loading_snippet"]
    assert len(text.splitlines()) == 9 and "uint8 [1, 8, 8, 3], 0 to 255" in text and "127.5" not in text
    exec(text, {})
    drawn = np.random.default_rng(0).standard_normal((1, 7), dtype=np.float32)
    with Image.open(folder / "image.png") as image:
        np.testing.assert_array_equal(image, Runner(folder / "student.none.tflite")({"latents": drawn})["output_0"][0])
    (folder / "image.png").unlink()


def test_what_gives_no_pixels_is_refused(tmp_path):
    logits = keras.Sequential([keras.Input((7,), name="latents"), layers.Dense(3)], name="judge")
    for model, changes, message in [
        (generator(), {"image_output": "int8"}, "must be one of float32, uint8; received 'int8'"),
        (generator(), {"output_range": (-2.0, 2.0)}, r"'net' gives \(None, 8, 8, 3\) in \(-2\.0, 2\.0\)"),
        (logits, {"output_range": None}, r"'judge' gives \(None, 3\) in an open range"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            export_network(model, tmp_path / "out", name="g", run="r", **{"image_output": "uint8", **changes})
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_quantised_values_must_stand_near_pixels():
    check_file("g", "uint8", None)
    check_file("g", "uint8", (1 / 128, 128))  # 255 stands for 254.0
    check_file("g", "uint8", (2 / 255, 127))  # all stand half a level above
    # 255 stands for (1.8 / 255 * 127 + 1) * 127.5 = 241.8
    with pytest.raises(InputError, match=r"up to 13\.2 grey levels from pixels"):
        check_file("g", "uint8", (1.8 / 255, 128))
    with pytest.raises(InputError, match="g came out with float32 images"):
        check_file("g", "float32", None)
