"""The stages of a compression on 8x8 digits: registers, choices, measures, exports and the page."""

import contextlib
import json
import signal

import keras
import numpy as np
import pytest
import tiny

from kgan.data.digits import load
from kgan.errors import InputError, Interrupted
from kgan.methods.compression import MSE, Joint
from kgan.methods.gan import GAN
from kgan.metrics.sampler import latents
from kgan.recipe import Stage
from kgan.run import Work
from kgan.stages import compression, delivery, evaluate, judge, measured_files
from kgan.stages.training import load_network, read_registers
from kgan.training.noise import fold_seed
from kgan.training.signals import StopRequest


class Quiet:
    """A console that keeps its lines."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)

    def progress(self, title, total):
        return contextlib.nullcontext(lambda step, losses=None: None)


def data():
    return load(8)


def gan(d, seed, learning_rate=1e-3, discriminator_d=None):
    model = GAN(tiny.generator(d), tiny.discriminator(discriminator_d or d), ema_decay=0.5, seed=seed)
    model.compile(keras.optimizers.Adam(learning_rate), keras.optimizers.Adam(learning_rate))
    return model


def stages():
    objectives = {"mse": MSE(), "joint": Joint(alpha=0.1)}
    optimizer = lambda: keras.optimizers.Adam(1e-2)  # noqa: E731
    common = {"steps": 3, "batch_size": 8}
    return [
        Stage("features", judge.features(data, steps=20)),
        Stage("teacher", compression.teachers(gan, (3, 5), data, num_samples=60, **common), ("features",)),
        Stage("students", compression.students(tiny.generator, (1, 2), objectives, optimizer, data,
                                               discriminator=tiny.discriminator, discriminator_optimizer=optimizer,
                                               **common), ("teacher",)),
        Stage("controls", compression.controls(gan, (1, 2), (1e-3, 1e-2), data, num_samples=60, **common)),
        Stage("evaluate", evaluate.Evaluation(data, 60)),
        Stage("export", delivery.export(quantize=("none",))),
        Stage("measure_files", measured_files.measure_files(data, 60)),
        Stage("report", delivery.report()),
    ]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    (folder / "networks").mkdir(parents=True)
    console = Quiet()
    description = {"recipe": "tiny", "title": "Tiny", "settings": {}, "seed": 3,
                   "stages": [stage.name for stage in stages()]}
    (folder / "recipe.json").write_text(json.dumps(description))
    for stage in stages():
        (folder / stage.name).mkdir()
        # The controls' step is the teachers' of another width: it is not compiled once more.
        with tiny.untraced() if stage.name == "controls" else contextlib.nullcontext():
            stage.function(Work(folder, folder / stage.name, folder / "out", 3, StopRequest(), console))
    (folder / "lines").write_text("\n".join(console.lines))
    return folder


def metrics(run_dir):
    return json.loads((run_dir / "metrics.json").read_text())


def test_every_network_is_measured_under_names_no_one_takes_for_inceptions(run_dir):
    found = metrics(run_dir)
    assert set(found["networks"]) == {
        "teacher_d3", "teacher_d5", "student_d1", "student_d2", "student_d1_joint", "student_d2_joint",
        "control_d1_lr0.001", "control_d1_lr0.01", "control_d2_lr0.001", "control_d2_lr0.01"}
    for network in found["networks"].values():
        assert {"is_digits_cnn", "fd_digits_cnn", "vol", "parameters", "parameters_paper", "ratio"} <= set(network)
        assert network["weights"] == "ema" and network["steps"] == 3
    assert found["headline"] == {"score": "is_digits_cnn", "distance": "fd_digits_cnn"}
    assert found["protocol"]["num_fake"] == 60 and found["protocol"]["num_real"] == 1797


def test_the_teacher_is_the_one_with_the_smaller_distance(run_dir):
    networks = metrics(run_dir)["networks"]
    distances = {name: networks[name]["fd_digits_cnn"] for name in ("teacher_d3", "teacher_d5")}
    best = min(distances, key=distances.get)
    assert networks[best]["role"] == "teacher"
    assert [name for name, entry in networks.items() if entry["role"] == "teacher_candidate"] == [
        max(distances, key=distances.get)]
    assert compression.chosen_teacher(run_dir)["name"] == best
    assert f"d = {best[-1]} has the best distance" in (run_dir / "lines").read_text()


def test_of_each_d_the_control_is_the_better_of_its_learning_rates(run_dir):
    networks = metrics(run_dir)["networks"]
    for d in (1, 2):
        rates = {name: entry["fd_digits_cnn"] for name, entry in networks.items()
                 if name.startswith(f"control_d{d}_")}
        assert len(rates) == 2
        for name in rates:
            expected = "control" if name == min(rates, key=rates.get) else "control_candidate"
            assert networks[name]["role"] == expected
            assert networks[name]["learning_rate"] == pytest.approx(float(name.split("lr")[1]))


def test_ratios_are_taken_to_the_teacher(run_dir):
    networks = metrics(run_dir)["networks"]
    teacher = next(entry for entry in networks.values() if entry["role"] == "teacher")
    student = networks["student_d1"]
    assert student["ratio"] == pytest.approx(teacher["parameters_paper"] / student["parameters_paper"])
    assert student["vol_ratio"] == pytest.approx(student["vol"] / teacher["vol"])
    assert teacher["ratio"] == 1.0


def test_measures_belong_to_the_saved_networks_from_the_runs_latents(run_dir):
    """The numbers in metrics.json can be made again from the saved files alone."""
    from kgan.metrics.classifier import Extractor
    from kgan.metrics.frechet import frechet_distance
    from kgan.metrics.inception_score import inception_score
    from kgan.metrics.manifold import manifold
    from kgan.metrics.moments import Moments
    from kgan.metrics.sampler import Sampler
    from kgan.metrics.sharpness import variance_of_laplacian

    extractor = Extractor(load_network(run_dir, "classifier"), "digits_cnn")
    shuffle = fold_seed(3, "shuffle")
    images = Sampler(load_network(run_dir, "student_d2")).images_of(
        latents(60, tiny.LATENT_DIM, fold_seed(3, "evaluation")))
    expected = metrics(run_dir)["networks"]["student_d2"]
    (real, _), (fake, logits) = extractor.extract(data().images), extractor.extract(images)
    score = inception_score(logits, 6, shuffle)
    found = manifold(real, fake) | {
        "is": score[0], "is_std": score[1], "fd": frechet_distance(Moments.of(real), Moments.of(fake), few=True)}
    for name, value in found.items():
        base = name.removesuffix("_std")
        assert expected[f"{base}_digits_cnn{name[len(base):]}"] == pytest.approx(value, rel=1e-6)
    assert expected["vol"] == pytest.approx(variance_of_laplacian(images).mean())


def test_images_of_all_networks_come_from_the_same_latents(run_dir):
    with np.load(run_dir / "evaluate" / "samples.npz") as samples:
        assert set(samples.files) == set(metrics(run_dir)["networks"])
        assert all(samples[name].shape == (32, 8, 8, 1) and samples[name].dtype == np.uint8 for name in samples.files)
        shown = samples["student_d2"]
    from kgan.metrics.sampler import Sampler

    again = Sampler(load_network(run_dir, "student_d2"), 7).images_of(
        latents(60, tiny.LATENT_DIM, fold_seed(3, "evaluation")))[:32]
    assert np.abs(shown.astype(int) - again.astype(int)).max() <= 1


def test_interpolation_ends_at_its_two_latents(run_dir):
    from kgan.metrics.sampler import Sampler

    sampler = Sampler(load_network(run_dir, "student_d1"))
    ends = latents(4, tiny.LATENT_DIM, 9)
    rows = evaluate.interpolate(sampler, ends, num=5)
    assert rows.shape == (2, 5, 8, 8, 1)
    single = sampler.images_of(np.concatenate([ends, (ends[0::2] + ends[1::2]) / 2]))
    for got, expected in ((rows[:, 0], single[0:4:2]), (rows[:, -1], single[1:4:2]), (rows[:, 2], single[4:])):
        assert np.abs(got.astype(int) - expected.astype(int)).max() <= 1


def test_teacher_and_students_leave_as_tflite_and_the_page_shows_them(run_dir):
    exported = json.loads((run_dir / "export" / "export.json").read_text())
    teacher = compression.chosen_teacher(run_dir)["name"]
    assert {entry["network"] for entry in exported["files"]} == {
        teacher, "student_d1", "student_d2", "student_d1_joint", "student_d2_joint"}
    page = (run_dir / "report.html").read_text()
    assert "student_d1_joint" in page and f"{exported['files'][0]['size_kib']:.1f}" in page


def test_files_are_measured_as_their_networks_are_and_the_page_shows_it(run_dir):
    found, networks = json.loads((run_dir / "measure_files" / "files.json").read_text()), metrics(run_dir)["networks"]
    assert found["protocol"] == metrics(run_dir)["protocol"] and len(found["files"]) == 5
    for file in found["files"]:
        # the same latents, judge and weights: float32 in another runtime rounds a pixel otherwise now and then
        for measure in ("is_digits_cnn", "fd_digits_cnn", "vol"):
            expected = networks[file["network"]][measure]
            assert found["networks"][file["network"]][measure] == pytest.approx(expected, rel=1e-4)
            assert file["measures"][measure] == pytest.approx(expected, rel=1e-2)
    assert "ms / float32 file" in (run_dir / "report.html").read_text()


def test_samples_are_drawn_while_training(run_dir):
    names = {path.name for path in (run_dir / "students" / "samples").iterdir()}
    assert {"student_d1-00000003.png", "student_d2_joint-00000001.png"} <= names


def test_registers_stand_in_the_order_of_the_stages(run_dir):
    assert [entry["role"].split("_")[0] for entry in read_registers(run_dir)] == (
        ["teacher"] * 2 + ["student"] * 4 + ["control"] * 4)


@pytest.mark.parametrize("make, words", [
    (lambda: compression.teachers(gan, (2,), data, steps=1, batch_size=4, select="fid"), "'fid'"),
    (lambda: compression.controls(gan, (2,), (1e-3,), data, steps=1, batch_size=4, discriminator="both"), "'both'"),
    (lambda: compression.chosen({"mse": MSE()}, ("mse", "feature")), "'feature'"),
    (lambda: compression.chosen({"mse": MSE()}, ()), "none"),
])
def test_what_does_not_fit_is_refused_before_anything_is_trained(make, words):
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)


def test_a_stop_ends_the_classifiers_training_and_keeps_nothing(tmp_path):
    stop = StopRequest()
    stop.signal = signal.SIGTERM
    with pytest.raises(Interrupted, match="SIGTERM"):
        judge.features(data, steps=100_000)(Work(tmp_path, tmp_path, tmp_path, 0, stop, Quiet()))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_network_is_refused_with_those_there_are(run_dir):
    with pytest.raises(InputError, match=r"no network 'student_d9'; it has classifier, control_d1_lr0\.001"):
        load_network(run_dir, "student_d9")
