"""Image files of one colour, so that a test can tell which is which after reading."""

import numpy as np
import pytest
from PIL import Image

from kgan.errors import InputError


def save(path, colour, size=(6, 8)):
    """A PNG (whatever its ending) of height x width pixels in one colour, a number or three."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.empty((*size, 3), np.uint8)
    pixels[:] = colour
    Image.fromarray(pixels).save(path, "PNG")


def refused(call, *args, **options):
    """The one line that a call is refused with."""
    with pytest.raises(InputError) as caught:
        call(*args, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message
