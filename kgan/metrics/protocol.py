"""What must stand beside numbers, so that no one compares unlike ones."""

from importlib.metadata import version

from kgan.metrics.options import MOST

PROTOCOL = "kgan-2"  # raise the number when the same images would measure otherwise
PACKAGES = ("numpy", "tensorflow", "keras", "tensorflow-gan", "tensorflow-probability")


def protocol(extractor, options, *, num_fake, num_real=None, real_split=None):
    """How measures came about, ready for JSON; only what the asked metrics depend on.

    What a caller alone knows (EMA or raw weights, step, sampling seed) is its own to add.

    Args:
        extractor: the `Extractor`, or None where no metric needs one.
        options: `options.Options`.
        num_fake, num_real: images on each side; None without a reference.
        real_split: which images the real ones are.
    """
    found = {"name": PROTOCOL, "backend": options.backend}
    if extractor is not None:
        found["extractor"] = extractor.protocol()
    found |= {"num_real": num_real, "num_fake": int(num_fake), "real_split": real_split}
    found = {name: value for name, value in found.items() if value is not None}
    by_tfgan = options.backend == "tfgan"
    if options.asks("is"):
        found |= {"is_splits": int(options.splits), "is_seed": int(options.seed)}
    if num_real is not None:
        found |= _distances(extractor, options, by_tfgan, min(num_real, num_fake))
    if options.asks("vol"):
        found["vol"] = "Laplacian of the 0..255 grey image, reflect-101 border, mean over the images"
    return found | {"packages": {name: version(name) for name in PACKAGES}}


def _distances(extractor, options, by_tfgan, fewer):
    found = {}
    if options.asks("fid", "intra_fid"):
        found["fd"] = "all features of both sets, float64, unbiased covariances"
        if options.asks("fid") and fewer < extractor.num_features:
            found["fd"] += "; fewer images than features"
    if options.asks("intra_fid"):
        found["intra_fd"] = "mean over the classes"
    if options.asks("kid"):
        found["mmd"] = f"tf-gan's blocks of {options.subset_size}, seed {options.seed}" if by_tfgan else {
            "kernel": "(x.y/d + 1)^3, unbiased", "subsets": options.subsets,
            "subset_size": min(options.subset_size, fewer), "seed": options.seed, "of": f"at most {MOST} images"}
    if options.asks("precision_recall"):
        found["precision_recall"] = f"{options.neighbours} neighbours, at most {MOST} images a side"
    if options.asks("density_coverage"):
        found["density_coverage"] = f"{options.coverage_neighbours} neighbours, at most {MOST} images a side"
    return found
