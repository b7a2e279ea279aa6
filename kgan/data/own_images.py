"""Anybody's images, a folder or a zip of them, for training a GAN."""

from kgan.data.image_files import open_files
from kgan.data.image_set import ImageSet
from kgan.data.squares import none_readable, read_squares, seen_shape


def load(path, image_size=64, channels=None, enlarge=False, class_folders=True, cache_dir=None):
    """The images of a folder or a zip as an ImageSet in memory.

    All png, jpg, jpeg, webp, bmp, gif and tif files in and below it, in the order of their names; of each the
    central square is resized, with antialiasing, and an animation gives its first image. Files that cannot be
    read are left out, and the set's `left_out` names them. Where every image lies in one of two or
    more folders right below, these are the classes; else there are no labels. In a zip, a single folder around
    everything does not count. The first call writes the images to a file in `cache_dir`; any change of the
    files or options makes it anew. 100,000 images of 64x64x3 take 1.2 GB, and twice that in training.

    Args:
        path: the folder or zip.
        image_size: side in pixels.
        channels: 1 or 3, to which all are brought: grey is repeated, colour weighed as by BT.601. None leaves
            them as they are, which must then be alike.
        enlarge: take images that are smaller than `image_size` and enlarge them, which adds no detail.
        class_folders: False where folders are no classes.
        cache_dir: a folder for the resized images; None for `.kgan_cache` in the folder, or beside the zip.

    Raises:
        InputError: no folder or zip, one that is damaged or may not be read, no image that can be read, images
            that are too small, grey and colour without a choice, an option out of its range, or a cache_dir
            that cannot be written.
    """
    files = open_files(path)
    found = read_squares(files, files.names, image_size, channels, enlarge, cache_dir, files.name)
    labels, class_names = files.classes(found.names) if class_folders else (None, ())
    source = f"{len(found.names)} of {len(files.names)} image files in {files.where}"
    return ImageSet(files.name, found.images, labels, class_names, "all", source, found.left_out)


def channels_of(path):
    """1 or 3: the channels of the first image in a folder or zip, by its header; `load` makes sure of the others.

    InputError where `load` would find nothing to read.
    """
    files = open_files(path)
    shapes = (seen_shape(files, name) for name in files.names)
    found = next((shape for shape in shapes if shape is not None), None)
    if found is None:
        raise none_readable(files, files.names)
    return found[2]
