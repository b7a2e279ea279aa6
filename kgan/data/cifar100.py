"""CIFAR-100 by tensorflow-datasets: 50,000 + 10,000 colour photographs of 32x32 in a hundred classes."""

from kgan.data import image, tfds_source
from kgan.data.image_set import ImageSet

URL = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
CLASS_NAMES = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl",
    "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair",
    "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin",
    "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp",
    "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
    "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck",
    "pine_tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road",
    "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
    "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger",
    "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman",
    "worm",
)  # fmt: skip


def load(image_size=32, split="train", data_dir=None):
    """A split of CIFAR-100 as an ImageSet; the labels are the hundred fine ones.

    32x32 is the images as they are; any other image_size, such as 64, is a bilinear resize. The train
    split takes 154 MB at 32x32 and 614 MB at 64x64.

    Args:
        image_size: side in pixels.
        split: "train", "test", or an expression such as "train[:10%]" or "train+test".
        data_dir: the folder that holds tensorflow-datasets' `cifar100/`; its own default when None.

    Raises:
        InputError: the data set cannot be had; the message says what to fetch and where to put it.
    """
    image.check_size(image_size)

    def prepare(example):
        return image.resize(example["image"], image_size), example["label"]

    images, labels, source = tfds_source.read("cifar100", split, data_dir, prepare, url=URL)
    return ImageSet("cifar100", images, labels, CLASS_NAMES, split, source)
