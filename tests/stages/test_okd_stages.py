"""The stages of an online distillation on 8x8 digits: pairing, late weights, measures, labels, refusals."""

import csv
import json

import keras
import numpy as np
import pytest
import tiny
from PIL import Image
from staged import run_stages

from kgan.data.digits import load
from kgan.errors import InputError
from kgan.methods.okd import OKD
from kgan.metrics.sampler import Sampler, latents
from kgan.stages.augment import augment
from kgan.stages.okd import okd_maker, okd_stages, peers
from kgan.stages.sampling import sample_run
from kgan.stages.training import load_network, read_registers

STEPS = 10


def data():
    return load(8)


okd = okd_maker(tiny.generator, tiny.discriminator, lambda size: tiny.discriminator(), objective="hinge",
                optimizers=[lambda: keras.optimizers.Adam(1e-2)] * 3, ema_decay=0.5)


def conditional(sizes, connected, seed):
    names = [str(number) for number in range(1, len(sizes) + 1)]
    model = OKD({name: tiny.conditional_generator(size, 10) for name, size in zip(names, sizes, strict=True)},
                {name: tiny.telling_discriminator(10) for name in names}, {}, "non_saturating", seed=seed)
    model.compile(*[lambda: keras.optimizers.Adam(1e-2)] * 2)
    return model


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    run_stages(folder, okd_stages(data, okd, (3, 2), steps=STEPS, batch_size=8, features_steps=20, num_samples=60,
                                  quantize=("none",), facts={"rho": 0.1, "topology": "ring"}))
    return folder


def test_every_generator_is_measured_in_its_role(run_dir):
    found = json.loads((run_dir / "metrics.json").read_text())
    assert (found["kind"], found["rho"], found["topology"]) == ("okd", 0.1, "ring")
    roles = {name: (net["role"], net["peer"], net["size"]) for name, net in found["networks"].items()}
    assert roles == {"peer_1": ("peer", "1", 3), "peer_2": ("peer", "2", 2), "independent_1": ("independent", "1", 3),
                     "independent_2": ("independent", "2", 2), "single": ("single", "1", 3)}
    assert found["protocol"]["late_checkpoints"] == [6, 7, 8, 9, 10]
    for network in found["networks"].values():
        assert network["fd_digits_cnn_late_std"] > 0.0
        assert network["objective"] == "hinge" and network["weights"] == "ema"


def test_measures_are_means_over_the_late_weights(run_dir):
    entry = next(entry for entry in read_registers(run_dir) if entry["name"] == "peer_2")
    assert sorted(map(int, entry["late"])) == [6, 7, 8, 9, 10]
    network, ends = load_network(run_dir, "peer_2"), []
    final = Sampler(network)(4, 0)
    for step in ("6", "10"):
        network.load_weights(run_dir / entry["late"][step])
        ends.append(Sampler(network)(4, 0))
    np.testing.assert_array_equal(ends[1], final)
    assert not np.array_equal(ends[0], final)


def test_exports_and_report_are_there(run_dir):
    files = {path.name for path in (run_dir / "out").glob("*.tflite")}
    assert files == {"peer_1.none.tflite", "peer_2.none.tflite"}
    assert "independent" in (run_dir / "report.html").read_text()


