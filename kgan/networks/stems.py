"""The first layers of a network: for small images, and for large ones, which they halve.

Source: Ding et al., "Distilling and transferring knowledge via cGAN-generated samples": its networks for ImageNet-100
(128x128) and, without the pooling, for regression at 64x64.
"""

from keras import layers

from kgan.networks.blocks import batch_norm, he_convolution

LARGE = 128


def is_large(image_shape):
    """Whether a classifier of images (H, W, C) takes its form for ImageNet-100: both sides are at least 128."""
    return all(isinstance(side, int) and side >= LARGE for side in tuple(image_shape)[:2])


def classifier_stem(images, filters, size, large, convolution=he_convolution):
    """The layers up to `f0` of a classifier whose stem ends in a ReLU: `halving_stem` with a pool for large images.

    For small images a convolution of `size` x `size` places, batch norm and ReLU: [B, H, W, C] -> [B, H, W, filters].
    """
    if large:
        return halving_stem(images, filters, True, "f0", convolution)
    x = batch_norm(convolution(images, filters, size, 1, "stem_conv"), "stem_bn")
    return layers.ReLU(name="f0")(x)


def halving_stem(images, filters, pooled, name, convolution=he_convolution):
    """A 4x4 convolution of stride 2, batch norm, ReLU: [B, H, W, C] -> [B, H / 2, W / 2, filters].

    Args:
        images: a symbolic tensor.
        filters: channels of the result.
        pooled: whether a max pool over 3x3 places with stride 2 follows, to [B, H / 4, W / 4, filters].
        name: of the last layer.
        convolution: `he_convolution` or `torch_convolution`, for the initial weights.
    """
    x = batch_norm(convolution(images, filters, 4, 2, "stem_conv"), "stem_bn")
    x = layers.ReLU(name="stem_relu" if pooled else name)(x)
    if not pooled:
        return x
    x = layers.ZeroPadding2D(1, name="stem_pad")(x)  # zeros win no maximum: after a ReLU nothing is below
    return layers.MaxPooling2D(3, 2, name=name)(x)
