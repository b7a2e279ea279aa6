"""Pieces that the classifiers, the regressors and the feature networks are made of, as PyTorch defines them."""

from keras import layers

from kgan.networks.initializers import he_fan_out, torch_uniform

BATCH_NORM_MOMENTUM = 0.9
EPSILON = 1e-5  # of batch norm and group norm


def batch_norm(x, name, momentum=BATCH_NORM_MOMENTUM, affine=True):
    """Batch norm, synchronised so that several replicas share one set of moving statistics."""
    return layers.BatchNormalization(momentum=momentum, epsilon=EPSILON, center=affine, scale=affine,
                                     synchronized=True, name=name)(x)


def he_convolution(x, filters, size, stride, name):
    """`convolution` with weights that start as He normal by fan-out."""
    return convolution(x, filters, size, stride, name, he_fan_out())


def torch_convolution(x, filters, size, stride, name):
    """`convolution` with PyTorch's initial weights."""
    return convolution(x, filters, size, stride, name, torch_uniform(size * size * x.shape[-1]))


def convolution(x, filters, size, stride, name, initializer, use_bias=False):
    """A convolution padded by (size - 1) // 2 on every side; a bias starts at 0."""
    padding = "same"
    if stride > 1 and size == 1:
        # Every second place first, then a convolution of stride 1: the same numbers. oneDNN's filter gradient of a
        # strided 1x1 convolution of few channels (4 to 8 at 16x16) writes beyond its memory and ends the process.
        x = layers.MaxPooling2D(1, stride, name=f"{name}_places")(x)
        stride = 1
    if stride > 1:  # "same" would pad one side only
        padding = "valid"
        x = layers.ZeroPadding2D((size - 1) // 2, name=f"{name}_pad")(x)
    return layers.Conv2D(filters, size, stride, padding, use_bias=use_bias, kernel_initializer=initializer,
                         name=name)(x)


def dense(x, units, name, **arguments):
    """A dense layer with PyTorch's initial weights."""
    fan_in = x.shape[-1]
    return layers.Dense(units, kernel_initializer=torch_uniform(fan_in), bias_initializer=torch_uniform(fan_in),
                        name=name, **arguments)(x)


def dense_bn_relu(x, units, name):
    """Dense, batch norm, ReLU; the ReLU has the name, the others end in _dense and _bn."""
    return layers.ReLU(name=name)(batch_norm(dense(x, units, f"{name}_dense"), f"{name}_bn"))


def dense_gn_relu(x, units, name):
    """Dense, group norm of 8 groups, ReLU, named as in `dense_bn_relu`."""
    x = dense(x, units, f"{name}_dense")
    return layers.ReLU(name=name)(layers.GroupNormalization(8, epsilon=EPSILON, name=f"{name}_gn")(x))


def regression_head(features, hidden):
    """Features [B, F] -> value [B, 1], not negative: twice `hidden` units with batch norm and ReLU, 1, ReLU."""
    x = dense_bn_relu(features, hidden, "head1")
    x = dense_bn_relu(x, hidden, "head2")
    return layers.ReLU(name="value", dtype="float32")(dense(x, 1, "value_dense", dtype="float32"))


def one_hot(labels, num_classes):
    """Labels int [B] -> [B, num_classes].

    A dense layer without bias on top looks up a table with a row a class. Its gradient is a plain tensor, which
    L2 decay and Adam treat as PyTorch treats a table's; that of `layers.Embedding` holds only the rows used.
    A label outside 0 to num_classes - 1 gives zeros.
    """
    return layers.CategoryEncoding(num_classes, "one_hot", name="class")(labels)
