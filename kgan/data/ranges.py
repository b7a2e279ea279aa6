"""The range that images from elsewhere lie in: [-1, 1], [0, 1] or 0..255, found out or checked."""

from kgan.errors import InputError

RANGES = {"-1,1": (-1.0, 1.0), "0,1": (0.0, 1.0), "0,255": (0.0, 255.0)}
AUTO = "auto"
_SLACK = 1e-3  # of a range's width: rounding, and an interpolation that overshoots
_CUT = 0.5  # of the width of a range that is asked for: what a generator without a bound may overshoot
_DARK = 2.0  # images of 0..255 that never exceed it are images of [0, 1]


def check_range(name):
    """`AUTO` or a name in `RANGES`, without blanks; InputError for another."""
    found = "".join(str(name).split())
    if found != AUTO and found not in RANGES:
        raise InputError(f"image_range must be {AUTO}, {', '.join(RANGES)} (with a comma in it); received {name!r}")
    return found


def range_of(least, greatest, asked, where):
    """(low, high) of the range in which images lie whose values run from `least` to `greatest`.

    Where `asked` is `AUTO`, images with negative values have [-1, 1], others of small values [0, 1], the rest 0..255.
    A range that is asked for may be overshot by up to half its width, if no other fits: a generator may end without a
    bound, and whoever shows its images cuts them off.

    Args:
        least, greatest: of the values of some dozens of images.
        asked: `AUTO`, or a name in `RANGES`, which is then checked.
        where: how a message names the images, such as "the images of FILE".

    Raises:
        InputError: values out of the range that is asked for, or out of all, or so far from filling it that another
            must be meant.
    """
    asked = check_range(asked)
    guess = _guess(least, greatest)
    name = guess if asked == AUTO else asked
    low, high = RANGES[name]
    lies = f"{where} lie in [{least:.4g}, {greatest:.4g}]"
    exact = asked == AUTO or _within(least, greatest, RANGES[guess], _SLACK)
    if not _within(least, greatest, (low, high), _SLACK if exact else _CUT):
        known = "; ".join(f"[{a:g}, {b:g}]" for a, b in RANGES.values())
        raise InputError(f"{lies}, which is none of {known}: if what exceeds one of these is to be cut off, set "
                         "image_range to it" if asked == AUTO else f"{lies}, not in [{low:g}, {high:g}]: set "
                         f"image_range to another of {', '.join(RANGES)}, or to {AUTO}")
    if name == "0,255" and greatest <= _DARK:
        raise InputError(f"{lies}, so their range can hardly be 0..255: set image_range=0,1")
    return low, high


def _within(least, greatest, bounds, share):
    slack = share * (bounds[1] - bounds[0])
    return least >= bounds[0] - slack and greatest <= bounds[1] + slack


def _guess(least, greatest):
    if least < -2.0 * _SLACK:
        return "-1,1"
    return "0,1" if greatest <= _DARK else "0,255"
