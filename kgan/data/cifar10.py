"""CIFAR-10 by tensorflow-datasets: 50,000 + 10,000 colour photographs of 32x32 in ten classes."""

from kgan.data import image, tfds_source
from kgan.data.image_set import ImageSet

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


def load(image_size=32, split="train", data_dir=None):
    """A split of CIFAR-10 as an ImageSet.

    32x32 is the images as they are; any other image_size, such as 64, is a bilinear resize. The train
    split takes 154 MB at 32x32 and 614 MB at 64x64.

    Args:
        image_size: side in pixels.
        split: "train", "test", or an expression such as "train[:10%]" or "train+test".
        data_dir: the folder that holds tensorflow-datasets' `cifar10/`; its own default when None.

    Raises:
        InputError: the data set cannot be had; the message says what to fetch and where to put it.
    """
    image.check_size(image_size)

    def prepare(example):
        return image.resize(example["image"], image_size), example["label"]

    images, labels, source = tfds_source.read("cifar10", split, data_dir, prepare, url=URL)
    return ImageSet("cifar10", images, labels, CLASS_NAMES, split, source)
