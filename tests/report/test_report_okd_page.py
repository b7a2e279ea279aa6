"""The page of an online distillation: verdict, tables, charts and pictures, and pages of several kinds."""

import base64
import html as html_text
import io
import re

import numpy as np
import okd_runs
import pytest
import report_runs
from PIL import Image
from read_page import Page, page_of, verdict_of
from test_report_okd_summary import two_seeds

from kgan.report.generators_page import points_charts, sample_rows
from kgan.report.groups import group_runs
from kgan.report.load import read_images, read_run
from kgan.report.okd import ROLES, paper_table
from kgan.report.page import render
from kgan.report.summary import summarise

DASH = "–"  # noqa: RUF001


def verdict_of_runs(*folders):
    return verdict_of(render([read_run(folder) for folder in folders]))


def test_the_verdict_over_two_seeds(tmp_path):
    html = render([read_run(folder) for folder in two_seeds(tmp_path)])
    text = verdict_of(html)
    assert "On is_digits_cnn (higher is better), best against best, the peers win: 9.25 against 8.25, difference " \
        "+1.00 ± 0.71 over 2 seeds; the peers are ahead in 2 of 2, the independent GANs in 0. Mean against mean, " \
        "they tie: 8.25 against 7.50, difference +0.750 ± 1.061 over 2 seeds; the peers are ahead in 1 of 2, the " \
        "independent GANs in 0." in text
    assert "On fd_digits_cnn (lower is better), best against best, they tie: 10.50 against 11.00, difference -0.500 " \
        "± 2.121 over 2 seeds; the peers are ahead in 1 of 2, the independent GANs in 1." in text
    assert "The single GAN reaches is_digits_cnn 8.10 ± 0.14 (peers: mean 8.25, best 9.25) and fd_digits_cnn 11.75 ± " \
        "1.06 (peers: mean 13.50, best 10.50). The best of 3 peers against one run is no fair contest" in text
    assert "a side wins if the mean difference is larger than its standard deviation over the seeds, else it is a " \
        "tie." in text
    assert '<strong class="student">the peers win</strong>' in html and "Place by place" not in text


def test_the_verdict_when_the_independent_gans_win(tmp_path):
    other = {"peer": "independent", "independent": "peer", "single": "single"}
    runs = []
    for folder in two_seeds(tmp_path):
        networks = {name: {**entry, "role": other[entry["role"]]} for name, entry in read_run(folder).networks.items()}
        runs.append(okd_runs.write_run(tmp_path / "other" / folder.name, seed=len(runs), networks=networks))
    assert "best against best, the independent GANs win: 8.25 against 9.25, difference -1.00 ± 0.71 over 2 seeds; " \
        "the peers are ahead in 0 of 2, the independent GANs in 2." in verdict_of_runs(*runs)


def test_the_table_of_generators(tmp_path):
    table = page_of(*two_seeds(tmp_path)).table("generator")
    assert table[0] == ["generator", "size", "parameters", "is_digits_cnn (higher is better)",
                        "fd_digits_cnn (lower is better)", "vol"]
    assert [row[0] for row in table[1:]] == [
        "peer G1", "peer G2", "peer G3", "peers, best", "peers, mean", "independent G1", "independent G2",
        "independent G3", "independent, best", "independent, mean", "single"]
    assert table[1] == ["peer G1", "16", "5,000", "9.25 ± 0.35", "10.50 ± 0.71", "800.0 ± 0.0"]
    assert table[4][3:] == ["9.25 ± 0.35", "10.50 ± 0.71", DASH]
    assert table[5][3:] == ["8.25 ± 0.35", "13.50 ± 0.71", "800.0 ± 0.0"]
    assert table[9][3:] == ["8.25 ± 0.35", "11.00 ± 1.41", DASH]
    assert table[11] == ["single", "16", "5,000", "8.10 ± 0.14", "11.75 ± 1.06", "800.0 ± 0.0"]


def test_the_table_of_paired_differences(tmp_path):
    table = page_of(*two_seeds(tmp_path)).table("peers ahead")
    assert table[1:] == [
        ["is_digits_cnn (higher is better)", "best", "9.25", "8.25", "+1.00 ± 0.71", "2 of 2", "0 of 2", "peers"],
        ["is_digits_cnn (higher is better)", "mean", "8.25", "7.50", "+0.750 ± 1.061", "1 of 2", "0 of 2", "tie"],
        ["fd_digits_cnn (lower is better)", "best", "10.50", "11.00", "-0.500 ± 2.121", "1 of 2", "1 of 2", "tie"],
        ["fd_digits_cnn (lower is better)", "mean", "13.50", "14.00", "-0.500 ± 0.707", "1 of 2", "0 of 2", "tie"]]


