"""Augmentation of real images within a training step, from the step's own draws: a resumed training repeats it.

Images are [B, H, W, C] in [-1, 1]; each is changed on its own.
"""

import tensorflow as tf

from kgan.errors import InputError

_BLACK = -1.0
_TRIES = 10


def flip(images, noise):
    """Half of the images, mirrored left to right."""
    mirrored = noise.uniform((images.shape[0], 1, 1, 1)) < 0.5
    return tf.where(mirrored, images[:, :, ::-1], images)


def crop(images, noise, border=4):
    """A random part of the image's own size of the image with `border` black pixels around it."""
    batch, height, width, _ = images.shape
    padded = tf.pad(images, [[0, 0], [border, border], [border, border], [0, 0]], constant_values=_BLACK)
    for axis, size in ((1, height), (2, width)):
        first = tf.cast(noise.uniform((batch,)) * (2 * border + 1), tf.int32)
        padded = tf.gather(padded, first[:, None] + tf.range(size), axis=axis, batch_dims=1)
    return tf.ensure_shape(padded, images.shape)


def crop_and_flip(images, noise):
    """`crop`, then `flip`."""
    return flip(crop(images, noise), noise)


def resized_crop(images, noise):
    """A random part of 8 to 100% of the area, 3:4 to 4:3 in form, resized to the image's size.

    As torchvision's RandomResizedCrop, whose ten tries and bilinear resize these are, but for fractions of a
    pixel. Images are square, so that the whole image, which an image without a try that fits keeps, is a part
    of a form allowed.
    """
    batch, size, _, _ = images.shape
    area = 0.08 + 0.92 * noise.uniform((batch, _TRIES))
    form = tf.pow(4.0 / 3.0, 2.0 * noise.uniform((batch, _TRIES)) - 1.0)
    sides = tf.stack([tf.sqrt(area / form), tf.sqrt(area * form)], axis=-1)  # of height and width, [B, tries, 2]
    fits = tf.reduce_all(sides <= 1.0, axis=-1)
    chosen = tf.gather(sides, tf.argmax(fits, axis=-1), axis=1, batch_dims=1)
    sides = tf.where(tf.reduce_any(fits, axis=-1, keepdims=True), chosen, 1.0)
    corner = noise.uniform((batch, 2)) * (1.0 - sides)
    # Centres of the first and the last pixel wanted, in pixels of the image with its border repeated once.
    first = size * corner + 0.5 * sides + 0.5
    last = first + (size - 1) * sides
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    boxes = tf.concat([first, last], axis=-1) / (size + 1)
    return tf.image.crop_and_resize(padded, boxes, tf.range(batch), (size, size))


def resized_crop_and_flip(images, noise):
    """`resized_crop`, then `flip`."""
    return flip(resized_crop(images, noise), noise)


def _unchanged(images, noise):
    return images


AUGMENTATIONS = {"flip": flip, "crop_flip": crop_and_flip, "resized_crop_flip": resized_crop_and_flip}
_PARTS = {None: (_unchanged, _unchanged), "flip": (flip, _unchanged), "crop_flip": (flip, crop),
          "resized_crop_flip": (flip, resized_crop)}


def augmentation_of(name):
    """(images, noise) -> images for a name in `AUGMENTATIONS`, or for None, which leaves images alone.

    Raises InputError for another name.
    """
    if name is None:
        return _unchanged
    if name not in AUGMENTATIONS:
        raise InputError(f"augment must be one of {', '.join(AUGMENTATIONS)}, or None; received {name!r}")
    return AUGMENTATIONS[name]


def augmentation_parts(name):
    """(mirror, cut), each (images, noise) -> images: the parts of an augmentation, for those that mirror first.

    Raises InputError as `augmentation_of` does.
    """
    augmentation_of(name)
    return _PARTS[name]
