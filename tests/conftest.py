"""Before any test imports TensorFlow: its C++ log is silent. And a fixture that several files use."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import pytest

import kgan  # noqa: F401  (before TensorFlow: it chooses oneDNN's kernels)


@pytest.fixture
def recipe_file(tmp_path, monkeypatch):
    """Writes a recipe of the given text below a fresh working folder; returns its path."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="made_up"):
        path = tmp_path / "recipes" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
