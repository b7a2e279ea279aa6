"""What quantisation costs: tables, verdict and terminal lines of measured TFLite files, against values by hand."""

import json
import re

import pytest
import report_runs
from read_page import page_of

from kgan.errors import InputError
from kgan.report.compression import KIND
from kgan.report.compression_files import sentences, tables
from kgan.report.load import read_run
from kgan.report.page import render
from kgan.report.summary import summarise, summary_lines

NAMES = ("is_digits_cnn", "fd_digits_cnn", "vol", "precision_digits_cnn")
KERAS = {"d16": (9.0, 10.0, 900.0, 0.75), "student_d2": (8.5, 13.0, 700.0, 0.5)}
# network, quantisation: bytes, milliseconds, measures
FILES = {("d16", "none"): (4096, 2.0, (9.0, 10.0, 900.0, 0.75)), ("d16", "int8"): (1024, 1.0, (8.75, 10.5, 910.0, 1.0)),
         ("student_d2", "none"): (2048, 0.4, (8.5, 13.0, 700.0, 0.5)),
         ("student_d2", "int8"): (1024, 0.5, (8.0, 14.0, 690.0, 0.25))}
DASH = "–"  # noqa: RUF001


def write_files(folder, keras=KERAS, files=FILES, protocol=report_runs.PROTOCOL, image_output="float32"):
    """Adds the file of the stage `measure_files` to a run."""
    def named(values):
        return dict(zip(NAMES, values, strict=True)) | {"is_digits_cnn_std": 0.05}

    document = {"protocol": protocol, "headline": report_runs.HEADLINE,
                "networks": {name: named(values) for name, values in keras.items()},
                "files": [{"network": name, "quantize": kind, "file": f"{name}.{kind}.tflite", "bytes": size,
                           "latency_p50_ms": time, "threads": 1, "image_output": image_output,
                           "host": {"system": "Linux", "machine": "x86_64", "cpu_count": 2}, "measures": named(values)}
                          for (name, kind), (size, time, values) in files.items()]}
    (folder / "measure_files").mkdir()
    (folder / "measure_files" / "files.json").write_text(json.dumps(document))
    return folder


def seeds(tmp_path, recipe=None, **second):
    """Two runs; the second has the student's int8 distance 15 where its network has 13.5, unless told otherwise."""
    one = write_files(report_runs.write_run(tmp_path / "a", seed=0))
    given = {"keras": {**KERAS, "student_d2": (8.5, 13.5, 700.0, 0.5)},
             "files": {**FILES, ("student_d2", "int8"): (1024, 0.5, (8.0, 15.0, 690.0, 0.25))}}
    return one, write_files(report_runs.write_run(tmp_path / "b", seed=1, **(recipe or {})), **{**given, **second})


def summary_of(*folders):
    (group,) = summarise(folders)["groups"]
    return group


def test_each_file_stands_beside_its_network(tmp_path):
    page = page_of(write_files(report_runs.write_run(tmp_path / "run")))
    assert page.table("images") == [
        ["network", "file", "images", "KiB", "ms", "is_digits_cnn", "difference", "fd_digits_cnn", "difference", "vol",
         "difference"],
        ["d16", "Keras", DASH, DASH, DASH, "9.00", DASH, "10.00", DASH, "900.0", DASH],
        ["d16", "none", "float32", "4.00", "2.00", "9.00", "0.000", "10.00", "0.000", "900.0", "0.00"],
        ["d16", "int8", "float32", "1.00", "1.00", "8.75", "-0.250", "10.50", "+0.500", "910.0", "+10.00"],
        ["student_d2", "Keras", DASH, DASH, DASH, "8.50", DASH, "13.00", DASH, "700.0", DASH],
        ["student_d2", "none", "float32", "2.00", "0.400", "8.50", "0.000", "13.00", "0.000", "700.0", "0.00"],
        ["student_d2", "int8", "float32", "1.00", "0.500", "8.00", "-0.500", "14.00", "+1.000", "690.0", "-10.00"]]
    others = next(table for table in page.tables if table[0][:3] == ["network", "file", "precision_digits_cnn"])
    assert others[0] == ["network", "file", "precision_digits_cnn", "difference"]
    assert others[-1] == ["student_d2", "int8", "0.250", "-0.2500"]
    assert "1 thread(s), on Linux x86_64, 2 CPUs." in page.text


