"""Searches with a function in place of a training: what is proposed, recorded, and gone on with."""

import csv
import json
import math
import shutil

import pytest
from made_up import assert_refused
from toy_search import BEST_X, Toy, value_of

from kgan.errors import Interrupted
from kgan.search.trials import best_trials, read_trials
from kgan.search.tuner import trial_seed, values_of_trial

ALGORITHMS = ("random", "bayesian", "hyperband")


def rows(folder):
    with open(folder / "trials.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def choices(*values):
    return lambda hp: {"d": hp.Choice("d", list(values))}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_search_in_three_parts_is_the_search_in_one(algorithm, tmp_path):
    whole = Toy(tmp_path / "whole").search(13, algorithm, seed=5)
    parts = Toy(tmp_path / "parts")
    found = [*parts.search(4, algorithm, seed=5), *parts.search(12, algorithm, seed=5),
             *parts.search(13, algorithm, seed=5)]
    assert found == whole and len(whole) == 13
    assert [call[0] for call in whole] == [f"{number:04d}" for number in range(13)]
    assert parts.search(13, algorithm, seed=5) == [] and parts.search(2, algorithm, seed=5) == []
    other = Toy(tmp_path / "other").search(3, algorithm, seed=6)
    assert all(call[1] != theirs[1] for call, theirs in zip(other, whole, strict=False))


def test_a_trials_seed_comes_from_the_search_and_its_number(tmp_path):
    calls = Toy(tmp_path).search(4, seed=0)
    seeds = [call[2] for call in calls]
    assert seeds == [trial_seed(0, number) for number in range(4)] and len(set(seeds)) == 4
    assert [int(row["seed"]) for row in rows(tmp_path)] == seeds
    assert trial_seed(1, 0) != trial_seed(0, 0) and all(0 <= seed < 2**31 for seed in seeds)


def test_the_table_has_values_results_seconds_and_reasons(tmp_path):
    def value(values):
        number = len(toy.calls) - 1
        if number in (1, 2, 3, 4, 5):  # more in a row than keras-tuner allows
            raise RuntimeError("no\n  luck")
        return {6: math.nan, 7: math.inf}.get(number, 1.5 * number)

    toy = Toy(tmp_path, value_of=value)
    toy.search(9)
    table = rows(tmp_path)
    assert list(table[0]) == ["trial", "x", "kind", "objective", "length", "share", "seconds", "seed", "status", "why"]
    assert [row["objective"] for row in table] == ["0.0", *[""] * 7, "12.0"]
    assert [row["status"] for row in table] == ["completed", *["failed"] * 7, "completed"]
    assert [row["why"] for row in table] == ["", *["RuntimeError: no luck"] * 5,
                                            *["the objective is not a finite number"] * 2, ""]
    assert [(row["trial"], float(row["x"]), row["kind"]) for row in table] == [
        (name, values["x"], values["kind"]) for name, values, _, _ in toy.calls]
    assert table[8]["length"] == "2.0" and float(table[8]["seconds"]) >= 0.0


def test_the_project_folder_alone_gives_the_table(tmp_path):
    Toy(tmp_path).search(3)
    before = (tmp_path / "trials.csv").read_bytes()
    (tmp_path / "trials.csv").unlink()
    Toy(tmp_path).search(3)
    assert (tmp_path / "trials.csv").read_bytes() == before


def test_results_that_are_no_dict_of_numbers_fail_the_trial(tmp_path):
    toy = Toy(tmp_path)
    for results in ({"score": 1.0}, 2.0, {"objective": "much"}):
        toy.run_trial = lambda *trial, results=results: results
        toy.search(len(read_trials(tmp_path)) + 1)
    reasons = [trial.why for trial in read_trials(tmp_path)]
    assert reasons[0] == "TypeError: a trial must give a dict with the key 'objective'; received {'score': 1.0}"
    assert reasons[1].endswith("received 2.0") and reasons[2].startswith("ValueError: could not convert")


@pytest.mark.parametrize(("direction", "best"), [("max", "0001"), ("min", "0002")])
def test_the_best_trials_by_direction(direction, best, tmp_path):
    numbers = iter([2.0, 7.0, -3.0, math.nan])
    Toy(tmp_path, value_of=lambda values: next(numbers)).search(4, direction=direction)
    found = best_trials(read_trials(tmp_path), direction)
    assert [trial.id for trial in found] == [best, "0000", "0002" if best == "0001" else "0001"]


def test_bayesian_trials_close_in_on_the_optimum(tmp_path):
    calls = Toy(tmp_path, lambda hp: {"x": hp.Float("x", -1.0, 1.0), "kind": "plain"}).search(9, "bayesian", seed=2)
    distances = [abs(values["x"] - BEST_X) for _, values, _, _ in calls]
    assert min(distances[3:]) < 0.02 < min(distances[:3])  # three trials are drawn at random
    assert {type(values["x"]) for _, values, _, _ in calls} == {float}  # NumPy's own would be written otherwise


def test_bayesian_trials_of_a_small_space_are_all_unlike(tmp_path):
    calls = Toy(tmp_path, choices(1, 2, 3, 4, 5), lambda values: float(values["d"])).search(9, "bayesian")
    assert sorted(values["d"] for _, values, _, _ in calls) == [1, 2, 3, 4, 5]


def test_hyperband_prolongs_the_best_third(tmp_path):
    calls = Toy(tmp_path).search(13, "hyperband", seed=3)
    assert [share for *_, share in calls] == [pytest.approx(1 / 9)] * 9 + [pytest.approx(1 / 3)] * 3 + [1.0]
    ranked = sorted((values for _, values, _, _ in calls[:9]), key=value_of, reverse=True)
    assert [values for _, values, _, _ in calls[9:12]] == ranked[:3] and calls[12][1] == ranked[0]
    assert [row["share"] for row in rows(tmp_path)][8:] == ["0.1111", *["0.3333"] * 3, "1"]


def test_hyperband_prolongs_the_best_though_some_failed(tmp_path):
    def value(values):
        if len(toy.calls) in (2, 5, 6, 9):
            raise RuntimeError("diverged")
        return value_of(values)

    toy = Toy(tmp_path, value_of=value)
    calls = toy.search(12, "hyperband", seed=3)
    assert [share for *_, share in calls[9:]] == [pytest.approx(1 / 3)] * 3
    ranked = sorted((calls[place][1] for place in (0, 2, 3, 6, 7)), key=value_of, reverse=True)
    assert [values for _, values, _, _ in calls[9:]] == ranked[:3]


@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize("bound", range(9))
def test_a_bisection_finds_each_bound(largest, bound, tmp_path):
    """Of 1 to 7: with the smallest first those above the bound meet, with the largest first those below."""
    toy = Toy(tmp_path, lambda hp: {"d": hp.Int("d", 1, 7)},
              lambda values: bound - values["d"] - 0.5 if largest else values["d"] - bound + 0.5)
    toy.search(20, "largest" if largest else "smallest")
    met = [values["d"] for _, values, _, _ in toy.calls if toy.value_of(values) >= 0]
    expected = [d for d in range(1, 8) if (d < bound if largest else d >= bound)]
    assert (max(met, default=None) if largest else min(met, default=None)) == (
        (expected[-1] if largest else expected[0]) if expected else None)
    assert len(toy.calls) == 3  # of seven values, whichever it is


def test_a_bisection_leaves_out_what_fails(tmp_path):
    def value(values):
        if values["d"] == 3:
            raise RuntimeError("diverged")
        return values["d"] - 2.5

    calls = Toy(tmp_path, choices(5, 1, 4, 2, 3), value).search(20, "smallest")
    assert [values["d"] for _, values, _, _ in calls] == [3, 4, 2]


def test_a_used_up_space_ends_the_search(tmp_path):
    calls = Toy(tmp_path, choices(1, 2, 3), lambda values: float(values["d"])).search(10)
    assert sorted(values["d"] for _, values, _, _ in calls) == [1, 2, 3]


@pytest.mark.parametrize("space", [
    lambda hp: {}, lambda hp: {"d": 3}, lambda hp: {"d": hp.Fixed("d", 3)}, lambda hp: {"d": hp.Choice("d", [3])},
    lambda hp: {"d": hp.Int("d", 3, 3)}])
def test_a_search_with_nothing_to_search_is_refused(space, tmp_path):
    with assert_refused("there is nothing to search"):
        Toy(tmp_path, space).search(3)


def test_settings_of_a_condition_are_searched_where_it_holds(tmp_path):
    def space(hp):
        values = {"kind": hp.Choice("kind", ["plain", "odd"])}
        with hp.conditional_scope("kind", ["odd"]):
            if values["kind"] == "odd":
                values["x"] = hp.Float("x", 0.0, 1.0)
        return values

    calls = Toy(tmp_path, space, lambda values: values.get("x", 2.0)).search(6)
    odd = [values["x"] for _, values, _, _ in calls if values["kind"] == "odd"]
    assert len(set(odd)) == len(odd) > 1
    assert sum(values == {"kind": "plain"} for _, values, _, _ in calls) == 6 - len(odd) == 1
    assert [row["x"] for row in rows(tmp_path)] == [str(values.get("x", "")) for _, values, _, _ in calls]
    assert values_of_trial(tmp_path, "0002", space) == calls[2][1]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_interrupted_trial_is_run_again_and_no_other(algorithm, tmp_path):
    def value(values):
        if len(toy.calls) == 4:
            raise Interrupted("stopped")
        return value_of(values)

    whole = Toy(tmp_path / "whole").search(6, algorithm)
    toy = Toy(tmp_path / "broken", value_of=value)
    with pytest.raises(Interrupted):
        toy.search(6, algorithm)
    assert [trial.status for trial in read_trials(tmp_path / "broken")] == ["completed"] * 3 + ["running"]
    toy.search(6, algorithm)
    assert toy.calls == whole[:4] + whole[3:]
    assert [trial.objective for trial in read_trials(tmp_path / "broken")] == [
        trial.objective for trial in read_trials(tmp_path / "whole")]


def test_a_full_disk_ends_the_search(tmp_path):
    def value(values):
        raise OSError(28, "No space left on device")

    toy = Toy(tmp_path, value_of=value)
    with pytest.raises(OSError, match="No space left"):
        toy.search(3)
    assert len(toy.calls) == 1


@pytest.fixture
def states(tmp_path):
    """A finished search of three trials, and oracle.json as it was before each trial ran and at the end."""
    folder, kept = tmp_path / "run", []

    def value(values):
        kept.append((folder / "search" / "oracle.json").read_text())
        return value_of(values)

    toy = Toy(folder, value_of=value)
    toy.search(3)
    return toy, [*kept, (folder / "search" / "oracle.json").read_text()]


def test_a_kill_after_a_trials_end_was_written_runs_it_no_second_time(states):
    toy, kept = states
    (toy.folder / "search" / "oracle.json").write_text(kept[2])  # the third trial is in flight for the oracle
    (again,) = toy.search(4)
    assert again[0] == "0003" and [trial.status for trial in read_trials(toy.folder)] == ["completed"] * 4
    assert json.loads((toy.folder / "search" / "oracle.json").read_text())["end_order"] == [
        "0000", "0001", "0002", "0003"]


def test_a_kill_before_the_oracle_knew_of_a_trial_proposes_it_again(states):
    toy, kept = states
    (toy.folder / "search" / "oracle.json").write_text(kept[1])  # the second trial is in flight, the third unknown
    path = toy.folder / "search" / "trial_0002" / "trial.json"
    path.write_text(path.read_text().replace("COMPLETED", "RUNNING"))
    last = toy.calls[2]
    assert toy.search(3) == [last]


def test_a_kill_between_results_and_end_runs_the_trial_again(states):
    toy, kept = states
    (toy.folder / "search" / "oracle.json").write_text(kept[2])
    path = toy.folder / "search" / "trial_0002" / "trial.json"
    path.write_text(path.read_text().replace("COMPLETED", "RUNNING"))  # its metrics are there already
    last = toy.calls[2]
    assert toy.search(3) == [last]
    found = json.loads(path.read_text())["metrics"]["metrics"]["objective"]["observations"]
    assert found == [{"value": [value_of(last[1])], "step": 0}]


def test_half_written_files_of_a_killed_process_do_not_stay(states):
    toy, _ = states
    for place in ("", "search", "search/trial_0001"):
        (toy.folder / place / ".oracle.json.x.part").write_text("half")
    toy.search(3)
    assert list(toy.folder.rglob("*.part")) == []


@pytest.mark.parametrize("content", ["", "{", "{}", "[]"])
def test_a_damaged_state_is_refused(content, states):
    toy, _ = states
    (toy.folder / "search" / "oracle.json").write_text(content)
    with assert_refused("oracle.json cannot be read"):
        toy.search(4)
    shutil.copy(toy.folder / "search" / "trial_0000" / "outcome.json", toy.folder / "search" / "trial_0001/trial.json")
    with assert_refused("trial_0001 does not hold a trial that can be read"):
        read_trials(toy.folder)
    with assert_refused("oracle.json cannot be read"):
        toy.search(4)
