"""CelebA by tensorflow-datasets: 202,599 aligned colour photographs of faces with 40 attributes.

Source: Z. Liu, P. Luo, X. Wang, X. Tang, "Deep Learning Face Attributes in the Wild", ICCV 2015.
"""

from kgan.data import image, tfds_source
from kgan.data.image_set import ImageSet

URL = "https://drive.google.com/"
CROP = 178  # the aligned images are 218 high and 178 wide
# label = 2 * Male + Smiling
CLASS_NAMES = ("not male, not smiling", "not male, smiling", "male, not smiling", "male, smiling")


def load(image_size=64, split="train", data_dir=None):
    """A split of CelebA as an ImageSet.

    The central 178x178 of each 218x178 image, then an antialiased bilinear resize. The labels cross two
    of the attributes, `2 * Male + Smiling`, so that a small classifier can be trained. The train split
    (162,770 images) takes 2.0 GB of memory at 64x64, all three splits 2.5 GB.

    Args:
        image_size: side in pixels.
        split: "train", "validation", "test", or an expression such as "train[:10%]".
        data_dir: the folder that holds tensorflow-datasets' `celeb_a/`; its own default when None.

    Raises:
        InputError: the data set cannot be had; the message says what to fetch and where to put it.
    """
    image.check_size(image_size)

    def prepare(example):
        pixels = image.resize(image.centre_crop(example["image"], CROP), image_size)
        return pixels, label(example["attributes"]["Male"], example["attributes"]["Smiling"])

    images, labels, source = tfds_source.read("celeb_a", split, data_dir, prepare, url=URL)
    return ImageSet("celeba", images, labels, CLASS_NAMES, split, source)


def label(male, smiling):
    """`2 * male + smiling` in 0..3 of two boolean tensors, int32."""
    import tensorflow as tf

    return 2 * tf.cast(male, tf.int32) + tf.cast(smiling, tf.int32)
