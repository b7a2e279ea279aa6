"""Features of images in the plane (t-SNE): reads `evaluate/embedding.npz` and draws it, a panel a role."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np

from kgan.errors import InputError
from kgan.report.canvas import INK, MARKERS, ROLE_COLOURS, STYLE, add_legend, new_axes, to_svg

REAL = "real"  # whose points are those of real images

_MOST = 200  # points a network: an SVG holds each of them


@dataclass(frozen=True)
class Embedding:
    """`points` float32 [M, 2]; `names` [M], the network that made the image, or `REAL`."""

    points: np.ndarray
    names: np.ndarray

    def of(self, name: str) -> np.ndarray:
        """The points of one network [n, 2], thinned to what a figure can hold."""
        found = self.points[self.names == name]
        if len(found) <= _MOST:
            return found
        return found[np.linspace(0, len(found) - 1, _MOST).round().astype(int)]


def read_embedding(folder: Path) -> Embedding | None:
    """The embedding in a run folder, None where there is none; `InputError` for a damaged one."""
    path = Path(folder) / "evaluate" / "embedding.npz"
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            points, names = archive["points"], archive["names"]
    except (ValueError, OSError, EOFError, KeyError, AttributeError, TypeError, NotImplementedError,
            zipfile.BadZipFile, zlib.error):
        raise InputError(f"{str(path)!r} is not a readable npz file with points and names: run the evaluate stage "
                         "again") from None
    if points.ndim != 2 or points.shape[1] != 2 or points.dtype.kind != "f" or not np.isfinite(points).all() \
            or names.shape != points.shape[:1] or names.dtype.kind != "U" or not len(points):
        raise InputError(f"{str(path)!r} holds points {points.dtype} {list(points.shape)} and names {names.dtype} "
                         f"{list(names.shape)}, not finite points [M, 2] and M names: run the evaluate stage again")
    return Embedding(points, names)


def draw_embedding(name: str, alt: str, embedding: Embedding, networks: dict[str, tuple[str, str]]) -> str:
    """An SVG of the points of `networks`, name -> (label, role's colour), over those of the real images.

    The axes' range is that of the whole embedding, so that several of these drawings can be compared.
    """
    figure, axes = new_axes(name, 4.4, (0.02, 0.02, 0.96, 0.84))
    low, high = embedding.points.min(axis=0), embedding.points.max(axis=0)
    margin = 0.04 * np.maximum(high - low, 1e-6)
    with matplotlib.rc_context(STYLE):
        real = embedding.of(REAL)
        if len(real):
            axes.plot(*real.T, ".", color=INK, alpha=0.25, markersize=6, markeredgewidth=0, label="real images")
        for network, (label, colour) in networks.items():
            axes.plot(*embedding.of(network).T, MARKERS[colour], color=ROLE_COLOURS[colour], alpha=0.6, markersize=4.5,
                      markeredgewidth=0, label=label)
        axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
        axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
        axes.axis("off")
        add_legend(axes)
    return to_svg(figure, name, alt)
