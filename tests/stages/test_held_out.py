"""What a run holds out for the choice of the best weights: the stage lists hand it to no training."""

import keras
import numpy as np
import pytest
import tiny
from staged import run_stages

from kgan.data.image_set import ImageSet
from kgan.errors import InputError
from kgan.methods.compression import MSE
from kgan.methods.gan import GAN
from kgan.methods.graph import all_through
from kgan.stages import collaborative, compression, judge, okd, pipeline, selection
from kgan.stages.training import read_registers


def numbered():
    """150 images, each of which says which it is."""
    images = np.zeros((150, 8, 8, 1), np.uint8)
    images[:, 3, 4, 0] = np.arange(150)
    return ImageSet("numbered", images, (np.arange(150) % 3).astype(np.int32), ("a", "b", "c"))


def adam():
    return keras.optimizers.Adam(1e-3)


def gan(d, seed, learning_rate=1e-3, discriminator_d=None):
    model = GAN(tiny.generator(d), tiny.discriminator(discriminator_d or d), seed=seed)
    model.compile(adam(), adam())
    return model


def discriminator(num_logits, spectral_norm):
    images = keras.Input(tiny.SHAPE)
    return keras.Model(images, keras.layers.Dense(num_logits)(keras.layers.Flatten()(images)))


def stages_of(kind):
    common = {"batch_size": 8, "features_steps": 1, "num_samples": 60, "held_out": 0.2}
    if kind == "okd":
        made = okd.okd_maker(tiny.generator, tiny.discriminator, optimizers=[adam] * 3, objective="hinge")
        return okd.okd_stages(numbered, made, (3, 2), steps=1, single=False, **common)
    if kind == "collaborative":
        made = collaborative.GraphMaker(tiny.generator, discriminator, optimizers=[adam] * 2, steps=1)
        graphs = {"graph": all_through(("1", "2"), "image")}
        return collaborative.collaborative_stages(numbered, made, (3, 2), graphs, steps=1, singles=(), **common)
    return pipeline.compression_stages(
        numbered, teacher_gan=gan, control_gan=gan, generator=tiny.generator, teacher_d=(3,), teacher_steps=1,
        student_d=(2,), student_objectives={"mse": MSE()}, student_optimizer=adam, student_steps=1,
        control_learning_rates=(1e-3,), control_steps=1, quantize=(), **common)


@pytest.mark.parametrize("module, count", [(okd, 4), (collaborative, 2), (compression, 3)])
def test_what_is_held_out_reaches_no_training(module, count, tmp_path, monkeypatch, untraced):
    """Neither those of the generators nor that of the classifier, and every training selects on it."""
    seen, best = [], {"step": 1, "measure": "fd", "value": 2.0, "held_out": 30}

    def train(work, method, batches, steps, *, shown, selection, **rest):
        for batch in batches(0).take(40):
            if batch.shape[-3:] == tiny.SHAPE:
                seen.extend(np.rint((batch.numpy().reshape(-1, 8, 8)[:, 3, 4] + 1.0) * 127.5).astype(int))
        selected.append(set(selection.held_out_images().images[:, 3, 4, 0].tolist()))
        return {name: {"best": best} for name in shown}

    def train_classifier(images, **settings):
        classified.update(images.images[:, 3, 4, 0].tolist())
        return tiny.generator(1), 0.5

    selected, classified = [], set()
    monkeypatch.setattr(module, "train_in_run", train)
    monkeypatch.setattr(judge, "train_classifier", train_classifier)
    stages = stages_of(module.__name__.rpartition(".")[2])
    later = ("evaluate", "export", "measure_files", "report")
    run_stages(tmp_path / "run", [stage for stage in stages if stage.name not in later])
    held_out = selected[0]
    assert len(held_out) == 30 and all(others == held_out for others in selected)
    assert classified == set(range(150)) - held_out
    assert set(seen) == set(range(150)) - held_out
    entries = read_registers(tmp_path / "run")
    assert len(entries) == count and all(entry["best"] == best for entry in entries)
    needs = {stage.name: stage.needs for stage in stages}
    trained = {"okd", "controls", "graph", "singles", "teacher"} & set(needs)
    assert all("features" in needs[name] for name in trained)


@pytest.mark.parametrize("fraction", [-0.1, 1.0])
def test_fractions_that_leave_nothing_are_refused(fraction):
    with pytest.raises(InputError, match=r"held_out must lie in \[0, 1\)"):
        selection.hold_out(numbered, fraction, 60)


def test_without_a_fraction_nothing_is_held_out_and_of_too_few_nothing_is_chosen():
    assert selection.hold_out(numbered, 0.0, 60) == (numbered, None)
    training, chosen = selection.hold_out(numbered, 0.1, 60)
    with pytest.raises(InputError, match="holds out 15 of 150 images, but needs at least 20"):
        training()
    with pytest.raises(InputError, match="holds out 15 of 150 images"):
        chosen.held_out_images()