def test_peers_and_independent_ones_start_from_the_same_weights_and_latents(tmp_path, untraced):
    """After one step, in which the generators' gradients alone differ, the discriminators are the same."""
    found = {}

    def watched(sizes, connected, seed):
        model = okd(sizes, connected, seed)
        start = {name: tiny.values(network.weights) for name, network in model.networks.items()}
        found[connected, len(sizes)] = (model, start)
        return model

    stages = okd_stages(data, watched, (3, 2), steps=1, batch_size=8, features_steps=1, num_samples=60)
    run_stages(tmp_path / "run", stages[1:3])
    (peer, started), (alone, control_started) = found[True, 2], found[False, 2]
    for name in control_started:
        assert not tiny.moved(started[name], control_started[name]), name
    for name in ("discriminator_1", "discriminator_2"):
        for a, b in zip(peer.networks[name].weights, alone.networks[name].weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    _, single_started = found[False, 1]
    assert tiny.moved(single_started["generator_1"], control_started["generator_1"])


def test_images_with_labels_and_what_they_are_worth(tmp_path, untraced):
    images = load(8)
    rest, few = images.split_off(0.05, 0)
    trained = peers(lambda: few, conditional, (2, 2), steps=2, batch_size=8, conditional=True)
    tested = augment(lambda: few, lambda: rest, role="peer", num_generated=30, steps=5, repeats=2)
    from kgan.recipe import Stage

    folder = tmp_path / "run"
    lines = run_stages(folder, [Stage("okd", trained), Stage("augment", tested)])
    found = json.loads((folder / "augment" / "augment.json").read_text())
    assert found["images"] == {"real": len(few), "real and generated": len(few) + 30, "generated": 30}
    assert found["tested_on"] == len(rest)
    assert all(len(values) == 2 and min(values) >= 0.0 for values in found["accuracy"].values())
    assert [line.split(":")[1].split(" (")[0].strip() for line in lines] == list(found["accuracy"])
    out = tmp_path / "images"
    sample_run(folder, "peer_2", 13, 0, out)
    with (out / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["label"]) for row in rows] == [(f"{n:06d}.png", str(n % 10)) for n in range(13)]
    assert rows[3]["class_name"] == images.class_names[3]
    expected = Sampler(load_network(folder, "peer_2"))(13, 0)
    with Image.open(out / rows[12]["file"]) as picture:
        np.testing.assert_array_equal(np.asarray(picture), expected[12, ..., 0])
    _one_class_on_request(folder, images.class_names[7], tmp_path / "sevens")


def _one_class_on_request(folder, name, out):
    sample_run(folder, "peer_2", 3, 0, out, class_name=name)
    with (out / "labels.csv").open(encoding="utf-8") as file:
        assert [(row["label"], row["class_name"]) for row in csv.DictReader(file)] == [("7", name)] * 3
    sampler = Sampler(load_network(folder, "peer_2"))
    expected = sampler.images_of(latents(3, sampler.latent_dim, 0), [7, 7, 7])
    assert (expected[1] != sampler(3, 0)[1]).any()  # in turn it is of another class
    with Image.open(out / "000001.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), expected[1, ..., 0])
    sample_run(folder, "peer_2", 1, 0, out.with_suffix(".png"), interpolated=True, class_name="7")
    with Image.open(out.with_suffix(".png")) as line:
        ends = np.asarray(line)[:, : expected.shape[2]]
    np.testing.assert_allclose(ends, expected[0, ..., 0], atol=1)
    with pytest.raises(InputError, match="peer_2 knows no class 'seven'; it knows 0, 1"):
        sample_run(folder, "peer_2", 3, 0, out.with_name("other"), class_name="seven")
    assert not out.with_name("other").exists()


@pytest.mark.parametrize("settings, words", [
    ({"sizes": (3,)}, "two peers or more"), ({"sizes": (3, 0)}, "positive size"), ({"steps": 0}, "steps"),
    ({"num_samples": 5}, "num_samples"), ({"batch_size": 0}, "batch_size"),
])
def test_settings_that_do_not_fit_are_refused(settings, words):
    given = {"sizes": (3, 2), "steps": 1, "batch_size": 8, "features_steps": 1, "num_samples": 60} | settings
    sizes = given.pop("sizes")
    with pytest.raises(InputError, match=words):
        okd_stages(data, okd, sizes, **given)


def test_the_maker_joins_peers_of_each_size_as_the_topology_says():
    made = {"connector": []}

    def connector(width):
        made["connector"].append(width)
        return tiny.discriminator(width)

    rates = (1e-3, 2e-3, 3e-3)
    settings = {"optimizers": [lambda rate=rate: keras.optimizers.SGD(rate) for rate in rates],
                "objective": "non_saturating", "rho": 0.3, "ema_decay": 0.0}
    full = okd_maker(tiny.generator, tiny.discriminator, connector, topology="full", **settings)
    model = full((3, 2, 4), True, 5)
    assert list(model.edges.values()) == [("1", "2"), ("1", "3"), ("2", "1"), ("2", "3"), ("3", "1"), ("3", "2")]
    assert made["connector"] == [3, 3, 2, 2, 4, 4] and model.rho == 0.3 and model.seed == 5
    roles = {name.split("_")[0]: float(value.learning_rate) for name, value in model.optimizers.items()}
    np.testing.assert_allclose([roles[role] for role in ("generator", "discriminator", "connector")], rates)
    assert not full((3, 2), False, 0).edges
    with pytest.raises(InputError, match="topology must be one of ring, full; received 'star'"):
        okd_maker(tiny.generator, tiny.discriminator, topology="star", **settings)
