"""uint8 images, 0..255, from TFLite files, in the place of floats in [-1, 1].

Files with float arithmetic end in operators more: MUL, ADD, two bounds and CAST. An `int8` file gives its output's own
quantised values: tanh's are `q = 128 y + 128` (steps of 1/128, as TFLite fixes them), at most one grey level from the
pixel `127.5 y + 127.5`.
"""

import keras
import numpy as np
from keras import layers

from kgan.errors import InputError
from kgan.export.fold import InferenceModel

IMAGE_OUTPUTS = ("float32", "uint8")
PIXEL_RANGE = (0, 255)
MOST_LEVELS_OFF = 2.0  # from a quantised value to the pixel that it stands for


@keras.saving.register_keras_serializable(package="kgan")
class Pixels(layers.Layer):
    """Floats in [-1, 1] -> uint8 pixels, `(x + 1) * 127.5` to the nearest, halves up; what lies beyond is clipped."""

    def call(self, images):
        """Float [B, H, W, C] -> uint8 [B, H, W, C]."""
        # A cast cuts off what stands behind the point, and a value beyond uint8 would come round on its other side.
        return keras.ops.cast(keras.ops.clip(images * 127.5 + 128.0, 0.0, 255.5), "uint8")


def with_pixels(model):
    """An `InferenceModel` that gives the pixels of a folded model's images; it shares the model's layers."""
    pixels = Pixels(name="pixels", dtype="float32")(model.outputs[0])
    made = InferenceModel(model._inputs_struct, pixels, name=model.name)
    made.trainable = False
    return made


def to_pixels(images):
    """What `Pixels` makes of a numpy array of finite floats."""
    return np.clip(np.floor(np.asarray(images, np.float32) * 127.5 + 128.0), 0, 255).astype(np.uint8)


def in_unit(images):
    """uint8 pixels as float32 in [-1, 1]; floats as they are."""
    return images.astype(np.float32) / 127.5 - 1.0 if images.dtype == np.uint8 else images


def check_image_output(image_output):
    """Raise `InputError` unless `image_output` is one of `IMAGE_OUTPUTS`."""
    if image_output not in IMAGE_OUTPUTS:
        raise InputError(f"export: image_output must be one of {', '.join(IMAGE_OUTPUTS)}; received {image_output!r}")


def check_images(network, output_range):
    """Raise `InputError` unless a network of one output gives images [B, H, W, C], C 1 or 3, in [-1, 1]."""
    shape = tuple(network.output_shape)
    if output_range is None or tuple(output_range) != (-1.0, 1.0) or len(shape) != 4 or shape[-1] not in (1, 3):
        raise InputError(f"export: image_output uint8 is for images [B, H, W, C] in [-1, 1]; {network.name!r} gives "
                         f"{shape} in {'an open range' if output_range is None else tuple(output_range)}: leave it out")


def check_file(file, dtype, quantization):
    """Raise `InputError` unless what a file gives can be read as pixels.

    Args:
        file: its name.
        dtype: of its output.
        quantization: (scale, zero point) of an output of quantised values `q`, which stand for
            `scale * (q - zero point)` in [-1, 1]; None where the file computes pixels itself.
    """
    if dtype != "uint8":
        raise InputError(f"export: {file} came out with {dtype} images; export it with image_output float32")
    if quantization is None:
        return
    scale, zero_point = quantization
    levels = np.arange(256)
    off = np.abs((scale * (levels - zero_point) + 1.0) * 127.5 - levels).max()
    if off > MOST_LEVELS_OFF:
        raise InputError(f"export: the values of {file} stand up to {off:.1f} grey levels from pixels, for its network "
                         "does not end with tanh; end it so, or export int8 with image_output float32")