def test_one_seed(tmp_path):
    folder = okd_runs.write_run(tmp_path / "run")
    page, text = page_of(folder), verdict_of_runs(folder)
    assert "best against best, the peers are ahead: 9.00 against 8.50, difference +0.500." in text
    assert "Mean against mean, they are equal: 8.00 against 8.00" in text
    assert "This is one seed: chance is not excluded, so neither side is said to win" in text
    assert page.table("generator")[1][3:] == ["9.00 ± 0.25", "10.00 ± 1.50", "800.0 ± 10.0"]
    assert "± is the standard deviation over the late checkpoints of this one run, not over seeds." in page.text
    assert "means over 5 late checkpoints (steps 600, 700, 800, 900, 1000); seed 0." in page.text
    assert page.table("peers ahead")[1][4:] == ["+0.500", "1 of 1", "0 of 1", "open"]


def test_different_sizes_are_named_and_compared_place_by_place(tmp_path):
    sizes = [(32, 20000), (8, 1300)]
    runs = two_seeds(tmp_path, okd_runs.networks([(9.0, 10.0), (6.0, 30.0)], [(8.0, 12.0), (7.0, 20.0)], sizes=sizes),
                     okd_runs.networks([(9.5, 11.0), (6.5, 31.0)], [(8.0, 10.0), (7.0, 22.0)], sizes=sizes))
    page, text = page_of(*runs), verdict_of_runs(*runs)
    one_seed = verdict_of_runs(okd_runs.write_run(tmp_path / "one", networks=okd_runs.networks(
        [(9.0, 10.0), (6.0, 30.0)], [(8.0, 12.0), (7.0, 20.0)], (8.2, 11.0), sizes)))
    assert "The single GAN (20,000 parameters) reaches is_digits_cnn 8.20" in one_seed
    assert "G1 (20,000 parameters) 9.00 against 8.00 (+1.00), the peer is ahead; G2 (1,300 parameters) 6.00 against " \
        "7.00 (-1.00), the independent GAN is ahead." in one_seed and " wins" not in one_seed
    assert "The peers are of different sizes: G1 (20,000 parameters), G2 (1,300 parameters)." in text
    assert "Place by place, peer against independent GAN: G1 (20,000 parameters) 9.25 against 8.00 (+1.25 ± 0.35), " \
        "the peer wins; G2 (1,300 parameters) 6.25 against 7.00 (-0.750 ± 0.354), the independent GAN wins." in text
    assert "G1 (20,000 parameters) 10.50 against 11.00 (-0.500 ± 2.121), a tie; G2 (1,300 parameters) 30.50 against " \
        "21.00 (+9.50 ± 0.71), the independent GAN wins." in text
    assert "No single GAN was measured beside them." in text
    row = next(row for row in page.table("peers ahead") if row[:2] == ["fd_digits_cnn (lower is better)",
                                                                       "G2, 1,300 parameters"])
    assert row[2:] == ["30.50", "21.00", "+9.50 ± 0.71", "0 of 2", "2 of 2", "independent"]
    assert "peer G2, 1,300 parameters" in page.text  # beside its samples


def test_without_independent_gans_nothing_is_claimed(tmp_path):
    networks = {name: entry for name, entry in okd_runs.NETWORKS.items() if entry["role"] != "independent"}
    text = verdict_of_runs(okd_runs.write_run(tmp_path / "run", networks=networks))
    assert "so nothing shows that the connectors helped" in text and "ahead" not in text
    assert "The single GAN reaches is_digits_cnn 8.20 ± 0.25 (peers: mean 8.00, best 9.00)" in text
    fewer = {name: entry for name, entry in okd_runs.NETWORKS.items() if name != "independent_2"}
    assert "peers and independent GANs are not of the same number and sizes" in verdict_of_runs(
        okd_runs.write_run(tmp_path / "fewer", networks=fewer))
    assert "Left out of the comparison: seed 0: peers and independent GANs are not" in verdict_of_runs(
        *two_seeds(tmp_path, first=fewer))


def test_charts_hold_every_generator_and_seed(tmp_path):
    (group,) = summarise(two_seeds(tmp_path))["groups"]
    score, distance = points_charts(ROLES, group, "c")
    assert 'aria-label="fd_digits_cnn of every generator, lower is better. peers: G1 10.00, 11.00; G2 12.00, 13.00; ' \
        'G3 17.00, 18.00. independent GANs (rho = 0): G1 15.00, 16.00; G2 12.00, 10.00; G3 15.00, 16.00. single GAN: ' \
        'single 11.00, 12.50."' in html_text.unescape(distance)
    for svg in (score, distance):
        assert re.findall(r">(G\d|single)</text>", svg) == ["G1", "G2", "G3", "G1", "G2", "G3", "single"]
        assert all(f"var(--{role}, " in svg for role in ("student", "control", "teacher")) and ">mean</text>" in svg


