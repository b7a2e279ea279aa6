"""What the generators and discriminators of cGAN-KD share: conditional batch norm, pooled attention, projection.

Source: Miyato and Koyama, "cGANs with Projection Discriminator" (2018); Zhang et al., "Self-Attention
Generative Adversarial Networks" (2019), in the form of its published code, with pooled keys and values.
"""

import keras
from keras import layers, ops

from kgan.networks.blocks import BATCH_NORM_MOMENTUM, batch_norm
from kgan.networks.initializers import torch_uniform
from kgan.networks.layers import SpectralConv2D, SpectralDense, SpectralNorm


@keras.saving.register_keras_serializable(package="kgan")
class SpectralEmbedding(SpectralNorm, layers.Embedding):
    """A table of vectors, a row a class, with spectral normalisation: labels int [B] -> [B, output_dim].

    The table is the matrix [classes, output_dim] that is divided by its largest singular value.
    """

    plain = layers.Embedding
    bias = None

    @property
    def kernel(self):
        """The table as it is stored."""
        return self.embeddings

    def call(self, inputs):
        """Rows of the normalised table."""
        return ops.cast(ops.take(self.normalised_kernel(), ops.cast(inputs, "int32"), axis=0), self.compute_dtype)


@keras.saving.register_keras_serializable(package="kgan")
class Modulation(layers.Layer):
    """[x [B, H, W, C], gamma [B, C], beta [B, C]] -> `x * (1 + gamma) + beta`, the same at every place."""

    def call(self, inputs):
        """The scaled and shifted maps [B, H, W, C]."""
        x, gamma, beta = inputs
        shape = (-1, *[1] * (len(x.shape) - 2), x.shape[-1])
        return x * (1.0 + ops.reshape(gamma, shape)) + ops.reshape(beta, shape)

    def compute_output_shape(self, input_shape):
        """As that of x."""
        return input_shape[0]


@keras.saving.register_keras_serializable(package="kgan")
class GatedResidual(layers.Layer):
    """[x, y] of one shape -> `x + sigma * y` with one trainable number sigma that starts at 0."""

    def build(self, input_shape):
        """Adds sigma."""
        self.sigma = self.add_weight((), "zeros", name="sigma")

    def call(self, inputs):
        """The gated sum."""
        x, y = inputs
        return x + self.sigma * y

    def compute_output_shape(self, input_shape):
        """As that of x."""
        return input_shape[0]


@keras.saving.register_keras_serializable(package="kgan")
class Doubling(layers.Layer):
    """Maps of twice the height and width, every value four times: [B, H, W, C] -> [B, 2H, 2W, C].

    `layers.UpSampling2D` with nearest values does the same, but the TFLite converter loses the maps' sizes in it.
    """

    def call(self, x):
        """The doubled maps."""
        _, height, width, channels = x.shape
        x = ops.reshape(ops.concatenate([x, x], axis=3), (-1, height, 1, 2 * width * channels))
        return ops.reshape(ops.concatenate([x, x], axis=2), (-1, 2 * height, 2 * width, channels))

    def compute_output_shape(self, input_shape):
        """Twice the height and width."""
        batch, height, width, channels = input_shape
        return batch, 2 * height, 2 * width, channels


@keras.saving.register_keras_serializable(package="kgan")
class FirstChannels(layers.Layer):
    """The first `channels` of the maps' channels: [B, H, W, C] -> [B, H, W, channels]."""

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels

    def call(self, x):
        """The channels kept."""
        return x[..., : self.channels]

    def compute_output_shape(self, input_shape):
        """As the input's, with as many channels as are kept."""
        return (*input_shape[:-1], self.channels)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "channels": self.channels}


