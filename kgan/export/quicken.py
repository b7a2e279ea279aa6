"""Layers of a frozen network in forms that are faster on a CPU, for where it runs again and again.

A 3x3 convolution of many channels takes Winograd's form (`kgan.export.winograd`): all of them together four fifths of
the time of a folded ResNet32x4 (batch 64, 32x32, two cores with AVX2). oneDNN's transposed convolution of stride 1 to
an image of one channel takes three times as long (64 channels, 32x32, batch 128, the same machine) as a product of
matrices and shifted sums; and one on a single place is a product of matrices already. Only forward: the gradients of
the sums are slow. Not for export, whose runtimes have kernels of their own.
"""

import keras
import tensorflow as tf
from keras import layers

from kgan.export.fold import fold, functional_view
from kgan.export.winograd import transformed_kernel, winograd_convolution

FEW_CHANNELS = 4
MANY_CHANNELS = 128  # with fewer, Winograd's transforms take longer than they save


def quicken(model):
    """A functional model that computes the same as `model`, in its own way where that is faster.

    It shares `model`'s weights, but for Winograd's kernels, which are four times as large.

    Args:
        model: a built functional model, such as `fold` gives, whose weights are trained no more.

    Returns:
        `model` itself where there is a GPU, or nothing to gain.
    """
    if tf.config.list_physical_devices("GPU"):
        return model
    quicker = {id(layer): _quicker(layer) for layer in model.layers}
    if not any(quicker.values()):
        return model

    def clone(operation):
        return quicker.get(id(operation)) or operation

    def call(layer, *args, **kwargs):
        kwargs.pop("training", None)
        return layer(*args, **kwargs)

    quick = keras.models.clone_model(functional_view(model), clone_function=clone, call_function=call)
    quick = type(model)(quick._inputs_struct, quick._outputs_struct, name=model.name)
    quick.trainable = False
    return quick


def quickened(model):
    """`quicken(fold(model))`: of a network that is trained no more, the quickest for inference in this process."""
    return quicken(fold(model))


def _quicker(layer):
    """What computes the same as a layer, or as a model within the model, in less time; None where nothing does."""
    if isinstance(layer, keras.Model) and hasattr(layer, "_inputs_struct"):
        quick = quicken(layer)
        return None if quick is layer else quick
    form = _form(layer)
    return form and form(layer, name=layer.name)


def _form(layer):
    if type(layer) is layers.Conv2D:
        return _Winograd if _is_wide(layer) else None
    if type(layer) is not layers.Conv2DTranspose or layer.data_format != "channels_last":
        return None
    if tuple(layer.dilation_rate) != (1, 1) or layer.output_padding is not None or None in layer.input.shape[1:]:
        return None
    if layer.padding == "valid" and tuple(layer.input.shape[1:3]) == (1, 1):
        return _OnOnePlace
    if layer.padding == "same" and tuple(layer.strides) == (1, 1) and layer.filters <= FEW_CHANNELS:
        return _ByShifts
    return None


def _is_wide(layer):
    if layer.compute_dtype != "float32" or layer.data_format != "channels_last" or None in layer.input.shape[1:]:
        return False
    plain = (layer.kernel_size, layer.strides, layer.dilation_rate, layer.groups) == ((3, 3), (1, 1), (1, 1), 1)
    _, height, width, channels = layer.input.shape
    return (plain and layer.padding == "same" and height % 4 == width % 4 == 0
            and min(channels, layer.filters) >= MANY_CHANNELS)


class _Form(layers.Layer):
    """A layer that computes in its own way what `source`, whose weights it uses, computes."""

    def __init__(self, source, **kwargs):
        super().__init__(dtype=source.dtype_policy, **kwargs)
        self.source = source

    def finish(self, x):
        """Adds the bias and applies the activation."""
        if self.source.bias is not None:
            x = x + tf.cast(self.source.bias, x.dtype)
        return self.source.activation(x)

    def taps(self, x):
        """[B, H, W, C] -> [B * H * W, height * width * filters]: every place's share in every output."""
        kernel = tf.cast(self.source.kernel, x.dtype)  # [height, width, filters, C]
        channels = kernel.shape[-1]
        return tf.matmul(tf.reshape(x, (-1, channels)), tf.reshape(kernel, (-1, channels)), transpose_b=True)


class _Winograd(_Form):
    """A 3x3 convolution of stride 1 with as many places out as in."""

    def __init__(self, source, **kwargs):
        super().__init__(source, **kwargs)
        self.transformed = transformed_kernel(source.kernel)

    def call(self, x):
        """[B, H, W, C] -> [B, H, W, filters]."""
        return self.finish(winograd_convolution(x, self.transformed))


class _OnOnePlace(_Form):
    """A valid transposed convolution of a map of 1x1."""

    def call(self, x):
        """[B, 1, 1, C] -> [B, height, width, filters]."""
        return self.finish(tf.reshape(self.taps(x), (-1, *self.source.kernel.shape[:3])))


class _ByShifts(_Form):
    """A transposed convolution of stride 1 with as many places out as in, to few channels."""

    def call(self, x):
        """[B, H, W, C] -> [B, H, W, filters]."""
        kernel_height, kernel_width, filters, _ = self.source.kernel.shape
        _, height, width, _ = x.shape
        y = tf.reshape(self.taps(x), (-1, height, width, kernel_height, kernel_width, filters))
        # Output i takes tap k of place i + before - k, as "same" cuts `before` places at the start.
        above, left = (kernel_height - 1) // 2, (kernel_width - 1) // 2
        around = [[kernel_height - 1 - above, above], [kernel_width - 1 - left, left]]
        y = tf.pad(y, [[0, 0], *around, [0, 0], [0, 0], [0, 0]])
        first = [kernel_height - 1 - tap for tap in range(kernel_height)]
        rows = tf.add_n([y[:, start : start + height, :, tap] for tap, start in enumerate(first)])
        first = [kernel_width - 1 - tap for tap in range(kernel_width)]
        return self.finish(tf.add_n([rows[:, :, start : start + width, tap] for tap, start in enumerate(first)]))
