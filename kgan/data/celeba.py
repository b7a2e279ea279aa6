"""CelebA: 202,599 aligned colour photographs of faces with 40 attributes.

Source: Z. Liu, P. Luo, X. Wang, X. Tang, "Deep Learning Face Attributes in the Wild", ICCV 2015. Its licence
allows non-commercial research alone; nothing of it comes with kgan. It comes through tensorflow-datasets, or,
since its only host often refuses, from the authors' files wherever they were got.
"""

from pathlib import Path

from kgan.data import image, tfds_source
from kgan.data.celeba_files import ZIP_NAME, labels_of, members_of, open_aligned
from kgan.data.image_set import ImageSet
from kgan.data.splits import rows_of
from kgan.data.squares import read_squares

URL = "https://drive.google.com/"
CROP = 178  # the aligned images are 218 high and 178 wide
# label = 2 * Male + Smiling
CLASS_NAMES = ("not male, not smiling", "not male, smiling", "male, not smiling", "male, smiling")
_INSTEAD = f"give {ZIP_NAME}, or the folder of its images, as aligned"


def load(image_size=64, split="train", data_dir=None, aligned=None, cache_dir=None):
    """A split of CelebA as an ImageSet.

    The central 178x178 of each 218x178 image, then an antialiased bilinear resize. The labels cross two
    of the attributes, `2 * Male + Smiling`, so that a small classifier can be trained. The train split
    (162,770 images) takes 2.0 GB of memory at 64x64, all three splits 2.5 GB.

    Args:
        image_size: side in pixels.
        split: "train", "validation", "test", with `aligned` also "all", or an expression such as "train[:10%]".
        data_dir: the folder that holds tensorflow-datasets' `celeb_a/`; its own default when None.
        aligned: the authors' `img_align_celeba.zip`, a folder of its images, or a folder with either below it;
            None for tensorflow-datasets. `list_attr_celeba.txt` and `list_eval_partition.txt` (or .csv) are
            looked for in it, beside it, a folder up, and in `Anno` and `Eval` there: without the one there are
            no labels, without the other the published numbers split. Files that cannot be read are left out,
            and the set's `left_out` names them; the first call writes the images to a file in
            `cache_dir`.
        cache_dir: a folder for the resized images of `aligned`; None for `.kgan_cache` in or beside it.

    Raises:
        InputError: the data set cannot be had; the message says what to fetch and where to put it. Or a file of
            `aligned` has another form or name than CelebA's, or there is no such split.
    """
    image.check_size(image_size)
    if aligned is not None:
        return _from_files(Path(aligned).expanduser(), image_size, split, cache_dir)

    def prepare(example):
        pixels = image.resize(image.centre_crop(example["image"], CROP), image_size)
        return pixels, label(example["attributes"]["Male"], example["attributes"]["Smiling"])

    images, labels, source = tfds_source.read("celeb_a", split, data_dir, prepare, url=URL, instead=_INSTEAD)
    return ImageSet("celeba", images, labels, CLASS_NAMES, split, source)


def label(male, smiling):
    """`2 * male + smiling` in 0..3 of two boolean tensors, int32."""
    import tensorflow as tf

    return 2 * tf.cast(male, tf.int32) + tf.cast(smiling, tf.int32)


def _from_files(aligned, image_size, split, cache_dir):
    files, names = open_aligned(aligned)
    members, split_by = members_of(names, aligned)
    chosen = [names[row] for row in rows_of(split, members)]
    # The central square of an aligned image is its central 178x178; beyond that it is enlarged as above.
    found = read_squares(files, chosen, image_size, 3, True, cache_dir, "celeba")
    labels = labels_of(found.names, aligned)
    class_names = () if labels is None else CLASS_NAMES
    source = f"{len(found.names)} of {len(chosen)} CelebA images in {files.where}, split by {split_by}"
    return ImageSet("celeba", found.images, labels, class_names, split, source, found.left_out)
