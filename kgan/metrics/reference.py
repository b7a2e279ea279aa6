"""Statistics of real images, computed once and kept in a file that describes itself."""

import hashlib
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from kgan.errors import InputError
from kgan.files import whole_file
from kgan.metrics.moments import Moments
from kgan.metrics.options import MOST, Options
from kgan.metrics.score import Gathered, gather
from kgan.metrics.spill import Spill

FORMAT = 1  # of the file; raise it when the same fields come to mean other numbers
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)
_BLOCK = 2048  # rows copied at a time


def describe(data, extractor, options, keep="few"):
    """What the statistics are made of, every option that they depend on: for `reference_key` and the file.

    Args:
        data: dict of what the images are, their `sha256` among it.
        keep: features kept, "few" or "all".
    """
    return {
        "format": FORMAT, "data": data, "extractor": extractor.protocol(), "seed": options.seed,
        "is_splits": options.splits, "features": "all" if keep == "all" else f"at most {MOST}",
    }


def reference_key(description):
    """20 hexadecimal digits that stand for a description."""
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:20]


def reference_of(chunks, data, extractor, options, *, labels=None, keep="few", cache=None, folder=None, progress=None):
    """(statistics of real images, the file they are kept in or None, whether they were found there).

    All statistics are computed, whatever `options.metrics` asks for, so that the file serves other calls.

    Args:
        chunks, labels, folder, progress: as for `score.gather`.
        data: dict of what the images are: `name`, `num`, `sha256` and more.
        cache: folder of the files; None keeps none.
    """
    description = describe(data, extractor, options, keep)
    path = None if cache is None else Path(cache) / f"{data['name']}-{reference_key(description)}.npz"
    if path is not None and path.is_file():
        return read_reference(path, description, folder), path, True
    scored = extractor.num_logits and data["num"] >= options.splits
    asked = ("fid", "vol", *(("is",) if scored else ()))
    every = Options(asked, options.splits, options.seed)
    found = gather(chunks, data["num"], extractor, every, keep=keep, labels=labels, folder=folder, progress=progress)
    if path is not None:
        write_reference(path, found, description)
    return found, path, False


def write_reference(path, gathered, description):
    """Writes statistics as a `.npz` of plain arrays, `description` among them as JSON text."""
    try:
        with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            arrays = {"description": np.array(json.dumps(description, sort_keys=True)),
                      "mean": gathered.moments.mean, "covariance": gathered.moments.covariance,
                      "score": np.array(gathered.score or (), np.float64), "vol": np.array(gathered.vol, np.float64)}
            arrays |= {name: value for name, value in (("rows", gathered.rows), ("labels", gathered.labels))
                       if value is not None}
            for name, array in arrays.items():
                with _member(archive, name) as member:
                    np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            with _member(archive, "features") as member:  # in parts: they may not fit into memory
                shape = (len(gathered.features), gathered.features.shape[1])
                np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": shape})
                for start in range(0, shape[0], _BLOCK):
                    member.write(np.ascontiguousarray(gathered.features[start : start + _BLOCK], "<f4").tobytes())
    except OSError as error:
        raise InputError(f"the reference statistics cannot be kept in {path} ({error.strerror or error}): give "
                         "another --cache-dir") from None


def read_reference(path, expected=None, folder=None):
    """`Gathered` of a file of `write_reference`; its features go to a `Spill` in `folder`, in parts.

    Args:
        expected: the description that it must have; None takes any.

    Raises:
        InputError: no such file, a damaged one, or one of other images or options; the difference is named.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            description = json.loads(str(_array(archive, "description")))
            if expected is not None:
                _compare(path, description, expected)
            names = set(archive.namelist())
            num, width = int(description["data"]["num"]), len(_array(archive, "mean"))
            score = _array(archive, "score").tolist()
            return Gathered(
                num=num,
                moments=Moments.given(num, _array(archive, "mean"), _array(archive, "covariance")),
                score=tuple(score) if score else None,
                vol=float(_array(archive, "vol")),
                features=_features(archive, width, folder),
                rows=_array(archive, "rows") if "rows.npy" in names else None,
                labels=_array(archive, "labels") if "labels.npy" in names else None,
            )
    except FileNotFoundError:
        raise InputError(f"there is no file {path} of reference statistics; check the path") from None
    except _DAMAGED as error:
        raise InputError(f"{path} does not hold reference statistics that can be read "
                         f"({' '.join(str(error).split()) or type(error).__name__}): remove it") from None


def read_description(path):
    """What a file of reference statistics says it is made of; InputError where it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(str(_array(archive, "description")))
    except FileNotFoundError:
        raise InputError(f"there is no file {path} of reference statistics; check the path") from None
    except _DAMAGED as error:
        raise InputError(f"{path} does not hold reference statistics that can be read ({error}): give a folder of "
                         "images, or a file that kgan wrote") from None


def _compare(path, found, expected, prefix=""):
    """Raises InputError naming the first field in which two descriptions differ."""
    for name in dict.fromkeys([*expected, *found]):
        one, other = found.get(name), expected.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            _compare(path, one, other, f"{prefix}{name}.")
        elif name not in expected or other != one:
            raise InputError(f"{path} holds statistics made otherwise: {prefix}{name} is {one!r}, asked for is "
                             f"{other!r}; use it with the same options, or let it be made anew")


def _member(archive, name):
    return archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True)


def _array(archive, name):
    with archive.open(f"{name}.npy") as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _features(archive, width, folder):
    with archive.open("features.npy") as member:
        np.lib.format.read_magic(member)
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
        if len(shape) != 2 or shape[1] != width or dtype != np.dtype("<f4"):
            raise ValueError(f"features are {dtype} {shape}")
        kept = Spill(folder)
        for start in range(0, shape[0], _BLOCK):
            count = min(_BLOCK, shape[0] - start)
            kept.append(np.frombuffer(member.read(4 * width * count), "<f4").reshape(count, width))
    return kept