def test_what_a_quantisation_costs_over_the_networks(tmp_path):
    folder = write_files(report_runs.write_run(tmp_path / "run"))
    page = page_of(folder)
    # 1,024 of 4,096 and of 2,048 bytes; 1 of 2 and 0.5 of 0.4 ms
    assert page.table("ms / float32 file's")[1:] == [
        ["none", "100%", "100%", "0.000", "0.000", "0.00"],
        ["int8", "25% to 50%", "50% to 125%", "-0.500 to -0.250", "+0.500 to +1.000", "-10.00 to +10.00"]]
    assert "The networks as int8 files: they take 25% to 50% of the float32 files' bytes and 50% to 125% of " \
        "their milliseconds; against the Keras networks is_digits_cnn changes by -0.500 to -0.250, fd_digits_cnn " \
        "changes by +0.500 to +1.000, vol changes by -10.00 to +10.00." in page.text
    text = "\n".join(summary_lines(summarise([folder])))
    assert re.search(r"student_d2 +int8 +1 +0\.5 +8 \(-0\.500\) +14 \(\+1\.000\) +690 \(-10\.00\)", text)
    assert re.search(r"d16 +Keras +- +- +9 +10 +900", text)


def test_differences_are_taken_within_each_seed(tmp_path):
    (group,) = summarise(seeds(tmp_path))["groups"]
    (table,) = tables(group)
    row = next(row for row in table["measured"]["rows"] if row[:2] == ["student_d2", "int8"])
    # 14 and 15: 14.5 and 0.707; against 13 and 13.5: 1 and 1.5, so 1.25 and 0.354; equal bytes have no std
    assert row[7:9] == ["14.50 ± 0.71", "+1.250 ± 0.354"] and row[3] == "1.00"
    (entry,) = group["files"]
    assert entry["runs"] == 2 and json.loads(json.dumps(group["files"], allow_nan=False)) == group["files"]
    found = next(row for row in entry["rows"] if (row["network"], row["quantize"]) == ("student_d2", "int8"))
    assert found["differences"]["fd_digits_cnn"]["values"] == [1.0, 1.5]
    assert found["bytes"]["values"] == [1024, 1024]


def test_int8_files_of_several_runs_stand_side_by_side(tmp_path):
    one, two = seeds(tmp_path, recipe={"settings": {"alpha": 0.5}})
    three = report_runs.write_run(tmp_path / "c", settings={"alpha": 0.7})  # its files were not measured
    found = summarise([one, two, three])["groups"]
    wanted = KIND.across(found)
    assert wanted[-2:] == ["is_digits_cnn, int8 files", "fd_digits_cnn, int8 files"] and len(wanted) == 5
    table = KIND.side_by_side(found, wanted[-1])
    assert len(table["columns"]) == 4
    assert table["rows"] == [["teacher", "10.50 (+0.500)", "10.50 (+0.500)", DASH],
                             ["student, d = 2, mse", "14.00 (+1.000)", "15.00 (+1.500)", DASH]]
    assert table["caption"].endswith("N = 2,000 generated and 1,797 real images")
    assert KIND.across([found[0], found[2]]) == wanted[:3]
    document = json.loads((two / "measure_files" / "files.json").read_text())
    document["protocol"]["num_fake"] = 500
    (two / "measure_files" / "files.json").write_text(json.dumps(document))
    assert KIND.across(summarise([one, two, three])["groups"]) == wanted[:3]