def conditional_batch_norm(x, condition, name, momentum=BATCH_NORM_MOMENTUM, initializer=None, dense=layers.Dense):
    """`BN(x) * (1 + Wg c) + Wb c`: batch norm without affine part, then scale and shift by the condition.

    With c a one-hot class, Wg and Wb are tables with a row a class; with c a label's embedding they map
    it. They have no biases. Batch norm is a layer of its own, so that export can take it into a convolution.

    Args:
        x: maps [B, H, W, C].
        condition: [B, n].
        name: of the result; its layers are `name_bn`, `name_gamma` and `name_beta`.
        momentum: of the moving statistics, 1 - the running rate.
        initializer: a function that makes the initial weights of Wg and Wb; None is Xavier-uniform.
        dense: the layer that Wg and Wb are; `SpectralDense` gives them spectral norm.
    """
    initializer = initializer or keras.initializers.GlorotUniform
    gamma, beta = (dense(x.shape[-1], use_bias=False, kernel_initializer=initializer(), name=f"{name}_{part}")
                   (condition) for part in ("gamma", "beta"))
    return Modulation(name=name)([batch_norm(x, f"{name}_bn", momentum, affine=False), gamma, beta])


def pooled_self_attention(x, name, initializer=None, use_bias=True):
    """`x + sigma * conv(attention)`: every place looks at the pooled map; [B, H, W, C] -> the same shape.

    `theta`, `phi` (C / 8 channels) and `g` (C / 2) are 1x1 convolutions of x; phi and g are max-pooled by 2.
    `a_ij = softmax over j (theta_i' phi_j)`, `o_i = sum_j a_ij g_j`, then a 1x1 convolution to C. All four
    have spectral norm. sigma starts at 0.

    Unlike `kgan.networks.layers.SelfAttention`, which looks at all places with C-wide values and has no spectral norm.

    Args:
        x: maps, H and W even.
        name: of the result; its convolutions are `name_theta`, `name_phi`, `name_g` and `name_out`.
        initializer: a function that makes the convolutions' initial kernels; None is Xavier-uniform.
        use_bias: whether they have biases.
    """
    initializer = initializer or keras.initializers.GlorotUniform

    def convolution(x, filters, part):
        return SpectralConv2D(filters, 1, kernel_initializer=initializer(), use_bias=use_bias, name=f"{name}_{part}")(x)

    _, height, width, channels = x.shape
    narrow, half = max(channels // 8, 1), max(channels // 2, 1)
    maps = {part: convolution(x, filters, part) for part, filters in (("theta", narrow), ("phi", narrow), ("g", half))}
    for part in ("phi", "g"):
        maps[part] = layers.MaxPooling2D(2, name=f"{name}_{part}_pool")(maps[part])
    query, key, value = (layers.Reshape((-1, maps[part].shape[-1]), name=f"{name}_{part}_places")(maps[part])
                         for part in ("theta", "phi", "g"))
    found = layers.Attention(name=f"{name}_looks")([query, value, key])
    found = layers.Reshape((height, width, half), name=f"{name}_as_map")(found)
    return GatedResidual(name=name)([x, convolution(found, channels, "out")])


def projection_scores(x, labels, num_classes, initializer):
    """Maps [B, H, W, C] and classes int [B] -> scores [B, 1]: `dense(v) + <e_y, v>`, `v = sum over places ReLU(x)`.

    The dense layer and the table e [num_classes, C] have spectral norm (Miyato and Koyama, 2018, eq. 3).

    Args:
        initializer: a function that makes their initial weights; the bias starts as PyTorch's does.
    """
    _, height, width, channels = x.shape
    x = layers.GlobalAveragePooling2D(name="mean", dtype="float32")(layers.ReLU(name="last_relu")(x))
    v = layers.Rescaling(float(height * width), name="sum", dtype="float32")(x)
    table = SpectralEmbedding(num_classes, channels, embeddings_initializer=initializer(), name="class",
                              dtype="float32")
    match = layers.Dot(-1, name="match", dtype="float32")([table(labels), v])
    realness = SpectralDense(1, kernel_initializer=initializer(), bias_initializer=torch_uniform(channels),
                             name="realness", dtype="float32")(v)
    return layers.Add(name="scores", dtype="float32")([realness, match])
