"""Files and folders that appear whole or not at all."""

import json
import os

import pytest

from kgan.files import remove_parts, whole_file, whole_path, write_json


def test_whole_file_writes_and_makes_folders(tmp_path):
    path = tmp_path / "a" / "b.txt"
    with whole_file(path, "w") as file:
        file.write("grün\n")
        assert not path.exists()
    assert path.read_bytes() == "grün\n".encode()
    assert os.listdir(path.parent) == ["b.txt"]


@pytest.mark.parametrize("failure", [RuntimeError("cut"), KeyboardInterrupt(), OSError(28, "full")])
def test_whole_file_keeps_the_old_content_when_the_block_fails(tmp_path, failure):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(type(failure)), whole_file(path) as file:
        file.write(b"half")
        raise failure
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_whole_file_leaves_nothing_where_nothing_was(tmp_path):
    with pytest.raises(RuntimeError), whole_file(tmp_path / "a.bin"):
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def test_whole_file_has_the_usual_permissions(tmp_path):
    with whole_file(tmp_path / "a.bin") as file:
        file.write(b"x")
    (tmp_path / "b.bin").write_bytes(b"x")
    assert (tmp_path / "a.bin").stat().st_mode == (tmp_path / "b.bin").stat().st_mode


def test_whole_path_keeps_name_and_replaces_a_file(tmp_path):
    path = tmp_path / "net.keras"
    path.write_bytes(b"old")
    with whole_path(path) as other:
        assert other.name == "net.keras" and other != path
        other.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["net.keras"]


def test_whole_path_replaces_a_folder(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "old.txt").write_text("old")
    with whole_path(path) as other:
        other.mkdir()
        (other / "new.txt").write_text("new")
    assert os.listdir(path) == ["new.txt"]
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("folder", [False, True])
def test_whole_path_keeps_what_was_there_when_the_block_fails(tmp_path, folder):
    path = tmp_path / "thing"
    if folder:
        path.mkdir()
        (path / "old.txt").write_text("old")
    else:
        path.write_text("old")
    with pytest.raises(RuntimeError), whole_path(path) as other:
        other.write_text("half")
        raise RuntimeError
    assert (path / "old.txt" if folder else path).read_text() == "old"
    assert os.listdir(tmp_path) == ["thing"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_write_json_refuses_what_is_no_number(tmp_path, value):
    path = tmp_path / "a.json"
    write_json(path, {"b": 1})
    with pytest.raises(ValueError):
        write_json(path, {"a": [1.0, {"deep": value}]})
    assert json.loads(path.read_text()) == {"b": 1}
    assert os.listdir(tmp_path) == ["a.json"]


def test_write_json_reads_back(tmp_path):
    value = {"text": "grün", "list": [1, 2.5, None, True], "path": tmp_path}
    write_json(tmp_path / "a.json", value)
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {**value, "path": str(tmp_path)}


def test_remove_parts_takes_what_a_killed_writer_left_and_no_more(tmp_path):
    left = []
    for writer, name in ((whole_file, "a.npz"), (whole_path, "net.keras")):
        with pytest.raises(RuntimeError), writer(tmp_path / name):
            left += os.listdir(tmp_path)
            raise RuntimeError
    file, folder = left  # the names under which a kill would leave them
    (tmp_path / file).write_bytes(b"half")
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "net.keras").write_bytes(b"half")
    for name in ("a.npz", ".lock", "b.part"):
        (tmp_path / name).write_text("mine")
    remove_parts(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".lock", "a.npz", "b.part"]
    remove_parts(tmp_path / "not there")