def test_samples_are_in_the_order_of_the_papers_figure_3(tmp_path):
    (group,) = group_runs([read_run(okd_runs.write_run(tmp_path / "run"))])
    images = read_images(tmp_path / "run")
    found = sample_rows(dict(reversed(ROLES.items())), group, images, 1)
    assert [row["label"] for row in found["rows"]] == [
        "single", "independent G1", "independent G2", "independent G3", "peer G1", "peer G2", "peer G3"]
    source = found["rows"][5]["src"].removeprefix("data:image/png;base64,")
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(source))).convert("RGB"))[::6, :48:6, 0]
    assert (shown == images.samples["peer_2"][0, ..., 0]).all()


def test_the_papers_table_is_as_printed():
    table = {row[0]: row[1:] for row in paper_table()["rows"]}
    assert table == {"ACGAN": ["178.92", *[DASH] * 4], "OKD-ACGAN": [DASH, "165.39", "171.68", "179.31", "172.13"],
                     "SAGAN": ["139.76", *[DASH] * 4], "OKD-SAGAN": [DASH, "144.05", "118.23", "134.12", "132.13"]}
    for alone, okd, best, mean in (("ACGAN", "OKD-ACGAN", 7.6, 3.8), ("SAGAN", "OKD-SAGAN", 15.4, 5.5)):
        fids, single = [float(fid) for fid in table[okd][1:]], float(table[alone][0])
        assert round(sum(fids[:3]) / 3, 2) == fids[3]
        # Printed in the abstract: by how much the best and the mean are lower.
        assert [round(100 * (1 - fid / single), 1) for fid in (min(fids[:3]), fids[3])] == [best, mean]


def test_the_page_says_that_the_papers_numbers_are_on_another_scale(tmp_path):
    text = page_of(okd_runs.write_run(tmp_path / "run")).text
    assert "are on another scale" in text and "not to be compared with it" in text
    assert "Compressing GANs" not in text and "student" not in text


@pytest.mark.parametrize(("part", "sentence"), [
    ("metrics.json", "There are no measures yet"), ("okd/log.csv", "okd/log.csv is missing"),
    ("evaluate/samples.npz", "No samples"), ("evaluate/interpolation.npz", "No interpolations"),
    ("evaluate/real.npz", "No real images"), ("export/export.json", "No exports"),
])
def test_a_missing_part_is_said(tmp_path, part, sentence):
    page = page_of(okd_runs.write_run(tmp_path / "run", without=(part,)))
    assert sentence in page.text and f"Missing in run: {part}." in page.text and "Every generator" in page.text


def test_a_whole_run_misses_nothing_and_refers_to_nothing_outside(tmp_path, drawn_anew):
    folder = okd_runs.write_run(tmp_path / "run", side=64, channels=3)
    html = render([read_run(folder)])
    assert html == render([read_run(folder)])
    page = Page(html)
    assert "missing" not in page.text.lower() and "okd: connector_loss" in page.text
    assert not re.search(r"https?://|url\((?!#)|@import|<link|<script", html) and len(html) < 3_000_000
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    assert page.table("steps")[1][:8] == ["peer_1", "peer", "1", "16", "wgan_gp", "ema", "5,000", "1,000"]


def test_two_kinds_on_one_page_share_no_table(tmp_path):
    runs = [okd_runs.write_run(tmp_path / "okd"), okd_runs.write_run(tmp_path / "again", recipe="okd_again"),
            report_runs.write_run(tmp_path / "compression", protocol=okd_runs.PROTOCOL)]
    html = render([read_run(folder) for folder in runs])
    page = Page(html)
    for table in page.tables:
        names = {row[0] for row in table}
        assert not (names & {"peers, best", "peer G1"} and names & {"teacher", "student, d = 1, mse"})
    assert ["peers, best", "9.00", "9.00"] in page.table("peers, best")
    assert ["peer G1", "9.00", "9.00"] in page.table("peers, best")  # one run each: no spread beside stds over seeds
    assert "These runs are of 2 kinds" in page.text and "unlike protocols" not in page.text
    assert page.text.count("Online Adversarial Knowledge Distillation") == 1 and "Compressing GANs" in page.text
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_runs_of_several_rho_stand_side_by_side(tmp_path):
    runs = [okd_runs.write_run(tmp_path / str(rho), settings={"rho": rho}, metrics={"rho": rho}) for rho in (0.1, 1.0)]
    table = page_of(*runs).table("peers, mean")
    assert table[0] == ["network", "okd_digits, ring, rho 0.1, seed 0", "okd_digits, ring, rho 1, seed 0"]


def test_text_of_the_run_is_escaped(tmp_path):
    bad = "<script>x</script>"
    networks = {**okd_runs.NETWORKS, bad: okd_runs.network("peer", bad, 8.0, 20.0)}
    html = render([read_run(okd_runs.write_run(tmp_path / "run", networks=networks, metrics={"topology": bad}))])
    assert "<script" not in html and bad in Page(html).text
