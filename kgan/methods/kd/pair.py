"""What student and teacher must be to stand beside each other."""

import keras

from kgan.errors import InputError
from kgan.methods.supervised import predicted_shape


def check_network(network, who, loss):
    """The shape of what a network predicts; InputError unless it is functional and predicts what the loss looks at.

    Args:
        network: of images.
        who: "student" or "teacher", for the message.
        loss: "cross_entropy" or "mse".
    """
    if not isinstance(network, keras.Model) or getattr(network, "inputs", None) is None:
        raise InputError(f"the {who} must be a functional network, whose inner features have names; received "
                         f"{type(network).__name__}")
    return predicted_shape(network, loss)


def check_pair(student, teacher, loss):
    """InputError unless teacher and student are functional networks of the same images and the same classes."""
    own, told = check_network(student, "student", loss), check_network(teacher, "teacher", loss)
    if told != own:
        raise InputError(f"the teacher tells {told[1]} classes, the student {own[1]}: take a teacher trained on the "
                         "student's classes")
    if teacher.input_shape != student.input_shape:
        raise InputError(f"the teacher takes images of {teacher.input_shape[1:]}, the student of "
                         f"{student.input_shape[1:]}: give both networks one image size")
