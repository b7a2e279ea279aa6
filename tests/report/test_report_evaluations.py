"""Further evaluations of runs: means over seeds, one table a protocol, what is damaged."""

import copy
import json
import re

import cgan_kd_runs
import kd_runs
import pytest
import report_runs
from read_page import Page, page_of

from kgan.errors import InputError
from kgan.files import write_json
from kgan.report.load import read_run
from kgan.report.page import render
from kgan.report.rows import EMPTY
from kgan.report.summary import summarise, summary_lines

INCEPTION = {"name": "inception", "version": "2015-12-05", "weights_sha256": "f00d", "resize": "bilinear as TF1"}
OWN = {"name": "digits_cnn", "version": 1, "weights_sha256": "aa11", "held_out_accuracy": 0.98}
PROTOCOL = {"name": "kgan-evaluate-1", "extractor": INCEPTION, "reference": {"name": "digits", "split": "train"},
            "kid": {"subsets": 100, "subset_size": 500}, "is_seed": 3, "sampling_seed": 7}


def scores(fid, num_samples=2000, **more):
    return {"num_samples": num_samples, "is_inception": 10.0 - fid / 10, "is_inception_std": 0.25,
            "fid_inception": fid, **more}


def evaluate(folder, networks, name="inception", protocol=PROTOCOL, reference=None, **more):
    """Adds `evaluations/<name>.json` to a run."""
    write_json(folder / "evaluations" / f"{name}.json", {
        "protocol": protocol, "reference": {"measures": {"is_inception": 9.5} if reference is None else reference},
        "networks": networks, "seconds": {"extractor": 9.5, "all": 10.0}, **more})
    return folder


def compression(folder, **more):
    """A compression run of two files: neither its losses nor its images matter here."""
    return report_runs.write_run(folder, without=(
        *(f"{stage}/log.csv" for stage in ("teacher", "students", "controls")), "export/export.json",
        *(f"evaluate/{name}.npz" for name in ("samples", "interpolation", "real"))), **more)


def seeds(tmp_path, fids, **more):
    """One compression run a seed, its student measured with these distances and its teacher with 2 less."""
    return [evaluate(compression(tmp_path / f"seed-{seed}", seed=seed),
                     {"d16": scores(fid - 2.0), "student_d2": scores(fid)},
                     protocol={**PROTOCOL, "is_seed": seed, "sampling_seed": 100 + seed}, **more)
            for seed, fid in enumerate(fids)]


def evaluations_of(*folders):
    return [group["evaluations"] for group in summarise(folders)["groups"]]


def table_titled(page, word):
    """The rows of the table of evaluations with a column of that name."""
    return next(table for table in page.tables if word in table[0])


def test_mean_and_sample_std_over_seeds_by_hand(tmp_path):
    folders = seeds(tmp_path, (12.0, 14.0, 19.0))
    summary = summarise(folders)
    (evaluation,) = summary["groups"][0]["evaluations"]
    # mean of 12, 14, 19 is 15; squares of the differences 9 + 1 + 16 = 26; 26 / 2 = 13.
    student = evaluation["networks"]["student_d2"]["measures"]["fid_inception"]
    assert student == {"mean": 15.0, "std": pytest.approx(13 ** 0.5, abs=1e-12), "n": 3, "not_finite": 0,
                       "values": [12.0, 14.0, 19.0]}
    assert evaluation["networks"]["d16"]["measures"]["fid_inception"]["mean"] == 13.0
    assert evaluation["reference"]["is_inception"]["values"] == [9.5] * 3
    assert evaluation["num_samples"] == 2000
    assert evaluation["protocol"] == {name: value for name, value in PROTOCOL.items() if not name.endswith("_seed")}
    assert [source["seed"] for source in evaluation["sources"]] == [0, 1, 2]
    assert evaluation["sources"][2]["protocol"]["sampling_seed"] == 102
    assert evaluation["sources"][0]["seconds"] == {"extractor": 9.5, "all": 10.0}
    assert evaluation["sources"][1]["file"] == str(folders[1] / "evaluations" / "inception.json")
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary

    page = page_of(*folders)
    assert table_titled(page, "fid_inception") == [
        ["network", "weights", "is_inception", "is_inception_std", "fid_inception"],
        # is: 10 minus a tenth of the distance, so its std is 0.361
        ["d16", "ema", "8.70 ± 0.36", "0.250 ± 0.000", "13.00 ± 3.61"],
        ["student_d2", "ema", "8.50 ± 0.36", "0.250 ± 0.000", "15.00 ± 3.61"],
        ["reference", EMPTY, "9.50 ± 0.00", EMPTY, EMPTY]]
    assert "inception: protocol kgan-evaluate-1, extractor inception, N = 2,000 images a network" in page.text
    assert "Lower is better: fid_inception. Higher is better: is_inception. ± is the sample standard" in page.text
    assert "over its splits or subsets: is_inception_std." in page.text
    # The protocol stands below the table, whole, with all values of what differs between seeds.
    below = page.text[page.text.index("Protocol of this table"):]
    for said in ("extractor.weights_sha256 f00d", "kid.subset_size 500", "reference.split train", "is_seed 0, 1, 2",
                 "sampling_seed 100, 101, 102"):
        assert said in below

    text = "\n".join(summary_lines(summary))
    assert "evaluation inception: protocol kgan-evaluate-1, extractor inception, N = 2,000 images" in text
    assert re.search(r"student_d2 +ema +8\.5 \+- 0\.3606 +0\.25 \+- 0 +15 \+- 3\.606\n", text)
    assert text.index("student wins") < text.index("evaluation inception") < text.index(summary["rule"])


