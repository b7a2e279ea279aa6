"""Online distillation over seeds: paired differences, best and mean, against values computed by hand."""

import json

import okd_runs
import pytest
import report_runs

from kgan.errors import InputError
from kgan.report.charts import loss_charts
from kgan.report.groups import group_runs
from kgan.report.load import read_run
from kgan.report.okd import KIND
from kgan.report.paired import paired
from kgan.report.summary import summarise, summary_lines

#: Beside okd_runs.NETWORKS as a second seed. Score: best 9.5 against 8, mean 8.5 against 7.
#: Distance: best 11 against 10, mean 14 against 14.
SECOND = okd_runs.networks([(9.5, 11.0), (8.0, 13.0), (8.0, 18.0)], [(8.0, 16.0), (7.0, 10.0), (6.0, 16.0)],
                           (8.0, 12.5))


def two_seeds(tmp_path, first=None, second=SECOND, **more):
    return [okd_runs.write_run(tmp_path / f"seed-{seed}", seed=seed, networks=networks, **more)
            for seed, networks in enumerate([first, second])]


def group_of(*folders):
    (group,) = summarise(folders)["groups"]
    return group


def contests(group, *kinds):
    return {(entry["kind"], entry["measure"]): entry for entry in group["comparisons"] if entry["kind"] in kinds}


@pytest.mark.parametrize(("pairs", "better", "difference", "std", "result", "ahead"), [
    # 0.5 and 1.5: mean 1, std sqrt(0.5)
    ([(0, 9.0, 8.5), (1, 9.5, 8.0)], "higher", 1.0, 0.5 ** 0.5, "first", (2, 0)),
    ([(0, 9.0, 8.5), (1, 9.5, 8.0)], "lower", 1.0, 0.5 ** 0.5, "second", (0, 2)),
    # 0 and 1.5: mean 0.75, std 1.0607
    ([(0, 8.0, 8.0), (1, 8.5, 7.0)], "higher", 0.75, 1.125 ** 0.5, "tie", (1, 0)),
    # -2 and 1: mean -0.5, std 2.1213
    ([(0, 10.0, 12.0), (1, 11.0, 10.0)], "lower", -0.5, 4.5 ** 0.5, "tie", (1, 1)),
    # -3, -3, 0: mean -2, std sqrt((1 + 1 + 4) / 2)
    ([(0, 1.0, 4.0), (1, 2.0, 5.0), (4, 7.0, 7.0)], "lower", -2.0, 3.0 ** 0.5, "first", (2, 0)),
    # Far apart between the seeds, yet alike within each: unpaired stds of 50 would hide the difference.
    ([(0, 1.0, 2.0), (1, 101.0, 102.5)], "higher", -1.25, 0.125 ** 0.5, "second", (0, 2)),
    # 2, 0, 1: mean 1 and std 1, exactly.
    ([(0, 5.0, 3.0), (1, 3.0, 3.0), (2, 2.0, 1.0)], "higher", 1.0, 1.0, "tie", (2, 0)),
    # 1, 1, 1: no spread at all.
    ([(0, 5.0, 4.0), (1, 3.0, 2.0), (2, 2.0, 1.0)], "higher", 1.0, 0.0, "first", (3, 0)),
    ([(0, 5.0, 5.0), (1, 3.0, 3.0)], "higher", 0.0, 0.0, "tie", (0, 0)),
    ([(3, 9.0, 8.5)], "higher", 0.5, None, "open", (1, 0)),
])
def test_the_paired_rule(pairs, better, difference, std, result, ahead):
    found = paired(pairs, better)
    assert found["difference"] == pytest.approx(difference, abs=1e-12)
    assert found["std"] is None if std is None else found["std"] == pytest.approx(std, abs=1e-12)
    assert (found["result"], *found["ahead"].values(), found["n"]) == (result, *ahead, len(pairs))


def test_two_seeds(tmp_path):
    group = group_of(*two_seeds(tmp_path))
    assert group["kind"] == "okd" and group["label"] == "okd_digits, ring, rho 0.1, seeds 0, 1"
    found = contests(group, "best", "mean")
    results = {key: (entry["first"], entry["second"], entry["result"]) for key, entry in found.items()}
    assert results == {("best", "is_digits_cnn"): (9.25, 8.25, "first"),
                       ("mean", "is_digits_cnn"): (8.25, 7.5, "tie"),
                       ("best", "fd_digits_cnn"): (10.5, 11.0, "tie"),
                       ("mean", "fd_digits_cnn"): (13.5, 14.0, "tie")}
    assert found["best", "fd_digits_cnn"]["pairs"] == [{"seed": 0, "first": 10.0, "second": 12.0},
                                                       {"seed": 1, "first": 11.0, "second": 10.0}]
    assert group["counts"]["best"] == {"is_digits_cnn": {"first": 1, "second": 0, "tie": 0},
                                       "fd_digits_cnn": {"first": 0, "second": 0, "tie": 1}}
    best = group["spreads"]["independent"]["fd_digits_cnn"]["best"]
    assert best["values"] == [12.0, 10.0] and best["std"] == pytest.approx(2.0 ** 0.5)
    assert group["networks"]["peer_1"]["measures"]["is_digits_cnn"]["std"] == pytest.approx(0.125 ** 0.5)
    assert group["unpaired"] == {}
    assert json.loads(json.dumps(group, allow_nan=False)) == group


