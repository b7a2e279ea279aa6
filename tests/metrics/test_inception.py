"""TF-GAN's Inception: its pixels, its outputs, and where its weights come from. The networks have random weights."""

import hashlib
import io
import shutil
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from picture_files import refused
from saved_networks import save_tfgan_network

from kgan.metrics import inception
from kgan.metrics.extractor import load_extractor
from kgan.metrics.inception import load_inception, prepare
from kgan.metrics.saved_network import contents_sha256
from kgan.metrics.tfgan import classifier_metrics

IMAGES = np.random.default_rng(2).integers(0, 256, (5, 7, 4, 3), np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tfgan_network(tmp_path_factory.mktemp("inception") / "net")


@pytest.fixture(scope="module")
def archive(folder, tmp_path_factory):
    """The folder as a .tar.gz with the model at its top, as TensorFlow Hub hands it out."""
    path = tmp_path_factory.mktemp("archive") / "net.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        file.add(folder, ".")
    return path


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    for name in ("KGAN_INCEPTION", "KGAN_INCEPTION_SHA256", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server(monkeypatch, archive):
    """Hands out the archive at `inception.URL`, and counts."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(archive.read_bytes())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setattr(inception, "URL", f"http://127.0.0.1:{running.server_port}/1.tar.gz")
        yield asked
        running.shutdown()


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_pixels_go_the_way_of_tensorflow_1():
    """Bilinear by numpy: place i of the output lies at i * H / 299, the last row and column go on."""
    def along(values, axis):
        length = values.shape[axis]
        places = np.arange(299) * (length / 299)
        low = np.floor(places).astype(int)
        share = (places - low).reshape([-1 if dim == axis else 1 for dim in range(4)])
        return (values.take(low, axis) * (1 - share) + values.take(np.minimum(low + 1, length - 1), axis) * share)

    expected = (along(along(IMAGES.astype(np.float64), 1), 2) - 128) / 128
    np.testing.assert_allclose(prepare(tf.constant(IMAGES)), expected, atol=2e-5)
    grey = IMAGES[..., :1]
    np.testing.assert_array_equal(prepare(tf.constant(grey)), prepare(tf.constant(np.repeat(grey, 3, -1))))


def test_features_are_those_of_tf_gans_own_call(folder):
    """As `tensorflow_gan.eval.run_inception` does: resized, scaled, called, flattened."""
    loaded = tf.saved_model.load(folder)
    pixels = tf.compat.v1.image.resize_bilinear(tf.constant(IMAGES, tf.float32), [299, 299])
    direct = classifier_metrics().run_classifier_fn((pixels - 128) / 128, loaded)
    extractor = load_extractor(f"inception={folder}")
    features, logits = extractor.extract(IMAGES, batch_size=2)
    scale = float(np.abs(direct["pool_3"]).max())
    np.testing.assert_allclose(features, np.reshape(direct["pool_3"], (5, 2048)), rtol=1e-4, atol=1e-6 * scale)
    np.testing.assert_allclose(logits, direct["logits"], rtol=1e-4, atol=1e-5 * scale)
    assert (extractor.name, extractor.num_features, extractor.num_logits) == ("inception", 2048, 1008)
    assert (extractor.image_size, extractor.channels) == ((299, 299), 3)
    told = extractor.protocol()
    assert told["weights_sha256"] == contents_sha256(folder)
    assert told["outputs"] == {"features": "pool_3 (2048)", "logits": "logits (1008)"}
    assert "TensorFlow 1" in told["resize"] and "(x - 128) / 128" in told["pixels"]


def test_a_folder_and_its_archives_are_one(folder, archive, tmp_path, monkeypatch):
    """By a path, by the variable, from the cache; the weights' hash is that of the contents."""
    shas = [load_inception(folder).sha256, load_inception(archive).sha256]
    zipped = shutil.make_archive(str(tmp_path / "net"), "zip", tmp_path, shutil.copytree(folder, tmp_path / "x" / "y"))
    monkeypatch.setenv("KGAN_INCEPTION", zipped)
    shas.append(load_inception().sha256)
    monkeypatch.delenv("KGAN_INCEPTION")
    (tmp_path / "other").mkdir()
    shutil.copy(archive, tmp_path / "other" / inception.ARCHIVE)
    shas.append(load_inception(cache_dir=tmp_path / "other", sha256=sha256(archive).upper()).sha256)
    assert shas == [contents_sha256(folder)] * 4
    there = sorted(path.name for path in (tmp_path / "cache" / "unpacked").iterdir())
    assert there == sorted([sha256(archive), sha256(Path(zipped))])


def test_without_weights_one_message_says_all(tmp_path, server):
    message = refused(load_extractor, "inception")
    for part in (str(tmp_path / "cache" / "tfgan_inception_1.tar.gz"), inception.URL, "inception=PATH",
                 "KGAN_INCEPTION ", "KGAN_INCEPTION_SHA256"):
        assert part in message + " "
    assert server == []  # nothing is downloaded without a hash to check it by


def test_a_download_is_checked_by_its_hash(tmp_path, server, archive, monkeypatch):
    monkeypatch.setenv("KGAN_INCEPTION_SHA256", "0" * 64)
    message = refused(load_inception)
    assert sha256(archive) in message and "0" * 64 in message and "nothing of it is kept" in message
    assert list((tmp_path / "cache").iterdir()) == []
    monkeypatch.setenv("KGAN_INCEPTION_SHA256", sha256(archive))
    assert load_inception().num_features == 2048
    assert load_inception().num_features == 2048  # the cache has it
    assert len(server) == 2
    assert sha256(tmp_path / "cache" / "tfgan_inception_1.tar.gz") == sha256(archive)


def test_a_download_that_fails_says_so_and_what_to_do(monkeypatch):
    monkeypatch.setattr(inception, "URL", "http://127.0.0.1:9/1.tar.gz")
    message = refused(load_inception, sha256="1" * 64)
    assert "cannot be downloaded (ConnectionError" in message and "put it there" in message


def tar_of(path, name):
    with tarfile.open(path, "w:gz") as file:
        entry = tarfile.TarInfo(name)
        entry.size = 4
        file.addfile(entry, io.BytesIO(b"evil"))


def zip_of(path, name):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(name, b"evil")


@pytest.mark.parametrize(("ending", "make"), [("tgz", tar_of), ("zip", zip_of)])
def test_archives_that_are_not_to_be_unpacked(tmp_path, ending, make):
    path, cache = tmp_path / f"a.{ending}", tmp_path / "cache"
    for name, message in (("../../../evil", "outside"), ("notes.txt", "it holds 0 files saved_model.pb")):
        make(path, name)
        assert message in refused(load_inception, path)
    path.write_bytes(path.read_bytes()[:20])
    assert "cannot unpack" in refused(load_inception, path)
    assert not list(tmp_path.rglob("evil")) and not list(cache.rglob("*.txt"))
    assert [kept.name for kept in cache.rglob("*")] == ["unpacked"]


def test_what_is_not_inception_or_not_there(tmp_path, monkeypatch, archive):
    small = save_tfgan_network(tmp_path / "small", num_features=9, num_logits=4)
    message = refused(load_inception, small)
    assert "pool_3 of 9 values, not 2048, logits of 4 values, not 1008" in message
    tf.saved_model.save(_Other(), str(tmp_path / "other"))
    assert "no output pool_3 and no output logits, only probabilities" in refused(load_inception, tmp_path / "other")
    assert "has the SHA-256" in refused(load_inception, archive, sha256="2" * 64)
    assert "64 hexadecimal digits" in refused(load_inception, archive, sha256="2" * 63)
    (tmp_path / "a.pb").write_bytes(b"graph")
    assert "is no SavedModel folder and no archive of one" in refused(load_inception, tmp_path / "a.pb")
    monkeypatch.setenv("KGAN_INCEPTION", str(tmp_path / "gone"))
    assert "which KGAN_INCEPTION names, is not there" in refused(load_inception)


class _Other(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32)])
    def __call__(self, images):
        return {"probabilities": tf.reduce_mean(images, (1, 2))}
