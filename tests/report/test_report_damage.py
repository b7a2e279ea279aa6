"""The page, the summary and the lines of runs that damage real images."""

import base64
import io
import json

import damage_runs
import numpy as np
import pytest
from PIL import Image
from read_page import Page, page_of, verdict_of

from kgan.errors import InputError
from kgan.report.damage_summary import trend_of
from kgan.report.load import read_run
from kgan.report.page import render
from kgan.report.summary import summarise, summary_lines


def entry(summary, measure, kind):
    return next(found for found in summary["damages"] if (found["measure"], found["kind"]) == (measure, kind))


def test_each_measure_is_followed_over_each_kind(tmp_path):
    summary = summarise([damage_runs.write_run(tmp_path / "run")])["groups"][0]
    assert len(summary["damages"]) == 6
    blur = entry(summary, "fd_digits_cnn", "blur")
    assert (blur["strengths"], blur["unit"], blur["trend"], blur["sees"]) == ([0.5, 1.0, 2.0], "pixels", "rises", True)
    assert blur["share"] == 2.0 / 25.0 and entry(summary, "fd_digits_cnn", "jpeg")["share"] == 0.5
    recall = entry(summary, "recall_digits_cnn", "blur")
    assert (recall["trend"], recall["sees"], recall["share"]) == ("falls", True, None)
    assert entry(summary, "recall_digits_cnn", "jpeg")["sees"] is False
    vol = entry(summary, "vol", "blur")
    assert (vol["trend"], vol["sees"], vol["share"]) == ("falls", None, None)
    assert entry(summary, "vol", "jpeg")["trend"] == "stays"
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_over_seeds_the_means_count(tmp_path):
    other = damage_runs.sets(fd={"undamaged": [4.0], "blur": [35.0, 20.0, 310.0], "jpeg": [-3.0, 1.0]})
    folders = [damage_runs.write_run(tmp_path / "0"), damage_runs.write_run(tmp_path / "1", 1, other)]
    groups = summarise(folders)["groups"]
    assert len(groups) == 1 and groups[0]["seeds"] == [0, 1]
    # Blur: means 30, 40, 305, though the second seed alone turns; real against real 3.
    assert entry(groups[0], "fd_digits_cnn", "blur")["trend"] == "rises"
    assert entry(groups[0], "fd_digits_cnn", "blur")["share"] == pytest.approx(0.1)
    assert entry(groups[0], "fd_digits_cnn", "jpeg")["share"] == pytest.approx(6.0)
    page = page_of(*folders)
    row = next(row for row in page.table("worsens") if row[:2] == ["fd_digits_cnn", "blur"])
    assert row[2:] == ["3.00 ± 1.41", "30.00 ± 7.07", "40.00 ± 28.28", "305.0 ± 7.1", "rises", "yes", "0.100"]
    assert "mean and std of seeds 0, 1" in page.text


@pytest.mark.parametrize(("values", "trend"), [
    ([1.0, 2.0, 2.0], "rises"), ([3.0, 1.0, 0.0], "falls"), ([1.0, 2.0, 1.5], "turns"), ([2.0, 2.0], "stays"),
    ([1.0], None), ([1.0, None, 3.0], None), ([], None),
])
def test_trends(values, trend):
    assert trend_of(values) == trend


def test_the_page_shows_a_chart_a_measure_the_table_and_the_protocol(tmp_path):
    html = render([read_run(damage_runs.write_run(tmp_path / "run"))])
    page = Page(html)
    assert html.count('<svg class="chart"') == 3
    charts = [tag[1]["aria-label"] for tag in page.tags if tag[0] == "svg"]
    assert charts[0] == ("fd_digits_cnn (lower is better) over the strength of damage, 0 for none. blur: 0: 2.00; "
                         "1: 25.00; 2: 60.00; 3: 300.0. JPEG: 0: 2.00; 1: 4.00; 2: 9.00.")
    table = page.table("worsens")
    assert table[0] == ["measure", "damage", "undamaged", "1", "2", "3", "trend", "worsens", "undamaged / 1"]
    empty = "\N{EN DASH}"
    assert table[1] == ["fd_digits_cnn", "blur", "2.00", "25.00", "60.00", "300.0", "rises", "yes", "0.080"]
    assert table[4] == ["recall_digits_cnn", "JPEG", "0.900", "0.700", "0.750", empty, "rises", "no", empty]
    assert table[5][6:] == ["falls", empty, empty]
    assert "blur (pixels): 0.5, 1, 2; JPEG (quality): 50, 10" in page.text
    assert "N = 898 damaged images; N = 898 real images" in page.text and "num_real" in page.text
    assert "Every set of images and measure" in page.text and page.table("set of images")[2][:3] == [
        "blur_1", "0.500", "pixels"]
    assert "Losses" not in page.text and "Exports" not in page.text and "Missing in" not in page.text


