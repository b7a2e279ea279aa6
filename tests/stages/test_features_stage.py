"""What the measures of a run stand on: classes, clusters where there are none, or a network from outside."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from staged import run_stages, work_of

from kgan.data.digits import load
from kgan.errors import InputError
from kgan.metrics.classifier import build_classifier
from kgan.metrics.saved_network import contents_sha256
from kgan.recipe import Stage
from kgan.stages import judge
from kgan.stages.evaluate import Evaluation
from kgan.stages.selection import Selection, Selector

LEFT_OUT = ("a.png", "b.png", "c.png", "d.png")
pytestmark = pytest.mark.usefixtures("untraced")
SOURCE = "300 of 304 image files in folder x"
CLUSTERS = "10 k-means clusters of the images, for want of labels"


def unlabelled():
    return dataclasses.replace(load(8).take(300), labels=None, class_names=(), left_out=LEFT_OUT,
                               source=SOURCE)


def labelled():
    return load(8).take(300)


def features(data, **settings):
    return [Stage("features", judge.features(data, steps=3, **settings))]


@pytest.fixture
def untrained(monkeypatch):
    """The classifier as it is drawn, in the place of one that has learned."""
    monkeypatch.setattr(judge, "train_classifier", lambda images, **options: (
        build_classifier(images.image_shape, images.num_classes), 0.5))


def told(run_dir):
    return (f"{SOURCE}; 4 cannot be read and are left out: a.png, b.png, c.png and 1 more (all of them: "
            f"{run_dir / 'features' / 'left_out.txt'})")


def record(run_dir, name="classifier"):
    return json.loads((run_dir / "features" / f"{name}.json").read_text())


@pytest.fixture
def network(tmp_path):
    """A classifier with outputs of 5 features and 4 logits; a callable saves it with other weights."""
    def save(seed=1, outputs=("features", "logits")):
        keras.utils.set_random_seed(seed)
        images = keras.Input((8, 8, 1))
        hidden = keras.layers.Dense(5)(keras.layers.Flatten()(images))
        made = {"features": hidden, "logits": keras.layers.Dense(4)(hidden)}
        keras.Model(images, {name: made[name] for name in outputs}).save(tmp_path / "theirs.keras")
        return tmp_path / "theirs.keras"

    return save


def test_without_labels_the_classifier_learns_clusters_and_says_so(tmp_path):
    run_dir = tmp_path / "run"
    lines = run_stages(run_dir, features(unlabelled, batch_size=300))
    assert lines[0] == told(run_dir) and len(lines) == 2
    assert (run_dir / "features" / "left_out.txt").read_text() == "a.png\nb.png\nc.png\nd.png\n"
    assert lines[1].startswith(f"features: the classifier of {CLUSTERS}, names ")
    assert record(run_dir)["classes"] == CLUSTERS
    measured = judge.Judge(work_of(run_dir, "evaluate"), unlabelled(), 40)
    assert measured.extractor.name == "digits_clusters_cnn" and measured.extractor.num_logits == 10
    assert measured.headline == {"score": "is_digits_clusters_cnn", "distance": "fd_digits_clusters_cnn"}
    found = measured.measures(unlabelled().images[:40])
    assert 1.0 <= found["is_digits_clusters_cnn"] <= 10.0 and found["fd_digits_clusters_cnn"] >= 0.0
    protocol = measured.protocol()["extractor"]
    assert protocol["classes"] == CLUSTERS
    assert protocol["held_out_accuracy"] == record(run_dir)["held_out_accuracy"]


def test_with_labels_the_classes_are_named(tmp_path, untrained):
    lines = run_stages(tmp_path / "run", features(labelled))
    assert lines == ["features: the classifier of 10 classes (0, 1, 2 and 7 more) names 50.0% of held-out images "
                     "rightly"]
    assert set(record(tmp_path / "run")) == {"held_out_accuracy", "steps"}
    assert judge.Judge(work_of(tmp_path / "run", "evaluate"), labelled(), 40).extractor.name == "digits_cnn"


def test_fewer_images_than_a_batch_are_refused_before_anything_trains(tmp_path):
    with pytest.raises(InputError, match="has 300 images, fewer than one batch of 301"):
        run_stages(tmp_path / "run", features(labelled, batch_size=301))
    assert list((tmp_path / "run" / "networks").iterdir()) == list((tmp_path / "run" / "features").iterdir()) == []


def test_a_network_from_outside_takes_the_classifiers_place(tmp_path, network, untrained):
    path, run_dir = network(), tmp_path / "run"
    lines = run_stages(run_dir, features(unlabelled, given=f"mine={path}"))
    assert lines == [told(run_dir), f"features: measures stand on mine (mine={path})"]
    assert list((run_dir / "networks").iterdir()) == []
    assert record(run_dir, "given") == {"features": f"mine={path}", "weights_sha256": contents_sha256(path)}
    measured = judge.Judge(work_of(run_dir, "evaluate"), unlabelled(), 40)
    assert measured.headline == {"score": "is_mine", "distance": "fd_mine"}
    expected = keras.models.load_model(path)(unlabelled().images[:6].astype("float32") / 127.5 - 1.0)
    found, logits = measured.extractor.extract(unlabelled().images[:6])
    np.testing.assert_allclose(found, expected["features"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(logits, expected["logits"], rtol=1e-4, atol=1e-5)
    assert {"held_out_accuracy", "classes"}.isdisjoint(measured.protocol()["extractor"])
    network(seed=2)
    with pytest.raises(InputError, match=r"theirs\.keras has other weights than when"):
        judge.own_extractor(run_dir, Evaluation(unlabelled, 40))
    features(labelled)[0].function(work_of(run_dir, "features"))  # the run goes on with another setting
    assert judge.own_extractor(run_dir, Evaluation(labelled, 40)).name == "digits_cnn"


@pytest.mark.parametrize(("outputs", "words"), [(("features",), "gives no logits"), (("logits",), "gives no features")])
def test_a_network_without_one_of_the_outputs_is_refused(tmp_path, network, outputs, words):
    path = network(outputs=outputs)
    with pytest.raises(InputError, match=words) as caught:
        run_stages(tmp_path / "run", features(labelled, given=str(path)))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "features" / "given.json").exists()


def test_a_network_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.keras"):
        run_stages(tmp_path / "run", features(labelled, given=str(tmp_path / "none.keras")))


def test_what_is_held_out_is_measured_under_the_same_name(tmp_path, untrained):
    selection = Selection(unlabelled, 0.2, 40)
    run_stages(tmp_path / "run", features(selection.training_images))
    chosen = Selector(work_of(tmp_path / "run", "teacher"), selection.held_out_images(), 40, {}, {})
    assert chosen.columns == ["fd_digits_clusters_cnn", "recall_digits_clusters_cnn"]
