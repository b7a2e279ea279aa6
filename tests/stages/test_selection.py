"""The best weights chosen on held-out digits of 8x8: what is kept, measured, said, shown and gone on with."""

import contextlib
import csv
import json
import shutil

import keras
import numpy as np
import pytest
import tiny
from staged import Quiet, run_stages, work_of

from kgan.data.digits import load
from kgan.errors import InputError
from kgan.methods.gan import GAN
from kgan.metrics.sampler import Sampler, latents
from kgan.recipe import Stage
from kgan.report.groups import group_runs
from kgan.report.load import read_run
from kgan.report.page import render
from kgan.report.selection import section
from kgan.stages import compression, evaluate, judge, selection
from kgan.stages.scoring import Request
from kgan.stages.scoring_run import score_run
from kgan.stages.training import load_network, read_registers, run_latents
from kgan.training.noise import fold_seed

STEPS, NUM, NAME = 10, 120, "teacher_d3"
MEASURES = ["fd_digits_cnn", "recall_digits_cnn"]


def data():
    return load(8)


def gan(d, seed, learning_rate=1e-3, discriminator_d=None):
    """A GAN whose rate rises after six steps so that its generator is spoilt."""
    def spoilt():
        return keras.optimizers.Adam(keras.optimizers.schedules.PiecewiseConstantDecay([6], [learning_rate, 1.0]))

    model = GAN(tiny.generator(d), tiny.discriminator(discriminator_d or d), seed=seed)
    model.compile(spoilt(), spoilt())
    return model


def teacher_stage():
    training, chosen = selection.hold_out(data, 0.2, NUM)
    return training, compression.teachers(gan, (3,), training, steps=STEPS, batch_size=8, selection=chosen)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    training, teacher = teacher_stage()
    with tiny.untraced():
        run_stages(folder, [Stage("features", judge.features(training, steps=6)), Stage("teacher", teacher),
                            Stage("evaluate", evaluate.Evaluation(training, NUM))])
    return folder


