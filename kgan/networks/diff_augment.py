"""Differentiable augmentation of everything a discriminator sees, real or fake, for GANs with little data.

Source: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training" (2020), with the ranges of the
authors' code.
"""

import keras
import tensorflow as tf
from keras import layers

from kgan.errors import InputError

POLICY = "color,translation,cutout"


@keras.saving.register_keras_serializable(package="kgan")
class DiffAugment(layers.Layer):
    """Changes each image at random while training: [B, H, W, C] in [-1, 1] -> the same shape, no longer bounded.

    `color`: brightness `x + U(-0.5, 0.5)`, then saturation `m + U(0, 2) (x - m)` with m the pixel's mean over
    channels, then contrast `m + U(0.5, 1.5) (x - m)` with m the image's mean. `translation`: a shift by whole
    pixels of up to H / 8 and W / 8, zeros moving in. `cutout`: zeros in a rectangle of H / 2 by W / 2 whose centre
    is anywhere in the image and which the image's border clips. Gradients flow to the images. At inference images
    pass as they are.

    Each call draws anew, from a state that is among the network's variables: a checkpoint brings it back.

    Args:
        policy: some of color, translation and cutout, by commas, in the order in which they are applied.
        seed: where the draws begin, a whole number.
    """

    def __init__(self, policy=POLICY, seed=0, **kwargs):
        super().__init__(**kwargs)
        names = policy.split(",") if isinstance(policy, str) else []
        if not names or len(set(names)) < len(names) or not set(names) <= set(_PARTS):
            raise InputError(f"the policy of DiffAugment must be some of {', '.join(_PARTS)}, by commas and each once; "
                             f"received {policy!r}")
        self.policy, self.seed = policy, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        """images [B, H, W, C] -> augmented images; the images themselves unless `training`."""
        if training:
            for name in self.policy.split(","):
                images = _PARTS[name](images, self._uniform)
        return images

    def _uniform(self, images):
        """U[0, 1) for each image, [B]; replicas share the state and take a share each of what it gives."""
        context = tf.distribute.get_replica_context()
        replicas, place = (context.num_replicas_in_sync, context.replica_id_in_sync_group) if context else (1, 0)
        batch = tf.shape(images)[0]
        draws = tf.random.stateless_uniform([batch * replicas], self.seed_generator.next(), alg="philox")
        return draws[place * batch :][:batch]

    def compute_output_shape(self, input_shape):
        """As the input's."""
        return input_shape

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "policy": self.policy, "seed": self.seed}


def augmented(discriminator, policy=POLICY, seed=0):
    """The same discriminator, sharing its weights, with a `DiffAugment` in front of its images.

    Takes any functional discriminator: of images alone, or of a dict with "images" in it; inputs and outputs
    keep their names. The network stays flat: its layers are those of the discriminator and one more.

    Raises InputError for a network without images among its inputs, and for another policy.
    """
    inputs = keras.tree.map_structure(
        lambda tensor: keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name), discriminator.input)
    images = inputs.get("images") if isinstance(inputs, dict) else inputs
    if not hasattr(images, "shape") or len(images.shape) != 4:
        raise InputError(f"DiffAugment goes in front of a discriminator of images [B, H, W, C]; "
                         f"{discriminator.name!r} takes {discriminator.input_shape}")
    changed = DiffAugment(policy, seed, name="diff_augment")(images)

    def through(layer, *args, **kwargs):
        swap = keras.tree.map_structure(lambda value: changed if value is images else value, (args, kwargs))
        return layer(*swap[0], **swap[1])

    # The layers themselves stand in for their clones: nothing is copied.
    return keras.models.clone_model(discriminator, inputs, clone_function=lambda layer: layer, call_function=through)


def _color(images, uniform):
    def factor():
        return tf.cast(uniform(images)[:, None, None, None], images.dtype)

    images = images + (factor() - 0.5)
    grey = tf.reduce_mean(images, axis=-1, keepdims=True)
    images = grey + 2.0 * factor() * (images - grey)
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return mean + (factor() + 0.5) * (images - mean)


def _translation(images, uniform):
    for axis in (1, 2):
        size = images.shape[axis]
        most = int(size / 8 + 0.5)
        padding = [[0, 0]] * 4
        padding[axis] = [most, most]
        first = _whole(uniform(images), 2 * most + 1)
        kept = first[:, None] + tf.range(size)
        images = tf.gather(tf.pad(images, padding), kept, axis=axis, batch_dims=1)
    return images


def _cutout(images, uniform):
    rows, columns = (_in_hole(images.shape[axis], uniform(images)) for axis in (1, 2))
    hole = rows[:, :, None] & columns[:, None, :]
    return images * tf.cast(~hole, images.dtype)[..., None]


def _in_hole(size, uniform):
    """Which of `size` places, [B, size], a hole of half the size covers."""
    hole = int(size / 2 + 0.5)
    first = _whole(uniform, size + 1 - hole % 2)[:, None] - hole // 2
    places = tf.range(size)
    return (places >= first) & (places < first + hole)


def _whole(uniform, num):
    """Whole numbers in 0..num - 1 from U[0, 1)."""
    return tf.cast(uniform * num, tf.int32)


_PARTS = {"color": _color, "translation": _translation, "cutout": _cutout}
