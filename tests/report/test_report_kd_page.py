"""The page of a kd run: verdict, the paper's layout, its numbers beside the run's, missing parts."""

import re

import cgan_kd_runs
import kd_runs
import pytest
from read_page import Page, page_of, verdict_of

from kgan.report.kd import KIND
from kgan.report.kd_paper import architecture, paper_tables
from kgan.report.kd_tables import method_table, network_table
from kgan.report.load import read_run
from kgan.report.page import render
from kgan.report.summary import summarise

DASH = "–"  # noqa: RUF001
HEADS = ["wrn40_2 (97.50 ± 0.50) to vgg8", "resnet32x4 (98.00 ± 1.73) to vgg8",
         "resnet32x4 (98.00 ± 1.73) to mobilenetv2"]


def group_of(*folders):
    (group,) = summarise(folders)["groups"]
    return group


def verdict_of_runs(*folders):
    """The sentences that the page shows at its head, without drawing the page."""
    return " ".join(sentence.text for sentence in KIND.verdict(group_of(*folders))) + " "


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The page of three seeds, with a log."""
    folder = tmp_path_factory.mktemp("kd")
    return render([read_run(run) for run in kd_runs.seeds(folder, logs=["student_wrn40_2_vgg8_crd"])])


def marks_of(errors):
    """The marks of vgg8's methods under one teacher, by the errors of one seed; nokd's is the plain student's."""
    plain = {"vgg8": (errors["nokd"],)} if "nokd" in errors else {}
    tried = {method: (error,) for method, error in errors.items() if method != "nokd"}
    return kd_runs.networks(plain=plain, students={("wrn40_2", "vgg8"): tried})


def test_the_table_laid_out_as_the_papers(html):
    table = Page(html).table("NOKD")
    assert [" ".join(cell.split()) for cell in table[0]] == ["method", *HEADS]
    assert table[1:] == [
        ["NOKD", "87.00 ± 1.00", "87.00 ± 1.00", "78.00 ± 2.00"],
        ["BLKD", "88.50 ± 0.50", "87.00 ± 1.32", "80.00 ± 1.00"], ["FitNet", "85.67 ± 1.15", DASH, "NA"],
        ["AT", "87.17 ± 0.29", DASH, "NA"], ["CRD", "89.50 ± 0.50", DASH, DASH],
        ["TAKD", DASH, "88.00 ± 1.32", DASH], ["SimKD", DASH, DASH, "84.67 ± 0.58"]]
    assert '<td class="win">89.50 ± 0.50</td>' in html and '<td class="second">88.50 ± 0.50</td>' in html
    # NOKD and BLKD tie behind TAKD under resnet32x4, and are the last: neither is marked.
    assert html.count('class="win"') == 3 and html.count('class="second"') == 2
    text = Page(html).text
    assert "Data: digits, 1,000 training images. A cell is the test accuracy (%), which is what the test error " \
        "leaves of 100" in text
    assert "NA: FitNet, AT (resnet32x4 to mobilenetv2): no map of equal size" in text
    assert "Trained with fakes" not in text


@pytest.mark.parametrize(("errors", "best", "second"), [
    ({"nokd": 3.0, "blkd": 2.0, "at": 1.0}, {"AT"}, {"BLKD"}), ({"nokd": 1.0, "blkd": 2.0, "at": 2.0}, {"NOKD"}, set()),
    ({"nokd": 1.0, "blkd": 1.0, "at": 2.0, "crd": 3.0}, {"NOKD", "BLKD"}, {"AT"}), ({"blkd": 2.0}, set(), set()),
    ({"nokd": 2.0, "blkd": float("nan")}, set(), set())])
def test_best_and_second_best_of_a_column(tmp_path, errors, best, second):
    rows = method_table(group_of(kd_runs.write_run(tmp_path / "run", networks=marks_of(errors))))["rows"]
    found = {row["name"]: row["cells"][0]["mark"] for row in rows}
    assert {name for name, mark in found.items() if mark == "best"} == best
    assert {name for name, mark in found.items() if mark == "second"} == second


