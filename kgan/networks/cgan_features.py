"""Feature networks in whose space density ratios are estimated: a classifier's, and a sparse autoencoder's.

Source: Ding et al., "Efficient Subsampling of Realistic Images From GANs Conditional on a Class or a Continuous
Variable" (2022): a ResNet34 with a wide layer for classes, a sparse autoencoder with a predictor for one
continuous label.
"""

import math

import keras
from keras import layers

from kgan.networks.blocks import batch_norm, dense, dense_bn_relu
from kgan.networks.checks import check_count, check_share, check_square, check_widths
from kgan.networks.initializers import torch_uniform
from kgan.networks.resnet import resnet_trunk

AUTOENCODER_SIZES = (16, 32, 64)
# Channels after the two convolutions of each stage, in units of the width; smaller images have the first stages.
_ENCODER = ((1, 1), (1, 2), (2, 4), (4, 4))
# The same for the decoder; smaller images keep the stages that fit the narrower map it starts from.
_DECODER = {64: ((4, 2), (2, 1), (1, 1), (1, 1)), 32: ((4, 2), (2, 1), (1, 1)), 16: ((2, 1), (1, 1))}


def classification_features(num_classes, image_shape=(32, 32, 3), depth=34, width=None, feature_dim=None,
                            hidden=(1024, 256), dropout=0.5, pool_after=(), name="features"):
    """Images [B, H, W, C] -> {"features": [B, feature_dim], "logits": [B, num_classes]}.

    A ResNet, average pool and a dense layer without activation: its outputs are the features. The head that
    trains them: batch norm, ReLU and dropout, then for each of `hidden` dense, batch norm, ReLU and dropout,
    then the logits.

    Args:
        num_classes: number of logits.
        image_shape: (H, W, C), H and W multiples of 4 (6n+2) or 8 (18, 34, 50), twice that for each of
            `pool_after`; C = 1 or 3.
        depth, width: of the ResNet, as in `resnet`; the paper's is 34.
        feature_dim: number of features; None is the paper's, H * W * C.
        hidden: widths of the head's hidden layers.
        dropout: share of units that are zeroed in training.
        pool_after: stages of the ResNet, counted from 1, behind which a 2x2 max pool stands; (1, 2) for the paper's
            images of 128x128.

    Raises:
        InputError: an argument is not one of these.
    """
    check_count("num_classes", num_classes, 2)
    hidden = check_widths("hidden", hidden)
    check_share("dropout", dropout)
    feature_dim = _feature_dim(feature_dim, image_shape)
    images = keras.Input(image_shape, name="images")
    pooled = resnet_trunk(images, depth, width, pool_after=pool_after)
    features = dense(pooled, feature_dim, "features", dtype="float32")
    x = layers.ReLU(name="features_relu")(batch_norm(features, "features_bn"))
    x = layers.Dropout(dropout, name="features_dropout")(x)
    for number, units in enumerate(hidden, start=1):
        x = dense_bn_relu(x, units, f"hidden{number}")
        x = layers.Dropout(dropout, name=f"hidden{number}_dropout")(x)
    logits = dense(x, num_classes, "logits", dtype="float32")
    return keras.Model(images, {"features": features, "logits": logits}, name=name)


def sparse_autoencoder(image_shape=(64, 64, 3), width=64, feature_dim=None, hidden=(1024, 512, 256),
                       name="autoencoder"):
    """Images [B, H, W, C] in [-1, 1] -> {"features": [B, feature_dim], "images": as given, "labels": [B, 1]}.

    Encoder: stages of a 4x4 convolution of stride 2 and a 3x3 one, to 4x4 (64x64: channels 1 1, 1 2, 2 4 and 4 4
    times `width`; a stage fewer for each halving), a dense layer and ReLU: features, not negative. Decoder: a
    dense layer back to 4x4, then the same with transposed convolutions, a 1x1 convolution and tanh. Predictor:
    `hidden`, then one unit with ReLU. Batch norm and ReLU after every layer in between.

    Args:
        image_shape: (H, W, C), H = W one of 16, 32 and 64, C = 1 or 3.
        width: channels of the first stage; the paper's is 64.
        feature_dim: number of features; None is the paper's, H * W * C.
        hidden: widths of the predictor's hidden layers.

    Raises:
        InputError: an argument is not one of these.
    """
    size, channels = check_square("autoencoder", image_shape, AUTOENCODER_SIZES)
    check_count("the width", width)
    hidden = check_widths("hidden", hidden)
    feature_dim = _feature_dim(feature_dim, image_shape)
    images = keras.Input(image_shape, name="images")
    x = images
    decoder = _DECODER[size]
    for number, (first, second) in enumerate(_ENCODER[: len(decoder)], start=1):
        x = _convolution(x, first * width, 4, 2, f"encoder{number}_half")
        x = _convolution(x, second * width, 3, 1, f"encoder{number}")
    map_shape = x.shape[1:]
    x = dense(layers.Flatten(name="encoded")(x), feature_dim, "features_dense")
    features = layers.ReLU(name="features", dtype="float32")(x)

    x = dense_bn_relu(features, math.prod(map_shape), "decoder0")
    x = layers.Reshape(map_shape, name="as_map")(x)
    for number, (first, second) in enumerate(decoder, start=1):
        x = _convolution(x, first * width, 4, 2, f"decoder{number}_double", layers.Conv2DTranspose)
        x = _convolution(x, second * width, 3, 1, f"decoder{number}")
    x = _plain(layers.Conv2D, x, channels, 1, 1, "image_conv")
    restored = layers.Activation("tanh", name="image", dtype="float32")(x)

    x = features
    for number, units in enumerate(hidden, start=1):
        x = dense_bn_relu(x, units, f"predictor{number}")
    labels = layers.ReLU(name="labels", dtype="float32")(dense(x, 1, "labels_dense", dtype="float32"))
    return keras.Model(images, {"features": features, "images": restored, "labels": labels}, name=name)


def _convolution(x, filters, size, stride, name, kind=layers.Conv2D):
    x = batch_norm(_plain(kind, x, filters, size, stride, f"{name}_conv"), f"{name}_bn")
    return layers.ReLU(name=name)(x)


def _plain(kind, x, filters, size, stride, name):
    # PyTorch takes the outputs' channels for the inputs' in a transposed convolution.
    fan_in = size * size * (filters if kind is layers.Conv2DTranspose else x.shape[-1])
    return kind(filters, size, stride, "same", kernel_initializer=torch_uniform(fan_in),
                bias_initializer=torch_uniform(fan_in), name=name)(x)


def _feature_dim(feature_dim, image_shape):
    if feature_dim is None:
        return math.prod(image_shape)
    check_count("feature_dim", feature_dim)
    return feature_dim
