"""Recipes as files: finding, describing, loading; settings typed by the defaults; stages checked."""

import re

import numpy as np
import pytest

from kgan.errors import InputError
from kgan.recipe import Recipe, Stage, describe, find_recipe, list_recipes

SETTINGS = '''"""A made-up recipe.

Source: nowhere.
"""
SMOKE = {"steps": 2, "depths": (1,)}


def recipe(steps=100, rate=2e-4, fast=True, kind="mse", depths=(8, 16), rates=(2e-4, 1.0), words=("none",),
           empty=(), sizes: tuple[int, ...] = (), shares: tuple[float, ...] = (), folder=None,
           limit: int | None = None, share: float | None = 0.5, seed=0):
    return []
'''


@pytest.fixture
def made_up(recipe_file):
    return Recipe(recipe_file(SETTINGS))


def assert_refused(text):
    """`pytest.raises` for an InputError of one line that holds this text."""
    return pytest.raises(InputError, match=f"(?s)^(?!.*\n).*{re.escape(text)}")


def test_the_defaults_stand(made_up):
    assert made_up.settings() == {
        "steps": 100, "rate": 2e-4, "fast": True, "kind": "mse", "depths": (8, 16), "rates": (2e-4, 1.0),
        "words": ("none",), "empty": (), "sizes": (), "shares": (), "folder": None,
        "limit": None, "share": 0.5, "seed": 0}
    assert (made_up.name, made_up.title) == ("made_up", "A made-up recipe.")


@pytest.mark.parametrize(("text", "value"), [
    ("steps=7", 7), ("steps = -7 ", -7), ("rate=3", 3.0), ("rate=1e-3", 1e-3),
    ("fast=false", False), ("fast=YES", True), ("fast=0", False),
    ("kind=joint", "joint"), ("kind=a=b", "a=b"), ("kind=none", "none"),
    ("depths=1,2, 4", (1, 2, 4)), ("depths=3", (3,)), ("depths=", ()),
    ("rates=1,2e-3", (1.0, 2e-3)), ("words=none,float16", ("none", "float16")), ("words=none", ("none",)),
    ("empty=a,b", ("a", "b")), ("sizes=500,1000", (500, 1000)), ("sizes=", ()), ("shares=0.5,1", (0.5, 1.0)),
    ("folder=some where", "some where"), ("folder=none", None),
    ("limit=3", 3), ("limit=None", None), ("share=0.25", 0.25), ("share=none", None),
])
def test_values_are_typed_by_the_default(made_up, text, value):
    name = text.split("=")[0].strip()
    received = made_up.settings([text])[name]
    assert received == value and type(received) is type(value)
    if isinstance(value, tuple):
        assert [type(part) for part in received] == [type(part) for part in value]


@pytest.mark.parametrize(("name", "value", "text"), [
    ("steps", 7, "steps=7"), ("rate", 1.0 / 3.0, "rate=0.3333333333333333"),
    ("rate", np.float64(1e-7), "rate=1e-07"), ("fast", False, "fast=False"), ("kind", "joint", "kind=joint"),
    ("depths", (4, 2), "depths=4,2"), ("depths", 3, "depths=3"), ("rates", [0.1, 2], "rates=0.1,2"),
    ("folder", None, "folder=None"), ("share", None, "share=None"),
])
def test_values_are_written_as_the_command_line_reads_them(made_up, name, value, text):
    assert made_up.assignments({name: value}) == [text]
    assert made_up.typed({name: value}) == {name: made_up.settings([text])[name]}
    if not isinstance(value, list | int):
        assert made_up.typed({name: value})[name] == value


def test_values_of_another_type_are_refused(made_up):
    with assert_refused("setting steps takes a whole number; received '0.5'"):
        made_up.typed({"steps": 0.5})
    with assert_refused("made_up.py has no setting 'step'"):
        made_up.typed({"step": 1})


@pytest.mark.parametrize(("text", "message"), [
    ("steps=3.5", "setting steps takes a whole number; received '3.5'"),
    ("steps=many", "setting steps takes a whole number; received 'many'"),
    ("steps=", "setting steps takes a whole number; received ''"),
    ("steps=none", "setting steps takes a whole number; received 'none'"),
    ("rate=fast", "setting rate takes a number; received 'fast'"),
    ("rate=nan", "setting rate takes a number; received 'nan'"),
    ("rate=inf", "setting rate takes a number; received 'inf'"),
    ("fast=2", "setting fast takes true or false; received '2'"),
    ("depths=1,x", "setting depths takes a whole number; received 'x'"),
    ("depths=1,2.5", "setting depths takes a whole number; received '2.5'"),
    ("depths=none", "setting depths takes a whole number; received 'none'"),
    ("limit=x", "setting limit takes a whole number; received 'x'"),
    ("steps", "--set takes name=value; received 'steps'"),
    ("stepz=3", "made_up.py has no setting 'stepz'; it has steps, rate, fast, kind, depths"),
])
def test_wrong_values_are_refused(made_up, text, message):
    with assert_refused(message):
        made_up.settings([text])


def test_smoke_lies_below_what_is_set(made_up):
    settings = made_up.settings(["steps=5", "steps=6"], smoke=True)
    assert (settings["steps"], settings["depths"], settings["rate"]) == (6, (1,), 2e-4)
    assert made_up.settings()["steps"] == 100