def test_the_same_images_are_shown_with_every_strength(tmp_path):
    page = page_of(damage_runs.write_run(tmp_path / "run"))
    strips = [tag[1] for tag in page.tags if tag[0] == "img"]
    assert [strip["alt"] for strip in strips] == [
        "4 images: real images (undamaged)", *(f"4 images: real images after blur ({text})" for text in
                                               ("0.500", "1.00", "2.00")),
        "4 images: real images (undamaged)", *(f"4 images: real images after JPEG ({text})" for text in ("50", "10"))]
    pixels = [np.asarray(Image.open(io.BytesIO(base64.b64decode(strip["src"].partition(",")[2]))))[0, 0, 0]
              for strip in strips]
    assert pixels == [0, 40, 80, 120, 0, 160, 200]
    assert "blur (pixels)" in page.text and "Shown: seed 0." in page.text
    page = page_of(damage_runs.write_run(tmp_path / "none", without=("damage/samples.npz",)))
    assert "No images: damage/samples.npz is missing" in page.text
    (tmp_path / "run" / "damage" / "samples.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match="not a readable npz file"):
        page_of(tmp_path / "run")


def test_the_verdict_says_what_is_seen_and_what_is_not(tmp_path):
    text = verdict_of(render([read_run(damage_runs.write_run(tmp_path / "run"))]))
    assert text.startswith("fd_digits_cnn of real images against real ones is 2.00. As a share of the distance with "
                           "the mildest damage that is blur 0.080, JPEG 0.500: a tenth or more for JPEG, so that")
    assert "fd_digits_cnn (lower is better) rises with every strength of blur, JPEG." in text
    assert "recall_digits_cnn (higher is better) rises with every strength of JPEG; falls with every strength of " \
        "blur." in text
    assert "vol falls with every strength of blur; stays the same over the strengths of JPEG." in text
    clear = damage_runs.sets(fd={"undamaged": [0.1], "blur": [25.0, 60.0, 300.0], "jpeg": [4.0, 9.0]})
    html = render([read_run(damage_runs.write_run(tmp_path / "clear", networks=clear))])
    assert "below a tenth everywhere." in verdict_of(html)


def test_the_lines_for_a_terminal(tmp_path):
    lines = summary_lines(summarise([damage_runs.write_run(tmp_path / "run")]))
    assert lines[0] == "measure_damage, seed 0"
    assert lines[1].split() == ["measure", "damage", "undamaged", "1", "2", "3", "trend", "undamaged", "/", "mildest"]
    assert lines[2].split() == ["fd_digits_cnn", "blur", "2", "25", "60", "300", "rises", "0.080"]
    assert lines[3].split() == ["fd_digits_cnn", "JPEG", "2", "4", "9", "rises", "0.500"]
    assert lines[8:10] == ["blur (pixels): 0.5, 1, 2", "JPEG (quality): 50, 10"]
    assert lines[-1].startswith("A measure is monotone")


def test_runs_of_unlike_settings_stand_side_by_side(tmp_path):
    folders = [damage_runs.write_run(tmp_path / "a"),
               damage_runs.write_run(tmp_path / "b", networks=damage_runs.sets(
                   fd={"undamaged": [3.0], "blur": [5.0, 6.0, 7.0]}, strengths={"blur": [1, 2, 3]}),
                   settings={"split": "test"})]
    table = page_of(*folders).tables[1]  # behind the settings
    assert [row[0] for row in table[1:]] == ["undamaged", "blur_1", "blur_2", "blur_3", "jpeg_1", "jpeg_2"]
    assert table[1][1:] == ["2.00", "3.00"] and table[5][1:] == ["4.00", "\N{EN DASH}"]


def test_what_is_missing_or_damaged(tmp_path):
    page = page_of(damage_runs.write_run(tmp_path / "empty", networks={}))
    assert "There are no measures yet" in page.text and "the damage stage has not run" in page.text
    assert summary_lines(summarise([tmp_path / "empty"]))[1] == "no measures"
    for wrong in ({"level": "two"}, {"level": -1}, {"level": True}, {"role": None}):
        networks = damage_runs.sets()
        networks["blur_2"] |= wrong
        with pytest.raises(InputError, match=r"'blur_2' in .* has the role .*run the damage stage again"):
            read_run(damage_runs.write_run(tmp_path / "damaged", networks=networks))
    networks = damage_runs.sets(fd={"undamaged": [None], "blur": [1.0, None, 3.0], "jpeg": [1.0, 2.0]})
    networks["undamaged"] = {key: value for key, value in networks["undamaged"].items() if key != "fd_digits_cnn"}
    summary = summarise([damage_runs.write_run(tmp_path / "holes", networks=networks)])["groups"][0]
    assert entry(summary, "fd_digits_cnn", "blur")["trend"] is None
    assert entry(summary, "fd_digits_cnn", "blur")["share"] is None
    assert "of real images against real ones is" not in page_of(tmp_path / "holes").text
