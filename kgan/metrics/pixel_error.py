"""How far a student's images are from its teacher's, value by value."""

import numpy as np

from kgan.errors import InputError

NAME = "pixel_mse"


def pixel_mse(teacher_images, student_images):
    """Mean over images and their values of the squared difference, in units of [-1, 1]: 0 to 4.

    Eq. 3 of Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), as a mean, on images as they
    are shown: of both x / 127.5 - 1 is taken.

    Args:
        teacher_images, student_images: uint8 [N, H, W, C], from the same latents.

    Raises:
        InputError: unlike shapes, no image, or another type.
    """
    shapes = [getattr(images, "shape", None) for images in (teacher_images, student_images)]
    if shapes[0] != shapes[1] or not shapes[0] or len(shapes[0]) != 4 or not shapes[0][0]:
        raise InputError(f"{NAME} compares images [N, H, W, C] of the same latents; received {shapes[0]} and "
                         f"{shapes[1]}")
    if teacher_images.dtype != np.uint8 or student_images.dtype != np.uint8:
        raise InputError(f"{NAME} compares uint8 images; received {teacher_images.dtype} and {student_images.dtype}")
    total = 0.0
    for one, other in zip(teacher_images, student_images, strict=True):  # an image at a time, in little memory
        total += float(np.square((one.astype(np.float64) - other) / 127.5).mean())
    return total / len(teacher_images)