def test_the_text_for_a_terminal(tmp_path):
    lines = summary_lines(summarise(two_seeds(tmp_path)))
    assert lines[0] == "okd_digits, ring, rho 0.1, seeds 0, 1: mean and std over 2 runs"
    rows = [line.split() for line in lines]
    assert ["peer_1", "peer", "16", "5000", "9.25", "+-", "0.3536", "10.5", "+-", "0.7071"] in rows
    assert ["peers,", "best", "9.25", "+-", "0.3536", "10.5", "+-", "0.7071"] in rows
    assert ["independent,", "mean", "7.5", "+-", "0.7071", "14", "+-", "0"] in rows
    assert ["single", "single", "16", "5000", "8.1", "+-", "0.1414", "11.75", "+-", "1.061"] in rows
    assert "is_digits_cnn (higher is better), best: peers 9.25, independent 8.25, difference +1 +- 0.7071; " \
        "peers ahead in 2 of 2 seeds, independent in 0: the peers win" in lines
    assert "fd_digits_cnn (lower is better), best: peers 10.5, independent 11, difference -0.5 +- 2.121; " \
        "peers ahead in 1 of 2 seeds, independent in 1: tie" in lines
    assert not any("place" in line for line in lines[:-1]) and lines[-1] == KIND.rule


def test_one_seed_shows_the_spread_over_late_checkpoints_and_no_winner(tmp_path):
    summary = summarise([okd_runs.write_run(tmp_path / "run")])
    (group,) = summary["groups"]
    measures = group["networks"]["peer_2"]["measures"]
    assert set(measures) == {"is_digits_cnn", "fd_digits_cnn", "vol"}
    assert measures["fd_digits_cnn"]["std"] is None and measures["fd_digits_cnn"]["late_stds"] == [1.5]
    assert {entry["result"] for entry in group["comparisons"]} == {"open"}
    lines = summary_lines(summary)
    assert lines[0].endswith("one run, std over its late checkpoints")
    assert ["peer_2", "peer", "16", "5000", "8", "+-", "0.25", "12", "+-", "1.5"] in [line.split() for line in lines]
    assert "fd_digits_cnn (lower is better), best: peers 10, independent 12, difference -2: one seed, chance not " \
        "excluded" in lines


def test_peers_of_different_sizes_are_compared_place_by_place(tmp_path):
    sizes = [(32, 20000), (8, 1300)]
    runs = two_seeds(tmp_path, okd_runs.networks([(9.0, 10.0), (6.0, 30.0)], [(8.0, 12.0), (7.0, 20.0)], sizes=sizes),
                     okd_runs.networks([(9.5, 11.0), (6.5, 31.0)], [(8.0, 10.0), (7.0, 22.0)], sizes=sizes))
    group = group_of(*runs)
    places = {(entry["place"], entry["measure"]): (entry["difference"], entry["result"])
              for entry in group["comparisons"] if entry["kind"] == "place"}
    # G1: 1 and 1.5, mean 1.25, std 0.354; -2 and 1. G2: -1 and -0.5; 10 and 9.
    assert places == {("1", "is_digits_cnn"): (1.25, "first"), ("1", "fd_digits_cnn"): (-0.5, "tie"),
                      ("2", "is_digits_cnn"): (-0.75, "second"), ("2", "fd_digits_cnn"): (9.5, "second")}
    assert any("fd_digits_cnn (lower is better), place 2: peers 30.5, independent 21" in line
               for line in summary_lines(summarise(runs)))


def test_a_ring_of_more_than_nine_is_in_the_order_of_its_places(tmp_path):
    peers = {f"peer_{place}": okd_runs.network("peer", str(place), 5.0, 20.0) for place in (10, 2, 1)}
    lines = summary_lines(summarise([okd_runs.write_run(tmp_path / "run", networks=peers)]))
    assert [line.split()[0] for line in lines[2:5]] == ["peer_1", "peer_2", "peer_10"]


