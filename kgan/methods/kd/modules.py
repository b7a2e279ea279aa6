"""Pieces that the trained parts of techniques are made of, with the batch norm of PyTorch's defaults."""

from keras import layers

from kgan.errors import InputError


def conv(x, filters, size=1, stride=1, padding="same", bias=True, name=None):
    """A convolution; of stride 2 it is padded by one place on every side."""
    if stride == 2:
        x, padding = layers.ZeroPadding2D(1)(x), "valid"
    return layers.Conv2D(filters, size, stride, padding, use_bias=bias, name=name)(x)


def batch_norm(x, name=None):
    """Batch norm, synchronised over replicas."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True, name=name)(x)


def conv_bn_relu(x, filters, size=1, bias=True, name=None):
    """Convolution, batch norm, ReLU; the ReLU has the name, the others end in _conv and _bn."""
    inner = [None, None] if name is None else [f"{name}_conv", f"{name}_bn"]
    return layers.ReLU(name=name)(batch_norm(conv(x, filters, size, bias=bias, name=inner[0]), inner[1]))


def regressor(x, target, title, relu=True):
    """Maps of the shape of `target`, from maps of another size and width; FitNet's, which AB takes too.

    A 1x1 convolution between maps of one size; a 3x3 one of stride 2 from maps twice as large; a transposed 4x4 one
    of stride 2 from maps half as large; from larger ones a convolution without padding whose kernel is what they are
    larger by, and one. Then batch norm and ReLU.

    Args:
        x, target: symbolic maps [B, H, W, C]. target's shape alone counts.
        title: the technique's, for messages.
        relu: whether the ReLU follows.

    Raises InputError for maps that are smaller by another factor than 2, or no maps.
    """
    if len(x.shape) != 4 or len(target.shape) != 4:
        raise InputError(f"{title} compares maps [B, H, W, C]; received features of {tuple(x.shape[1:])} of the "
                         f"student and {tuple(target.shape[1:])} of the teacher")
    (height, width), (wanted, wide), filters = x.shape[1:3], target.shape[1:3], target.shape[-1]
    if (height, width) == (wanted, wide):
        x = conv(x, filters)
    elif (height, width) == (2 * wanted, 2 * wide):
        x = conv(x, filters, 3, 2)
    elif (2 * height, 2 * width) == (wanted, wide):
        x = layers.Conv2DTranspose(filters, 4, 2, "same")(x)
    elif height >= wanted and width >= wide:
        x = layers.Conv2D(filters, (1 + height - wanted, 1 + width - wide))(x)
    else:
        raise InputError(f"{title} has no connector from the student's maps of {height}x{width} to the teacher's of "
                         f"{wanted}x{wide}: they may be larger, or smaller by a factor of 2; name other layers")
    x = batch_norm(x)
    return layers.ReLU()(x) if relu else x
