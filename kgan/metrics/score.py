"""One pass over images, and every measure of them: images are made once, features computed once."""

import dataclasses
import time

import numpy as np

from kgan.errors import InputError
from kgan.metrics.frechet import frechet_distance
from kgan.metrics.inception_score import ScoreParts
from kgan.metrics.kernel_distance import kernel_distance
from kgan.metrics.manifold import manifold, nearest_others
from kgan.metrics.moments import Moments
from kgan.metrics.options import FEATURE_METRICS, MOST, ROW_METRICS, measure_name
from kgan.metrics.sharpness import variance_of_laplacian
from kgan.metrics.spill import Chosen, Spill

_BLOCK = 2048  # rows of features in memory at a time
_CHUNK = 256  # images at a time where there is no extractor


@dataclasses.dataclass(eq=False)
class Gathered:
    """What one pass over a set of images leaves.

    Attributes:
        num: images.
        moments: of the features, or None.
        score: (mean, std) of the Inception score, or None.
        vol: variance of the Laplacian, mean over the images.
        features: float32 rows (an array, or a `Spill`) of the images `rows`; None where none were kept.
        rows: numbers of these images, ascending; None for all.
        labels: int [num], or None.
        logits: of all images, for tf-gan's functions; or None.
        seconds: spent in the extractor.
    """

    num: int
    moments: Moments | None = None
    score: tuple[float, float] | None = None
    vol: float | None = None
    features: object = None
    rows: np.ndarray | None = None
    labels: np.ndarray | None = None
    logits: object = None
    seconds: float = 0.0
    _nearest: dict = dataclasses.field(default_factory=dict, repr=False)

    def nearest_few(self, seed, k):
        """`nearest_others` of `few_rows`; computed once, for a reference is compared with many sets."""
        if (seed, k) not in self._nearest:
            self._nearest[seed, k] = nearest_others(self.few_rows(seed), k)
        return self._nearest[seed, k]

    def few_rows(self, seed):
        """The features of at most `MOST` images."""
        if self.rows is not None or self.num <= MOST:
            return self.features
        return Chosen(self.features, chosen_rows(self.num, seed))


def chunks_of(images):
    """The callable that `gather` takes, of images in memory, uint8 [N, H, W, C]."""
    return lambda size: (images[start : start + size] for start in range(0, len(images), size))


def chosen_rows(num, seed):
    """Numbers of at most `MOST` of `num` images, drawn by the seed, ascending."""
    return np.sort(np.random.default_rng(seed).permutation(num)[:MOST])


def gather(chunks, num, extractor, options, *, keep, labels=None, folder=None, progress=None):
    """Looks at each image once.

    Args:
        chunks: callable, size -> iterator of uint8 images [b, H, W, C], b <= size, `num` in all.
        extractor: an `Extractor`; None where no metric needs one.
        keep: which features are kept: "none", "few" (of `MOST` images) or "all".
        labels: int [num].
        folder: of the file that they are kept in.
        progress: callable, told after each chunk how many images are done; what it raises ends the pass.

    Returns: `Gathered`.

    Raises:
        InputError: another number of images than `num`, an output the extractor lacks, a NaN.
    """
    needs_features = options.asks(*FEATURE_METRICS)
    needs_logits = options.asks("is")
    if needs_features or needs_logits:
        extractor.require(features=needs_features, logits=needs_logits)
    whole = options.backend == "tfgan"
    keep = "all" if whole and needs_features else keep
    found = Gathered(num, labels=None if labels is None else np.asarray(labels))
    parts = ScoreParts(num, options.splits, options.seed) if needs_logits and not whole else None
    found.logits = Spill(folder) if needs_logits and whole else None
    found.features = Spill(folder) if needs_features and keep != "none" else None
    found.rows = chosen_rows(num, options.seed) if keep == "few" and num > MOST else None
    done, sharpness = 0, 0.0
    for images in chunks(_CHUNK if extractor is None else extractor.batch_size):
        if done + len(images) > num:
            raise InputError(f"there are more images than the {num} announced")
        if options.asks("vol"):
            sharpness += float(variance_of_laplacian(images).sum())
        if needs_features or needs_logits:
            began = time.perf_counter()
            features, logits = extractor.extract(images)
            found.seconds += time.perf_counter() - began
            if needs_features:
                found.moments = found.moments or Moments(features.shape[1])
                found.moments.update(features)
                if found.features is not None:
                    found.features.append(features if found.rows is None else
                                          features[_within(found.rows, done, len(images))])
            if parts is not None:
                parts.update(logits)
            elif needs_logits:
                found.logits.append(logits)
        done += len(images)
        if progress:
            progress(done)
    if done != num:
        raise InputError(f"there are {done} images where {num} were announced")
    found.vol = sharpness / num if options.asks("vol") else None
    found.score = parts.result() if parts is not None else None
    return found


