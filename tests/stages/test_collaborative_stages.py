"""The stages of a knowledge transfer graph on 8x8 digits, and the trials of a search for its gates."""

import json

import keras
import numpy as np
import pytest
import tiny
from staged import run_stages, work_of

from kgan.data.digits import load
from kgan.errors import InputError
from kgan.methods.graph import all_through, mad_gan, with_gates
from kgan.stages.collaborative import GraphMaker, collaborative_stages, graph_stage
from kgan.stages.gate_trials import GateTrials
from kgan.stages.sampling import sample_run
from kgan.stages.training import load_network

STEPS, NAMES = 10, ("1", "2")
GRAPH = all_through(NAMES, "image")


def data():
    return load(8)


def discriminator(num_logits, spectral_norm):
    """8x8 images -> logits; batch norm stands where spectral norm is not asked for."""
    images = keras.Input(tiny.SHAPE)
    x = keras.layers.Conv2D(3, 4, 2, "same")(images)
    if not spectral_norm:
        x = keras.layers.BatchNormalization()(x)
    x = keras.layers.LeakyReLU(0.2)(x)
    return keras.Model(images, keras.layers.Dense(num_logits)(keras.layers.Flatten()(x)))


def maker(steps=STEPS, **settings):
    return GraphMaker(tiny.generator, discriminator, optimizers=[lambda: keras.optimizers.Adam(1e-2)] * 2, steps=steps,
                      **{"ema_decay": 0.5, **settings})


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    graphs = {"graph": GRAPH, "mad_gan": mad_gan(NAMES, "image")}
    run_stages(folder, collaborative_stages(data, maker(), (3, 2), graphs, steps=STEPS, batch_size=8,
                                            features_steps=20, num_samples=60, quantize=("none",),
                                            facts={"transfer": "image"}))
    return folder


def test_every_generator_is_measured_in_its_role(run_dir):
    found = json.loads((run_dir / "metrics.json").read_text())
    assert (found["kind"], found["transfer"]) == ("collaborative", "image")
    roles = {name: (net["role"], net["node"], net["size"]) for name, net in found["networks"].items()}
    assert roles == {"graph_1": ("graph", "1", 3), "graph_2": ("graph", "2", 2), "mad_gan_1": ("mad_gan", "1", 3),
                     "mad_gan_2": ("mad_gan", "2", 2), "single_sn": ("single_sn", None, 3),
                     "single": ("single", None, 3)}
    assert found["protocol"]["late_checkpoints"] == [6, 7, 8, 9, 10]
    assert all(net["fd_digits_cnn_late_std"] > 0.0 and net["weights"] == "ema" for net in found["networks"].values())
    gates = {role: [edge["gate"] for edge in graph["edges"]] for role, graph in found["graphs"].items()}
    assert gates == {"graph": ["through"] * 4, "mad_gan": ["through", "through", "cutoff", "cutoff"]}
    assert found["graphs"]["graph"]["edges"][2] == {"source": "2", "target": "1", "transfer": "image",
                                                    "gate": "through", "weight": 1.0}


def test_the_features_of_images_and_of_real_ones_lie_in_one_plane(run_dir):
    with np.load(run_dir / "evaluate" / "embedding.npz") as file:
        points, names = file["points"], file["names"]
    assert points.shape == (300, 2) and points.dtype == np.float32 and np.isfinite(points).all()
    assert {name: int((names == name).sum()) for name in set(names.tolist())} == {
        "graph_1": 60, "graph_2": 60, "mad_gan_1": 60, "mad_gan_2": 60, "real": 60}


def test_exports_samples_and_report_are_there(run_dir, tmp_path):
    files = {path.name for path in (run_dir / "out").glob("*.tflite")}
    assert files == {"graph_1.none.tflite", "graph_2.none.tflite"}
    assert "mad_gan" in (run_dir / "report.html").read_text()
    assert sample_run(run_dir, None, 2, 0, tmp_path / "a.png") == f"2 images: {tmp_path / 'a.png'}"


def test_graph_and_controls_begin_alike_and_part_through_transfer_alone(run_dir, tmp_path, untraced):
    """In the first step of a graph all of whose transfers rise from 0, nothing flows: it is MAD-GAN's step."""
    rising = with_gates(GRAPH, ["through", "through", "positive_linear", "positive_linear"])
    (tmp_path / "networks").mkdir()
    (tmp_path / "graph").mkdir()
    graphs = {"graph": rising, "mad_gan": mad_gan(NAMES, "image")}
    graph_stage(data, maker(1), (3, 2), graphs, steps=1, batch_size=8)(work_of(tmp_path, "graph"))
    for name in NAMES:
        one, other = (load_network(tmp_path, f"{role}_{name}").get_weights() for role in graphs)
        assert not tiny.moved(one, other)
        one, other = (load_network(run_dir, f"{role}_{name}").get_weights() for role in graphs)
        assert tiny.moved(one, other)
    longer = graph_stage(data, maker(3), (3, 2), {"graph": rising}, steps=3, batch_size=8)
    with pytest.raises(InputError, match="was begun for 1 steps, over which its linear gates rise and fall"):
        longer(work_of(tmp_path, "graph"))


@pytest.mark.parametrize("settings, words", [
    ({"sizes": ()}, "positive sizes"), ({"sizes": (3, 0)}, "positive sizes"), ({"steps": 0}, "steps"),
    ({"num_samples": 5}, "num_samples"), ({"quantize": ("int3",)}, "int3"),
    ({"graphs": {"graph": all_through(("1", "3"), "image")}}, "there is no '3'"),
])
def test_settings_that_do_not_fit_are_refused(settings, words):
    given = {"sizes": (3, 2), "graphs": {"graph": GRAPH}, "steps": 1, "batch_size": 8, "features_steps": 1,
             "num_samples": 60} | settings
    sizes, graphs = given.pop("sizes"), given.pop("graphs")
    with pytest.raises(InputError, match=words):
        collaborative_stages(data, maker(), sizes, graphs, **given)


def test_a_trial_of_gates_is_determined_by_gates_and_seed_and_traced_once():
    def trials():
        return GateTrials(data, maker(4), (3, 2), GRAPH, steps=4, batch_size=8, features_steps=20, num_samples=60)

    through, cut = {"gates": ("through",) * 4}, {"gates": ("through", "through", "cutoff", "positive_linear")}
    one = trials()
    first, second = one(cut, 7), one(through, 8)
    traced = one.method.train_function
    again, short = one(cut, 7), one(cut, 7, share=0.5)
    assert again == first and one.method.train_function is traced
    assert one.method.steps_done == 2 and short != first
    assert second != first and trials()(through, 8) == second
    assert set(first) == {"objective", "is_1", "is_2", "fd_best"}
    assert first["objective"] == max(first["is_1"], first["is_2"])
    with pytest.raises(InputError, match="4 edges"):
        one({"gates": ("through",) * 3}, 7)
