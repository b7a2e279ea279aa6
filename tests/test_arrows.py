"""The rooms of the package import only what lies below them."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kgan"

SHARED = {"kgan", "kgan.cores", "kgan.errors", "kgan.files", "kgan.quiet"}  # any room; `kgan` itself holds the version
BELOW = {"kgan.methods", "kgan.training", "kgan.losses", "kgan.networks", "kgan.data", "kgan.metrics",
         "kgan.search", "kgan.export", "kgan.report", "kgan.progress"}
COMPOSERS = BELOW | {"kgan.recipe", "kgan.run", "kgan.stages"}
# room -> what it may import of kgan besides itself and SHARED; a name covers the modules below it.
MAY_IMPORT = {
    "kgan.methods": {"kgan.losses", "kgan.training", "kgan.networks.layers"},
    "kgan.training": {"kgan.metrics"},
    "kgan.losses": set(),
    "kgan.networks": set(),
    "kgan.data": set(),
    "kgan.metrics": {"kgan.data.image"},
    "kgan.search": set(),
    "kgan.export": set(),
    "kgan.report": set(),
    "kgan.stages": COMPOSERS,
    "kgan.recipe": COMPOSERS,
    "kgan.run": COMPOSERS,
    "kgan.cli": {"kgan.run", "kgan.stages", "kgan.report", "kgan.recipe"},
    "kgan.progress": set(),
    "kgan.cores": set(),
    "kgan.errors": set(),
    "kgan.files": set(),
    "kgan.quiet": set(),
    "kgan": set(),
    "recipes": COMPOSERS,
}
TRAINS = {"tensorflow", "keras", "tf_keras", "tensorflow_gan", "keras_tuner", "sklearn"}


def imports(source, module):
    """(name, whether it stands within a function) of each import of a module's source.

    `from kgan import losses` gives kgan.losses, `from kgan.losses import gan` gives kgan.losses.gan:
    whether the last part is a module or a thing within one makes no difference to the arrows.
    """
    found = []

    def visit(node, within):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend((alias.name, within) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    parts = module.split(".")[: -child.level]
                    base = ".".join([*parts, base] if base else parts)
                found.extend((f"{base}.{alias.name}", within) for alias in child.names)
            visit(child, within or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))

    visit(ast.parse(source), False)
    return found


def room_of(module):
    parts = module.split(".")
    return parts[0] if parts[0] == "recipes" or len(parts) == 1 else ".".join(parts[:2])


def lies_in(name, places):
    return any(name == place or name.startswith(f"{place}.") for place in places)


def offences(source, module):
    """The imports that a module may not have, as lines."""
    room = room_of(module)
    wrong = []
    for name, within in imports(source, module):
        top = name.split(".")[0]
        if top == "kgan":
            shared = name in ("kgan", "kgan.__version__") or lies_in(name, SHARED - {"kgan"})
            own = room != "kgan" and lies_in(name, {room})
            if not (shared or own or lies_in(name, MAY_IMPORT[room])):
                wrong.append(f"{module} imports {name}")
            if room == "kgan.cli" and not within:
                wrong.append(f"{module} imports {name} outside its commands")
        elif top == "recipes" or name.startswith("kgan_recipe"):
            wrong.append(f"{module} imports the recipe {name}")
        elif top in TRAINS and room in ("kgan.report", "kgan.cli", "kgan.run", "kgan.recipe"):
            wrong.append(f"{module} imports {name}")
        elif room == "recipes" and lies_in(top, {path.stem for path in (ROOT / "recipes").glob("*.py")}):
            wrong.append(f"{module} imports the recipe {name}")
    return wrong


def modules():
    """Name -> file of every module of kgan and of every recipe."""
    found = {}
    for path in sorted([*PACKAGE.rglob("*.py"), *(ROOT / "recipes").glob("*.py")]):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@pytest.mark.parametrize("module", modules())
def test_imports_follow_the_arrows(module):
    assert offences(modules()[module].read_text(encoding="utf-8"), module) == []


def test_every_room_is_in_the_table():
    assert {room_of(module) for module in modules()} <= set(MAY_IMPORT)
    assert len(modules()) > 40


@pytest.mark.parametrize(("module", "source"), [
    ("kgan.losses.gan", "from kgan.networks import dcgan"),
    ("kgan.losses.gan", "def f():\n    import kgan.data.digits"),
    ("kgan.losses.kd.crd", "from ...methods import kd"),
    ("kgan.data.image", "from kgan import metrics"),
    ("kgan.networks.dcgan", "from kgan.training.ema import EMA"),
    ("kgan.metrics.score", "from kgan.data import digits"),
    ("kgan.metrics.score", "from kgan.data.image_set import ImageSet"),
    ("kgan.methods.gan", "from kgan.networks.dcgan import dcgan_generator"),
    ("kgan.methods.gan", "from kgan.metrics import evaluate"),
    ("kgan.training.loop", "from kgan.methods.gan import GAN"),
    ("kgan.training.loop", "from kgan.progress import Console"),
    ("kgan.export.fold", "from kgan.networks import layers"),
    ("kgan.report.page", "class A:\n    def f(self):\n        import keras"),
    ("kgan.report.page", "import tensorflow as tf"),
    ("kgan.report.page", "from kgan.metrics import evaluate"),
    ("kgan.methods.gan", "from kgan.stages import judge"),
    ("kgan.methods.gan", "from kgan.run import Work"),
    ("kgan.export.export", "if True:\n    from kgan.recipe import Stage"),
    ("kgan.cli", "from kgan.run import fit"),
    ("kgan.cli", "def f():\n    from kgan.methods.gan import GAN"),
    ("kgan.cli", "def f():\n    import tensorflow"),
    ("kgan.files", "from kgan.run import fit"),
    ("recipes.compress_digits", "from recipes.other import recipe"),
    ("recipes.compress_faces", "import compress_digits"),
    ("recipes.compress_digits", "from kgan.cli import main"),
])
def test_a_forbidden_import_is_found(module, source):
    assert len(offences(source, module)) == 1


@pytest.mark.parametrize(("module", "source"), [
    ("kgan.losses.kd.crd", "import tensorflow\nfrom kgan.errors import InputError\nfrom . import base"),
    ("kgan.metrics.score", "from kgan.data import image\nfrom kgan.data.image import to_uint8"),
    ("kgan.methods.gan", "from kgan.losses import gan\nfrom kgan.networks.layers import X\nimport kgan.files"),
    ("kgan.stages.judge", "from kgan.export.fold import fold\nfrom kgan.methods import gan\nimport kgan.run"),
    ("kgan.cli", "import click\ndef f():\n    from kgan.run import fit\n    from kgan.report import page"),
    ("kgan.run", "from kgan import __version__\nfrom kgan.training.signals import StopRequest"),
    ("recipes.compress_digits", "import keras\nfrom kgan.stages import judge"),
])
def test_an_allowed_import_passes(module, source):
    assert offences(source, module) == []


def test_pyproject_names_every_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    there = {".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("__init__.py")}
    # A folder of modules without an __init__.py would be left out of a wheel, too.
    there |= {".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("*.py")}
    assert set(settings["packages"]) == there | {"kgan._recipes"}
    assert settings["package-dir"]["kgan._recipes"] == "recipes"