def test_a_seed_that_was_not_evaluated_is_counted_out(tmp_path):
    folders = seeds(tmp_path, (12.0, 14.0))
    folders.append(compression(tmp_path / "seed-2", seed=2))
    assert table_titled(page_of(*folders), "fid_inception")[2][-1] == "13.00 ± 1.41 (n = 2)"
    assert "images a network (2 of 3 runs)\n" in "\n".join(summary_lines(summarise(folders)))
    assert "images a network\n" in "\n".join(summary_lines(summarise(folders[:2])))


def test_one_run_has_no_spread_and_a_run_without_evaluations_no_section(tmp_path):
    page = page_of(*seeds(tmp_path, (12.0,)))
    assert table_titled(page, "fid_inception")[1] == ["d16", "ema", "9.00", "0.250", "10.00"]
    assert "One run: no spread over seeds is known." in page.text and "unlike" not in page.text
    plain = compression(tmp_path / "plain")
    assert "Further evaluations" in page.text and "Further evaluations" not in page_of(plain).text
    assert evaluations_of(plain) == [[]] and "evaluation " not in "\n".join(summary_lines(summarise([plain])))


@pytest.mark.parametrize("change", [
    {"extractor": {**INCEPTION, "resize": "antialiased"}}, {"extractor": {**INCEPTION, "weights_sha256": "beef"}},
    {"reference": {"name": "digits", "split": "test"}}, {"kid": {"subsets": 50, "subset_size": 500}}, {"extra": None},
])
def test_unlike_protocols_never_share_a_table(tmp_path, change):
    runs = seeds(tmp_path, (12.0, 14.0))
    evaluate(runs[1], {"d16": scores(33.0), "student_d2": scores(44.0)}, protocol={**PROTOCOL, **change})
    first, second = evaluations_of(*runs)[0]
    assert first["networks"]["student_d2"]["measures"]["fid_inception"]["values"] == [12.0]
    assert second["networks"]["student_d2"]["measures"]["fid_inception"]["values"] == [44.0]
    page = page_of(*runs)
    assert "made by 2 unlike protocols" in page.text
    for table in page.tables:
        cells = " ".join(cell for row in table for cell in row)
        assert not ("12.00" in cells and "44.00" in cells)


def test_the_notice_names_what_differs(tmp_path):
    runs = seeds(tmp_path, (12.0, 14.0))
    evaluate(runs[1], {"d16": scores(33.0, 500)}, protocol={**PROTOCOL, "extractor": {**INCEPTION, "resize": "none"}})
    assert "not comparable. extractor.resize: bilinear as TF1 against none; images a network: 2000 against 500." \
        in page_of(*runs).text


