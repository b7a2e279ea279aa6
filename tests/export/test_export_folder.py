"""The register: what is claimed before files are touched, and what a kill in between leaves."""

import json

import keras
import pytest
from keras import layers

from kgan.errors import InputError
from kgan.export import export as room
from kgan.export.export import export_network
from kgan.export.folder import claim, host, read_register


def entry(network, kind, weights):
    file = f"{network}.{kind}.tflite"
    return {"network": network, "quantize": kind, "file": file, "weights_sha256": weights}


def test_claim_drops_what_will_be_replaced_and_what_is_outdated(tmp_path):
    register = read_register(tmp_path / "new", "r")
    assert register["run"] == "r" and register["files"] == [] and not (tmp_path / "new").exists()
    register["files"] = [
        entry("a", "int8", "old"),
        entry("a", "none", "old"),
        entry("b", "int8", "same"),
        entry("b", "none", "same"),
        entry("c", "none", "other"),
    ]
    register["saved_models"] = [{"network": "a", "file": "a", "weights_sha256": "old"}]
    for file in register["files"]:
        (tmp_path / file["file"]).write_bytes(b"x")
    (tmp_path / "a").mkdir()
    claim(tmp_path, register, "a", "new", ["a.none.tflite"])
    written = json.loads((tmp_path / "export.json").read_text())
    assert [file["file"] for file in written["files"]] == ["b.int8.tflite", "b.none.tflite", "c.none.tflite"]
    assert written["saved_models"] == []
    # The file that is about to be replaced stays until then.
    left = ["a.none.tflite", "b.int8.tflite", "b.none.tflite", "c.none.tflite", "export.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == left
    claim(tmp_path, written, "b", "same", ["b.int8.tflite"])
    assert [file["file"] for file in written["files"]] == ["b.none.tflite", "c.none.tflite"]


def test_numbers_of_another_host_keep_it(tmp_path):
    register = {**read_register(tmp_path, "r"), "host": {"cpu_count": 96}, "files": [entry("a", "none", "w")]}
    claim(tmp_path, register, "b", "w", [])
    written = read_register(tmp_path, "r")
    assert written["host"] == host() and written["files"][0]["host"] == {"cpu_count": 96}
    claim(tmp_path, written, "b", "w", [])
    assert written["files"][0]["host"] == {"cpu_count": 96}


def test_a_kill_between_files_and_register_leaves_no_numbers_beside_other_bytes(tmp_path, monkeypatch):
    def network(bias):
        latents = keras.Input((3,), name="latents")
        dense = layers.Dense(4, activation="tanh")
        model = keras.Model(latents, dense(latents))
        dense.bias.assign([bias] * 4)
        return model

    arguments = {"name": "g", "run": "r", "saved_model": False}
    export_network(network(0.0), tmp_path, quantize=("none", "float16"), **arguments)
    monkeypatch.setattr(room, "loading_snippet", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_network(network(0.5), tmp_path, quantize="none", **arguments)
    assert read_register(tmp_path, "r")["files"] == []
    assert not (tmp_path / "g.float16.tflite").exists()


def test_a_file_in_the_folders_place(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="is not a folder"):
        read_register(tmp_path / "out", "r")
