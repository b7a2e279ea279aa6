"""What generated images are worth to a classifier: its part of an online distillation's page."""

import json

import okd_runs
import pytest
from read_page import Page, page_of, verdict_of

from kgan.errors import InputError
from kgan.report.load import read_run
from kgan.report.page import render
from kgan.report.summary import summarise, summary_lines


def with_augment(folder, real, both, made, stage="augment"):
    (folder / stage).mkdir(parents=True, exist_ok=True)
    (folder / stage / "augment.json").write_text(json.dumps({
        "accuracy": {"real": real, "real and generated": both, "generated": made},
        "images": {"real": 200, "real and generated": 1200, "generated": 1000}, "tested_on": 1597}))
    return folder


def two_seeds(tmp_path):
    runs = [okd_runs.write_run(tmp_path / str(seed), seed=seed, without=("okd/log.csv", "controls/log.csv"))
            for seed in range(2)]
    # Means of the classifiers: 0.90 and 0.92 with real images, 0.92 and 0.93 with both, 0.7 and 0.8 with generated.
    return [with_augment(runs[0], [0.89, 0.91], [0.91, 0.93], [0.6, 0.8]),
            with_augment(runs[1], [0.92, 0.92], [0.92, 0.94], [0.8, 0.8])]


def test_over_seeds_the_differences_are_paired_by_seed(tmp_path):
    folders = two_seeds(tmp_path)
    # 2 and 1 points: mean 1.5, std 0.71; -20 and -12: mean -16, std 5.66.
    assert page_of(*folders).table("trained on")[1:] == [
        ["real", "200", "91.00% ± 1.41%", "", "", "", ""],
        ["real and generated", "1,200", "92.50% ± 0.71%", "+1.50 ± 0.71 points", "2 of 2", "0 of 2", "better"],
        ["generated", "1,000", "75.00% ± 7.07%", "-16.00 ± 5.66 points", "0 of 2", "2 of 2", "worse"]]
    html = render([read_run(folder) for folder in folders])
    assert "A classifier trained on real and generated images (1,200) has an accuracy of 92.50% ± 0.71% against " \
        "91.00% ± 1.41% with the 200 real ones alone, difference +1.50 ± 0.71 points over 2 seeds: better." in \
        verdict_of(html)
    summary = summarise(folders)
    assert "classifier trained on generated (1,000 images): accuracy 75.00% +- 7.07%, -16.00 +- 5.66 points to real " \
        "alone: worse" in summary_lines(summary)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert "Accuracy on 1,597 other real images" in Page(html).text and "over the seeds; differences" in Page(html).text


def test_of_one_seed_the_spread_is_over_the_classifiers_and_nothing_wins(tmp_path):
    page = page_of(two_seeds(tmp_path)[0])
    # 0.02 each: no spread of the difference; -0.29 and -0.11: mean -0.2, std 0.1273.
    assert [row[2:] for row in page.table("trained on")[2:]] == [
        ["92.00% ± 1.41%", "+2.00 ± 0.00 points", "2 of 2", "0 of 2", "one seed, chance not excluded"],
        ["70.00% ± 14.14%", "-20.00 ± 12.73 points", "0 of 2", "2 of 2", "one seed, chance not excluded"]]
    assert "over the classifiers of this one run, not over seeds" in page.text


def test_a_run_without_measures_has_a_page_of_this_alone(tmp_path):
    kept = ("evaluate/samples.npz", "evaluate/interpolation.npz", "evaluate/real.npz", "metrics.json",
            "export/export.json")
    folder = with_augment(okd_runs.write_run(tmp_path / "run", without=kept), [0.9], [0.92], [0.7])
    html = render([read_run(folder)])
    page = Page(html)
    assert page.table("trained on")[2][2:4] == ["92.00%", "+2.00 points"]
    assert verdict_of(html).startswith("A classifier trained on") and "no measures" not in page.text
    assert "Every generator" not in page.text and "No samples" not in page.text and "okd: generator_loss" in page.text
    lines = summary_lines(summarise([folder]))
    assert lines[1].startswith("classifier trained on real (200 images): accuracy 90.00%")


def test_a_seed_without_the_file_is_not_counted_and_no_file_shows_nothing(tmp_path):
    folders = [two_seeds(tmp_path)[0], okd_runs.write_run(tmp_path / "2", seed=2)]
    assert page_of(*folders).table("trained on")[1][2] == "90.00% ± 1.41%"
    assert "augment" not in summarise(folders[1:])["groups"][0]


@pytest.mark.parametrize("text", ['{"accuracy": 3}', '{"accuracy": {"real": []}}', '{"accuracy": {"real": ["high"]}}',
                                  '{"accuracy": {"real": [0.9]}, "images": 5}', "[1]", "{"])
def test_damaged_files_are_refused_in_one_line(tmp_path, text):
    folder = okd_runs.write_run(tmp_path / "run")
    (folder / "augment").mkdir()
    (folder / "augment" / "augment.json").write_text(text)
    with pytest.raises(InputError, match=r"augment\.json") as caught:
        summarise([folder])
    assert "\n" not in str(caught.value)
