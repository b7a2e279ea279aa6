"""The page of a knowledge transfer graph: verdict, tables, graphs, features, the paper's tables."""

import base64
import html as html_text
import io
import re

import collaborative_runs as made_up
import numpy as np
import okd_runs
import pytest
from PIL import Image
from read_page import Page, page_of, verdict_of
from test_report_collaborative_summary import two_seeds

from kgan.report.collaborative import KIND
from kgan.report.collaborative_page import embeddings, graphs, paper_table, transfer_table
from kgan.report.collaborative_summary import ROLES
from kgan.report.generators_page import points_charts, sample_rows
from kgan.report.groups import group_runs
from kgan.report.load import read_images, read_run
from kgan.report.page import render
from kgan.report.summary import summarise

DASH = "–"  # noqa: RUF001


LOGS = ("graph/log.csv", "controls/log.csv")  # most of a page's time goes into the charts of the losses


def verdict_of_runs(*folders):
    (group,) = summarise(folders)["groups"]
    return " ".join(sentence.text for sentence in KIND.verdict(group))


def test_the_verdict_over_two_seeds(tmp_path):
    html = render([read_run(folder) for folder in two_seeds(tmp_path, without=LOGS)])
    text = verdict_of(html)
    assert "The graph joins 2 generators and the discriminator by 4 edges: 1 through, 1 positive linear, 1 negative " \
        "linear, 1 cut off." in text
    assert "On is_digits_cnn (higher is better), best against best, the graph wins over MAD-GAN (9.00 against 7.75, " \
        "difference +1.25 ± 1.06, ahead in 2 of 2 seeds), the single GAN with SN (9.00 against 8.70, difference " \
        "+0.300 ± 0.141, ahead in 2 of 2 seeds); it ties with the all-through graph (9.00 against 8.60, difference " \
        "+0.400 ± 0.849, ahead in 1 of 2 seeds, behind in 1), the single GAN with batch norm (9.00 against 8.65, " \
        "difference +0.350 ± 0.636, ahead in 1 of 2 seeds, behind in 1)." in text
    assert "mean against mean, the graph ties with the all-through graph (13.00 against 13.50, difference -0.500 ± " \
        "0.707, ahead in 1 of 2 seeds), MAD-GAN" in text
    assert "; it loses to the single GAN with SN (13.00 against 10.50, difference +2.50 ± 0.71, ahead in 0 of 2 " \
        "seeds, behind in 2)." in text
    assert "The best of 2 generators against one run of a single GAN favours the graph" in text
    assert "The differences are paired by seed, over 2 seeds" in text and "Place by place" not in text
    assert '<strong class="student">wins over</strong>' in html and '<strong class="control">loses to</strong>' in html


def test_one_seed_has_no_winner(tmp_path):
    text = verdict_of_runs(made_up.write_run(tmp_path / "run"))
    assert "the graph is ahead of the single GAN with batch norm (14.00 against 15.00, difference -1.00); it is " \
        "equal to the all-through graph (14.00 against 14.00, difference 0.000), MAD-GAN (14.00 against 14.00, " \
        "difference 0.000); it is behind the single GAN with SN (14.00 against 11.00, difference +3.00)." in text
    assert "This is one seed: chance is not excluded" in text and "wins" not in text and "loses" not in text


def test_places_are_named_where_sizes_differ(tmp_path):
    sizes = [(32, 20000), (8, 1300)]
    networks = made_up.networks(sizes, graph=[(9.0, 10.0), (6.0, 30.0)], mad_gan=[(8.0, 12.0), (7.0, 20.0)])
    text = verdict_of_runs(made_up.write_run(tmp_path / "run", networks=networks))
    assert "Its generators are of different sizes: G1 (20,000 parameters), G2 (1,300 parameters)." in text
    assert "Place by place, generator of the graph against MAD-GAN generator: G1 (20,000 parameters) 9.00 against " \
        "8.00 (+1.00), the generator of the graph is ahead; G2 (1,300 parameters) 6.00 against 7.00 (-1.00), the " \
        "MAD-GAN generator is ahead." in text


def test_a_graph_alone_shows_nothing(tmp_path):
    alone = {name: entry for name, entry in made_up.NETWORKS.items() if entry["role"] == "graph"}
    text = verdict_of_runs(made_up.write_run(tmp_path / "run", networks=alone))
    assert "Nothing shows whether the graph helped: neither MAD-GAN nor a single GAN was measured beside it." in text
    fewer = {name: entry for name, entry in made_up.NETWORKS.items() if name != "mad_gan_2"}
    text = verdict_of_runs(made_up.write_run(tmp_path / "fewer", networks=fewer))
    assert "Left out of the comparison with MAD-GAN: seed 0: graph and MAD-GAN are not of the same number" in text


