"""Real images that generated ones are compared with: where they come from, and their statistics."""

import contextlib
import time
from pathlib import Path

import numpy as np

from kgan.data.pictures import open_pictures
from kgan.errors import InputError
from kgan.metrics.options import measure_name
from kgan.metrics.reference import describe, read_description, read_reference, reference_of
from kgan.metrics.score import gather

ALONE = ("is", "vol")  # metrics that compare with nothing
REFERENCES = "references"  # the folder of a run that keeps statistics


class RealImages:
    """Real images: known by their facts at once, and by their statistics after `measure`.

    Attributes:
        facts: what they are: `name`, `num`, `shape`, `sha256`, `classes`.
        gathered: `score.Gathered` of them; None before `measure`.
        path: of the file that keeps the statistics, or None.
        reused: whether they were found there.
    """

    def __init__(self, facts, pictures=None, path=None):
        self.facts, self.path = facts, path
        self._pictures, self._extractor, self.gathered, self.reused = pictures, None, None, path is not None

    @classmethod
    def open(cls, where, image_size=None, channels=None):
        """Of a folder or an array (`open_pictures`), or of a `.npz` of statistics."""
        if Path(where).suffix == ".npz":
            return cls(read_description(where)["data"], path=Path(where))
        return cls.of(open_pictures(where, image_size=image_size, channels=channels))

    @classmethod
    def of(cls, pictures):
        """Of `Pictures`."""
        return cls({"name": pictures.name, "num": len(pictures), "shape": list(pictures.image_shape),
                    "sha256": pictures.sha256(), "classes": list(pictures.class_names)}, pictures)

    def check(self, images, extractor, options):
        """InputError where images cannot be compared with these; it costs nothing, so it stands before everything.

        Args:
            images: what has `where`, `image_shape`, `labels`, `class_names` and a length.
            extractor: None where none is needed.
            options: `options.Options`.
        """
        shapes = ["x".join(map(str, shape)) for shape in (images.image_shape, self.facts["shape"])]
        if shapes[0] != shapes[1]:
            raise InputError(f"the images of {images.where} are {shapes[0]}, the real ones of {self.facts['name']} "
                             f"{shapes[1]}: bring both to one size with --image-size and --channels")
        fewer = min(len(images), self.facts["num"])
        if options.asks("fid") and not options.few and fewer < extractor.num_features:
            raise InputError(f"{fewer} images are fewer than the {extractor.num_features} features of "
                             f"{extractor.name!r}, which biases the Frechet distance much: take more, leave fid out of "
                             "--metrics, or allow it with --few")
        if options.asks("intra_fid"):
            self._check_classes(images, extractor, options)

    def _check_classes(self, images, extractor, options):
        for where, classes in ((images.where, images.class_names), (self.facts["name"], self.facts["classes"])):
            if not classes:
                raise InputError(f"intra-class FID compares class by class, but the images of {where} have no labels: "
                                 "leave intra_fid out of --metrics, or put each class into a folder of its own")
        if list(images.class_names) != list(self.facts["classes"]):
            raise InputError(f"intra-class FID: {images.where} has the classes {', '.join(images.class_names)}, the "
                             f"real images of {self.facts['name']} have {', '.join(self.facts['classes'])}")
        for part in (images, self._pictures):
            fewest = np.bincount(part.labels).min() if part is not None else extractor.num_features
            if fewest < extractor.num_features and not options.few:
                raise InputError(f"intra-class FID: a class of {part.where} has {fewest} images, fewer than the "
                                 f"{extractor.num_features} features of {extractor.name!r}: take more, leave intra_fid "
                                 "out of --metrics, or allow it with --few")

    def measure(self, extractor, options, cache, console=None):
        """Computes the statistics, or takes those that are kept; returns this object.

        Args:
            extractor: None where sharpness alone is asked for.
            options: `options.Options`.
            cache: folder of the files that keep statistics; None keeps none.
            console: shows progress; None shows none.
        """
        self._extractor = extractor
        keep = "all" if options.asks("intra_fid") or options.backend == "tfgan" else "few"
        if self._pictures is None:
            if extractor is None:
                raise InputError(f"{self.path} holds statistics of features, and none of the metrics looks at them")
            expected = describe(self.facts, extractor, options, keep)
            self.gathered = read_reference(self.path, expected, spill_folder(cache))
            return self
        pictures = self._pictures
        with shown(console, "real images", len(pictures)) as progress:
            if extractor is None:
                self.gathered = gather(pictures.chunks, len(pictures), None, options, keep="none", progress=progress)
            else:
                self.gathered, self.path, self.reused = reference_of(
                    pictures.chunks, self.facts, extractor, options, labels=pictures.labels, keep=keep, cache=cache,
                    folder=spill_folder(cache), progress=progress)
        return self

    def measures(self, options):
        """The real images' own measures: no distance among them."""
        score, name = self.gathered.score, self._extractor.name if self._extractor else ""
        found = {}
        if options.asks("is") and score:
            found |= {measure_name("is", name): score[0], measure_name("is_std", name): score[1]}
        return found | ({"vol": self.gathered.vol} if options.asks("vol") else {})


@contextlib.contextmanager
def shown(console, title, num):
    """Yields a callable, told how many of `num` images are done, that shows it and how many a second; or None."""
    if console is None:
        yield None
        return
    began = time.perf_counter()
    with console.progress(title, num, done=0, unit="image") as update:
        yield lambda done: update(done, {"images_per_s": done / max(time.perf_counter() - began, 1e-9)})


def spill_folder(cache):
    """Where features are kept meanwhile: the cache's folder, for the system's own for such files may be in memory."""
    if cache is None:
        return None
    try:
        Path(cache).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{cache} cannot be made ({error.strerror}): give another --cache-dir") from None
    return cache
