"""What a run is measured with: where features are kept, and real images too few for a score."""

import tempfile

import keras
import pytest
import tiny
from staged import work_of

from kgan.metrics.score import chunks_of, gather
from kgan.stages.judge import Judge


def judge(folder, num_real, num_samples):
    images = keras.Input(tiny.SHAPE)
    features = keras.layers.Dense(4)(keras.layers.Flatten()(images))
    (folder / "networks").mkdir()
    keras.Model(images, {"features": features, "logits": keras.layers.Dense(3)(features)}).save(
        folder / "networks" / "classifier.keras")
    return Judge(work_of(folder, "evaluate"), tiny.data(num_real), num_samples)


def test_features_are_kept_in_the_run_meanwhile(tmp_path, monkeypatch):
    measured, fakes = judge(tmp_path, 30, 40), tiny.data(40, seed=1).images
    assert measured.extractor.name == "noise_clusters_cnn"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    found = measured.measures(fakes)
    assert {"is_noise_clusters_cnn", "precision_noise_clusters_cnn", "vol"} <= set(found)
    assert found["fd_noise_clusters_cnn"] > 0
    assert [path.suffix for path in (tmp_path / "references").iterdir()] == [".npz"]


def test_the_real_images_own_measures(tmp_path):
    measured = judge(tmp_path, 30, 40)
    expected = gather(chunks_of(measured.data.images), 30, measured.extractor, measured.options, keep="none")
    mean, std = expected.score
    assert measured.real_measures() == pytest.approx(
        {"is_noise_clusters_cnn": mean, "is_noise_clusters_cnn_std": std, "vol": expected.vol}, rel=1e-6)


def test_fewer_real_images_than_splits_have_no_score(tmp_path):
    measured = judge(tmp_path, 6, 100)
    assert measured.options.splits == 10
    assert set(measured.real_measures()) == {"vol"} and measured.real_measures()["vol"] > 0