def test_the_tables(tmp_path):
    page = page_of(*two_seeds(tmp_path, without=LOGS))
    table = page.table("generator")
    assert [row[0] for row in table[1:]] == [
        "graph G1", "graph G2", "graph, best", "graph, mean", "all through G1", "all through G2", "all through, best",
        "all through, mean", "MAD-GAN G1", "MAD-GAN G2", "MAD-GAN, best", "MAD-GAN, mean", "single (SN)", "single (BN)"]
    assert table[1] == ["graph G1", "16", "5,000", "8.50 ± 0.71", "15.50 ± 3.54", "800.0 ± 0.0"]
    assert table[3][3:] == ["9.00 ± 0.00", "10.50 ± 0.71", DASH]
    table = page.table("MAD-GAN ahead")
    assert table[1] == ["is_digits_cnn (higher is better)", "best", "9.00", "7.75", "+1.25 ± 1.06", "2 of 2", "0 of 2",
                        "graph"]
    assert page.table("single (SN) ahead")[4] == ["fd_digits_cnn (lower is better)", "mean", "13.00", "10.50",
                                                  "+2.50 ± 0.71", "0 of 2", "2 of 2", "single (SN)"]
    assert page.table("edge")[1:] == [["D to G1", "adversarial", "through", "1.00"],
                                      ["G2 to G1", "output side", "cut off", "1.00"],
                                      ["D to G2", "adversarial", "positive linear", "1.00"],
                                      ["G1 to G2", "output side", "negative linear", "1.00"]]


def test_charts_hold_every_generator_and_seed(tmp_path):
    (group,) = summarise(two_seeds(tmp_path))["groups"]
    _, distance = points_charts(ROLES, group, "c")
    assert 'aria-label="fd_digits_cnn of every generator, lower is better. graph: G1 18.00, 13.00; G2 10.00, 11.00. ' \
        'all through: G1 16.00, 11.00; G2 12.00, 15.00. MAD-GAN: G1 13.00, 16.00; G2 15.00, 20.00. single (SN): SN ' \
        '11.00, 10.00. single (BN): BN 15.00, 12.00."' in html_text.unescape(distance)
    assert re.findall(r">(G\d|SN|BN)</text>", distance) == ["G1", "G2"] * 3 + ["SN", "BN"]
    assert all(f"var(--{colour}, " in distance for colour in ("student", "variant", "control", "teacher", "plain"))


def test_graphs_are_drawn_with_their_gates_and_scores(tmp_path):
    folders = two_seeds(tmp_path)
    drawn = graphs(summarise(folders)["groups"][0], "g")
    assert [(graph["heading"], graph["gates"]) for graph in drawn] == [
        ("Graph under test", "1 through, 1 positive linear, 1 negative linear, 1 cut off"),
        ("All through", "4 through"), ("MAD-GAN", "2 through, 2 cut off")]
    assert 'aria-label="Knowledge transfer graph, Graph under test. D to G1 through; G2 to G1 cut off; D to G2 ' \
        'positive linear; G1 to G2 negative linear."' in drawn[0]["svg"]
    assert re.findall(r">(D|G\d|\d\.\d\d)</text>", drawn[0]["svg"]) == ["D", "G1", "8.50", "G2", "7.50"]
    other = made_up.write_run(tmp_path / "other", seed=2, graphs={"graph": made_up.edges(2, [
        "cutoff", "positive_linear", "negative_linear", "through"])})
    drawn = graphs(summarise([*folders, other])["groups"][0], "g")
    assert [graph["heading"] for graph in drawn[:2]] == ["Graph under test, seeds 0, 1", "Graph under test, seed 2"]
    assert "8.50" not in drawn[0]["svg"]
    assert "The seeds' graphs differ." in verdict_of_runs(*folders, other)


def test_samples_are_side_by_side_from_the_same_latents(tmp_path):
    (group,) = group_runs([read_run(made_up.write_run(tmp_path / "run"))])
    images = read_images(tmp_path / "run")
    rows = sample_rows(ROLES, group, images, 1)["rows"]
    assert [row["label"] for row in rows] == ["graph G1", "graph G2", "all through G1", "all through G2", "MAD-GAN G1",
                                              "MAD-GAN G2", "single (SN)", "single (BN)"]
    source = rows[1]["src"].removeprefix("data:image/png;base64,")
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(source))).convert("RGB"))[::6, :48:6, 0]
    assert (shown == images.samples["graph_2"][0, ..., 0]).all()


def test_features_are_drawn_role_by_role(tmp_path):
    (group,) = group_runs([read_run(made_up.write_run(tmp_path / "run"))])
    drawn = embeddings(group, "f")
    assert [re.search('aria-label="Features of images by (.*?) and the real images', svg)[1] for svg in drawn] == [
        "graph G1, graph G2", "all through G1, all through G2", "MAD-GAN G1, MAD-GAN G2", "single (SN), single (BN)"]
    assert drawn[0].count("<use ") == 3 * 201  # 200 of 300 points of two generators and the real images, and a key
    assert "var(--teacher, " in drawn[3] and "var(--plain, " in drawn[3] and "var(--student, " not in drawn[3]


