"""The page: its tables, its verdict, what it says of missing parts, that nothing comes from outside."""

import copy
import os
import re
import subprocess
import sys

import pytest
import report_runs
from read_page import Page, page_of, verdict_of

from kgan.errors import InputError
from kgan.report.load import read_run
from kgan.report.page import render, write_report


def test_the_table_of_sizes(tmp_path):
    page = page_of(report_runs.write_run(tmp_path / "run"))
    table = page.table("paper's count")
    assert table[2:] == [
        # d = 1: 672 + 12,831 + 1; teacher d = 16: 172,032 + 205,296 + 1 = 377,329; 377,329 / 13,504 = 27.9
        ["1", "mse", "13,564", "13,504", "28 : 1", "6.30", "6.90", "control", "31.00", "28.00", "control"],
        ["2", "mse", "28,471", "28,351", "13 : 1", "8.50", "7.00", "student", "13.00", "25.00", "student"],
        ["16", "teacher", "378,289", "377,329", "1.0 : 1", "9.00", "10.00"]]


def test_the_verdict_names_wins_of_both_sides(tmp_path):
    html = render([read_run(report_runs.write_run(tmp_path / "run"))])
    text = verdict_of(html)
    # 8.5 / 9 = 94.4 %, 6.3 / 9 = 70 %; 377,329 / 28,351 = 13.3; 13 / 10 = 1.3
    assert "At least 90% of the teacher's is_digits_cnn is kept by the student d = 2 (94%); it is 13.3 " \
        "times smaller than the teacher and has 1.30 times its fd_digits_cnn." in text
    assert "On is_digits_cnn (higher is better) the student beats the control at d = 2 (1 of 2); " \
        "the control wins over the student at d = 1 (1 of 2)." in text
    assert "On fd_digits_cnn (lower is better) the student beats the control at d = 2 (1 of 2); " \
        "the control wins over the student at d = 1 (1 of 2)." in text
    assert "one seed" in text and "tie" not in text
    assert '<strong class="control">the control wins' in html
    assert '<strong class="student">the student beats' in html


def test_the_verdict_with_ties_over_seeds(tmp_path):
    folders = []
    for seed, score in enumerate((6.5, 7.7)):  # mean 7.1, std 0.849: within one std of the control's 7.0
        networks = copy.deepcopy(report_runs.NETWORKS)
        networks["student_d2"].update(is_digits_cnn=score)
        folders.append(report_runs.write_run(tmp_path / str(seed), seed=seed, networks=networks))
    html = render([read_run(folder) for folder in folders])
    text = verdict_of(html)
    assert "student and control tie at d = 2 (1 of 2)" in text and "means over 2 seeds" in text
    assert "No student keeps 90% of the teacher's is_digits_cnn; the best, d = 2, keeps 79%." in text
    row = next(row for row in Page(html).table("paper's count") if row[0] == "2")
    assert row[5:8] == ["7.10 ± 0.85", "7.00 ± 0.00", "tie"]


def test_a_share_just_below_the_threshold_is_not_rounded_up(tmp_path):
    networks = {**report_runs.NETWORKS, "student_d2": report_runs.network("student", 2, 9.0 * 0.896, 13.0)}
    text = page_of(report_runs.write_run(tmp_path / "run", networks=networks)).text
    assert "No student keeps 90%" in text and "keeps 89.6%" in text


def test_a_measure_that_is_not_finite_is_named(tmp_path):
    networks = copy.deepcopy(report_runs.NETWORKS)
    networks["control_d1"]["fd_digits_cnn"] = float("nan")
    page = page_of(report_runs.write_run(tmp_path / "run", networks=networks))
    assert "Not a finite number, and left out: fd_digits_cnn of control_d1." in page.text
    assert next(row for row in page.table("paper's count") if row[0] == "1")[8:] == [
        "31.00", "–", "–"]  # noqa: RUF001


def test_unlike_protocols_stand_apart(tmp_path):
    second = copy.deepcopy(report_runs.NETWORKS)
    second["student_d2"]["is_digits_cnn"] = 3.21
    runs = [report_runs.write_run(tmp_path / "a"),
            report_runs.write_run(tmp_path / "b", seed=1, networks=second,
                                  protocol={**report_runs.PROTOCOL, "num_fake": 500})]
    page = page_of(*runs)
    assert "2 unlike protocols" in page.text and "num_fake: 2000 against 500." in page.text
    for table in page.tables:
        cells = {cell for row in table for cell in row}
        assert not {"8.50", "3.21"} <= cells
    alike = page_of(runs[0], report_runs.write_run(tmp_path / "c", seed=1, networks=second, smoke=True))
    assert ["student, d = 2, mse", "8.50", "3.21"] in alike.table("teacher")