def test_the_verdict_over_three_seeds(tmp_path, html):
    text = verdict_of_runs(*kd_runs.seeds(tmp_path))
    assert verdict_of(html) == text.strip()
    assert text.startswith(
        "On digits, the teacher wrn40_2 (9,000 parameters) has a test error of 2.50 ± 0.50 %, the teacher resnet32x4 "
        "(20,000 parameters) one of 2.00 ± 1.73 %, the plain student vgg8 (3,000 parameters) one of 13.00 ± 1.00 %, "
        "the plain student mobilenetv2 (1,000 parameters) one of 22.00 ± 2.00 %. wrn40_2 to vgg8, CRD has the lowest "
        "error of the 4 methods, 10.50 ± 0.50 %. wrn40_2 to vgg8, against NOKD, BLKD (-1.50 ± 0.50; 3 of 3) and CRD "
        "(-2.50 ± 0.50; 3 of 3) win; AT ties; FitNet (+1.33 ± 0.58; 0 of 3) loses. wrn40_2 to vgg8, against BLKD, CRD "
        "(-1.00 ± 0.00; 3 of 3) wins; FitNet (+2.83 ± 0.76; 0 of 3) and AT (+1.33 ± 0.29; 0 of 3) lose. ")
    assert "In brackets: the difference of a method's error to the other's, and in how many seeds it is ahead." in text
    assert "Larger than the plain student, from which a lead may come: SimKD (1.5 times the parameters)." in text
    assert "Not possible, for the reasons below the table: FitNet and AT (2 combinations of method and pair)." in text
    assert "The differences are paired by seed, over 3 seeds" in text and "No " not in text
    assert '<strong class="student">win</strong>' in html and '<strong class="control">loses</strong>' in html


def test_one_seed_names_no_winner(tmp_path):
    text = verdict_of_runs(kd_runs.write_run(tmp_path / "run"))
    assert "wrn40_2 to vgg8, against NOKD, BLKD (-1.00) and CRD (-2.00) are ahead; FitNet (+1.00) and AT (+0.500) " \
        "are behind." in text
    assert "resnet32x4 to vgg8, against NOKD, TAKD (-1.00) is ahead; BLKD (0.000) is equal." in text
    assert "This is one seed: chance is not excluded" in text and "wins" not in text and "loses" not in text


def test_a_contest_over_some_of_the_seeds_says_so(tmp_path):
    def networks(seed):
        found = kd_runs.networks(seed)
        if seed == 2:
            found["student_wrn40_2_vgg8_crd"]["test_error"] = found["student_wrn40_2_vgg8_at"]["test_error"] = None
        return found

    text = verdict_of_runs(*kd_runs.seeds(tmp_path, networks=networks))
    # CRD: -2, -3; AT: 0.5, -1.
    assert "CRD (-2.50 ± 0.71; 2 of 2; 2 of 3 seeds have both numbers) win" in text
    assert "AT (2 of 3 seeds have both numbers) ties" in text


def test_what_was_not_measured_or_is_unlike_is_said(tmp_path):
    alone = kd_runs.networks(plain={"vgg8": (12.0,)})
    text = verdict_of_runs(kd_runs.write_run(tmp_path / "a", networks=alone))
    assert "No plain student was measured of mobilenetv2, so nothing shows that a teacher helped there." in text
    text = verdict_of_runs(kd_runs.write_run(tmp_path / "b", networks=kd_runs.networks(students={})))
    assert "No distilled student was measured." in text and "against" not in text
    longer = kd_runs.networks()
    longer["student_wrn40_2_vgg8_blkd"]["steps"] = 500
    longer["student_resnet32x4_vgg8_blkd"]["steps"] = 600
    text = verdict_of_runs(kd_runs.write_run(tmp_path / "c", networks=longer))
    assert "Trained for longer than the plain student, from which a lead may come: BLKD (1.25 to 1.5 times the " \
        "steps)." in text


def test_names_of_one_architecture():
    same = [("WRN40x2", "wrn40_2", "WRN-40-2", "WideResNet40_2"), ("ShuffleNetV1", "shufflev1"),
            ("MobileNetV2", "mobilenetv2"), ("ResNet32x4", "resnet32x4", "ResNet-32x4")]
    assert [len({architecture(name) for name in names}) for names in same] == [1, 1, 1, 1]
    assert len({architecture(name) for name in ("resnet8x4", "resnet84", "wrn40_1", "wrn40_2", "resnet20")}) == 5


