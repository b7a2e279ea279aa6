"""The loop around `fit`: interrupted and resumed, a training ends bit for bit as an uninterrupted one."""

import csv
import random
import signal

import numpy as np
import pytest
import tiny

from kgan.errors import Diverged, InputError, Interrupted
from kgan.methods.side_by_side import SideBySide
from kgan.training.loop import train
from kgan.training.signals import StopRequest


def batches(step):
    return tiny.data().batches(4, seed=2, start_step=step)


@pytest.fixture(scope="module")
def traced():
    """Two methods whose steps are compiled once for all tests here, each with the networks that it begins with.

    The first is for a process that begins, the other for one that goes on.
    """
    found = []
    for seed in (1, 2):
        method = tiny.gan(seed)
        random.seed(seed)
        found.append((method, {"generator": tiny.generator(), "discriminator": tiny.discriminator()}))
    return found


@pytest.fixture
def run(traced):
    """Trains from the start, as a process of its own would; returns the method.

    What goes on from a checkpoint begins with other weights, so that all of its end comes from there.
    """
    def run(folder, steps, resumes=False, method=None, **settings):
        if method is None:
            method, networks = traced[resumes]
            method.restart(networks, seed=1)
        train(method, batches, steps, folder, **{"log_every": 2, "checkpoint_every": 3, **settings})
        return method

    return run


def weights(method):
    return [np.array(v) for name, group in method.state_groups().items() if "loss/" not in name for v in group]


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def rows(folder):
    with open(folder / "log.csv", newline="") as file:
        return list(csv.DictReader(file))


class Killed(BaseException):
    """Stands for the end of a process between two steps."""


def kill_at(step):
    def progress(now, losses):
        if now == step:
            raise Killed

    return progress


@pytest.mark.parametrize("killed_at", [1, 4, 6])
def test_a_killed_training_goes_on_and_ends_with_the_same_state(tmp_path, run, killed_at):
    whole = weights(run(tmp_path / "whole", 9))
    with pytest.raises(Killed):
        run(tmp_path / "killed", 9, progress=kill_at(killed_at))
    seen = []
    # Before the first checkpoint it begins anew, with the first weights.
    resumed = run(tmp_path / "killed", 9, resumes=killed_at >= 3, progress=lambda step, losses: seen.append(step))
    assert seen[0] == killed_at // 3 * 3 + 1  # checkpoints stand at 3, 6 and 9
    assert_same(whole, weights(resumed))
    assert [row["step"] for row in rows(tmp_path / "killed")] == [row["step"] for row in rows(tmp_path / "whole")]


def test_a_stop_finishes_the_step_writes_a_checkpoint_and_goes_on_from_it(tmp_path, run):
    whole = weights(run(tmp_path / "whole", 6))
    stop = StopRequest()

    def ask(step, losses):
        if step == 4:
            stop.signal = signal.SIGTERM

    with pytest.raises(Interrupted, match="SIGTERM"):
        run(tmp_path / "stopped", 6, progress=ask, stop=stop)
    assert (tmp_path / "stopped" / "checkpoints" / "step-00000005.npz").is_file()
    assert_same(whole, weights(run(tmp_path / "stopped", 6, resumes=True)))


def test_a_complete_training_is_left_alone_and_a_longer_one_goes_on(tmp_path, run):
    run(tmp_path, 4)
    again = run(tmp_path, 4, resumes=True, progress=kill_at(1))
    assert again.steps_done == 4
    whole = weights(run(tmp_path / "whole", 6))
    assert_same(whole, weights(run(tmp_path, 6, resumes=True)))
    with pytest.raises(InputError, match="trained for 6 steps already"):
        run(tmp_path, 5)


def test_log_rows_are_means_since_the_row_before(tmp_path, run):
    each, means = tmp_path / "each", tmp_path / "means"
    run(each, 4, log_every=1)
    run(means, 4, log_every=2)
    single = [float(row["generator_loss"]) for row in rows(each)]
    double = [float(row["generator_loss"]) for row in rows(means)]
    assert len(single) == 4 and len(set(single)) == 4
    np.testing.assert_allclose(double, [np.mean(single[:2]), np.mean(single[2:])], rtol=1e-5)


def test_members_side_by_side_log_under_their_names(tmp_path, run, untraced):
    run(tmp_path, 2, method=SideBySide({"a": tiny.gan(1), "b": tiny.gan(2)}))
    assert list(rows(tmp_path)[0]) == ["step", "seconds", "a/generator_loss", "a/discriminator_loss",
                                       "b/generator_loss", "b/discriminator_loss"]


def test_a_loss_that_is_not_finite_ends_the_training_by_name(tmp_path, run, untraced):
    method = tiny.gan(1)
    method.networks["generator"].weights[0].assign(np.full((tiny.LATENT_DIM, 48), np.nan))
    with pytest.raises(Diverged, match=r"step 2: generator_loss = nan"):
        run(tmp_path, 4, method=method)
    assert not (tmp_path / "checkpoints").exists()


def test_samples_are_asked_for_in_time_and_at_the_end(tmp_path, run):
    steps = []
    run(tmp_path, 5, sample_every=2, write_samples=steps.append)
    assert steps == [2, 4, 5]
