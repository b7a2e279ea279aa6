"""Before any test imports TensorFlow: its C++ log is silent. The order of files, and fixtures that several use."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import pytest

import kgan  # noqa: F401  (before TensorFlow: it chooses oneDNN's kernels)

# A long file at the end of the order would leave a core without work.
FIRST = ("test_process.py", "test_replicas.py", "test_restart.py", "test_kd_families.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in FIRST)


@pytest.fixture
def untraced():
    """No step is compiled, as in `tiny.untraced`; for tests of which a sibling compiles the same step."""
    import tiny

    with tiny.untraced():
        yield


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
