"""The command `evaluate`: folders, arrays, statistics and runs, through click's runner."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image
from saved_networks import save_tfgan_network

from kgan.cli import main
from kgan.metrics.tfgan import classifier_metrics

SIDE = 8


def pictures(num, seed, brightness=1.0):
    """uint8 [num, 8, 8, 3]."""
    return np.uint8(np.random.default_rng(seed).uniform(0, 255 * brightness, (num, SIDE, SIDE, 3)))


def write(folder, images, names=None):
    for number, pixels in enumerate(images):
        path = folder / (names[number] if names else "") / f"{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder


def call(*arguments, code=0):
    """What `evaluate` prints; an error is one line on standard error."""
    result = CliRunner().invoke(main, ["evaluate", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output + result.stderr
    if code:
        errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        assert len(errors) == 1, result.stderr
        return errors[0]
    return result.output


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folders "real" and "fake" of two classes, an array "fake.npy", a classifier "eye.keras"."""
    folder = tmp_path_factory.mktemp("scoring")
    classes = [("cat", "dog")[number % 2] for number in range(40)]
    write(folder / "real", pictures(40, 1), classes)
    write(folder / "fake", pictures(30, 2, 0.8), classes)
    np.save(folder / "fake.npy", pictures(30, 2, 0.8))
    keras.utils.set_random_seed(0)
    images = keras.Input((SIDE, SIDE, 3))
    features = keras.layers.Dense(6, "tanh", name="thoughts")(keras.layers.Flatten()(images))
    keras.Model(images, {"features": features, "logits": keras.layers.Dense(3)(features)}).save(folder / "eye.keras")
    return folder


@pytest.fixture(autouse=True)
def apart(monkeypatch, tmp_path):
    monkeypatch.setenv("KGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KGAN_INCEPTION", raising=False)
    monkeypatch.chdir(tmp_path)


def test_two_folders(place, tmp_path):
    arguments = (place / "fake", place / "real", "--features", place / "eye.keras", "--splits", 3, "--out", "all.json",
                 "--metrics", "is,fid,kid,precision_recall,density_coverage,vol,intra_fid")
    output = call(*arguments)
    document = json.loads(Path("all.json").read_text())
    measures = document["networks"]["fake"]
    assert {"is_eye", "fd_eye", "mmd_eye", "precision_eye", "recall_eye", "density_eye", "coverage_eye", "intra_fd_eye",
            "vol"} <= set(measures)
    assert f"{measures['fd_eye']:.5g}" in output and measures["num_samples"] == 30
    protocol = document["protocol"]
    assert (protocol["num_real"], protocol["num_fake"], protocol["is_splits"]) == (40, 30, 3)
    assert protocol["extractor"]["name"] == "eye" and len(protocol["extractor"]["weights_sha256"]) == 64
    statistics = Path(document["reference"]["file"])
    assert statistics.parent == tmp_path / "cache" and not document["reference"]["reused"]
    assert "(reused)" in call(*arguments)
    again = json.loads(Path("all.json").read_text())
    assert again["networks"] == document["networks"] and again["reference"]["reused"]
    assert "(reused)" in call(place / "fake", statistics, *arguments[2:])  # the file itself in the folder's place
    assert json.loads(Path("all.json").read_text())["networks"] == document["networks"]


def test_an_array_is_measured_as_the_folder_of_its_images(place, tmp_path):
    found = []
    for images in (write(tmp_path / "flat", pictures(30, 2, 0.8)), place / "fake.npy"):
        call(images, place / "real", "--features", place / "eye.keras", "--out", "one.json", "--splits", 2)
        (measures,) = json.loads(Path("one.json").read_text())["networks"].values()
        found.append({name: value for name, value in measures.items() if isinstance(value, float)})
    assert found[0] == found[1] and "fd_eye" in found[0]


def test_a_set_against_itself(place):
    call(place / "real", place / "real", "--features", f"own={place / 'eye.keras'}", "--out", "same.json")
    measures = json.loads(Path("same.json").read_text())["networks"]["real"]
    assert measures["fd_own"] == pytest.approx(0.0, abs=1e-6)
    assert measures["precision_own"] == measures["recall_own"] == measures["coverage_own"] == 1.0


def test_a_folder_alone(place):
    output = call(place / "fake", "--features", place / "eye.keras", "--splits", 2)
    assert "is_eye" in output and "vol" in output and "fd_eye" not in output
    assert "vol" in call(place / "fake", "--metrics", "vol")  # without any classifier


def test_tfgans_functions(place):
    found = {}
    for backend in ("kgan", "tfgan"):
        call(place / "fake", place / "real", "--features", place / "eye.keras", "--backend", backend, "--splits", 2,
             "--metrics", "is,fid", "--out", "by.json")
        document = json.loads(Path("by.json").read_text())
        assert document["protocol"]["backend"] == backend
        found[backend] = document["networks"]["fake"]
    for name in ("is_eye", "is_eye_std", "fd_eye"):
        assert found["kgan"][name] == pytest.approx(found["tfgan"][name], rel=1e-5)


