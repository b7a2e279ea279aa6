"""scikit-learn's handwritten digits: 1,797 real 8x8 images that ship with the dependency.

Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI machine learning
repository, its test part.
"""

import numpy as np

from kgan.data import image
from kgan.data.image_set import ImageSet


def load(image_size=32, channels=1):
    """All 1,797 digits as an ImageSet, no network needed.

    The values 0..16 become 0..255 (rounded). The 8x8 images get one pixel of black on every side, since
    strokes run to the very edge and would look cut, then go from 10x10 to image_size by `image.resize`
    (bilinear): at 32x32 a digit fills 26 rows.

    Args:
        image_size: side in pixels.
        channels: 1, or 3 for grey repeated.
    """
    image.check_size(image_size)
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.rint(digits.images[..., np.newaxis] * (255.0 / 16.0)).astype(np.uint8)
    pixels = image.resize(image.pad_to(pixels, 10), image_size)
    return ImageSet(
        name="digits",
        images=image.to_channels(pixels, channels),
        labels=digits.target.astype(np.int32),
        class_names=tuple(str(digit) for digit in range(10)),
        split="all",
        source="scikit-learn load_digits",
    )


def load_few(split, image_size=32, channels=1, per_class=10):
    """`per_class` digits of each class ("train"), or all the others ("test"): a small problem of few labels.

    The same digits are the few every time. InputError as `ImageSet.few_per_class`.
    """
    few, rest = load(image_size, channels).few_per_class(per_class, seed=0)
    return few if split == "train" else rest
