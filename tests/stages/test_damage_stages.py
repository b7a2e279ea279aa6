"""Real digits against real and damaged ones: what is measured, what a stop leaves, what is refused."""

import json

import keras
import numpy as np
import pytest
from made_up import assert_refused
from staged import Quiet, run_stages, work_of

from kgan.data import digits
from kgan.data.damage import gaussian_blur, gaussian_noise, jpeg, missing_classes
from kgan.data.image_set import ImageSet
from kgan.errors import Interrupted
from kgan.metrics.classifier import Extractor
from kgan.metrics.sharpness import variance_of_laplacian
from kgan.recipe import Stage
from kgan.stages import delivery, judge
from kgan.stages.damage import DAMAGES, Halves, damage
from kgan.stages.training import load_network
from kgan.training.noise import fold_seed

STRENGTHS = {"blur": (0.6, 2.0), "noise": (20.0, 90.0), "missing_classes": (2, 7), "jpeg": (30, 5)}


def data():
    return digits.load(16)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "damaged"
    lines = run_stages(folder, [
        Stage("features", judge.features(data, steps=40)), Stage("damage", damage(data, STRENGTHS, num_images=200)),
        Stage("report", delivery.report())])
    (folder / "lines.txt").write_text("\n".join(lines))
    return folder


def found(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_every_damage_is_measured_with_every_measure(run_dir):
    metrics = found(run_dir)
    sets = metrics["networks"]
    assert list(sets) == ["undamaged", "blur_1", "blur_2", "noise_1", "noise_2", "missing_classes_1",
                          "missing_classes_2", "jpeg_1", "jpeg_2"]
    assert sets["noise_2"]["strength"] == 90.0 and sets["noise_2"]["level"] == 2 and sets["jpeg_1"]["role"] == "jpeg"
    for measures in sets.values():
        names = {name.replace("_digits_cnn", "") for name in measures}
        assert {"is", "is_std", "fd", "mmd", "mmd_std", "precision", "recall", "density", "coverage", "vol"} <= names
    assert metrics["kind"] == "damage" and metrics["headline"] == {"distance": "fd_digits_cnn"}
    protocol = metrics["protocol"]
    assert (protocol["num_real"], protocol["num_fake"]) == (200, 200) and "random half" in protocol["real_split"]
    assert 0.3 < protocol["extractor"]["held_out_accuracy"] <= 1.0
    lines = (run_dir / "lines.txt").read_text()
    fd = {name: f"{entry['fd_digits_cnn']:.4g}" for name, entry in sets.items()}
    assert f"damage: fd_digits_cnn of real images against real ones is {fd['undamaged']}" in lines
    assert f"damage: jpeg 30: {fd['jpeg_1']}, 5: {fd['jpeg_2']}" in lines
    assert "What each measure sees" in (run_dir / "report.html").read_text()


def test_severe_damage_is_seen_beside_none(run_dir):
    sets = found(run_dir)["networks"]
    for kind in ("blur", "noise", "missing_classes"):
        assert sets[f"{kind}_2"]["fd_digits_cnn"] > 3 * sets["undamaged"]["fd_digits_cnn"]
        assert sets[f"{kind}_2"]["fd_digits_cnn"] > sets[f"{kind}_1"]["fd_digits_cnn"]
    assert sets["missing_classes_2"]["is_digits_cnn"] < sets["undamaged"]["is_digits_cnn"] - 1


def test_the_second_half_is_damaged_and_compared_with_the_first(run_dir):
    images = data()
    order = np.random.default_rng(fold_seed(3, "halves")).permutation(len(images))
    first, second = np.sort(order[:200]), np.sort(order[200:400])
    extractor = Extractor(load_network(run_dir, "classifier"), "digits_cnn")
    halves = Halves(work_of(run_dir, "damage"), images, 200, extractor, few=True)
    np.testing.assert_array_equal(halves.first, images.images[first])
    np.testing.assert_array_equal(halves.second, images.images[second])
    seen, sets = images.images[second], found(run_dir)["networks"]
    seeds = {kind: fold_seed(fold_seed(3, "halves"), kind) for kind in DAMAGES}
    expected = {
        "undamaged": seen, "blur_2": gaussian_blur(seen, 2.0), "noise_1": gaussian_noise(seen, 20.0, seeds["noise"]),
        "missing_classes_1": missing_classes(seen, images.labels[second], 2, seeds["missing_classes"]),
        "jpeg_2": jpeg(seen, 5)}
    shown = np.load(run_dir / "damage" / "samples.npz")
    assert set(shown.files) == set(sets)
    for name, damaged in expected.items():
        np.testing.assert_array_equal(shown[name], damaged[:8])
        assert sets[name]["vol"] == pytest.approx(variance_of_laplacian(damaged).mean(), rel=1e-9)
    again = halves.measures(expected["blur_2"])
    assert again == {name: sets["blur_2"][name] for name in again}


def test_what_was_measured_before_a_stop_is_not_measured_again(run_dir, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    (folder / "networks").mkdir(parents=True)
    (folder / "features").mkdir()
    (folder / "damage").mkdir()
    for name in ("networks/classifier.keras", "features/classifier.json"):
        (folder / name).write_bytes((run_dir / name).read_bytes())
    asked, damaged = [], Halves.damaged

    def counted(self, kind, strength):
        asked.append((kind, strength))
        if len(asked) == 3:
            raise Interrupted("stopped")
        return damaged(self, kind, strength)

    monkeypatch.setattr(Halves, "damaged", counted)
    with pytest.raises(Interrupted):
        damage(data, STRENGTHS, num_images=200)(work_of(folder, "damage", Quiet()))
    assert not (folder / "metrics.json").exists()
    damage(data, STRENGTHS, num_images=200)(work_of(folder, "damage", Quiet()))
    assert asked[3:] == [("blur", 2.0), ("noise", 20.0), ("noise", 90.0), ("missing_classes", 2),
                         ("missing_classes", 7), ("jpeg", 30), ("jpeg", 5)]
    assert (folder / "metrics.json").read_bytes() == (run_dir / "metrics.json").read_bytes()
    one, other = (np.load(place / "damage" / "samples.npz") for place in (folder, run_dir))
    assert one.files == other.files and all(np.array_equal(one[name], other[name]) for name in one.files)
    # Another strength is measured anew; with other halves everything is.
    damage(data, {"blur": (0.6, 1.0)}, num_images=200)(work_of(folder, "damage", Quiet()))
    assert asked[10:] == [("blur", 1.0)] and list(found(folder)["networks"]) == ["undamaged", "blur_1", "blur_2"]
    damage(data, {"blur": (0.6,)}, num_images=150)(work_of(folder, "damage", Quiet()))
    assert asked[11:] == [("undamaged", None), ("blur", 0.6)]


def test_another_extractor_takes_the_classifiers_place(tmp_path):
    (tmp_path / "damage").mkdir()
    pixels = keras.Input((16, 16, 1))
    flat = keras.layers.Flatten()(pixels)
    features, logits = (keras.layers.Dense(width, kernel_initializer=keras.initializers.GlorotNormal(width))(flat)
                        for width in (4, 3))
    model = keras.Model(pixels, {"features": features, "logits": logits})
    damage(data, {"noise": (5.0, 60.0)}, num_images=100, extractor=lambda: Extractor(model, "other"))(
        work_of(tmp_path, "damage"))
    metrics = found(tmp_path)
    assert metrics["headline"] == {"distance": "fd_other"}
    assert "held_out_accuracy" not in metrics["protocol"]["extractor"]
    values = [metrics["networks"][name]["fd_other"] for name in ("noise_1", "noise_2")]
    assert 0 <= values[0] < values[1]


@pytest.mark.parametrize(("strengths", "text"), [
    ({"fog": (1.0,)}, "damage must be one of blur, noise, missing_classes, jpeg; received 'fog'"),
    ({"blur": (1.0, 0.5)}, "strengths of blur go from mild to severe, up"),
    ({"jpeg": (10, 50)}, "strengths of jpeg go from mild to severe, down"),
    ({"noise": (5.0, 5.0)}, "received 5.0, 5.0"), ({"noise": (-1.0, 5.0)}, "std must be above 0; received -1.0"),
    ({"blur": (1.0,), "jpeg": (50, 0)}, "quality must be a whole number from 1 to 95; received 0"),
])
def test_strengths_are_checked_before_anything_runs(strengths, text):
    with assert_refused(text):
        damage(data, strengths)


def test_data_that_cannot_be_measured_are_refused(tmp_path):
    images = data().images
    for bad, strengths, text in (
            (ImageSet("bare", images, None), STRENGTHS, "no class can be missing"),
            (data(), {"missing_classes": (2, 10)}, "missing_classes must lie in 1..9"),
            (data(), {"missing_classes": (0, 1)}, "received 0, 1"),
            (ImageSet("few", images[:3], np.zeros(3, np.int32)), {}, "halves of 1 of the 3 images")):
        with assert_refused(text):
            damage(lambda bad=bad: bad, strengths, extractor=lambda: None)(work_of(tmp_path, "damage"))