def test_what_rounds_to_nothing_has_no_sign(tmp_path):
    files = {("student_d2", "float16"): (1536, 0.4, (8.5004, 12.9996, 700.004, 0.49996))}
    (table,) = tables(summary_of(write_files(report_runs.write_run(tmp_path / "run"), files=files)))
    (row,) = [row for row in table["measured"]["rows"] if row[1] == "float16"]
    assert row[5:] == ["8.50", "0.000", "13.00", "0.000", "700.0", "0.00"]
    assert table["others"]["rows"][-1] == ["student_d2", "float16", "0.500", "0.0000"]


def test_unlike_protocols_stand_in_separate_tables(tmp_path):
    found = tables(summary_of(*seeds(tmp_path, protocol={**report_runs.PROTOCOL, "num_fake": 500})))
    rows = [next(row for row in table["measured"]["rows"] if row[:2] == ["student_d2", "int8"]) for table in found]
    assert [row[7] for row in rows] == ["14.00", "15.00"]
    alike = tables(summary_of(*seeds(tmp_path / "again", protocol={**report_runs.PROTOCOL, "sampling_seed": 8})))
    assert len(alike) == 1


def test_files_of_pixels_say_so_and_a_float32_file_need_not_be_there(tmp_path):
    only = {key: value for key, value in FILES.items() if key == ("student_d2", "int8")}
    summary = summary_of(write_files(report_runs.write_run(tmp_path / "run"), files=only, image_output="uint8"))
    (table,) = tables(summary)
    assert [row[2] for row in table["measured"]["rows"] if row[1] == "int8"] == ["uint8"]
    assert table["costs"]["rows"] == [["int8", DASH, DASH, "-0.500", "+1.000", "-10.00"]]
    (sentence,) = sentences(summary)
    assert "as int8 files: against the Keras networks is_digits_cnn changes by -0.500" in str(sentence.parts)


def test_files_that_were_exported_anew_since_are_named(tmp_path):
    folder = write_files(report_runs.write_run(tmp_path / "run"))
    document = json.loads((folder / "measure_files" / "files.json").read_text())
    exports = {"files": []}
    for file in document["files"]:
        file["weights_sha256"] = "a"
        exports["files"].append({"file": file["file"], "weights_sha256": "a", "output": {"dtype": "float32"}})
    exports["files"][1]["weights_sha256"] = "b"
    exports["files"][2]["output"]["dtype"] = "uint8"
    (folder / "measure_files" / "files.json").write_text(json.dumps(document))
    (folder / "export").mkdir(exist_ok=True)
    (folder / "export" / "export.json").write_text(json.dumps(exports))
    (table,) = tables(summary_of(folder))
    assert table["outdated"] == "d16.int8.tflite, student_d2.none.tflite"
    page = page_of(folder)
    assert "another image output: d16.int8.tflite, student_d2.none.tflite. The rows are of the files" in page.text


def test_without_the_stage_the_page_says_so(tmp_path):
    page = page_of(report_runs.write_run(tmp_path / "run"))
    assert "own images were not measured: measure_files/files.json is not there." in page.text
    assert "as int8 files" not in page.text


@pytest.mark.parametrize("text", [
    "[1]", "{", '{"files": {}}', '{"files": [1]}', '{"networks": {"a": 1}}', '{"protocol": 3}',
    '{"networks": {"a": {}}, "files": [{"network": "a", "quantize": "int4", "measures": {}}]}',
    '{"networks": {"a": {}}, "files": [{"network": "b", "quantize": "int8", "measures": {}}]}',
    '{"networks": {"a": {}}, "files": [{"network": "a", "quantize": "int8", "measures": 1}]}',
])
def test_a_damaged_file_is_refused_in_one_line(tmp_path, text):
    folder = write_files(report_runs.write_run(tmp_path / "run"))
    (folder / "measure_files" / "files.json").write_text(text)
    with pytest.raises(InputError, match="run the stage measure_files again") as caught:
        render([read_run(folder)])
    assert "files.json" in str(caught.value) and "\n" not in str(caught.value)
