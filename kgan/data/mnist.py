"""MNIST by tensorflow-datasets: 60,000 + 10,000 handwritten digits of 28x28."""

from kgan.data import image, tfds_source
from kgan.data.image_set import ImageSet

URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"


def load(image_size=32, split="train", data_dir=None, channels=1):
    """A split of MNIST as an ImageSet.

    The 28x28 images are padded with black to 32x32; any other image_size, such as 64, is a bilinear
    resize of the padded image. The train split takes 61 MB at 32x32 and 246 MB at 64x64.

    Args:
        image_size: side in pixels.
        split: "train", "test", or an expression such as "train[:10%]" or "train+test".
        data_dir: the folder that holds tensorflow-datasets' `mnist/`; its own default when None.
        channels: 1, or 3 for grey repeated.

    Raises:
        InputError: the data set cannot be had; the message says what to fetch and where to put it.
    """
    image.check_size(image_size)

    def prepare(example):
        pixels = image.resize(image.pad_to(example["image"], 32), image_size)
        return image.to_channels(pixels, channels), example["label"]

    images, labels, source = tfds_source.read("mnist", split, data_dir, prepare, url=URL)
    class_names = tuple(str(digit) for digit in range(10))
    return ImageSet("mnist", images, labels, class_names, split, source)
