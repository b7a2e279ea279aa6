"""On which side of a measure the better values lie."""

_HEADS = {"lower": ("fd_", "fid_", "mmd_", "kid_", "intra_fd_", "intra_fid_"),
          "higher": ("is_", "precision_", "recall_", "density_", "coverage_")}


def better(measure: str) -> str | None:
    """ "lower", "higher", or None for a measure without a better side, as sharpness and any spread (`..._std`)."""
    if measure.endswith("_std"):
        return None
    return next((side for side, heads in _HEADS.items() if measure.startswith(heads)), None)


def directions(headline: dict) -> list[tuple[str, str]]:
    """(measure, "higher" or "lower") of a headline's score and distance, those that it has."""
    pairs = ((headline["score"], "higher"), (headline["distance"], "lower"))
    return [(measure, side) for measure, side in pairs if measure]