def test_numbers_of_images_never_share_a_table(tmp_path):
    folder = evaluate(compression(tmp_path / "run"),
                      {"d16": scores(10.0), "student_d2": scores(12.0, 500), "student_d1": scores(13.0, 500)})
    few, many = sorted(evaluations_of(folder)[0], key=lambda entry: entry["num_samples"])
    assert (few["num_samples"], list(few["networks"])) == (500, ["student_d2", "student_d1"])
    assert (many["num_samples"], list(many["networks"])) == (2000, ["d16"])


def test_own_classifiers_differ_within_a_group_but_not_across(tmp_path):
    """The seeds' own classifiers are instances of one procedure; nothing says so of another experiment's."""
    folders = []
    for name, seed, sha, fid in (("a", 0, "aa11", 12.0), ("a", 1, "bb22", 14.0), ("b", 0, "cc33", 31.0)):
        folder = kd_runs.write_run(tmp_path / f"{name}{seed}", seed=seed, networks={}, recipe=f"recipe_{name}")
        own = {**OWN, "weights_sha256": sha, "held_out_accuracy": 0.9 + seed / 100}
        folders.append(evaluate(folder, {"gan": {"num_samples": 500, "fd_digits_cnn": fid}}, "own",
                                {**PROTOCOL, "extractor": own}))
    first, other = evaluations_of(*folders)
    assert first[0]["networks"]["gan"]["measures"]["fd_digits_cnn"]["values"] == [12.0, 14.0]
    assert other[0]["networks"]["gan"]["measures"]["fd_digits_cnn"]["values"] == [31.0]
    page = page_of(*folders)
    assert "made by 2 unlike protocols" in page.text and "own classifiers: aa11, bb22 against cc33." in page.text
    assert "2 differently trained instances of the same classifier" in page.text
    for table in page.tables:
        assert not {"13.00 ± 1.41", "31.00"} <= {cell for row in table for cell in row}
    assert "unlike" not in page_of(*folders[:2]).text
    # A given extractor has no held-out accuracy: other weights are another instrument, in one group too.
    for folder, sha in zip(folders[:2], ("aa11", "bb22"), strict=True):
        evaluate(folder, {"gan": scores(5.0)}, "own", {**PROTOCOL, "extractor": {**INCEPTION, "weights_sha256": sha}})
    assert len(evaluations_of(*folders[:2])[0]) == 2


def test_groups_of_every_kind_side_by_side(tmp_path):
    runs = [seeds(tmp_path / "a", (12.0, 14.0))[0],
            evaluate(cgan_kd_runs.write_run(tmp_path / "b", without=("sweeps", "evaluate/errors.npz")),
                     {"gan": scores(21.0, kid_inception=0.004)}),
            evaluate(kd_runs.write_run(tmp_path / "c", networks={}), {"gan": scores(31.0)},
                     protocol={**PROTOCOL, "reference": {"name": "needles"}})]
    page = Page(render([read_run(run) for run in runs]))
    across = [table for table in page.tables if table[0][0] == "runs"]
    first, second = (summary["label"] for summary in summarise(runs)["groups"][:2])
    assert (first, second.partition(",")[0]) == ("compress_digits, seed 0", "cgan_kd_digits")
    assert across[0] == [
        ["runs", "network", "weights", "is_inception", "is_inception_std", "fid_inception", "kid_inception"],
        [first, "d16", "ema", "9.00", "0.250", "10.00", EMPTY],
        [first, "student_d2", "ema", "8.80", "0.250", "12.00", EMPTY],
        [first, "reference", EMPTY, "9.50", EMPTY, EMPTY, EMPTY],
        [second, "gan", EMPTY, "7.90", "0.250", "21.00", "0.004"],
        [second, "reference", EMPTY, "9.50", EMPTY, EMPTY, EMPTY]]
    assert [row[-1] for row in across[1]] == ["fid_inception", "31.00", EMPTY] and len(across) == 2
    assert page.text.count("Further evaluations") == 3


