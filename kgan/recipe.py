"""What a recipe is: a Python file with one function whose keyword arguments a person may set."""

import ast
import dataclasses
import importlib.util
import inspect
import math
import re
import sys
import traceback
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path

from kgan.errors import InputError

DURATION = "_steps"  # settings of this ending may change between two calls of the same run
LABELS = ("Source", "Deviations", "Run", "Expected", "Time")


@dataclasses.dataclass(frozen=True)
class Stage:
    """One part of a run.

    Args:
        name: the stage's folder in the run.
        function: called with a `kgan.run.Work`; writes its results below the run.
        needs: names of earlier stages whose results it reads.
        settings: what its result depends on of the recipe's settings. When one of them changes, the stage
            goes on from where it stands; when a stage that it needs was made anew, it begins again.
    """

    name: str
    function: Callable
    needs: tuple[str, ...] = ()
    settings: Mapping[str, object] = dataclasses.field(default_factory=dict)


class Recipe:
    """A recipe's file, loaded: its defaults, its smoke settings and its stages.

    Args:
        path: the file. InputError if it does not import or has no function `recipe`.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.name = self.path.stem
        module = _load(self.path)
        self.function = getattr(module, "recipe", None)
        if not callable(self.function):
            raise InputError(f"{self.path} is no recipe: it has no function recipe(...)")
        self.title = (module.__doc__ or self.name).strip().splitlines()[0]
        self.parameters = inspect.signature(self.function).parameters
        nameless = [name for name, parameter in self.parameters.items() if parameter.default is parameter.empty]
        if nameless:
            raise InputError(f"{self.path}: every argument of recipe() needs a default; {nameless[0]} has none")
        self.defaults = {name: parameter.default for name, parameter in self.parameters.items()}
        self.op_threads = getattr(module, "OP_THREADS", None)  # threads for one operation, None: all cores
        self.smoke = dict(getattr(module, "SMOKE", {}))
        unknown = sorted(set(self.smoke) - set(self.defaults))
        if unknown:
            raise InputError(f"{self.path}: SMOKE names a setting that recipe() does not have: {unknown[0]}")

    def settings(self, assignments=(), smoke=False):
        """The defaults, with the smoke settings if asked for, with `name=value` texts on top."""
        values = {**self.defaults, **(self.smoke if smoke else {})}
        for text in assignments:
            name, equals, value = text.partition("=")
            if not equals:
                raise InputError(f"--set takes name=value; received {text!r}")
            name = name.strip()
            if name not in self.parameters:
                raise InputError(f"{self.path.name} has no setting {name!r}; it has {', '.join(self.parameters)}")
            values[name] = _parse(name, value.strip(), self.parameters[name])
        return values

    def stages(self, settings):
        """The recipe's stages under these settings, checked: names differ, needs stand earlier."""
        stages = list(self.function(**settings))
        seen = set()
        for stage in stages:
            missing = [need for need in stage.needs if need not in seen]
            if stage.name in seen or missing:
                problem = f"needs {missing[0]!r}, which does not stand before it" if missing else "stands twice"
                raise InputError(f"{self.path}: stage {stage.name!r} {problem}")
            seen.add(stage.name)
        return stages


def find_recipe(reference):
    """The file of a recipe given as a path or a bare name; InputError with what there is otherwise."""
    path = Path(reference)
    if path.suffix == ".py" or path.name != str(reference):
        if path.is_file():
            return path
        raise InputError(f"there is no recipe {reference}; `recipes` lists those that come with kgan")
    for folder in _folders():
        if (folder / f"{reference}.py").is_file():
            return folder / f"{reference}.py"
    known = ", ".join(path.stem for path in list_recipes())
    raise InputError(f"there is no recipe named {reference!r}; there are {known or 'none'}")


def list_recipes():
    """The files of all recipes: those below the working folder, then those that came with kgan."""
    found = {}
    for folder in _folders():
        for path in sorted(folder.glob("*.py")):
            if not path.name.startswith("_"):
                found.setdefault(path.stem, path)
    return list(found.values())


def describe(path):
    """(title, time) of a recipe from its docstring, without importing it."""
    try:
        text = ast.get_docstring(ast.parse(Path(path).read_text(encoding="utf-8"))) or ""
    except (SyntaxError, ValueError) as error:  # one broken file must not hide the others
        return f"cannot be read as Python: {' '.join(str(error).split())}", ""
    title = text.strip().splitlines()[0] if text.strip() else ""
    time = re.search(r"^Time:\s*(.+?)(?=\n\s*\n|\n[A-Z][a-z]+:|\Z)", text, re.M | re.S)
    return title, " ".join(time.group(1).split()) if time else ""


def _folders():
    package = Path(__file__).parent
    # Beside the package in a checkout, within it in a wheel.
    return [folder for folder in (Path("recipes"), package.parent / "recipes", package / "_recipes")
            if folder.is_dir()]


def _load(path):
    specification = importlib.util.spec_from_file_location(f"kgan_recipe_{path.stem}", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    try:
        specification.loader.exec_module(module)
    except Exception as error:  # whatever a person's file raises
        line = next((frame.lineno for frame in reversed(traceback.extract_tb(error.__traceback__))
                     if frame.filename == specification.origin), getattr(error, "lineno", "?"))
        problem = str(error).splitlines()[0] if str(error) else ""
        raise InputError(f"{path}, line {line}, does not import: {type(error).__name__}: {problem}") from error
    return module


def _parse(name, text, parameter):
    default = parameter.default
    annotation = () if parameter.annotation is parameter.empty else typing.get_args(parameter.annotation)
    if text.lower() == "none" and (default is None or types.NoneType in annotation):
        return None
    if default is None:
        kinds = [kind for kind in annotation if kind is not types.NoneType] or [str]
        return _parse_one(name, text, kinds[0])
    if isinstance(default, tuple | list):
        kind = type(default[0]) if default else str
        return tuple(_parse_one(name, part.strip(), kind) for part in text.split(",") if part.strip())
    return _parse_one(name, text, type(default))


def _parse_one(name, text, kind):
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    try:
        if kind is bool:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        value = kind(text)
        if kind is float and not math.isfinite(value):
            raise ValueError
        return value
    except (ValueError, KeyError):
        raise InputError(f"setting {name} takes {words.get(kind, kind.__name__)}; received {text!r}") from None