def test_the_papers_numbers_beside_the_runs_own(html):
    table = Page(html).table("WRN40x2 (75.82) to VGG8")
    assert table[0][:7] == [
        "method", "WRN40x2 (75.82) to VGG8", "this run, digits: wrn40_2 (97.50 ± 0.50)", "ResNet32x4 (79.11) to "
        "MobileNetV2", "this run, digits: resnet32x4 (98.00 ± 1.73)", "ResNet32x4 (79.11) to VGG8",
        "this run, digits: resnet32x4 (98.00 ± 1.73)"]
    assert table[0][7] == "WRN40x2 (75.82) to MobileNetV2" and len(table[0]) == 1 + 15 + 3
    rows = {row[0]: row[1:] for row in table[1:]}
    assert rows["NOKD"][:4] == ["70.61 ± 0.44", "87.00 ± 1.00", "64.59 ± 0.34", "78.00 ± 2.00"]
    assert rows["FitNet"][:4] == ["73.46 ± 0.11", "85.67 ± 1.15", "67.57 ± 0.28", "NA"]
    assert rows["SimKD"][1] == rows["cGAN-KD + CRD"][1] == DASH and rows["CRD"][1] == "89.50 ± 0.50"
    text = Page(html).text
    assert "This run is on digits, 1,000 training images, not on the paper's CIFAR-100 or ImageNet-100." in text
    assert "Table 2 (none of this run's pairs)" in text and "Table 3 CIFAR-100" not in text
    assert "test accuracy (%) on digits, 1,000 training images, other data than the paper's CIFAR-100." in text
    assert html.count('<td class="is-student">87.00 ± 1.00</td>') == 2


def test_the_papers_own_data_are_not_called_others(tmp_path):
    data = {"data": {"name": "cifar100", "train": 50000, "test": 10000}}
    group = group_of(kd_runs.write_run(tmp_path / "run", metrics=data))
    assert [(table["heading"], table["shared"], table["other_data"]) for table in paper_tables(group)] == [
        ("Table 2", 0, False), ("Table 3", 3, False), ("Table 4", 0, True)]


def test_students_with_fakes_answer_the_papers_cgan_kd(tmp_path):
    networks = kd_runs.networks(fakes=1500)
    group = group_of(kd_runs.write_run(tmp_path / "run", networks=networks))
    (table,) = (entry["table"] for entry in paper_tables(group) if entry["shared"])
    rows = {row[0]: row for row in table["rows"]}
    assert (rows["NOKD"][2], rows["CRD"][2], rows["cGAN-KD + CRD"][2]) == ("88.00", DASH, "90.00")
    assert KIND.sections(*_drawn(tmp_path / "run", group))["with_fakes"][:2] == ["CRD", "BLKD"]


def _drawn(folder, summary):
    from kgan.report.groups import group_runs

    return group_runs([read_run(folder)])[0], summary, None, "k", 1


def test_a_regression_shows_errors_beside_table_5(tmp_path):
    students = {("resnet34", "resnet20"): {"fitnet": (3.0, 3.5, 2.5)}}
    runs = kd_runs.seeds(tmp_path, task="regression", metrics={"refused": []}, networks=lambda seed: kd_runs.networks(
        seed, teachers={"resnet34": (1.0, 1.5, 2.0)}, plain={"resnet20": (5.0, 4.0, 6.0)}, students=students))
    page = page_of(*runs)
    assert [" ".join(cell.split()) for cell in page.tables[0][0]] == ["method", "resnet34 (1.50 ± 0.50) to resnet20"]
    assert page.tables[0][1:] == [["NOKD", "5.00 ± 1.00"], ["FitNet", "3.00 ± 0.50"]]
    assert "A cell is the test error (degrees): lower is better, as in the paper's table 5" in page.text
    table = page.table("ResNet34 (1.30) to ResNet20")
    assert table[0][2] == "this run, needles: resnet34 (1.50 ± 0.50)" and table[2][:3] == ["FitNet", "2.18",
                                                                                          "3.00 ± 0.50"]
    assert "not on the paper's Steering Angle or UTKFace" in page.text and "Table 2" not in page.text


