"""The pictures of a cGAN-KD run: its fakes before and after each module, those kept and those dropped."""

from pathlib import Path

import numpy as np

from kgan.report import pictures
from kgan.report.cgan_kd_files import read_sets
from kgan.report.cgan_kd_samples import SETS
from kgan.report.load import Images

_FILTERED = {"kept": ("kept", "student"), "dropped": ("dropped", "plain")}
_ROWS = 2  # strips of those kept, and of those dropped


def picture_rows(folder: Path, share: int) -> dict[str, list[dict]]:
    """Figures 5 to 7 of a run: `{"modules", "filtered"}`, rows of `pictures.row`, empty where there are none.

    `modules` are real images and the sets of fakes in the order in which they are made, `filtered` those that
    the filter kept and dropped. `share` is how many groups share the page's budget of bytes.
    """
    sets = read_sets(folder)
    if not sets:
        return {"modules": [], "filtered": []}
    shown = [name for name in ("real", *SETS) if name in sets]
    columns = pictures.sample_columns(Images(samples=sets), len(shown) + _ROWS * len(_FILTERED), share)
    modules = [pictures.row(*_named(name), sets[name][:columns], _described(name)) for name in shown]
    filtered = [pictures.row(label, colour, images, f"fakes that the filter {name}")
                for name, (label, colour) in _FILTERED.items() if name in sets
                for images in _strips(sets[name], columns)]
    return {"modules": modules, "filtered": filtered}


def _named(name: str) -> tuple[str, str]:
    return ("real", "control") if name == "real" else (SETS[name], "student")


def _described(name: str) -> str:
    return "real images of the data set" if name == "real" else f"fakes, {SETS[name]}"


def _strips(images: np.ndarray, columns: int) -> list[np.ndarray]:
    return [images[start:start + columns] for start in range(0, min(len(images), _ROWS * columns), columns)]
