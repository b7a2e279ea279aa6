"""The whole export: files, register, refusals, and that the snippet runs."""

import hashlib
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from kgan.errors import InputError
from kgan.export import export as room
from kgan.export.export import export_network
from kgan.export.runtime import Runner
from kgan.export.saved_model import run_saved_model


def generator(seed=1, channels=1, activation="tanh", dtype=None):
    keras.utils.set_random_seed(seed)
    latents = keras.Input((7,), name="latents")
    x = layers.Reshape((1, 1, 7))(latents)
    x = layers.Conv2DTranspose(16, 4, dtype=dtype)(x)
    norm = layers.BatchNormalization(dtype=dtype)
    x = layers.ReLU(name="features", dtype=dtype)(norm(x))
    x = layers.Conv2DTranspose(channels, 4, 2, "same", dtype=dtype)(x)
    x = layers.Activation(activation, dtype="float32", name="image")(x * 4.0)
    rng = np.random.default_rng(seed)
    for variable in norm.weights:
        variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return keras.Model(latents, x, name="net")


def latents(count, seed):
    return np.random.default_rng(seed).standard_normal((count, 7), dtype=np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "digits"
    model = generator()
    entries = export_network(model, folder, name="student", run="digits")
    return folder, model, entries


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_files_and_entries(exported):
    folder, model, entries = exported
    kinds = ["none", "float16", "dynamic", "int8"]
    files = [f"student.{kind}.tflite" for kind in kinds]
    assert names(folder) == sorted(["export.json", "student", *files])
    assert [entry["file"] for entry in entries] == files and [entry["quantize"] for entry in entries] == kinds
    for entry in entries:
        assert entry["size_kib"] == round((folder / entry["file"]).stat().st_size / 1024, 1)
        assert entry["network"] == "student" and entry["parameters"] == model.count_params()
        assert entry["inputs"] == [{"name": "latents", "shape": [None, 7], "dtype": "float32"}]
        assert entry["latents_law"] == "N(0, I), float32 [batch, 7]"
        assert entry["output_range"] == [-1.0, 1.0] and entry["output"]["shape"] == [None, 8, 8, 1]
        assert 0 < entry["latency_p50_ms"] <= entry["latency_p95_ms"]
        assert entry["latency_batch"] == 1 and entry["latency_runs"] >= 5 and entry["threads"] == 1


def test_parity_is_that_of_the_original_model_on_held_out_latents(exported):
    folder, model, entries = exported
    held_out = latents(256, 1)
    expected = model(held_out, training=False).numpy()
    assert expected.std() > 0.1
    for entry in entries:
        error = np.abs(Runner(folder / entry["file"])({"latents": held_out})["output_0"] - expected)
        assert entry["parity_max_abs"] == pytest.approx(error.max(), rel=0.02, abs=1e-6)
        assert entry["parity_mean_abs"] == pytest.approx(error.mean(), rel=0.02, abs=1e-6)
    by_kind = {entry["quantize"]: entry["parity_mean_abs"] for entry in entries}
    assert by_kind["none"] < 1e-6 < by_kind["float16"] < by_kind["dynamic"] < by_kind["int8"] < 0.05
    output = run_saved_model(folder / "student", {"latents": held_out})["output_0"]
    np.testing.assert_allclose(output, expected, atol=1e-5)


def test_register(exported):
    folder, _, entries = exported
    register = json.loads((folder / "export.json").read_text())
    assert register["run"] == "digits" and register["files"] == entries
    assert {"cpu_count", "machine", "python", "packages"} <= set(register["host"])
    assert set(register["host"]["packages"]) >= {"keras", "tensorflow", "ai-edge-litert"}
    (saved,) = register["saved_models"]
    assert saved["file"] == "student" and saved["parity_max_abs"] < 1e-5
    size = sum(path.stat().st_size for path in (folder / "student").rglob("*") if path.is_file())
    assert saved["size_kib"] == round(size / 1024, 1)


def test_the_snippet_runs_in_a_process_of_its_own(exported, tmp_path):
    folder, _, _ = exported
    shutil.copytree(folder, tmp_path / "copy")
    text = json.loads((folder / "export.json").read_text())["loading_snippet"]
    assert len(text.splitlines()) == 10
    done = subprocess.run([sys.executable, "-c", text], cwd=tmp_path / "copy", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    image = np.asarray(Image.open(tmp_path / "copy" / "image.png"))
    drawn = np.random.default_rng(0).standard_normal((1, 7), dtype=np.float32)
    expected = Runner(folder / "student.none.tflite")({"latents": drawn})["output_0"][0, :, :, 0]
    assert image.dtype == np.uint8 and image.shape == (8, 8)
    np.testing.assert_array_equal(image, np.clip(np.rint((expected + 1) * 127.5), 0, 255))


def test_another_run_is_refused_and_nothing_is_written(exported):
    folder, model, _ = exported
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="belongs to the run 'digits', not to 'faces'"):
        export_network(model, folder, name="other", run="faces", quantize="none")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_merging_replaces_and_drops_outdated_files(exported, tmp_path):
    source, model, entries = exported
    folder = tmp_path / "digits"
    shutil.copytree(source, folder)
    # Another network is added; its quantisation alone, without a SavedModel.
    control = generator(2, 3)
    export_network(control, folder, name="control", run="digits", quantize="float16", saved_model=False)
    register = json.loads((folder / "export.json").read_text())
    listed = [entry["file"] for entry in register["files"]]
    assert listed == ["control.float16.tflite", *(entry["file"] for entry in entries)]
    assert register["files"][1:] == entries and not (folder / "control").exists()
    assert 'model_path="control.float16.tflite"' in register["loading_snippet"]

    # Equal weights again: the same bytes, other entries stay. Other weights: the network's old files go.
    old = (folder / "student.float16.tflite").read_bytes()
    export_network(model, folder, name="student", run="digits", quantize=["float16"])
    assert (folder / "student.float16.tflite").read_bytes() == old
    assert (folder / "student.int8.tflite").exists()
    model = generator(3)
    export_network(model, folder, name="student", run="digits", quantize="float16")
    expected_names = ["control.float16.tflite", "export.json", "student", "student.float16.tflite"]
    assert names(folder) == expected_names
    assert (folder / "student.float16.tflite").read_bytes() != old
    register = json.loads((folder / "export.json").read_text())
    listed = [entry["file"] for entry in register["files"]]
    assert listed == ["control.float16.tflite", "student.float16.tflite"]
    x = latents(4, 9)
    saved = run_saved_model(folder / "student", {"latents": x})["output_0"]
    np.testing.assert_allclose(saved, model(x, training=False), atol=1e-5)
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(w).tobytes() for w in model.get_weights()))
    assert register["files"][1]["weights_sha256"] == digest.hexdigest()


