"""What the networks' constructors ask of their arguments: one clear line where something does not fit."""

from kgan.errors import InputError


def check_count(what, value, least=1):
    """InputError unless `value` is an integer of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{what} must be an integer of at least {least}; received {value!r}")


def check_widths(what, widths):
    """The widths of hidden layers as a tuple; InputError unless each is a positive integer."""
    widths = tuple(widths)
    for width in widths:
        check_count(f"each of {what}", width)
    return widths


def check_grouped(what, width):
    """InputError unless 8 groups of equal size can be normalised: a multiple of 8, at least 24.

    A group of one channel would be 0 for every input, one of two channels plus and minus 1.
    """
    if not isinstance(width, int) or isinstance(width, bool) or width < 24 or width % 8:
        raise InputError(f"{what} must be a multiple of 8, the groups of group norm, and at least 24; "
                         f"received {width!r}")


def check_share(what, value):
    """InputError unless `value` lies in [0, 1)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 1.0:
        raise InputError(f"{what} must lie in [0, 1); received {value!r}")


def check_square(what, image_shape, sizes):
    """(size, channels) of an image shape (H, W, C) with H = W one of `sizes` and C = 1 or 3."""
    shape = tuple(image_shape)
    if len(shape) != 3 or shape[0] != shape[1] or shape[0] not in sizes or shape[2] not in (1, 3):
        known = " or ".join(f"{size}x{size}" for size in sizes)
        raise InputError(f"{what} images are {known} with 1 or 3 channels; received image_shape={shape}")
    return shape[0], shape[2]


def check_divisible(what, image_shape, stride):
    """InputError unless (H, W, C) has C = 1 or 3, and H and W are positive multiples of `stride`."""
    shape = tuple(image_shape)
    sides = shape[:2]
    fits = len(shape) == 3 and all(isinstance(side, int) and side > 0 and side % stride == 0 for side in sides)
    if not fits or shape[2] not in (1, 3):
        raise InputError(f"{what} takes images with sides that are multiples of {stride} and 1 or 3 channels; "
                         f"received image_shape={shape}")