@pytest.mark.parametrize(("text", "message"), [
    ("x = 1\ny = = 2\n", "made_up.py, line 2, does not import: SyntaxError: invalid syntax"),
    ("\n\nimport no_such_module\n", "line 3, does not import: ModuleNotFoundError: No module named 'no_such_module'"),
    ("from kgan.errors import NoSuchThing\n", "line 1, does not import: ImportError: cannot import name"),
    ("def f():\n    return 1 / 0\n\n\nf()\n", "line 2, does not import: ZeroDivisionError: division by zero"),
    ("raise ValueError('two\\nlines')\n", "line 1, does not import: ValueError: two"),
    ("raise RuntimeError\n", "line 1, does not import: RuntimeError"),
    ("import json\njson.loads('{')\n", "line 2, does not import: JSONDecodeError"),
    ("steps = 3\n", "made_up.py is no recipe: it has no function recipe(...)"),
    ("recipe = 3\n", "made_up.py is no recipe: it has no function recipe(...)"),
    ("def recipe(steps, rate=1):\n    return []\n",
     "made_up.py: every argument of recipe() needs a default; steps has none"),
    ("def recipe(steps=1, **more):\n    return []\n",
     "made_up.py: every argument of recipe() needs a default; more has none"),
    ("SMOKE = {'steps': 1, 'stepz': 2}\ndef recipe(steps=1):\n    return []\n",
     "made_up.py: SMOKE names a setting that recipe() does not have: stepz"),
])
@pytest.mark.parametrize("relative", [False, True])
def test_files_that_are_no_recipes(recipe_file, tmp_path, relative, text, message):
    path = recipe_file(text)
    with assert_refused(message):
        Recipe(path.relative_to(tmp_path) if relative else path)


def test_a_recipe_may_define_dataclasses(recipe_file):
    recipe = Recipe(recipe_file("from __future__ import annotations\nimport dataclasses\n\n\n"
                                "@dataclasses.dataclass\nclass A:\n    b: int = 1\n\n\n"
                                "def recipe(steps=1):\n    return []\n"))
    assert recipe.title == "made_up"


def stages_of(made_up, *stages):
    made_up.function = lambda **settings: list(stages)
    return made_up.stages(made_up.settings())


def test_stages_get_the_settings(made_up):
    received = {}
    made_up.function = lambda **settings: received.update(settings) or [Stage("a", print)]
    assert [stage.name for stage in made_up.stages(made_up.settings(["steps=3"]))] == ["a"]
    assert received == made_up.settings(["steps=3"])


def test_stages_stand_in_order(made_up):
    stages = stages_of(made_up, Stage("a", print), Stage("b", print, ("a",)), Stage("c", print, ("a", "b")))
    assert [stage.name for stage in stages] == ["a", "b", "c"]


@pytest.mark.parametrize(("stages", "message"), [
    ([Stage("a", print), Stage("a", print)], "stage 'a' stands twice"),
    ([Stage("a", print, ("b",)), Stage("b", print)], "stage 'a' needs 'b', which does not stand before it"),
    ([Stage("a", print), Stage("b", print, ("a", "b"))], "stage 'b' needs 'b', which does not stand before it"),
])
def test_wrong_stages_are_refused(made_up, stages, message):
    with assert_refused(message):
        stages_of(made_up, *stages)


def test_recipes_are_found_by_path_and_by_name(recipe_file, tmp_path):
    path = recipe_file(SETTINGS)
    assert find_recipe(str(path)) == path
    assert find_recipe("recipes/made_up.py").resolve() == path
    assert find_recipe("made_up").resolve() == path
    (tmp_path / "beside.py").write_text(SETTINGS)
    assert find_recipe("beside.py").name == "beside.py"
    assert find_recipe("compress_digits").is_file()  # comes with kgan


def test_a_recipe_of_the_working_folder_goes_first(recipe_file):
    path = recipe_file(SETTINGS, "compress_digits")
    assert find_recipe("compress_digits").resolve() == path
    names = [path.stem for path in list_recipes()]
    assert names.count("compress_digits") == 1


def test_files_with_an_underscore_are_no_recipes(recipe_file):
    recipe_file(SETTINGS)
    recipe_file("x = 1\n", "_shared")
    names = [path.stem for path in list_recipes()]
    assert "made_up" in names and "_shared" not in names


@pytest.mark.parametrize("reference", ["recipes/nothing.py", "nothing.py", "some/where", "/nowhere/at/all.py"])
def test_a_missing_file_is_refused(recipe_file, reference):
    recipe_file(SETTINGS)
    with assert_refused(f"there is no recipe {reference}"):
        find_recipe(reference)


def test_a_missing_name_is_refused_with_those_there_are(recipe_file):
    recipe_file(SETTINGS)
    with assert_refused("there is no recipe named 'nothing'; there are made_up, ") as caught:
        find_recipe("nothing")
    assert "compress_digits" in str(caught.value)


def test_describe_reads_the_docstring_alone(recipe_file):
    path = recipe_file('"""Compress something.\n\nSource: a paper,\nsection 3.\nTime: 4 minutes on\n  two '
                       'cores.\nExpected: much.\n"""\nraise RuntimeError("imported")\n')
    assert describe(path) == ("Compress something.", "4 minutes on two cores.")


@pytest.mark.parametrize(("text", "description"), [
    ('"""Only a title."""\n', ("Only a title.", "")),
    ("x = 1\n", ("", "")),
    ('"""  """\n', ("", "")),
    ('"""A.\n\nTime: 3 s\n\nTime is short.\n"""\n', ("A.", "3 s")),
])
def test_describe_without_a_time(recipe_file, text, description):
    assert describe(recipe_file(text)) == description


@pytest.mark.parametrize("content", [b'"""A."""\nx = = 1\n', b'"""\xff"""\n', b"x = 1\0\n"])
def test_describe_says_what_cannot_be_read(tmp_path, content):
    (tmp_path / "broken.py").write_bytes(content)
    title, time = describe(tmp_path / "broken.py")
    assert title.startswith("cannot be read as Python: ") and "\n" not in title and time == ""