def test_files_of_one_protocol_are_joined_unless_they_measure_the_same_twice(tmp_path):
    folder = seeds(tmp_path, (12.0,))[0]
    evaluate(folder, {"student_d2": {"num_samples": 2000, "recall_inception": 0.5}}, "recall", reference={})
    (joined,) = evaluations_of(folder)[0]
    assert [len(entry["measures"]) for entry in joined["networks"].values()] == [3, 4]
    assert joined["networks"]["student_d2"]["measures"]["recall_inception"]["values"] == [0.5]
    evaluate(folder, {"student_d2": scores(12.5)}, "again", {**PROTOCOL, "sampling_seed": 8})
    again, first = evaluations_of(folder)[0]
    assert [entry["networks"]["student_d2"]["measures"]["fid_inception"]["values"] for entry in (again, first)] == [
        [12.5], [12.0]]
    page = page_of(folder)
    assert "unlike" not in page.text and "again, recall: protocol" in page.text
    other = seeds(tmp_path / "other", (17.0,))[0]
    tables = [table for table in page_of(folder, other).tables if table[0][0] == "runs"]
    distances = [[row[table[0].index("fid_inception")] for row in table[1:]] for table in tables]
    assert [[cell for cell in column if cell[0].isdigit()] for column in distances] == [
        ["12.50", "15.00", "17.00"], ["10.00", "12.00"]]


def test_the_chosen_teachers_answer_each_other(tmp_path):
    """The summary's names of networks hold; one that metrics.json does not know keeps its own."""
    second = copy.deepcopy(report_runs.NETWORKS)
    second["d16"]["role"], second["d8"]["role"] = "teacher_candidate", "teacher"
    folders = [evaluate(compression(tmp_path / "a", seed=0),
                        {"d16": scores(10.0), "teacher": scores(50.0), "student_d2_best": scores(3.0)}),
               evaluate(compression(tmp_path / "b", seed=1, networks=second),
                        {"d8": scores(14.0), "student_d2_best": scores(5.0)})]
    (evaluation,) = evaluations_of(*folders)[0]
    found = {name: entry["measures"]["fid_inception"]["values"] for name, entry in evaluation["networks"].items()}
    assert found == {"teacher": [10.0, 14.0], "teacher'": [50.0], "student_d2_best": [3.0, 5.0]}
    assert evaluation["networks"]["teacher"]["names"] == [{"seed": 0, "name": "d16"}, {"seed": 1, "name": "d8"}]


def test_a_number_that_is_not_finite_is_named_and_left_out(tmp_path):
    folders = seeds(tmp_path, (12.0, 14.0))
    path = folders[1] / "evaluations" / "inception.json"
    document = json.loads(path.read_text())
    document["networks"]["student_d2"]["fid_inception"] = float("nan")
    path.write_text(json.dumps(document))
    page = page_of(*folders)
    assert "Not a finite number, and left out: fid_inception of student_d2." in page.text
    assert table_titled(page, "fid_inception")[2][-1] == "12.00 (n = 1)"


def test_text_of_a_file_is_escaped(tmp_path):
    bad = "<script>alert(1)</script>"
    folder = evaluate(compression(tmp_path / "run"), {bad: scores(1.0)}, "a & b", {"name": bad, bad: bad})
    html = render([read_run(folder)])
    assert "<script" not in html and bad in Page(html).text and "a & b: protocol" in Page(html).text


@pytest.mark.parametrize(("text", "named"), [
    ('{"protocol": ', "not readable JSON"), ("[1]", "holds a list"), ('{"networks": {}}', "states no protocol"),
    ('{"protocol": {}}', "states no protocol"), ('{"protocol": 3}', "'protocol'"),
    ('{"protocol": {"name": "a"}, "networks": [1]}', "'networks'"),
    ('{"protocol": {"name": "a"}, "networks": {"gan": 5}}', "'gan'"),
    ('{"protocol": {"name": "a"}, "networks": {"gan": {"fid": 5}}}', "'num_samples' of 'gan'"),
    ('{"protocol": {"name": "a"}, "networks": {"gan": {"num_samples": "2"}}}', "is '2', not a whole number"),
    ('{"protocol": {"name": "a"}, "reference": {"measures": [2]}}', "'measures'"),
])
def test_damaged_files_are_refused_in_one_line(tmp_path, text, named):
    folder = compression(tmp_path / "run")
    (folder / "evaluations").mkdir()
    (folder / "evaluations" / "fid.json").write_text(text)
    with pytest.raises(InputError) as caught:
        read_run(folder)
    message = str(caught.value)
    assert "\n" not in message and "fid.json" in message and named in message
    assert message.endswith("evaluate the run again")
