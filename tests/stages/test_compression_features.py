"""Students on the features of the run's own networks: which networks these are, and what is refused before the run."""

import csv

import keras
import numpy as np
import pytest
import tiny
from staged import run_stages

from kgan.data.image_set import ImageSet
from kgan.errors import InputError
from kgan.methods.compression import MSE, Distiller
from kgan.methods.features import Features
from kgan.methods.gan import GAN
from kgan.metrics.classifier import build_classifier
from kgan.networks.layers import SpectralConv2D
from kgan.recipe import Stage
from kgan.stages import compression, judge, pipeline
from kgan.stages.feature_networks import check_feature_networks
from kgan.stages.training import load_network, read_registers


def data():
    return ImageSet("noise", tiny.data(150).images, (np.arange(150) % 3).astype(np.int32), ("a", "b", "c"))


def adam():
    return keras.optimizers.Adam(1e-3)


def discriminator(d):
    """8x8 images -> one logit, with spectral norm, by layers that have names."""
    images = keras.Input(tiny.SHAPE)
    maps = SpectralConv2D(d, 4, 2, "same", name="conv")(images)
    x = keras.layers.LeakyReLU(0.2, name="maps")(keras.layers.BatchNormalization(name="norm")(maps))
    return keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(x)))


def gan(d, seed, learning_rate=1e-3, discriminator_d=None):
    model = GAN(tiny.generator(d), discriminator(discriminator_d or d), seed=seed)
    model.compile(adam(), adam())
    return model


def stages(objectives, judges=discriminator):
    return pipeline.compression_stages(
        data, teacher_gan=gan, control_gan=gan, generator=tiny.generator, discriminator=judges, teacher_d=(3,),
        teacher_steps=2, student_d=(2,), student_objectives=objectives, student_optimizer=adam, student_steps=2,
        control_learning_rates=(1e-3,), control_steps=1, quantize=(), batch_size=8, features_steps=1, num_samples=60)


@pytest.mark.parametrize("network, layer, file", [
    ("discriminator", "conv", "teacher_d3_discriminator"), ("classifier", "features", "classifier")])
def test_students_learn_on_the_features_of_a_network_of_the_run(network, layer, file, tmp_path, monkeypatch, untraced):
    given = {}

    class Recorded(Distiller):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            given.update(self.feature_networks.views)

    monkeypatch.setattr(compression, "Distiller", Recorded)
    monkeypatch.setattr(judge, "train_classifier", lambda images, **settings: (build_classifier(tiny.SHAPE, 3), 0.5))
    objectives = {"mse": MSE(), "features": Features(network, {layer: 0.5}, "l1")}
    made = {stage.name: stage for stage in stages(objectives)}
    run_stages(tmp_path / "run", [made[name] for name in ("features", "teacher", "students")])
    assert list(given) == [network]
    saved = load_network(tmp_path / "run", file)
    expected = keras.Model(saved.inputs[0], saved.get_layer(layer).output)
    images = np.random.default_rng(0).uniform(-1, 1, (3, *tiny.SHAPE)).astype("float32")
    np.testing.assert_allclose(given[network](images)[layer], expected(images, training=False), rtol=1e-5, atol=1e-6)

    entries = {entry["name"]: entry for entry in read_registers(tmp_path / "run")}
    assert set(entries) == {"teacher_d3", "student_d2", "student_d2_features"}
    assert entries["student_d2_features"]["objective"] == "features"
    with open(tmp_path / "run" / "students" / "log.csv", encoding="utf-8") as log:
        (*_, last) = csv.DictReader(log)
    assert float(last["student_d2_features/feature_loss"]) > 0.0 and "student_d2/feature_loss" not in last
    # a classifier trained anew is a reason to train such a student anew
    assert made["students"].needs == (("features", "teacher") if network == "classifier" else ("teacher",))


def test_the_saved_discriminator_is_the_trained_one_of_the_teacher_that_was_chosen(tmp_path, monkeypatch, untraced):
    built = []

    def watched(d, seed):
        built.append(gan(d, seed))
        return built[-1]

    monkeypatch.setattr(compression, "_best", lambda judge, work, names, select: "teacher_d2")
    stage = compression.teachers(watched, (3, 2), data, steps=2, batch_size=8, num_samples=60)
    run_stages(tmp_path / "run", [Stage("teacher", stage)])
    saved = {path.stem for path in (tmp_path / "run" / "networks").iterdir()}
    assert saved == {"teacher_d3", "teacher_d2", "teacher_d2_discriminator"}
    again = load_network(tmp_path / "run", "teacher_d2_discriminator")
    for one, other in zip(again.weights, built[1].discriminator.weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("objective, judges, words", [
    (Features("discriminator", {"stage9": 1.0}), discriminator, "'discriminator' has no layer 'stage9'; it has "),
    (Features("classifier", {"maps": 1.0}), None, "'classifier' has no layer 'maps'; it has images, conv1, bn1, relu1"),
    (Features("inception", {"maps": 1.0}), discriminator, "must be one of discriminator, classifier; received "),
    (Features("discriminator", {"maps": 1.0}), None, "this teacher comes without one"),
])
def test_networks_and_layers_that_will_not_be_there_are_refused(objective, judges, words):
    with pytest.raises(InputError) as caught:
        check_feature_networks({"mse": MSE(), "features": objective}, tiny.SHAPE, judges)
    assert words in str(caught.value)
