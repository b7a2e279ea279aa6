"""What decides on the numbers of a measurement, and what they are called."""

import dataclasses

from kgan.errors import InputError

METRICS = ("is", "fid", "kid", "precision_recall", "density_coverage", "vol", "intra_fid")
DEFAULT_METRICS = METRICS[:-1]
FEATURE_METRICS = ("fid", "kid", "precision_recall", "density_coverage", "intra_fid")  # they need a reference, too
ROW_METRICS = ("kid", "precision_recall", "density_coverage", "intra_fid")  # they need single images' features
BACKENDS = ("kgan", "tfgan")
TFGAN_METRICS = ("is", "fid", "kid", "vol")
MOST = 10_000  # images that distances between single features look at


@dataclasses.dataclass(frozen=True)
class Options:
    """What decides on the numbers, besides images and extractor.

    Args:
        metrics: some of `METRICS`.
        splits: parts of the Inception score, at most as many as images.
        seed: of the shuffle before the splits, of KID's subsets, and of the choice of `MOST` images.
        subsets, subset_size: of KID.
        neighbours: of precision and recall.
        coverage_neighbours: of density and coverage.
        few: allow Frechet distances of fewer images than features.
        backend: "kgan", or "tfgan" for tf-gan's own functions (IS, FID, KID), which hold all features in memory.
    """

    metrics: tuple[str, ...] = DEFAULT_METRICS
    splits: int = 10
    seed: int = 0
    subsets: int = 100
    subset_size: int = 1000
    neighbours: int = 3
    coverage_neighbours: int = 5
    few: bool = False
    backend: str = "kgan"

    def __post_init__(self):
        object.__setattr__(self, "metrics", tuple(self.metrics))
        known = METRICS if self.backend == "kgan" else TFGAN_METRICS
        unknown = [name for name in self.metrics if name not in known]
        if self.backend not in BACKENDS:
            raise InputError(f"backend must be {' or '.join(BACKENDS)}; received {self.backend!r}")
        if unknown or not self.metrics:
            raise InputError(f"metrics must be some of {', '.join(known)}; received "
                             f"{unknown[0] if unknown else 'none'!r}")
        least = {"splits": 1, "seed": 0, "subsets": 1, "subset_size": 2, "neighbours": 1, "coverage_neighbours": 1}
        for name, bound in least.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < bound:
                raise InputError(f"{name} must be a whole number of at least {bound}; received {value!r}")

    def asks(self, *names):
        """Whether one of the metrics is asked for."""
        return any(name in self.metrics for name in names)


def measure_name(metric, extractor):
    """What a metric ("fid", "kid_std", ...) is called with the features of an extractor of that name.

    Only with Inception's are the distances called FID and KID; elsewhere fd and mmd.
    """
    if extractor != "inception":
        metric = metric.replace("fid", "fd").replace("kid", "mmd")
    base = metric.removesuffix("_std")
    return f"{base}_{extractor}{metric[len(base):]}"