PARTS = {
    "recipe.json": "recipe.json is missing or has no settings", "metrics.json": "metrics.json is missing",
    "export/export.json": "No exports", "teacher/log.csv": "teacher/log.csv is missing",
    "students/log.csv": "students/log.csv is missing", "controls/log.csv": "controls/log.csv is missing",
    "evaluate/samples.npz": "No samples", "evaluate/interpolation.npz": "No interpolations",
    "evaluate/real.npz": "No real images",
}


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_said(tmp_path, part):
    page = page_of(report_runs.write_run(tmp_path / "run", without=(part,)))
    assert PARTS[part] in page.text and f"Missing in run: {part}." in page.text


def test_a_whole_run_misses_nothing_and_one_file_is_enough(tmp_path):
    assert "missing" not in page_of(report_runs.write_run(tmp_path / "run")).text.lower()
    text = page_of(report_runs.write_run(tmp_path / "bare", without=tuple(part for part in PARTS
                                                                          if part != "recipe.json"))).text
    assert all(sentence in text for part, sentence in PARTS.items()
               if part not in ("recipe.json", "evaluate/real.npz"))


def test_text_of_the_run_is_escaped(tmp_path):
    bad = "<script>alert('x')</script> & \"q\""
    networks = {**report_runs.NETWORKS, "<b>$d_1$</b>-->": report_runs.network("student", 4, 8.0, 20.0)}
    html = render([read_run(report_runs.write_run(tmp_path / "run", networks=networks, title=bad,
                                                  settings={"note": bad}, machine=bad))])
    page = Page(html)
    assert "<script" not in html and "script" not in {tag for tag, _ in page.tags}
    assert "<b>$d" not in html and bad in page.text


def test_the_page_refers_to_nothing_outside(tmp_path):
    folder = report_runs.write_run(tmp_path / "run")
    out = write_report([folder], tmp_path / "new" / "report.html")
    html = out.read_text(encoding="utf-8")
    assert not re.search(r"https?://|url\((?!#)|@import|<link|<script", html)
    for tag, attributes in Page(html).tags:
        for name in ("src", "href", "srcset", "data"):
            if name in attributes:
                assert attributes[name].startswith(("data:image/png;base64,", "#")), (tag, name)
    assert len(html) < 3_000_000
    ids = [attributes["id"] for _, attributes in Page(html).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(attributes.get("alt") for tag, attributes in Page(html).tags if tag == "img")
    assert all(attributes.get("aria-label") for tag, attributes in Page(html).tags if tag == "svg")


def test_the_same_run_gives_the_same_bytes_and_captions_name_the_protocol(tmp_path, drawn_anew):
    folder = report_runs.write_run(tmp_path / "run", seed=7)
    first, second = (render([read_run(folder)]) for _ in range(2))
    assert first == second
    captions = re.findall("<figcaption>(.*?)</figcaption>", first, re.DOTALL)
    line = "protocol digits_cnn; measures is_digits_cnn, fd_digits_cnn; N = 2,000 generated images; " \
        "N = 1,797 real images; weights ema; seed 7"
    assert len(captions) == 4 and all(line in " ".join(caption.split()) for caption in captions)


def test_exports_and_snippet(tmp_path):
    page = page_of(report_runs.write_run(tmp_path / "run"))
    assert page.table("quantisation")[1] == ["student_d2", "int8", "51.25", "0.0123", "0.0017", "0.420",
                                             "0.610", "2"]
    assert "print('a < b')" in page.text


def test_nothing_is_left_half_written(tmp_path, monkeypatch):
    folder = report_runs.write_run(tmp_path / "run")
    out = tmp_path / "out" / "report.html"
    out.parent.mkdir()
    out.write_text("older")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(InputError, match="No space left on device"):
        write_report([folder], out)
    assert out.read_text() == "older" and [path.name for path in out.parent.iterdir()] == ["report.html"]


def test_wrong_input(tmp_path):
    with pytest.raises(InputError, match="no run folder"):
        write_report([], tmp_path / "report.html")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_report([report_runs.write_run(tmp_path / "run")], tmp_path / "file" / "report.html")


def test_the_room_imports_nothing_that_trains():
    code = "import sys, kgan.report.page, kgan.report.compression, kgan.report.okd, " \
           "kgan.report.collaborative, kgan.report.cgan_kd; print([" \
           "n for n in ('tensorflow', 'keras', 'matplotlib.pyplot') if n in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
