"""A search's chief and worker within one process: their roles, refusals, failures and restarts.

Real processes: test_search_processes.py.
"""

import contextlib
import os
import socket
import threading
import time

import pytest
from made_up import assert_refused
from toy_search import Toy, free_port

from kgan import files
from kgan.errors import Interrupted
from kgan.search import cluster
from kgan.search.trials import read_trials


@pytest.fixture
def chief_at(monkeypatch):
    """Sets the environment of a process of this name; returns the port."""
    def put(name):
        port = free_port()
        for variable, value in zip(cluster.VARIABLES, (name, "127.0.0.1", str(port)), strict=True):
            monkeypatch.setenv(variable, value)
        return port

    return put


def test_roles(monkeypatch):
    for variable in cluster.VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    assert cluster.role() == "alone"
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
    assert cluster.role() == "alone"  # keras-tuner itself takes the name alone for no cluster
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    with assert_refused("KERASTUNER_ORACLE_PORT is not set"):
        cluster.role()
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "here")
    with assert_refused("KERASTUNER_ORACLE_PORT is no port: 'here'"):
        cluster.role()
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "8000")
    assert cluster.role() == "chief" and cluster.address() == "127.0.0.1:8000"
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "second")
    assert cluster.role() == "worker"


def test_a_chief_ends_when_all_trials_are_there(chief_at, tmp_path, monkeypatch):
    Toy(tmp_path).search(2)
    chief_at("chief")
    monkeypatch.setattr(cluster, "LINGER", 0.1)
    assert Toy(tmp_path).search(2) == []


def test_a_chief_refuses_an_address_that_is_taken(chief_at, tmp_path):
    port = chief_at("chief")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with assert_refused(f"the chief cannot listen at 127.0.0.1:{port}"):
            Toy(tmp_path).search(2)


def test_a_worker_stops_while_it_waits_and_does_not_wait_for_ever(chief_at, tmp_path, monkeypatch):
    port = chief_at("worker")
    looks = []

    def check():
        looks.append(1)
        if len(looks) == 4:
            raise Interrupted("stopped by a signal")

    with pytest.raises(Interrupted, match="stopped by a signal"):
        Toy(tmp_path).search(2, check=check)
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    with pytest.raises(Interrupted, match=f"no answer from the chief at 127.0.0.1:{port}"):
        Toy(tmp_path).search(2)


def test_a_chief_ends_with_the_error_of_an_answer(chief_at, tmp_path, monkeypatch):
    """keras-tuner's own stands still then."""
    chief_at("chief")
    failure = OSError(28, "No space left on device")

    def broken(trial):
        raise failure

    found = []

    def serve():
        try:
            Toy(tmp_path).search(4, on_end=broken)
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    while not list(tmp_path.glob("search/oracle.json")):
        time.sleep(0.05)
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker")
    with pytest.raises(Interrupted, match="no answer from the chief"):
        Toy(tmp_path).search(4)
    thread.join(timeout=20)
    assert found == [failure]


def test_a_worker_outlasts_a_restart_of_its_chief(chief_at, tmp_path, monkeypatch):
    chief_at("chief")
    worker, ends = Toy(tmp_path), []

    def serve_twice():
        def stop_at_three():
            if len(worker.calls) >= 3:
                raise Interrupted("stopped")

        for check in (stop_at_three, lambda: None):
            monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
            try:
                Toy(tmp_path).search(8, check=check)
                ends.append("done")
            except Interrupted:
                ends.append("stopped")

    def slow_trial(values, seed, share, trial_id):
        time.sleep(0.3)
        return Toy.run_trial(worker, values, seed, share, trial_id)

    worker.run_trial = slow_trial
    monkeypatch.setattr(cluster, "LINGER", 1.0)
    thread = threading.Thread(target=serve_twice)
    thread.start()
    while not list(tmp_path.glob("search/oracle.json")):
        time.sleep(0.05)
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker")
    worker.search(8)
    thread.join(timeout=30)
    assert ends == ["stopped", "done"]
    assert [call[0] for call in worker.calls] == [f"{number:04d}" for number in range(8)]  # each once
    assert [trial.status for trial in read_trials(tmp_path)] == ["completed"] * 8


def test_a_chief_knows_a_trials_results_though_it_was_started_again_meanwhile(chief_at, tmp_path, monkeypatch):
    """At any moment of the worker's: when a trial is over, while its outcome is being written, before it is told."""
    port = chief_at("chief")
    worker, chiefs, stops = Toy(tmp_path), [], []

    def serve():
        stopped = threading.Event()

        def check():
            if stopped.is_set():
                raise Interrupted("stopped")

        def answer():
            with contextlib.suppress(Interrupted):
                Toy(tmp_path).search(4, check=check)

        monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
        stops.append(stopped)
        chiefs.append(threading.Thread(target=answer))
        chiefs[-1].start()
        while not_listening():
            time.sleep(0.05)
        monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker")

    def not_listening():
        with socket.socket() as other:
            return other.connect_ex(("127.0.0.1", port))

    def restart():
        stops[-1].set()
        chiefs[-1].join(timeout=30)
        serve()

    def at(moment, call):
        def wrapped(*arguments, **options):
            if worker.calls and worker.calls[-1][0] == moment:
                restart()
            return call(*arguments, **options)

        return wrapped

    def move(source, target):
        if str(target).endswith("outcome.json"):
            return at("0001", os.rename)(source, target)
        return os.rename(source, target)

    monkeypatch.setattr(cluster, "LINGER", 1.0)
    monkeypatch.setattr(files.os, "replace", move)
    monkeypatch.setattr(cluster.Client, "end_trial", at("0002", cluster.Client.end_trial))
    worker.run_trial = lambda *arguments: at("0000", lambda found: found)(Toy.run_trial(worker, *arguments))
    serve()
    worker.search(4)
    chiefs[-1].join(timeout=30)
    assert len(chiefs) == 4 and not any(chief.is_alive() for chief in chiefs)
    assert [call[0] for call in worker.calls] == ["0000", "0001", "0002", "0003"]
    assert [trial.objective for trial in read_trials(tmp_path)] == [worker.value_of(call[1]) for call in worker.calls]