def measures_of(gathered, reference, extractor, options):
    """The measures of images, by name.

    Args:
        gathered: what `gather` left of the images.
        reference: that of the real images; None leaves out what compares.
        extractor: whose name they carry.
        options: `options.Options`.

    Raises:
        InputError: too few images, no labels for intra-class FID, or a measure that is NaN or infinite.
    """
    found = {}
    if options.backend == "tfgan":
        found |= _by_tfgan(gathered, reference, options)
    elif gathered.score:
        found["is"], found["is_std"] = gathered.score
    if reference is not None and options.backend == "kgan":
        if options.asks("fid"):
            found["fid"] = frechet_distance(reference.moments, gathered.moments, few=options.few)
        sets = [part.few_rows(options.seed) for part in (reference, gathered)] if options.asks(*ROW_METRICS) else []
        if options.asks("kid"):
            found["kid"], found["kid_std"] = kernel_distance(*sets, subsets=options.subsets,
                                                             subset_size=options.subset_size, seed=options.seed)
        if options.asks("precision_recall", "density_coverage"):
            ks = {"precision_recall": options.neighbours, "density_coverage": options.coverage_neighbours}
            ks = {metric: k if options.asks(metric) else None for metric, k in ks.items()}
            most = max(k or 0 for k in ks.values())
            enough = len(sets[0]) > most  # otherwise `manifold` says so
            found |= manifold(*sets, **ks, nearest_reals=reference.nearest_few(options.seed, most) if enough else None)
        if options.asks("intra_fid"):
            found["intra_fid"] = intra_class_distance(reference, gathered, few=options.few)
    named = {measure_name(metric, extractor.name): value for metric, value in found.items() if value is not None}
    if options.asks("vol"):
        named["vol"] = gathered.vol
    wrong = [name for name, value in named.items() if not np.isfinite(value)]
    if wrong:
        raise InputError(f"{', '.join(wrong)} came out NaN or infinite; that is no score")
    return named


def intra_class_distance(reference, gathered, few=False):
    """Mean over the classes of the Frechet distance between the images of one class; a class at a time in memory.

    Args:
        reference, gathered: `Gathered` with labels and the features of all images.

    Raises:
        InputError: no labels, unlike classes, or a class of fewer images than features (unless `few`).
    """
    if reference.labels is None or gathered.labels is None:
        which = "the reference has" if reference.labels is None else "the images have"
        raise InputError(f"intra-class FID compares class by class, but {which} no labels: leave intra_fid out of "
                         "--metrics, or put the images of each class into a folder of its own")
    classes = [np.unique(part.labels) for part in (reference, gathered)]
    if not np.array_equal(*classes):
        unlike = np.setxor1d(*classes)[0]
        raise InputError(f"intra-class FID: class {unlike} has images on one side only")
    distances = []
    for label in classes[0]:
        pair = (_class_moments(part, label) for part in (reference, gathered))
        try:
            distances.append(frechet_distance(*pair, few=few))
        except InputError as error:
            raise InputError(f"intra-class FID, class {label}: {error}") from None
    return float(np.mean(distances))


def _class_moments(part, label):
    rows = np.flatnonzero(part.labels == label)
    moments = None
    for start in range(0, len(rows), _BLOCK):
        features = part.features[rows[start : start + _BLOCK]]
        moments = moments or Moments(features.shape[1])
        moments.update(features)
    return moments


def _within(rows, start, count):
    """Places, within images start..start + count - 1, of those in `rows`."""
    first, last = np.searchsorted(rows, (start, start + count))
    return rows[first:last] - start


def _by_tfgan(gathered, reference, options):
    from kgan.metrics import tfgan

    found = {}
    if options.asks("is"):
        found["is"], found["is_std"] = tfgan.tfgan_score(gathered.logits[:], options.splits, options.seed)
    if reference is None or not options.asks("fid", "kid"):
        return found
    pair = reference.features[:], gathered.features[:]
    if options.asks("fid"):
        found["fid"] = tfgan.tfgan_frechet_distance(*pair, few=options.few)
    if options.asks("kid"):
        found["kid"], found["kid_std"] = tfgan.tfgan_kernel_distance(*pair, block_size=options.subset_size,
                                                                     seed=options.seed)
    return found
