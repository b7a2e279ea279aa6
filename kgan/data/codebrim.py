"""CODEBRIM: 1,590 photographs of concrete bridges with boxes around five kinds of defects.

Source: M. Mundt, S. Majumder, S. Murali, P. Panetsos, V. Ramesh, "Meta-learning Convolutional Neural
Architectures for Multi-target Concrete Defect Classification with the COncrete DEfect BRidge IMage
Dataset", CVPR 2019. Its licence allows non-commercial use alone; nothing of it comes with kgan.
"""

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from kgan.data import crops, image
from kgan.data.image_set import ImageSet
from kgan.errors import InputError

URL = "https://zenodo.org/record/2620293"
CLASS_NAMES = ("crack", "spallation", "efflorescence", "exposed bars", "corrosion stain")
BACKGROUND = "background"
_FLAGS = ("Crack", "Spallation", "Efflorescence", "ExposedBars", "CorrosionStain", "Background")
_EDGES = ("xmin", "ymin", "xmax", "ymax")


def load(image_size=64, count=2642, seed=0, background=False, data_dir=None, cache_dir=None):
    """Crops of CODEBRIM's defects at native resolution as an ImageSet with three channels.

    A box may carry several defects; each (box, defect) is one candidate. A seeded permutation chooses
    `count` of them, and begins anew (with other places) when there are fewer. A crop contains a random
    pixel of its box at a random place, both uniform, then is shifted into the photograph if it stands out;
    so it overlaps the box, but the defect need not fill it. A box that stands out of its photograph is
    clipped. Boxes refer to the pixels as stored: the EXIF orientation is not applied. The first crops do
    not depend on `count`. They are cut once, as `crops.load` says: some minutes for the whole archive.

    Args:
        image_size: side of a crop in pixels.
        count: how many crops (2,642 in the paper of online knowledge distillation of GANs); None for each
            candidate once.
        seed: whole number >= 0.
        background: also take the boxes flagged as background, as a sixth class.
        data_dir: the folder that holds `original_dataset/` or `codebrim/original_dataset/`, or that folder
            itself; None for tensorflow-datasets' default.
        cache_dir: a folder for the cut crops; None for `.kgan_cache` in `original_dataset/`.

    Raises:
        InputError: the archive is not there, an annotation or a photograph does not fit, an option out of
            its range, or a cache_dir that cannot be written.
    """
    size = crops.check_whole("image_size", image_size, 1, image.MAX_SIZE)
    count = None if count is None else crops.check_whole("count", count, 1)
    seed = crops.check_whole("seed", seed, 0)
    root = _find(data_dir)
    flags = _FLAGS if background else _FLAGS[:-1]
    annotations = [f"annotations/{name}" for name in crops.list_files(root / "annotations", (".xml",))]
    images = [f"images/{name}" for name in crops.list_files(root / "images", crops.SUFFIXES)]

    def make():
        paths, boxes, labels, wheres = _candidates(root, annotations, images, flags)
        chosen, places = crops.draw(len(boxes), count or len(boxes), 4, seed)

        def corner(row, height, width):
            which = chosen[row]
            return _corner(boxes[which], places[row], height, width, size, wheres[which])

        photographs = sorted(set(paths))
        number = {path: i for i, path in enumerate(photographs)}
        photograph_of = np.array([number[path] for path in paths])[chosen]
        cropped = crops.cut(photographs, photograph_of, corner, size, apply_exif=False)
        return {"images": cropped, "labels": np.array(labels, np.int32)[chosen]}

    options = {"size": size, "count": count, "seed": seed, "flags": flags}
    arrays = crops.cached(cache_dir, "codebrim", root, annotations + images, options, make)
    class_names = (*CLASS_NAMES, BACKGROUND) if background else CLASS_NAMES
    source = f"CODEBRIM ({URL}), {len(arrays['images'])} crops of original_dataset, seed {seed}"
    return ImageSet("codebrim", arrays["images"], arrays["labels"], class_names, "all", source)


