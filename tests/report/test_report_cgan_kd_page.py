"""The page of a cGAN-KD run: verdict, tables, several seeds and recipes, missing and damaged parts."""

import re

import cgan_kd_runs
import numpy as np
import okd_runs
import pytest
from read_page import Page, page_of, verdict_of

from kgan.errors import InputError
from kgan.report.cgan_kd import KIND
from kgan.report.cgan_kd_files import read_errors, read_sets
from kgan.report.cgan_kd_page import picture_rows
from kgan.report.cgan_kd_tables import arm_table
from kgan.report.load import read_run
from kgan.report.page import render
from kgan.report.summary import summarise

DASH = "–"  # noqa: RUF001


def verdict_of_runs(*folders):
    """The sentences that the page shows at its head, without drawing the page."""
    (group,) = summarise(folders)["groups"]
    return " ".join(sentence.text for sentence in KIND.verdict(group)) + " "


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A page of one whole run, as text of its HTML."""
    return render([read_run(cgan_kd_runs.write_run(tmp_path_factory.mktemp("whole") / "run", channels=3,
                                                 logs=True))])


def test_the_verdict_over_three_seeds(tmp_path):
    html = render([read_run(folder) for folder in cgan_kd_runs.seeds(tmp_path)])
    text = verdict_of(html)
    assert text == verdict_of_runs(*(tmp_path / f"seed-{seed}" for seed in range(3))).strip()
    assert "The teacher (5,000 parameters) has a test error of 2.50 ± 0.50 %, the plain student (800 parameters) one " \
        "of 13.00 ± 1.00 %. Of the 3 arms with fakes M1 + M2 has the lowest error, 10.50 ± 0.50 %." in text
    assert "Against the plain student, M1 + M2 (10.50, difference -2.50 ± 0.50, ahead in 3 of 3 seeds) wins; the " \
        "student trained as long on real images alone (12.67, difference -0.333 ± 0.577, ahead in 1 of 3 seeds) and " \
        "M1 (12.83, difference -0.167 ± 0.764, ahead in 1 of 3 seeds, behind in 1) tie; unprocessed fakes (14.33, " \
        "difference +1.33 ± 0.58, ahead in 0 of 3 seeds, behind in 3) lose." in text
    assert "Against the student trained as long on real images alone, M1 + M2 (10.50, difference -2.17 ± 0.29, ahead " \
        "in 3 of 3 seeds) wins;" in text
    assert "Module by module, M1 against unprocessed fakes (12.83 against 14.33, difference -1.50 ± 1.32, ahead in 3 " \
        "of 3 seeds) and M1 + M2 against M1 (10.50 against 12.83" in text
    assert "The differences are paired by seed, over 3 seeds" in text and "No student" not in text
    assert '<strong class="student">wins</strong>' in html and '<strong class="control">lose</strong>' in html


def test_the_verdict_when_fakes_do_harm(tmp_path):
    errors = {**cgan_kd_runs.ERRORS, "nokd": (9.0, 9.5, 9.0)}  # M1 + M2: 1, 1.5, 1.5
    text = verdict_of_runs(*cgan_kd_runs.seeds(tmp_path, errors=errors))
    assert re.search(r"Against the plain student, the student trained as long .* and M1 \+ M2 \(10\.50, "
                     r"difference \+1\.33 ± 0\.29, ahead in 0 of 3 seeds, behind in 3\) lose\. ", text)


def test_one_seed_names_no_winner(tmp_path):
    folder = cgan_kd_runs.write_run(tmp_path / "run")
    text = verdict_of_runs(folder)
    assert "Against the plain student, M1 + M2 (10.00, difference -2.00) is ahead; the student trained as long on " \
        "real images alone (12.00, difference 0.000) is equal; unprocessed fakes (13.00, difference +1.00) and M1 " \
        "(12.50, difference +0.500) are behind." in text
    assert "This is one seed: chance is not excluded, so neither side is said to win" in text and "wins" not in text
    (group,) = summarise([folder])["groups"]
    row = next(row for row in arm_table(group, [])["rows"] if row["name"] == "M1 + M2")
    assert [cell["text"] for cell in row["cells"]][4:] == ["-2.00", "ahead, one seed", "-2.00", "ahead, one seed"]
    assert not any(cell.get("win") for cell in row["cells"])


def test_a_contest_over_some_of_the_seeds_names_both_means(tmp_path):
    runs = cgan_kd_runs.seeds(tmp_path, number=2)
    networks = cgan_kd_runs.networks(cgan_kd_runs.ERRORS, 2)
    networks["m1"]["test_error"] = float("nan")
    runs.append(cgan_kd_runs.write_run(tmp_path / "seed-2", seed=2, networks=networks))
    text = verdict_of_runs(*runs)
    assert "Not a finite number, and left out: test_error of m1." in text
    # NOKD of seeds 0 and 1: 12 and 14.
    assert "M1 (12.75 against 13.00, difference -0.250 ± 1.061, ahead in 1 of 2 seeds, behind in 1; of 3 seeds, " \
        "those with both numbers)" in text


def test_what_was_not_measured_is_said(tmp_path):
    errors = cgan_kd_runs.ERRORS
    plain = {arm: values for arm, values in errors.items() if arm != "nokd_longer"}
    longer = "so a lead over the plain one may come from the longer training"
    assert longer in verdict_of_runs(cgan_kd_runs.write_run(tmp_path / "plain", errors=plain))
    networks = cgan_kd_runs.networks(plain)
    networks["nokd"]["steps"] = 2000  # as long as the others: no other control is needed
    assert longer not in verdict_of_runs(cgan_kd_runs.write_run(tmp_path / "as_long", networks=networks))
    fakes = {arm: values for arm, values in errors.items() if not arm.startswith("nokd")}
    text = verdict_of_runs(cgan_kd_runs.write_run(tmp_path / "fakes", errors=fakes))
    assert "nothing shows that the fakes helped" in text and "Against the plain" not in text
    assert "No student trained with fakes was measured." in verdict_of_runs(
        cgan_kd_runs.write_run(tmp_path / "none", errors={"nokd": (12.0,)}))


def test_the_table_of_arms(tmp_path):
    page = page_of(*cgan_kd_runs.seeds(tmp_path))
    table = page.table("parameters")
    assert table[0] == ["arm", "network", "parameters", "fakes", "test_error (%)", "to NOKD", "result",
                        "to NOKD, as long", "result", "smallest TFLite"]
    assert table[1:] == [
        ["teacher", "teacher", "5,000", DASH, "2.50 ± 0.50", DASH, DASH, DASH, DASH, "250.2 KiB (float16)"],
        ["NOKD", "nokd", "800", "0", "13.00 ± 1.00", DASH, DASH, DASH, DASH, DASH],
        ["NOKD, as long", "nokd_longer", "800", "0", "12.67 ± 0.58", "-0.333 ± 0.577", "tie", DASH, DASH, DASH],
        ["unprocessed", "unprocessed", "800", "1,500", "14.33 ± 1.53", "+1.33 ± 0.58", "behind", "+1.67 ± 1.15",
         "behind", DASH],
        ["M1", "m1", "800", "1,500", "12.83 ± 0.29", "-0.167 ± 0.764", "tie", "+0.167 ± 0.289", "tie", DASH],
        ["M1 + M2", "m1_m2", "800", "1,500", "10.50 ± 0.50", "-2.50 ± 0.50", "ahead", "-2.17 ± 0.29", "ahead",
         "33.50 KiB (int8)"]]
    contests = page.table("ahead in")
    assert ["M1 + M2", "M1", "10.50", "12.83", "-2.33 ± 0.29", "3 of 3", "0 of 3", "ahead"] in contests
    assert len(contests) == 1 + 4 + 3 + 2


def test_fakes_that_differ_between_seeds(tmp_path):
    runs = [cgan_kd_runs.write_run(tmp_path / "0")]
    networks = cgan_kd_runs.networks(cgan_kd_runs.ERRORS, 1)
    networks["m1_m2"]["fakes"] = 1234
    runs.append(cgan_kd_runs.write_run(tmp_path / "1", seed=1, networks=networks))
    rows = {row["name"]: row["cells"][2]["text"] for row in arm_table(*summarise(runs)["groups"], [])["rows"]}
    assert rows["M1 + M2"] == "1,234 to 1,500" and rows["M1"] == "1,500"


def test_the_tables_of_fakes_and_costs(tmp_path):
    page = page_of(*cgan_kd_runs.seeds(tmp_path, number=2))
    assert page.table("generated") == [["fakes", "images", "share of those before"], ["generated", "4,000", DASH],
                                       ["accepted by M1", "2,000", "50.0%"], ["kept by M2", "1,500", "75.0%"]]
    assert page.table("label consistency (%)")[1:] == [
        ["unprocessed", "1,500", "84.00 ± 0.00"], ["after M1", "1,500", "92.00 ± 0.00"],
        ["after M1 + M2", "1,500", "98.00 ± 0.00"]]
    assert page.table("highest")[1:] == [
        ["highest", "three", "62.50%"], ["median", DASH, "50.00%"], ["lowest", "two", "12.50%"],
        ["next lowest", "one", "50.00%"], ["next lowest", "three", "62.50%"]]
    assert "of 3 labels, means over the seeds" in page.text
    assert page.table("peak MiB")[1:] == [["gan", "300.0 ± 0.0", "900.0 ± 0.0"],
                                          ["students", "100.0 ± 0.0", "1,200.0 ± 0.0"], ["all", "400.0", "1,200.0"]]


def test_a_regression(tmp_path):
    errors = {**cgan_kd_runs.ERRORS, "m1_filter": (11.0, 12.0, 11.0)}
    samples = {**cgan_kd_runs.SAMPLES, "threshold": 0.45, "acceptance": {"-12.5": 0.5, "30.0": 0.25}}
    page = page_of(*cgan_kd_runs.seeds(tmp_path, task="regression", errors=errors, metrics={"samples": samples}))
    assert [row[0] for row in page.table("parameters")[4:]] == ["unprocessed", "M1", "M1 + filtering", "M1 + M2"]
    assert page.table("parameters")[0][4] == "test_error (degrees)"
    assert page.table("mean absolute difference of label and prediction (degrees)")[2] == [
        "after M1", "1,500", "8.00 ± 0.00"]
    assert "M1 + M2 against M1 + filtering (10.50 against 11.33" in page.text
    assert "Table 5, Steering Angle" in page.text and "Table 2" not in page.text
    own = {row[0]: row[1] for row in page.table("ResNet34 (1.30) to ResNet20")}
    assert own["NOKD"] == "13.00 ± 1.00" and own["cGAN-KD"] == "10.50 ± 0.50" and own["FitNet"] == DASH


def test_pictures_in_the_order_of_the_modules(tmp_path):
    folder = cgan_kd_runs.write_run(tmp_path / "run")
    rows = picture_rows(folder, 1)
    assert [row["label"] for row in rows["modules"]] == ["real", "unprocessed", "after M1", "after M1 + M2"]
    assert [(row["label"], row["count"]) for row in rows["filtered"]] == [
        ("kept", 10), ("kept", 10), ("dropped", 10), ("dropped", 10)]
    few = {"kept": np.zeros((3, 8, 8, 1), np.uint8), "dropped": np.zeros((0, 8, 8, 1), np.uint8)}
    rows = picture_rows(cgan_kd_runs.write_run(tmp_path / "few", pictures=few), 1)
    assert rows["modules"] == [] and [(row["label"], row["count"]) for row in rows["filtered"]] == [("kept", 3)]


@pytest.mark.parametrize(("part", "headings"), [
    ("sweeps", ["Effect of the settings"]), ("costs", ["Time and memory"]),
    ("samples", ["Acceptance by label", "Do the labels agree", "share of those before"]),
    ("evaluate/pictures.npz", ["Fakes before and after", "Kept and dropped by the filter"]),
    ("evaluate/errors.npz", ["As the paper's figure 8"]),
])
def test_a_part_whose_data_are_missing_is_left_out(tmp_path, whole, part, headings):
    text = page_of(cgan_kd_runs.write_run(tmp_path / "run", without=(part,))).text
    for heading in headings:
        assert heading in Page(whole).text and heading not in text
    assert "M1 + M2" in text and ("Missing in run" in text) == part.endswith(".npz")


def test_a_run_without_measures(tmp_path):
    text = page_of(cgan_kd_runs.write_run(tmp_path / "run", without=("metrics.json",))).text
    assert "There are no measures yet" in text and "No table: metrics.json is missing" in text
    assert "Compressing GANs" not in text and "Fakes before and after each module" in text


def test_a_whole_run_misses_nothing_and_refers_to_nothing_outside(whole, tmp_path, drawn_anew):
    html, page = whole, Page(whole)
    assert html == render([read_run(cgan_kd_runs.write_run(tmp_path / "run", channels=3, logs=True))])
    assert "missing" not in page.text.lower() and "student_m1_m2: loss" in page.text
    assert not re.search(r"https?://|url\((?!#)|@import|<link|<script", html) and len(html) < 3_000_000
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    assert all(attributes.get("aria-label") for tag, attributes in page.tags if tag == "svg")
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_several_recipes_stand_side_by_side(tmp_path):
    fewer = {arm: values for arm, values in cgan_kd_runs.ERRORS.items() if arm in ("nokd", "m1_m2")}
    data = {"data": {**cgan_kd_runs.DATA["classification"], "train": 300}}
    runs = [*cgan_kd_runs.seeds(tmp_path, number=2),
            cgan_kd_runs.write_run(tmp_path / "other", recipe="cgan_kd_folder", errors=fewer, metrics=data)]
    page = page_of(*runs)
    table = page.tables[0]
    assert table[0] == ["arm", "cgan_kd_digits, digits, 100 training images, rho 0.9, seeds 0, 1",
                        "cgan_kd_folder, digits, 300 training images, rho 0.9, seed 0"]
    assert table[1:] == [
        ["teacher", "2.50 ± 0.71", "2.00"], ["NOKD", "13.00 ± 1.41", "12.00"], ["NOKD, as long", "12.50 ± 0.71", DASH],
        ["unprocessed", "14.50 ± 2.12", DASH], ["M1", "12.75 ± 0.35", DASH], ["M1 + M2", "10.50 ± 0.71", "10.00"],
        ["NOKD, as long, difference to NOKD", "-0.500 ± 0.707", DASH],
        ["unprocessed, difference to NOKD", "+1.50 ± 0.71", DASH], ["M1, difference to NOKD", "-0.250 ± 1.061", DASH],
        ["M1 + M2, difference to NOKD", "-2.50 ± 0.71", "-2.00"]]


def test_tasks_and_kinds_on_one_page_share_no_table(tmp_path):
    runs = [cgan_kd_runs.write_run(tmp_path / "c"), cgan_kd_runs.write_run(tmp_path / "r", task="regression"),
            okd_runs.write_run(tmp_path / "okd")]
    page = page_of(*runs)
    assert "These runs are of 2 kinds" in page.text and "2 unlike protocols" in page.text
    assert "unit: % against degrees" in page.text
    sides = [table for table in page.tables if table[0][0] == "arm" and len(table[0]) == 2]
    assert len(sides) == 2 and all(["NOKD", "12.00"] in table for table in sides)


@pytest.mark.parametrize(("name", "arrays", "words"), [
    ("errors", {"errors": np.zeros(3, np.float32)}, "holds errors, not errors and labels"),
    ("errors", {"errors": np.zeros(3, np.float32), "labels": np.zeros(2, np.float32)}, "not N finite errors"),
    ("errors", {"errors": np.array([1.0, np.nan]), "labels": np.zeros(2)}, "not N finite errors"),
    ("errors", {"errors": np.array([1.0, -0.1]), "labels": np.zeros(2)}, "not N finite errors"),
    ("pictures", {"m1": np.zeros((2, 8, 8), np.uint8)}, "'m1'"), ("pictures", {"m1": np.zeros((2, 8, 8, 1))}, "'m1'"),
])
def test_damaged_arrays_are_refused_in_one_line(tmp_path, name, arrays, words):
    path = tmp_path / "evaluate" / f"{name}.npz"
    path.parent.mkdir()
    for content in (arrays, None):
        path.write_bytes(b"no archive") if content is None else np.savez(path, **content)
        with pytest.raises(InputError) as caught:
            {"errors": read_errors, "pictures": read_sets}[name](tmp_path)
        assert f"{name}.npz" in str(caught.value) and "\n" not in str(caught.value)
        assert (words if content else "is not a readable npz file") in str(caught.value)


def test_a_damaged_file_stops_the_page(tmp_path):
    folder = cgan_kd_runs.write_run(tmp_path / "run", without=("sweeps", "costs"))
    (folder / "evaluate" / "errors.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"errors\.npz"):
        render([read_run(folder)])


def test_text_of_the_run_is_escaped(tmp_path):
    bad = "<script>x</script>"
    errors = {**cgan_kd_runs.ERRORS, bad: (9.0, 9.0, 9.0)}
    html = render([read_run(cgan_kd_runs.write_run(tmp_path / "run", errors=errors, metrics={"unit": bad}))])
    assert "<script" not in html and bad in Page(html).text
