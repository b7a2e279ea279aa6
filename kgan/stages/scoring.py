"""What the command `evaluate` does with anybody's images: folders, arrays, statistics of real ones."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

from kgan.data.pictures import open_pictures
from kgan.errors import InputError
from kgan.metrics.options import DEFAULT_METRICS, FEATURE_METRICS, ROW_METRICS, TFGAN_METRICS, Options
from kgan.metrics.protocol import protocol
from kgan.metrics.score import gather, measures_of
from kgan.progress import Console
from kgan.stages.real_images import ALONE, RealImages, shown, spill_folder


@dataclasses.dataclass
class Request:
    """What is asked for.

    Args:
        extractor: callable that gives the `Extractor`; it is called when one is needed, and not before. None takes
            the classifier of the run that is measured.
        metrics: some of `options.METRICS`; None takes all that can be had but intra-class FID.
        settings: the other arguments of `options.Options`.
        cache: folder of reference statistics.
        num_samples: images to be measured; None for all of a folder, or as many as the run's own evaluation takes.
        image_size, channels: what images in folders are brought to; None leaves them as they are.
        console: where progress is shown.
    """

    extractor: Callable | None
    metrics: tuple[str, ...] | None
    settings: dict
    cache: Path | None
    num_samples: int | None = None
    image_size: int | None = None
    channels: int | None = None
    console: Console = dataclasses.field(default_factory=Console)

    def options(self, compared, num):
        """`Options` for `num` images, with all metrics that can be had where none are named."""
        had = TFGAN_METRICS if self.settings.get("backend") == "tfgan" else DEFAULT_METRICS
        named = self.metrics or tuple(name for name in had if compared or name in ALONE)
        wrong = [name for name in named if name in FEATURE_METRICS and not compared]
        if wrong:
            raise InputError(f"{wrong[0]} compares with real images: name a folder of them, or their statistics, "
                             "after the images")
        options = Options(named, **self.settings)
        if options.asks("is") and num < options.splits:
            raise InputError(f"IS over {options.splits} splits needs as many images or more; there are {num}: give "
                             "more, or fewer --splits")
        return options


def score_images(images, reference, request):
    """The document of measures of a folder of images: `protocol`, `reference`, `networks`, `seconds`.

    Args:
        images: path of a folder of images or a `.npy`.
        reference: the same of the real ones, or a `.npz` of statistics; None measures without.
    """
    began = time.perf_counter()
    pictures = open_pictures(images, image_size=request.image_size, channels=request.channels)
    if request.num_samples is not None:
        pictures = pictures.take(request.num_samples, request.settings["seed"])
    real = RealImages.open(reference, request.image_size, request.channels) if reference is not None else None
    options = request.options(real is not None, len(pictures))
    extractor = wanted(request.extractor, options)
    if real is not None:
        real.check(pictures, extractor, options)
        real.measure(extractor, options, request.cache, request.console)
    found = gathered(pictures.name, pictures.chunks, len(pictures), extractor, options, pictures.labels, request)
    facts = {"num_samples": len(pictures), "sha256": pictures.sha256()}
    return document_of({pictures.name: (found, facts)}, real, extractor, options, len(pictures), began)


def wanted(load, options):
    """What `load()` gives, with the outputs that the metrics need; None where they need none."""
    features = options.asks(*FEATURE_METRICS)
    if not (features or options.asks("is")):
        return None
    extractor = load()
    extractor.require(features=features, logits=options.asks("is"))
    return extractor


def gathered(title, chunks, num, extractor, options, labels, request):
    """`score.gather` with a progress bar; features are kept on disk, in the cache's folder where there is one."""
    keep = "all" if options.asks("intra_fid") else "few" if options.asks(*ROW_METRICS) else "none"
    with shown(request.console, title, num) as progress:
        return gather(chunks, num, extractor, options, keep=keep, labels=labels, folder=spill_folder(request.cache),
                      progress=progress)


def document_of(found, real, extractor, options, num, began):
    """What is written of a measurement.

    Args:
        found: dict, name -> (`Gathered`, dict of facts).
        real: `RealImages`, or None.
        num: images a network.
        began: `time.perf_counter()` at the start.
    """
    statistics = real.gathered if real is not None else None
    networks = {name: facts | measures_of(part, statistics, extractor, options)
                for name, (part, facts) in found.items()}
    facts = {} if real is None else {"num_real": real.facts["num"], "real_split": real.facts["name"]}
    document = {"protocol": protocol(extractor, options, num_fake=num, **facts), "networks": networks}
    if real is not None:
        document["protocol"]["real_sha256"] = real.facts["sha256"]
        document["reference"] = {"measures": real.measures(options), "file": real.path and str(real.path),
                                 "reused": real.reused}
    parts = [part for part, _ in found.values()] + ([] if real is None or real.reused else [statistics])
    document["seconds"] = {"extractor": round(sum(part.seconds for part in parts), 3),
                           "all": round(time.perf_counter() - began, 3)}
    return document


def lines_of(document):
    """The measures as lines of text, a column a network."""
    columns = {"real": document["reference"]["measures"]} if document.get("reference") else {}
    columns |= document["networks"]
    rows = list(dict.fromkeys(name for values in columns.values() for name, value in values.items()
                              if isinstance(value, float) and not name.endswith("_std")))
    width = max(map(len, rows))
    heads = {name: max(len(name), 18) for name in columns}
    lines = [" " * width + "".join(f"  {name:>{size}}" for name, size in heads.items())]
    for row in rows:
        cells = []
        for name, size in heads.items():
            value, std = columns[name].get(row), columns[name].get(f"{row}_std")
            text = "-" if value is None else f"{value:.5g}" + (f" +- {std:.2g}" if std is not None else "")
            cells.append(f"  {text:>{size}}")
        lines.append(f"{row:<{width}}" + "".join(cells))
    return lines


