"""The stage that measures TFLite files' own images, on a run of two generators and a judge of plain sums."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tiny
from staged import Quiet, run_stages, work_of

from kgan.errors import InputError
from kgan.export.export import export_network
from kgan.export.runtime import Runner
from kgan.metrics.sampler import Sampler
from kgan.recipe import Stage
from kgan.stages import measured_files
from kgan.stages.training import load_network, run_latents, save_network, write_register

NUM = 300  # more than one chunk


class Judge:
    """Measures a mean of pixels, and keeps what it was shown."""

    headline = {"score": "is_x", "distance": "fd_x"}  # noqa: RUF012
    seen = []  # noqa: RUF012

    def __init__(self, work, data, num_samples, compared_with=None):
        assert (data, num_samples) == ("data", NUM)
        self.work = work

    def images(self, generator):
        sampler = Sampler(generator)
        return sampler.images_of(run_latents(self.work, NUM, sampler.latent_dim))

    def measures(self, images):
        self.seen.append(images)
        return {"is_x": float(images.mean()), "fd_x": float(images[:, ::2].mean()), "vol": float(images.std())}

    def protocol(self):
        return {"name": "sums"}


def made(work):
    keras.utils.set_random_seed(2)
    save_network(work, "plain", tiny.generator(4))
    save_network(work, "labelled", tiny.conditional_generator())
    write_register(work, [{"name": "plain", "role": "student"}, {"name": "labelled", "role": "teacher"}])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files") / "run"
    run_stages(folder, [Stage("made", made)])
    work = work_of(folder, "export")
    export_network(load_network(folder, "plain"), work.export_dir, name="plain", run=work.run_id, quantize="int8",
                   saved_model=False)
    labelled = load_network(folder, "labelled")
    export_network(labelled, work.export_dir, name="labelled", run=work.run_id, quantize="none", saved_model=False,
                   image_output="uint8", latents_law="latents and labels", inputs=lambda count, seed: {
                       "latents": Sampler(labelled).latents(count, seed), "labels": Sampler(labelled).labels_of(count)})
    return folder


@pytest.fixture
def measure(run, monkeypatch):
    monkeypatch.setattr(measured_files, "Judge", Judge)
    monkeypatch.setattr(Judge, "seen", [])

    def act():
        work = work_of(run, "measure_files", Quiet())
        work.folder.mkdir(exist_ok=True)
        measured_files.measure_files(lambda: "data", NUM)(work)
        return json.loads((work.folder / "files.json").read_text()), work

    return act


def test_each_file_is_measured_on_its_own_images_of_the_runs_latents(run, measure):
    found, work = measure()
    assert found["headline"] == Judge.headline and found["protocol"] == {"name": "sums"}
    assert [(file["network"], file["quantize"], file["image_output"]) for file in found["files"]] == [
        ("plain", "int8", "float32"), ("labelled", "none", "uint8")]
    keras_images, quantised, labelled_images, pixels = Judge.seen
    assert all(images.dtype == np.uint8 and images.shape == (NUM, 8, 8, 1) for images in Judge.seen)
    assert np.abs(pixels.astype(int) - labelled_images.astype(int)).max() <= 1
    z = run_latents(work, NUM, tiny.LATENT_DIM)
    made = Runner(work.export_dir / "plain.int8.tflite")({load_network(run, "plain").inputs[0].name: z})["output_0"]
    np.testing.assert_array_equal(quantised, np.clip(np.rint((made + 1) * 127.5), 0, 255))
    assert (quantised != keras_images).mean() > 0.01
    for file, images in zip(found["files"], (quantised, pixels), strict=True):
        assert file["measures"]["is_x"] == pytest.approx(images.mean())
    assert found["networks"] == {"plain": Judge.measures(Judge, keras_images),
                                 "labelled": Judge.measures(Judge, labelled_images)}


def test_a_file_says_its_size_and_times_as_exported(run, measure):
    found, work = measure()
    register = json.loads((work.export_dir / "export.json").read_text())
    for file in found["files"]:
        (exported,) = [entry for entry in register["files"] if entry["file"] == file["file"]]
        assert file["bytes"] == (work.export_dir / file["file"]).stat().st_size and len(file["sha256"]) == 64
        assert file["latency_p50_ms"] == exported["latency_p50_ms"] and file["threads"] == 1
        assert file["host"] == register["host"]


def test_files_of_other_weights_are_left_out(run, measure):
    before = (run / "networks" / "plain.keras").read_bytes()
    try:
        network = load_network(run, "plain")
        network.set_weights([weight + 0.5 for weight in network.get_weights()])
        network.save(run / "networks" / "plain.keras")
        found, work = measure()
        assert [file["network"] for file in found["files"]] == ["labelled"] and list(found["networks"]) == ["labelled"]
        assert work.console.lines == [
            "measure_files: plain.int8.tflite was made of other weights than the run has now: left out"]
    finally:
        (run / "networks" / "plain.keras").write_bytes(before)


def test_without_files_it_is_refused_and_it_looks_for_a_stop_in_between(run, measure, tmp_path):
    elsewhere = dataclasses.replace(work_of(run, "measure_files"), export_dir=tmp_path / "none")
    with pytest.raises(InputError, match="lists no TFLite file of the generators"):
        measured_files.measure_files(lambda: "data", NUM)(elsewhere)
    with pytest.raises(InputError, match=r"no TFLite file at .*gone\.tflite"):
        measured_files.images_of(tmp_path / "gone.tflite", load_network(run, "plain"), np.zeros((3, 3), np.float32))
    calls = []
    network = load_network(run, "plain")
    path = work_of(run, "export").export_dir / "plain.int8.tflite"
    measured_files.images_of(path, network, np.zeros((NUM, 3), np.float32), lambda: calls.append(1))
    assert len(calls) == 2  # 256 and 44
