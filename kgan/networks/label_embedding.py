"""Improved label input of CcGAN: continuous labels as vectors, learned through images.

A first network maps images to vectors h, from which `h2y` reads the label back; a second, `y2h`, learns to map
labels to vectors that h2y reads as those labels. The GAN uses y2h alone, frozen.

Source: Ding et al., "Continuous Conditional Generative Adversarial Networks: Novel Empirical Losses and Label
Input Mechanisms" (2021), the improved label input (ILI).
"""

import keras
from keras import layers

from kgan.errors import InputError
from kgan.networks.blocks import dense, dense_bn_relu, dense_gn_relu
from kgan.networks.checks import check_count, check_grouped
from kgan.networks.resnet import resnet_trunk

_ABOVE_ZERO = 1e-8  # added to labels, as the authors' code does


def label_encoder(image_shape=(64, 64, 3), depth=34, width=None, hidden=512, dim=128, name="label_encoder"):
    """Images [B, H, W, C] in [-1, 1] -> {"embedding": h [B, dim], "labels": [B, 1], not negative}.

    A ResNet whose stages all have stride 2, average pool, `hidden` units and `dim` units, each with batch norm
    and ReLU (the latter is h), then `embedding_to_label`, nested: `get_layer("h2y")` is that part, with
    its weights. With the defaults it has 21,610,945 trainable parameters.

    Args:
        image_shape: (H, W, C), H and W multiples of the trunk's stride (16 for depth 34, 8 for 6n+2).
        depth, width: of the ResNet, as in `resnet`.
        hidden: units between the pooled features and h.
        dim: length of h.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("hidden", hidden)
    check_count("dim", dim)
    images = keras.Input(image_shape, name="images")
    pooled = resnet_trunk(images, depth, width, first_stride=2)
    embedding = dense_bn_relu(dense_bn_relu(pooled, hidden, "head"), dim, "embedding")
    return keras.Model(images, {"embedding": embedding, "labels": embedding_to_label(dim)(embedding)}, name=name)


def embedding_to_label(dim=128, name="h2y"):
    """h [B, dim] -> labels [B, 1], not negative: a dense layer with ReLU (`h2y`)."""
    check_count("dim", dim)
    embedding = keras.Input((dim,), name="embedding")
    value = dense(embedding, 1, "value_dense", dtype="float32")
    return keras.Model(embedding, layers.ReLU(name="value", dtype="float32")(value), name=name)


def label_to_embedding(dim=128, name="y2h"):
    """Labels float [B] in [0, 1] -> h [B, dim], not negative (`y2h`).

    Four times dense, group norm of 8 groups and ReLU, then dense and ReLU, all `dim` wide: 67,328 parameters
    at 128.

    Raises:
        InputError: `dim` is not a multiple of 8 of at least 24 (group norm leaves nothing of smaller groups).
    """
    check_grouped("dim", dim)
    labels = keras.Input((), name="labels", dtype="float32")
    x = layers.Reshape((1,), name="as_vector")(labels)
    x = layers.Rescaling(1.0, _ABOVE_ZERO, name="above_zero", dtype="float32")(x)
    for number in (1, 2, 3, 4):
        x = dense_gn_relu(x, dim, f"hidden{number}")
    return keras.Model(labels, layers.ReLU(name="embedding")(dense(x, dim, "embedding_dense")), name=name)


def frozen_embedding(embedding):
    """A copy of a label embedding, labels [B] -> [B, n], that is never trained; the original stays as it is.

    Raises:
        InputError: the network does not take labels [B] or does not return vectors.
    """
    if not isinstance(embedding, keras.Model):
        raise InputError(f"embedding must be a network from labels [B] to vectors [B, n], such as "
                         f"label_to_embedding() makes; received {embedding!r}")
    takes, gives = embedding.input_shape, embedding.output_shape
    if takes != (None,) or not isinstance(gives, tuple) or len(gives) != 2:
        raise InputError(f"embedding must map labels [B] to vectors [B, n]; {embedding.name!r} maps {takes} to {gives}")
    copy = keras.models.clone_model(embedding)
    copy.set_weights(embedding.get_weights())
    copy.trainable = False
    return copy
