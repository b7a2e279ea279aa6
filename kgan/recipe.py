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


@dataclasses.dataclass(frozen=True)
class Search:
    """What a recipe brings for `tune`, by the names of its module; all of it may be missing."""

    search_space: Callable | None = None  # (keras_tuner.HyperParameters) -> dict of settings of recipe()
    objective: Callable | None = None  # (dict of metrics.json) -> number
    trial_runner: Callable | None = None  # (**settings) -> (values, seed, share, trial_id) -> dict of floats
    direction: str = "max"  # DIRECTION, "max" or "min"
    steps: tuple[str, ...] = ("steps",)  # TRIAL_STEPS: settings that a trial of a share of the training shortens
    stages: tuple[str, ...] | None = None  # TRIAL_STAGES: those that a trial runs, None: all
    shared: tuple[str, ...] = ()  # TRIAL_SHARED: those that no searched setting touches, made once for all trials
    share: float = 0.5  # TRIAL_SHARE: of the training, in the search of the smallest student

    @classmethod
    def of(cls, module, path, settings):
        """Read from a recipe's module; InputError where it does not fit."""
        given = {name: getattr(module, name, None) for name in ("search_space", "objective", "trial_runner")}
        for name, function in given.items():
            if function is not None and not callable(function):
                raise InputError(f"{path}: {name} must be a function; it is {function!r}")
        steps = tuple(getattr(module, "TRIAL_STEPS", cls.steps))
        if hasattr(module, "TRIAL_STEPS") and not set(steps) <= set(settings):
            raise InputError(f"{path}: TRIAL_STEPS names a setting that recipe() does not have: "
                             f"{sorted(set(steps) - set(settings))[0]}")
        found = cls(**given, direction=getattr(module, "DIRECTION", cls.direction),
                    steps=tuple(name for name in steps if name in settings),
                    stages=getattr(module, "TRIAL_STAGES", None), shared=tuple(getattr(module, "TRIAL_SHARED", ())),
                    share=getattr(module, "TRIAL_SHARE", cls.share))
        if found.direction not in ("max", "min"):
            raise InputError(f'{path}: DIRECTION must be "max" or "min"; it is {found.direction!r}')
        if not isinstance(found.share, int | float) or not 0.0 < found.share <= 1.0:
            raise InputError(f"{path}: TRIAL_SHARE must lie in (0, 1]; it is {found.share!r}")
        return found


class Recipe:
    """A recipe's file, loaded: its defaults, its smoke settings, its stages and what it brings for a search.

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
        self.search = Search.of(module, self.path, self.defaults)

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

    def assignments(self, values):
        """`name=value` texts from which `settings` reads these values."""
        return [f"{name}={_text(value)}" for name, value in values.items()]

    def typed(self, values):
        """The values as `--set` would read them; InputError for an unknown name or another type."""
        found = self.settings(self.assignments(values))
        return {name: found[name] for name in values}

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


def _text(value):
    if isinstance(value, list | tuple):
        return ",".join(_text(part) for part in value)
    return repr(float(value)) if isinstance(value, float) else str(value)  # NumPy's own repr names its type


def _parse(name, text, parameter):
    default = parameter.default
    annotation = () if parameter.annotation is parameter.empty else typing.get_args(parameter.annotation)
    if text.lower() == "none" and (default is None or types.NoneType in annotation):
        return None
    if default is None:
        kinds = [kind for kind in annotation if kind is not types.NoneType] or [str]
        return _parse_one(name, text, kinds[0])
    if isinstance(default, tuple | list):
        kind = type(default[0]) if default else next(iter(annotation), str)  # tuple[int, ...] = ()
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