def _find(data_dir):
    """The folder with images/ and annotations/."""
    # as tensorflow-datasets chooses its own, which takes seconds to import
    given = Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser().resolve()
    for folder in (given / "original_dataset", given, given / "codebrim" / "original_dataset"):
        if (folder / "images").is_dir() and (folder / "annotations").is_dir():
            return folder
    raise InputError(
        f"CODEBRIM is not in {given}: no original_dataset/ with images/ and annotations/; get "
        f"CODEBRIM_original_images.zip from {URL} (licence: non-commercial use only), unpack its "
        f"original_dataset/ to {given / 'codebrim' / 'original_dataset'}, or give its folder as data_dir"
    )


def _candidates(root, annotations, images, flags):
    """Four lists of one entry a candidate: image path, box (xmin, ymin, xmax, ymax), label, where it stands."""
    by_name = {Path(name).name.lower(): root / name for name in images}
    paths, boxes, labels, wheres = [], [], [], []
    for annotation in annotations:
        file = root / annotation
        try:
            tree = ET.parse(file).getroot()
        except (ET.ParseError, ValueError, LookupError, OSError) as error:
            raise InputError(f"cannot read {file} as XML ({error}); unpack the archive anew") from None
        for number, element in enumerate(tree.iter("object"), 1):
            where = f"object {number} of {file}"
            found = [label for label, flag in enumerate(flags) if _flag(element, flag, where)]
            if not found:
                continue
            path, box = _image_of(tree, file, by_name), _box(element, where)
            for label in found:
                for values, value in ((paths, path), (boxes, box), (labels, label), (wheres, where)):
                    values.append(value)
    if not boxes:
        raise InputError(
            f"no {'box' if BACKGROUND.title() in flags else 'defect'} in the {len(annotations)} annotations of "
            f"{root / 'annotations'}; unpack the archive's original_dataset whole"
        )
    return paths, boxes, labels, wheres


def _image_of(tree, file, by_name):
    """The photograph that an annotation names, or else the one with the annotation's own name."""
    given = (tree.findtext("filename") or "").strip()
    fallback = f"{file.stem}.jpg"
    for name in (given, fallback):
        if name.lower() in by_name:
            return by_name[name.lower()]
    sought = f"{given} or {fallback}" if given and given != fallback else fallback
    raise InputError(
        f"annotation {file} has no image: there is no {sought} in {file.parents[1] / 'images'}; "
        "unpack the archive whole, or remove that annotation"
    )


def _flag(element, flag, where):
    text = element.findtext(f"Defect/{flag}")
    if text is None or text.strip() not in ("0", "1"):
        raise InputError(f"{where}: Defect/{flag} must be 0 or 1; received {text!r}; correct that annotation")
    return text.strip() == "1"


def _box(element, where):
    texts = [element.findtext(f"bndbox/{edge}") for edge in _EDGES]
    try:
        box = tuple(int(float(text)) for text in texts)
    except (TypeError, ValueError, OverflowError):
        received = ", ".join(f"{edge}={text!r}" for edge, text in zip(_EDGES, texts, strict=True))
        raise InputError(f"{where}: bndbox needs four numbers; received {received}; correct that box") from None
    if box[2] <= box[0] or box[3] <= box[1]:
        raise InputError(f"{where}: the box {_text(box)} is empty; correct or remove it")
    return box


def _corner(box, places, height, width, size, where):
    """(top, left) of a crop that contains a pixel of the box; `places` are four numbers in [0, 1)."""
    xmin, ymin, xmax, ymax = max(box[0], 0), max(box[1], 0), min(box[2], width), min(box[3], height)
    if xmin >= xmax or ymin >= ymax:
        raise InputError(
            f"{where}: the box {_text(box)} is outside of its photograph of {width}x{height} pixels; "
            "correct or remove it"
        )
    left = xmin + int(places[0] * (xmax - xmin)) - int(places[1] * size)
    top = ymin + int(places[2] * (ymax - ymin)) - int(places[3] * size)
    return min(max(top, 0), height - size), min(max(left, 0), width - size)


def _text(box):
    return " ".join(f"{edge}={value}" for edge, value in zip(_EDGES, box, strict=True))