def test_a_broken_export_leaves_nothing(tmp_path, monkeypatch):
    real = room.convert_saved_model
    calls = []

    def broken_at_the_second(folder, kind, calibration, **options):
        calls.append(kind)
        if len(calls) < 2:
            return real(folder, kind, calibration, **options)
        return (tmp_path / "other.none.tflite").read_bytes()

    export_network(generator(8), tmp_path, name="other", run="r", quantize="none", saved_model=False)
    before = (tmp_path / "export.json").read_bytes()
    monkeypatch.setattr(room, "convert_saved_model", broken_at_the_second)
    with pytest.raises(InputError, match=r"net\.float16\.tflite is .* off the network"):
        export_network(generator(), tmp_path, name="net", run="r", quantize=("none", "float16"))
    assert calls == ["none", "float16"]
    assert names(tmp_path) == ["export.json", "other.none.tflite"]
    assert (tmp_path / "export.json").read_bytes() == before


def test_named_output_and_bfloat16(tmp_path):
    model = generator(4, dtype="mixed_bfloat16")
    outputs = {"features": model.get_layer("features").output, "image": model.output}
    model = keras.Model(model.input, outputs)
    with pytest.raises(InputError, match=r"outputs \['features', 'image'\]; name the one"):
        export_network(model, tmp_path, name="g", run="r")
    with pytest.raises(InputError, match="no output 'images'"):
        export_network(model, tmp_path, name="g", run="r", output="images")
    assert names(tmp_path) == []
    (entry,) = export_network(model, tmp_path, name="g", run="r", quantize="none", output="image")
    assert entry["output"]["shape"] == [None, 8, 8, 1] and entry["parity_max_abs"] < 1e-5
    x = latents(16, 3)
    images = Runner(tmp_path / "g.none.tflite")({"latents": x})["output_0"]
    # The network itself rounds to bfloat16 (8 bits): near, and not equal.
    difference = np.abs(images - model(x, training=False)["image"]).mean()
    assert 1e-4 < difference < 0.05


def test_wrong_arguments_write_nothing(tmp_path):
    model = generator()
    for changes, message in [
        ({"name": "../up"}, r"received '\.\./up'"),
        ({"name": "export.json"}, "received 'export.json'"),
        ({"quantize": ()}, r"received quantize=\(\)"),
        ({"quantize": ("int8", "int8")}, "once"),
        ({"quantize": "int4"}, "received 'int4'"),
        ({"latents_law": "cauchy"}, "received 'cauchy'"),
        ({"inputs": lambda count, seed: {}}, "say their law in words"),
        ({"inputs": lambda count, seed: {"z": 0}, "latents_law": "other"}, r"must return \['latents'\]"),
        (
            {"inputs": lambda count, seed: {"latents": np.zeros((count, 8))}, "latents_law": "other"},
            r"shape \(256, 8\); the network takes \(256, 7\)",
        ),
        ({"threads": 0}, "threads must be a positive integer; received 0"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            export_network(model, tmp_path / "out", **{"name": "g", "run": "r", **changes})
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"not in \[-1, 1\]"):
        export_network(generator(activation="linear"), tmp_path / "out", name="g", run="r")
    assert not (tmp_path / "out").exists() or names(tmp_path / "out") == []
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "export.json").write_text("[]")
    with pytest.raises(InputError, match=r"is not an export\.json"):
        export_network(model, tmp_path / "bad", name="g", run="r")