def inception_pixels(images):
    return (tf.compat.v1.image.resize_bilinear(tf.constant(images, tf.float32), [299, 299]) - 128) / 128


@pytest.mark.parametrize("name, width, prepared", [
    ("small", 24, lambda images: tf.constant(images, tf.float32) / 127.5 - 1),
    pytest.param("inception", 2048, inception_pixels, marks=pytest.mark.slow),  # tf-gan's roots take half a minute
])
def test_a_network_of_tfgans_interface_gives_tfgans_own_distance(place, tmp_path, name, width, prepared):
    """The command beside tf-gan's functions called directly, from the same files; 1e-6 of the variances."""
    network = save_tfgan_network(tmp_path / "net", num_features=width)
    call(place / "fake", place / "real", "--features", f"{name}={network}", "--metrics", "fid", "--few", "--out",
         "fid.json")
    loaded, metrics, features = tf.saved_model.load(network), classifier_metrics(), []
    for which in ("real", "fake"):
        images = np.stack([np.asarray(Image.open(path)) for path in sorted((place / which).rglob("*.png"))])
        found = metrics.run_classifier_fn(prepared(images), loaded)["pool_3"]
        features.append(np.reshape(found, (len(images), width)).astype(np.float64))
    expected = float(metrics.frechet_classifier_distance_from_activations(*features))
    trace = sum(part.var(axis=0, ddof=1).sum() for part in features)
    measures = json.loads(Path("fid.json").read_text())["networks"]["fake"]
    found = measures["fid_inception" if name == "inception" else "fd_small"]
    assert found == pytest.approx(expected, abs=1e-6 * trace) and found > 0.01 * trace


def test_wrong_input(place, tmp_path):
    eye = ("--features", place / "eye.keras")
    assert "fid compares with real images" in call(place / "fake", *eye, "--metrics", "fid", code=2)
    assert "no gain" in call(place / "fake", place / "real", *eye, "--metrics", "no gain", code=2)
    error = call(place / "fake", place / "real", code=2)
    assert "KGAN_INCEPTION" in error and "tfgan" in error
    few = write(tmp_path / "few", pictures(5, 3))
    assert "5" in (error := call(few, place / "real", *eye, "--metrics", "fid", code=2)) and "6 features" in error
    call(few, place / "real", *eye, "--metrics", "fid", "--few")
    one = write(tmp_path / "one", pictures(1, 3))
    assert "1 image" in call(one, place / "real", *eye, code=2)
    mixed = write(tmp_path / "mixed", [*pictures(3, 3), np.zeros((9, 7, 3), np.uint8)])
    error = call(mixed, place / "real", *eye, code=2)
    assert "mixes sizes" in error and "0003.png" in error
    broken = write(tmp_path / "broken", pictures(30, 3))
    path = broken / "0017.png"
    path.write_bytes(path.read_bytes()[:-20])
    assert "0017.png" in call(broken, place / "real", *eye, code=2)
    large = write(tmp_path / "large", np.zeros((19, 12, 12, 3), np.uint8))
    assert "12x12x3" in (error := call(large, place / "real", *eye, code=2)) and "--image-size" in error
    assert "nowhere" in call(tmp_path / "nowhere", place / "real", *eye, code=2)
    assert "IS over 10 splits needs" in call(few, *eye, code=2)
    assert "--network" in call(place / "fake", place / "real", *eye, "--network", "student", code=2)
    assert f"{place} is a folder" in call(place / "fake", *eye, "--out", place, code=2)
    assert "--data-dir is of no use" in call(place / "fake", *eye, "--data-dir", place, code=2)
    assert "--outputs takes" in call(place / "fake", *eye, "--outputs", "thoughts", code=2)
    assert "--pixel-range takes" in call(place / "fake", *eye, "--pixel-range", "255", code=2)


def test_an_extractor_without_what_is_asked_for(place, tmp_path):
    features = keras.models.load_model(place / "eye.keras", compile=False)
    keras.Model(features.input, features.output["features"]).save(tmp_path / "blind.keras")
    blind = ("--features", tmp_path / "blind.keras")
    assert "gives no logits" in call(place / "fake", place / "real", *blind, "--metrics", "is,fid", code=2)
    call(place / "fake", place / "real", *blind, "--metrics", "fid")
    error = call(place / "fake", *blind, "--outputs", "logits=guesses", "--splits", 2, code=2)
    assert "guesses" in error
    images = keras.Input((SIDE, SIDE, 3))
    broken = keras.Model(images, keras.layers.Dense(4)(keras.layers.Flatten()(images)))
    broken.layers[-1].kernel.assign(np.full((SIDE * SIDE * 3, 4), np.nan))
    broken.save(tmp_path / "nan.keras")
    error = call(place / "fake", place / "real", "--features", tmp_path / "nan.keras", "--metrics", "fid", code=2)
    assert "NaN" in error
    assert not list((tmp_path / "cache").glob("*"))[1:]  # no statistics of it are kept