def test_sizes_times_and_every_comparison(html, tmp_path):
    page = Page(html)
    sizes = {row[0]: row[1:] for row in page.table("teacher / it")}
    assert sizes["network"][-2:] == ["test error (%)", "smallest TFLite"]
    assert sizes["student_wrn40_2_vgg8_crd"] == ["student", "vgg8", "CRD", "3,000", "3.0 : 1", "400", "10.50 ± 0.50",
                                                 "33.50 KiB (int8)"]
    assert sizes["assistant_resnet32x4_vgg8"][:5] == ["assistant", "wrn16_2", DASH, "5,000", DASH]
    assert [sizes[f"student_{name}_nokd"][4] for name in ("vgg8", "mobilenetv2")] == [DASH, "20.0 : 1"]
    times = next(table for table in page.tables if table[0][1:] == [
        "wrn40_2 to vgg8", "resnet32x4 to vgg8", "resnet32x4 to mobilenetv2"])
    assert times[1] == ["NOKD", *["11.00 ± 1.00"] * 3]
    assert ["TAKD", DASH, "15.00 ± 1.00", DASH] in times and "FT" not in [row[0] for row in times]
    assert ["assistant_resnet32x4_vgg8", "4.00 ± 0.00", "300.0 ± 0.0"] in page.table("peak MiB")
    assert ["AT", "NOKD", "wrn40_2", "vgg8", "12.83", "13.00", "-0.167 ± 0.764", "1 of 3", "1 of 3", "tie"] \
        in page.table("ahead in")
    assert len(page.table("ahead in")) == 1 + 13
    plain = network_table(group_of(kd_runs.write_run(tmp_path / "run")), [])
    assert plain["columns"][-1] == "test error (%)" and "smallest" not in plain["columns"]


def test_a_chart_a_pair_and_the_losses(html):
    page = Page(html)
    described = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"]
    assert "resnet32x4 to vgg8: test_error (%), lower is better, a value a seed. NOKD 12.00, 14.00, 13.00; BLKD " \
        "12.00, 14.50, 12.50; TAKD 11.00, 13.50, 11.50." in described
    assert len(described) == 4 and described[3].startswith("loss of student_wrn40_2_vgg8_crd over the steps")
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) and not re.search(r"https?://|url\((?!#)|@import|<link|<script", html)


def test_several_recipes_stand_side_by_side(tmp_path):
    data = {"data": {**kd_runs.DATA["classification"], "train": 300}}
    fewer = kd_runs.networks(students={("wrn40_2", "vgg8"): {"crd": (10.0,)}}, plain={"vgg8": (12.0,)},
                             teachers={"wrn40_2": (2.0,)})
    runs = [*kd_runs.seeds(tmp_path, number=2),
            kd_runs.write_run(tmp_path / "other", recipe="kd_folder", networks=fewer, metrics=data)]
    table = page_of(*runs).tables[0]
    assert table[0] == ["network", "kd_digits, digits, 1,000 training images, seeds 0, 1",
                        "kd_folder, digits, 300 training images, seed 0"]
    rows = {row[0]: row[1:] for row in table[1:]}
    assert [row[0] for row in table[1:5]] == ["teacher wrn40_2", "teacher resnet32x4", "vgg8, NOKD",
                                              "mobilenetv2, NOKD"]
    assert rows["wrn40_2 to vgg8, CRD"] == ["10.50 ± 0.71", "10.00"]
    assert rows["wrn40_2 to vgg8, CRD, difference to NOKD"] == ["-2.50 ± 0.71", "-2.00"]
    assert rows["resnet32x4 to vgg8, TAKD"] == ["12.25 ± 1.77", DASH]


def test_kinds_on_one_page_share_no_table(tmp_path):
    page = page_of(kd_runs.write_run(tmp_path / "kd"),
                   cgan_kd_runs.write_run(tmp_path / "cgan", without=(
                       "samples", "sweeps", "costs", "evaluate/pictures.npz", "evaluate/errors.npz")))
    assert "These runs are of 2 kinds" in page.text
    assert [len(table[0]) for table in page.tables[:2]] == [2, 2]


def test_a_run_without_measures_or_parts(tmp_path):
    text = page_of(kd_runs.write_run(tmp_path / "run", without=("metrics.json",), logs=["teacher_wrn40_2"])).text
    assert "There are no measures yet" in text and "No table: metrics.json is missing" in text
    assert "Compressing GANs" not in text
    text = page_of(kd_runs.write_run(tmp_path / "few", without=("costs", "data", "refused", "export/export.json"))).text
    assert "Time and memory" not in text and "NA:" not in text and "smallest TFLite" not in text
    assert "This run's metrics.json does not name its data." in text
    assert "On data that metrics.json does not name, the teacher wrn40_2" in text


def test_text_of_the_run_is_escaped(tmp_path):
    bad = "<script>x</script>"
    students = {(bad, "vgg8"): {bad: (9.0,)}}
    refused = [{"teacher": bad, "student": "vgg8", "kd": "at", "reason": bad}]
    folder = kd_runs.write_run(tmp_path / "run", networks=kd_runs.networks(students=students), metrics={
        "unit": bad, "refused": refused, "data": {"name": bad}})
    html = render([read_run(folder)])
    assert "<script" not in html and Page(html).text.count(bad) > 5