def test_sides_that_do_not_answer_each_other_are_left_out(tmp_path):
    fewer = {name: entry for name, entry in SECOND.items() if name != "independent_3"}
    group = group_of(*two_seeds(tmp_path, second=fewer))
    assert list(group["unpaired"].values()) == ["peers and independent GANs are not of the same number and sizes"]
    assert contests(group, "best")["best", "fd_digits_cnn"]["pairs"] == [{"seed": 0, "first": 10.0, "second": 12.0}]
    none = {name: entry for name, entry in SECOND.items() if entry["role"] != "independent"}
    group = group_of(*two_seeds(tmp_path / "none", first=none, second=none))
    assert group["comparisons"] == [] and set(group["unpaired"].values()) == {"no independent GANs"}


def test_a_seed_without_all_numbers_is_no_pair(tmp_path):
    second = {**SECOND, "peer_2": okd_runs.network("peer", "2", float("nan"), 13.0)}
    group = group_of(*two_seeds(tmp_path, second=second))
    found = contests(group, "best", "mean")
    assert found["best", "is_digits_cnn"]["n"] == 1 and found["best", "fd_digits_cnn"]["n"] == 2
    assert group["spreads"]["peer"]["is_digits_cnn"]["mean"]["values"] == [8.0]
    assert group["networks"]["peer_2"]["measures"]["is_digits_cnn"]["not_finite"] == 1


def test_kinds_never_share_a_group(tmp_path):
    alike = {"recipe": "same", "settings": {}, "protocol": okd_runs.PROTOCOL, "networks": okd_runs.NETWORKS}
    runs = [okd_runs.write_run(tmp_path / "okd", seed=0, **alike),
            report_runs.write_run(tmp_path / "compression", seed=1, **alike)]
    summary = summarise(runs)
    assert [group["kind"] for group in summary["groups"]] == ["okd", "compression"]
    assert summary["rule"].startswith("Compression: Means over seeds") and "\nOnline distillation: " in summary["rule"]


def test_the_kind_of_a_run(tmp_path):
    bare = okd_runs.write_run(tmp_path / "bare", without=("metrics.json",))
    assert read_run(bare).kind == "okd"  # by the roles that its stages registered
    assert read_run(report_runs.write_run(tmp_path / "run", without=("metrics.json",))).kind == "compression"
    for path in bare.glob("*/networks.json"):
        path.write_text("[{")
    assert read_run(bare).kind == "compression"
    with pytest.raises(InputError, match=r"metrics\.json' is 'cgan': this version reports on compression, okd"):
        read_run(okd_runs.write_run(tmp_path / "new", metrics={"kind": "cgan"}))


def test_logs_of_the_stages_that_are_there(tmp_path):
    run = read_run(okd_runs.write_run(tmp_path / "run", without=("okd/log.csv",)))
    assert list(run.logs) == ["controls"] and run.missing == ("okd/log.csv",)
    run = read_run(okd_runs.write_run(tmp_path / "older", stages=["okd"]))  # controls: not of this recipe
    assert list(run.logs) == ["okd"] and run.missing == ()
    networks = {name: entry for name, entry in okd_runs.NETWORKS.items() if entry["role"] == "peer"}
    run = read_run(okd_runs.write_run(tmp_path / "alone", networks=networks))
    assert list(run.logs) == ["okd"] and run.missing == ()


def test_charts_of_losses(tmp_path):
    (group,) = group_runs([read_run(okd_runs.write_run(tmp_path / "run"))])
    charts, notes = loss_charts(group, "c")
    assert notes == [] and [(chart["stage"], chart["loss"]) for chart in charts] == [
        ("okd", "generator_loss"), ("okd", "discriminator_loss"), ("okd", "connector_loss"),
        ("controls", "independent generator_loss"), ("controls", "independent discriminator_loss"),
        ("controls", "single generator_loss"), ("controls", "single discriminator_loss")]
    assert "connector_loss of G1 to G2, G2 to G3, G3 to G1 over the steps" in charts[2]["svg"]
    for index, colour in ((2, "student"), (3, "control"), (6, "teacher")):
        assert f"var(--{colour}, " in charts[index]["svg"]


@pytest.mark.parametrize(("column", "curve"), [
    ("generator_1_loss", ("generator_loss", "G1")), ("discriminator_peer_2_loss", ("discriminator_loss", "G2")),
    ("connector_3_1_loss", ("connector_loss", "G3 to G1")), ("generator_loss", ("generator_loss", "okd")),
    ("connector_peer_1_peer_10_loss", ("connector_loss", "G1 to G10")),
    ("single/discriminator_1_loss", ("single discriminator_loss", "G1")),
    ("independent_2/generator_loss", ("independent generator_loss", "G2")),
    ("generator_wide_loss", ("generator_loss", "wide")), ("step", None), ("seconds", None),
])
def test_losses_of_all_peers_go_into_one_chart(column, curve):
    assert KIND.curve("okd", column) == curve
