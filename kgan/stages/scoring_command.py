"""The command `evaluate`: from its options to lines of text and a JSON file."""

import dataclasses
from pathlib import Path

from kgan.errors import InputError
from kgan.files import write_json
from kgan.metrics.extractor import load_extractor
from kgan.metrics.inception import cache_folder
from kgan.stages.real_images import REFERENCES
from kgan.stages.scoring import Request, lines_of, score_images
from kgan.stages.scoring_run import score_run


@dataclasses.dataclass(frozen=True)
class Asked:
    """The options as they are typed; None where they were left out.

    Args:
        features: "inception", PATH or NAME=PATH of a classifier.
        outputs: "features=NAME,logits=NAME", of a classifier whose outputs are called otherwise.
        pixel_range: "LOW,HIGH", the values that its images have.
        metrics: "is,fid,..." of `options.METRICS`.
    """

    features: str | None = None
    outputs: str | None = None
    pixel_range: str | None = None
    metrics: str | None = None
    num_samples: int | None = None
    networks: tuple[str, ...] = ()
    image_size: int | None = None
    channels: int | None = None
    splits: int = 10
    seed: int = 0
    few: bool = False
    backend: str = "kgan"
    cache_dir: Path | None = None
    data_dir: str | None = None
    out: Path | None = None


def score(images, reference, asked):
    """Measures `images`, a run or a folder of images or an array; returns lines that say what came out, and where.

    Args:
        reference: a folder of real images, an array, or a file of statistics; None as in `score_run`, or no distance.
        asked: `Asked`.
    """
    is_run = (Path(images) / "recipe.json").is_file()
    _check_use(asked, images, is_run, reference)
    if asked.out is not None:
        _check_out(asked.out)
    own = is_run and asked.features is None
    request = Request(
        extractor=None if own else lambda: load_extractor(asked.features or "inception", cache_dir=asked.cache_dir,
                                                          outputs=_pairs(asked.outputs),
                                                          pixel_range=_range(asked.pixel_range)),
        metrics=tuple(name.strip() for name in asked.metrics.split(",")) if asked.metrics else None,
        settings={"splits": asked.splits, "seed": asked.seed, "few": asked.few, "backend": asked.backend},
        cache=Path(images) / REFERENCES if own else cache_folder(asked.cache_dir),
        num_samples=asked.num_samples, image_size=asked.image_size, channels=asked.channels)
    if is_run:
        document, path = score_run(images, reference, request, asked.networks, asked.data_dir)
    else:
        document, path = score_images(images, reference, request), None
    if asked.out is not None:
        write_json(asked.out, document)
        path = asked.out
    found = document.get("reference", {})
    lines = lines_of(document)
    if found.get("file"):
        lines.append(f"statistics of the real images: {found['file']}" + (" (reused)" if found["reused"] else ""))
    return lines + ([f"measures and protocol: {path}"] if path else [])


def _check_use(asked, images, is_run, reference):
    """InputError for an option that would change nothing."""
    of_no_use = {
        "--network": asked.networks and not is_run, "--data-dir": asked.data_dir and not is_run,
        "--image-size": asked.image_size and is_run and reference is None,
        "--channels": asked.channels and is_run and reference is None,
        "--outputs": asked.outputs and is_run and asked.features is None,
        "--pixel-range": asked.pixel_range and is_run and asked.features is None,
        "--cache-dir": asked.cache_dir and is_run and asked.features is None,
    }
    for name, wrong in of_no_use.items():
        if wrong:
            what = "a run, measured with its own classifier and data" if is_run else "no run"
            raise InputError(f"{name} is of no use here, for {images} is {what}: leave it out")


def _check_out(out):
    """InputError where the file cannot be; measuring takes too long to find out at its end."""
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if out.is_dir() or not above.is_dir():
        raise InputError(f"--out takes the name of a file; {out if out.is_dir() else above} is a "
                         f"{'folder' if out.is_dir() else 'file'}")


def _pairs(text):
    """{"features": NAME, "logits": NAME} of `features=NAME,logits=NAME`."""
    pairs = dict(part.strip().split("=", 1) for part in (text or "").split(",") if "=" in part)
    if text and (len(pairs) != len(text.split(",")) or not set(pairs) <= {"features", "logits"}):
        raise InputError(f"--outputs takes features=NAME, logits=NAME or both with a comma; received {text!r}")
    return pairs or None


def _range(text):
    """(low, high) of `LOW,HIGH`, or None."""
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
        if not low < high:
            raise ValueError
    except ValueError:
        raise InputError(f"--pixel-range takes two numbers such as 0,255; received {text!r}") from None
    return low, high