def rows_of(folder):
    with (folder / "selection.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "network", *MEASURES]
    return rows


def test_the_kept_weights_are_those_of_the_least_distance(run_dir):
    rows = rows_of(run_dir / "teacher")
    assert [(int(row["step"]), row["network"]) for row in rows] == [(step, NAME) for step in range(1, 11)]
    best = min(rows, key=lambda row: float(row["fd_digits_cnn"]))
    assert int(best["step"]) < STEPS
    entry = next(entry for entry in read_registers(run_dir) if entry["name"] == NAME)
    assert entry["best"] == {"step": int(best["step"]), "measure": "fd_digits_cnn",
                             "value": float(best["fd_digits_cnn"]), "held_out": NUM}
    files = [path.name for path in (run_dir / "teacher" / "best").iterdir()]
    assert files == [f"{NAME}-{int(best['step']):08d}.weights.h5"]
    for row, name in ((best, f"{NAME}_best"), (rows[-1], NAME)):
        distance, recall = by_hand(run_dir, load_network(run_dir, name))
        assert float(row["fd_digits_cnn"]) == pytest.approx(distance, rel=1e-3)
        assert float(row["recall_digits_cnn"]) == pytest.approx(recall, abs=1e-9)


def by_hand(run_dir, network):
    """Distance and recall of a network against the held-out digits, from their definitions."""
    _, held_out = load(8).split_off(0.2, 0)
    extractor = judge.Judge(work_of(run_dir, "teacher"), held_out, NUM).extractor
    chosen = np.sort(np.random.default_rng(0).permutation(len(held_out))[:NUM])
    images = Sampler(network, 64).images_of(latents(NUM, tiny.LATENT_DIM, fold_seed(3, "selection")))
    real, fake = (extractor.extract(part)[0].astype(np.float64) for part in (held_out.images[chosen], images))
    product = np.cov(real, rowvar=False) @ np.cov(fake, rowvar=False)
    roots = np.sqrt(np.maximum(np.linalg.eigvals(product).real, 0.0)).sum()
    means = ((real.mean(0) - fake.mean(0)) ** 2).sum()
    distance = means + np.cov(real, rowvar=False).trace() + np.cov(fake, rowvar=False).trace() - 2.0 * roots
    radii = [np.sort(np.linalg.norm(fake - other, axis=1))[3] for other in fake]
    reached = [(np.linalg.norm(fake - point, axis=1) <= radii).any() for point in real]
    return distance, np.mean(reached)


def test_best_and_last_are_measured_beside_each_other(run_dir):
    metrics = json.loads((run_dir / "metrics.json").read_text())
    found, training = metrics["networks"][NAME], load(8).split_off(0.2, 0)[0]
    of_run = judge.Judge(work_of(run_dir, "evaluate"), training, NUM)
    for name, ending in ((f"{NAME}_best", "_best"), (NAME, "")):
        images = Sampler(load_network(run_dir, name)).images_of(
            run_latents(work_of(run_dir, "evaluate"), NUM, tiny.LATENT_DIM))
        expected = of_run.measures(images)
        for measure in ("is_digits_cnn", "fd_digits_cnn", "vol"):
            assert found[measure + ending] == pytest.approx(expected[measure], rel=1e-5), measure
        assert found[f"is_digits_cnn{ending}_std"] == pytest.approx(expected["is_digits_cnn_std"], rel=1e-5)
    assert found["fd_digits_cnn_best"] < 0.9 * found["fd_digits_cnn"] and found["best"]["held_out"] == NUM
    protocol = metrics["protocol"]
    assert protocol["num_real"] == 1797 - 359 and protocol["real_split"] == "all[without 359 held out, seed 0]"
    assert "least fd_digits_cnn" in protocol["best_weights"] and "120 held-out" in protocol["best_weights"]


def test_the_best_weights_are_evaluated_by_their_name(run_dir, tmp_path):
    folder, recipe = tmp_path / "run", tmp_path / "tiny.py"
    shutil.copytree(run_dir, folder)
    recipe.write_text("""from kgan.recipe import Stage
from kgan.stages.evaluate import Evaluation
from test_selection import NUM, teacher_stage


def recipe(seed=3):
    return [Stage("evaluate", Evaluation(teacher_stage()[0], NUM))]
""")
    description = json.loads((folder / "recipe.json").read_text()) | {"file": str(recipe)}
    (folder / "recipe.json").write_text(json.dumps(description))
    own = json.loads((folder / "metrics.json").read_text())
    options = {"seed": own["protocol"]["is_seed"], "few": True}
    request = Request(None, ("fid", "precision_recall"), options, folder / "references")
    document, _ = score_run(folder, None, request)
    last, best = (document["networks"].pop(name) for name in (NAME, f"{NAME}_best"))
    assert not document["networks"] and (last["steps"], best["steps"]) == (STEPS, own["networks"][NAME]["best"]["step"])
    for measure in MEASURES:
        assert last[measure] == pytest.approx(own["networks"][NAME][measure], rel=1e-5)
        assert best[measure] == pytest.approx(own["networks"][NAME][f"{measure}_best"], rel=1e-5)
    request.metrics = ("vol",)
    ((name, alone),) = score_run(folder, None, request, (f"{NAME}_best",))[0]["networks"].items()
    assert name == f"{NAME}_best" and alone["vol"] == pytest.approx(own["networks"][NAME]["vol_best"], rel=1e-6)
    with pytest.raises(InputError, match=f"no generator 'best'; it has {NAME}, {NAME}_best"):
        score_run(folder, None, request, ("best",))


class Killed(Exception):
    """What ends a training here as a kill would."""


class Killing(Quiet):
    """A console whose progress ends the training at a step."""

    def __init__(self, at):
        super().__init__()
        self.at, self.seen = at, []

    def progress(self, title, total):
        def step_done(step, losses=None):
            self.seen.append(step)
            if step == self.at:
                raise Killed

        return contextlib.nullcontext(step_done)


def test_killed_between_checkpoints_it_ends_with_the_same_files(run_dir, tmp_path, untraced):
    """Checkpoints stand at each second step, the measures at each."""
    (tmp_path / "networks").mkdir()
    shutil.copy(run_dir / "networks" / "classifier.keras", tmp_path / "networks")
    for at, first in ((7, 1), (None, 7)):
        console = Killing(at)
        _, train = teacher_stage()
        try:
            train(work_of(tmp_path, "teacher", console))
        except Killed:
            assert [int(row["step"]) for row in rows_of(tmp_path / "teacher")] == list(range(1, 8))
        assert console.seen[0] == first
    whole, resumed = run_dir / "teacher", tmp_path / "teacher"
    for name in ("selection.csv", "networks.json"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes()
    assert [path.name for path in (resumed / "best").iterdir()] == [path.name for path in (whole / "best").iterdir()]
    for name in (NAME, f"{NAME}_best"):
        one, other = (load_network(folder, name).get_weights() for folder in (run_dir, tmp_path))
        assert not tiny.moved(one, other)


def scripted(run_dir, tmp_path, monkeypatch):
    """A function that makes a selector of a generator "a" in a run, and one that measures at a step what is told."""
    (tmp_path / "networks").mkdir()
    shutil.copy(run_dir / "networks" / "classifier.keras", tmp_path / "networks")
    network, console, told = tiny.generator(2), Quiet(), []
    monkeypatch.setattr(selection, "distance_and_recall", lambda real, fake: told.pop())
    _, chosen = selection.hold_out(data, 0.02, 1000)

    def begin():
        return chosen.begin(work_of(tmp_path, "stage", console), {"a": network}, {"a": Sampler(network, 64)})

    def measure(selector, step, distance, recall=0.5):
        network.set_weights([np.full(weight.shape, step, np.float32) for weight in network.get_weights()])
        told.append((distance, recall))
        selector.evaluate(step)

    return begin, measure, console


def kept(folder):
    return sorted(int(path.name[2:10]) for path in (folder / "stage" / "best").iterdir())


def test_the_best_before_a_checkpoint_stays_until_none_can_go_on_from_there(run_dir, tmp_path, monkeypatch, untraced):
    begin, measure, _ = scripted(run_dir, tmp_path, monkeypatch)
    selector = begin()
    selector.go_on_from(0)
    for step, distance in enumerate((5.0, 4.0, 6.0, 2.0, 9.0), start=1):
        measure(selector, step, distance)
    assert kept(tmp_path) == [4]
    (tmp_path / "stage" / "checkpoints").mkdir()
    (tmp_path / "stage" / "checkpoints" / "step-00000005.npz").touch()
    measure(selector, 6, 7.0)
    measure(selector, 7, 1.0)
    assert kept(tmp_path) == [4, 7]
    again = begin()  # another process, whose training takes another course after the checkpoint
    again.go_on_from(5)
    assert kept(tmp_path) == [4] and [int(row["step"]) for row in rows_of(tmp_path / "stage")] == [1, 2, 3, 4, 5]
    measure(again, 6, 3.0)
    assert again.finish() == {"a": {"best": {"step": 4, "measure": "fd_digits_cnn", "value": 2.0, "held_out": 36}}}
    assert all((weight == 4.0).all() for weight in load_network(tmp_path, "a_best").get_weights())
    measure(again, 8, 1.5)
    assert again.finish()["a"]["best"]["step"] == 8 and kept(tmp_path) == [8]
    (tmp_path / "stage" / "selection.csv").write_text("step,network,fd_digits_cnn,recall_digits_cnn\n1,a,none,0.5\n")
    with pytest.raises(InputError, match=r"selection\.csv does not hold the measures of this training") as caught:
        begin()
    assert "\n" not in str(caught.value)


def test_a_warning_comes_once_a_rise(run_dir, tmp_path, monkeypatch, untraced):
    begin, measure, console = scripted(run_dir, tmp_path, monkeypatch)
    selector, told = begin(), []
    selector.go_on_from(0)
    distances = (3.0, 3.5, 4.0, 4.25, 5.0, 4.5, 5.0, 6.0, 6.0, 5.0, 5.5, 6.0, 7.0)
    recalls = (0.5, 0.6, 0.5, 0.4, 0.4, 0.6, 0.5, 0.4, 0.3, 0.2, 0.3, 0.2, 0.1)
    for step, (distance, recall) in enumerate(zip(distances, recalls, strict=True), start=1):
        if step == 5:
            selector = begin()  # after a kill what was told is not told again
        measure(selector, step, distance, recall)
        told.append(len(console.lines))
    assert np.diff([0, *told]).nonzero()[0].tolist() == [3, 8, 12]
    assert console.lines[0] == ("stage: fd_digits_cnn of a rose in 3 evaluations one after the other (3, 3.5, 4, 4.25 "
                                "at steps 1 to 4): the weights of its least distance are kept")
    assert console.lines[1] == ("stage: recall_digits_cnn of a fell in 3 evaluations one after the other (0.6, 0.5, "
                                "0.4, 0.3 at steps 6 to 9): its images cover less and less of the real ones")
    assert console.lines[2].startswith("stage: fd_digits_cnn of a rose") and "steps 10 to 13" in console.lines[2]


def test_the_page_shows_best_beside_last(run_dir, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run_dir, folder)
    file = folder / "teacher" / "selection.csv"
    file.write_text("step,network,fd_a,recall_a\n10,b,3.5,0.5\n20,b,2.5,0.25\n30,b,4.5,0.75\n")
    page = render([read_run(folder)])
    assert "Best weights on held-out images" in page
    assert "recall_a of b on held-out images over the steps of the stage teacher." in page
    cells = "".join(f"<td>{text}</td>\n" for text in ("20", "2.50", "0.250", "30", "4.50", "0.750"))
    assert f'<td class="text">b</td>{cells}'.replace("\n", "") in page.replace("\n", "")
    assert '<th scope="col">fd_digits_cnn_best</th>' in page and '<th scope="col">is_digits_cnn_best</th>' in page
    assert "is_digits_cnn_best_std" not in page
    group = group_runs([read_run(folder)])[0]
    file.write_text("step,network,fd_a,recall_a\n10,b,3.5,nan\n")
    with pytest.raises(InputError, match=r"selection\.csv' is not a table of measures while training"):
        section(group, "key")
    file.unlink()
    assert section(group, "key") is None
