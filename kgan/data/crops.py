"""Random crops of large photographs at their native resolution, cut once and kept in a cache file.

A photograph of 6,000 by 4,000 pixels takes a third of a second to decode, so it is decoded once for all
its crops, and the crops are read from the cache ever after. `codebrim` cuts with the same functions.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from kgan.data import image
from kgan.data.folders import SUFFIXES, cached, list_files
from kgan.data.held import check_whole
from kgan.data.image_set import ImageSet
from kgan.errors import InputError

_MOST_THREADS = 4  # a photograph of 24 million pixels takes some 250 MB while it is decoded


def load(folder, crop_size=64, count=2642, seed=0, cache_dir=None):
    """`count` random square crops of the photographs in a folder as an ImageSet with three channels.

    The photographs are the jpg, jpeg and png files in `folder` and below it, but for names that begin with
    a dot; their EXIF orientation is applied. Each gives as many crops as any other, or one more; a crop's
    place is uniform over its photograph. The crops are in random order, determined by the files, crop_size
    and seed; the first do not depend on `count`. When every photograph lies in a subfolder, the names of
    the immediate subfolders are the classes; otherwise the labels are None.

    The first call decodes the photographs on up to four threads and writes the crops to a file in
    `cache_dir`. Its name carries a hash of the options and of every photograph's name, size and time of
    change: whatever differs is cut anew, and files of old options are left in place.

    Args:
        folder: where the photographs are.
        crop_size: side in pixels.
        count: how many crops.
        seed: whole number >= 0.
        cache_dir: a folder for the cut crops; None for `<folder>/.kgan_cache`.

    Raises:
        InputError: no photograph, one that cannot be read or is smaller than a crop, an option out of its
            range, or a cache_dir that cannot be written.
    """
    size = check_whole("crop_size", crop_size, 1, image.MAX_SIZE)
    count, seed = check_whole("count", count, 1), check_whole("seed", seed, 0)
    root = Path(folder).expanduser().resolve()
    if not root.is_dir():
        raise InputError(f"there is no folder {root} to cut crops from; check the path")
    names = list_files(root, SUFFIXES)
    if not names:
        raise InputError(f"no photograph in {root} or below it; put {', '.join(SUFFIXES)} files there")
    in_subfolders = all("/" in name for name in names)
    class_names = sorted({name.split("/")[0] for name in names}) if in_subfolders else []

    def make():
        chosen, places = draw(len(names), count, 2, seed)

        def corner(row, height, width):
            top, left = places[row] * (height - size + 1, width - size + 1)
            return int(top), int(left)

        arrays = {"images": cut([root / name for name in names], chosen, corner, size)}
        if class_names:
            class_of = [class_names.index(name.split("/")[0]) for name in names]
            arrays["labels"] = np.array(class_of, np.int32)[chosen]
        return arrays

    name = f"{root.name}_crops"
    arrays = cached(cache_dir, name, root, names, {"size": size, "count": count, "seed": seed}, make)
    source = f"{count} crops of {size}x{size} out of {len(names)} photographs in {root}, seed {seed}"
    return ImageSet(name, arrays["images"], arrays.get("labels"), tuple(class_names), "all", source)


def draw(num, count, width, seed):
    """What to crop and where: int [count] in 0..num - 1, and floats [count, width] in [0, 1).

    The choice runs through one random permutation of all `num` after another. The first rows do not
    depend on `count`.
    """
    order, places = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    rounds = [order.permutation(num) for _ in range(-(-count // num))]
    return np.concatenate(rounds)[:count], places.random((count, width))


def cut(photographs, chosen, corner, size, *, apply_exif=True):
    """Crops of photographs, each of which is decoded once.

    Args:
        photographs: paths.
        chosen: int [N], each crop's photograph.
        corner: (index of the crop, height, width of its photograph) -> (top, left) of the crop, with
            0 <= top <= height - size and 0 <= left <= width - size; called from several threads.
        size: side of a crop in pixels.
        apply_exif: see `image.decode`.

    Returns:
        uint8 [N, size, size, 3]; grey photographs become RGB.

    Raises:
        InputError: a photograph cannot be read, or is smaller than a crop.
    """
    crops = np.empty((len(chosen), size, size, 3), np.uint8)
    order = np.argsort(chosen, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(chosen[order])) + 1)

    def cut_group(rows):
        path = photographs[chosen[rows[0]]]
        pixels = image.decode(path, apply_exif=apply_exif)
        height, width = pixels.shape[:2]
        if height < size or width < size:
            raise InputError(
                f"{path} is {width}x{height} pixels, smaller than a crop of {size}x{size}; "
                "take smaller crops or remove that photograph"
            )
        for row in rows:
            top, left = corner(row, height, width)
            crops[row] = image.to_channels(pixels[top : top + size, left : left + size], 3)

    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        for _ in pool.map(cut_group, groups):  # in order, so that the same photograph is complained about
            pass
    return crops