def test_the_papers_tables_are_as_printed_beside_the_runs_numbers(tmp_path):
    group = summarise(two_seeds(tmp_path))["groups"][0]
    table = paper_table(group)
    assert table["columns"][-2:] == ["this run: is_digits_cnn", "this run: fd_digits_cnn"]
    assert table["rows"] == [
        ["DCGAN", "4.57 ± 0.03", "25.79", "4.57 ± 0.03", "25.79", "8.65 ± 0.64", "13.50 ± 2.12"],
        ["DCGAN with SN", "4.77 ± 0.05", "21.17", "4.77 ± 0.05", "21.17", "8.70 ± 0.14", "10.50 ± 0.71"],
        ["MAD-GAN", "4.81 ± 0.05", "27.02", "4.77 ± 0.03", "28.76", "7.75 ± 1.06", "14.50 ± 2.12"],
        ["knowledge transfer graph", "5.10 ± 0.07 (image)", "21.31", "5.37 ± 0.09 (output side)", "23.77",
         "9.00 ± 0.00", "10.50 ± 0.71"],
        ["real images", "8.70 ± 0.14", DASH, "8.70 ± 0.14", DASH, "9.70 ± 0.00", DASH]]
    assert transfer_table(group)["rows"] == [["generated image", "4.42 ± 0.04", "46.06"],
                                             ["feature maps, input side", "4.46 ± 0.04", "50.09"],
                                             ["feature maps, output side", "4.48 ± 0.05", "40.93"]]
    text = page_of(*two_seeds(tmp_path / "again", without=LOGS)).text
    assert "stand on Inception" in text and "(digits_cnn): the two scales are not comparable." in text


@pytest.mark.parametrize("parts", [
    {"metrics.json": "There are no measures yet", "export/export.json": "No exports"},
    {"graph/log.csv": "graph/log.csv is missing", "controls/log.csv": "controls/log.csv is missing",
     "evaluate/samples.npz": "No samples", "evaluate/interpolation.npz": "No interpolations"},
    {"evaluate/real.npz": "No real images", **dict.fromkeys(LOGS, "no losses of that stage")},
])
def test_missing_parts_are_said(tmp_path, parts):
    page = page_of(made_up.write_run(tmp_path / "run", without=tuple(parts)))
    assert all(sentence in page.text and part in page.text for part, sentence in parts.items())
    assert "Missing in run: " in page.text and "Every generator" in page.text


def test_parts_that_a_run_may_leave_out_are_said_in_their_place(tmp_path):
    folder = made_up.write_run(tmp_path / "run", without=("evaluate/embedding.npz", *LOGS), graphs={})
    text = page_of(folder).text
    assert "No features: evaluate/embedding.npz is missing" in text and "No graph to draw" in text
    assert "Search over gates" not in text


def test_a_whole_run_misses_nothing_and_refers_to_nothing_outside(tmp_path, drawn_anew):
    folder = made_up.write_run(tmp_path / "run", side=64, channels=3)
    html = render([read_run(folder)])
    assert html == render([read_run(folder)])
    page = Page(html)
    assert "missing" not in page.text.lower() and "graph: generator_loss" in page.text
    assert not re.search(r"https?://|url\((?!#)|@import|<link|<script", html) and len(html) < 3_000_000
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    assert all(attributes.get("aria-label") for tag, attributes in page.tags if tag == "svg")
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert page.table("steps")[1][:7] == ["graph_1", "graph", "1", "16", "ema", "5,000", "1,000"]


def test_several_kinds_and_groups_on_one_page(tmp_path):
    runs = [made_up.write_run(tmp_path / "a", without=LOGS),
            made_up.write_run(tmp_path / "b", without=LOGS, settings={"batch_size": 50}),
            okd_runs.write_run(tmp_path / "okd", without=("okd/log.csv", "controls/log.csv"))]
    html = render([read_run(folder) for folder in runs])
    page = Page(html)
    assert "These runs are of 2 kinds" in page.text
    assert ["graph, best", "9.00", "9.00"] in page.table("graph, best")
    for table in page.tables:
        names = {row[0] for row in table}
        assert not (names & {"peers, best", "peer G1"} and names & {"graph, best", "graph G1"})
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_text_of_the_run_is_escaped(tmp_path):
    bad = "<script>x</script>"
    networks = {**made_up.NETWORKS, bad: made_up.network("graph", bad, 8.0, 20.0)}
    transfers = {"graph": {"edges": [{"source": bad, "target": "1", "transfer": [bad], "gate": "through"}]}}
    html = render([read_run(made_up.write_run(tmp_path / "run", networks=networks, graphs=transfers,
                                                  without=LOGS))])
    assert "<script" not in html and bad in Page(html).text
