"""FitNet: the student's middle layer gives what the teacher's gives, through a regressor.

Source: Romero et al., "FitNets: Hints for Thin Deep Nets" (2015), in one stage together with the other terms, as the
comparison of cGAN-KD has it.
"""

import keras

from kgan.losses.kd.fitnet import hint_loss
from kgan.methods.kd.features import like
from kgan.methods.kd.modules import regressor
from kgan.methods.kd.technique import Technique


class FitNet(Technique):
    """A regressor from the student's second stage to the teacher's, trained along; arguments as of `Technique`.

    Raises InputError for maps that no regressor connects: see `kgan.methods.kd.modules.regressor`.
    """

    key, title, kd_weight = "fitnet", "FitNet", 100.0
    tasks = ("cross_entropy", "mse")
    student_choice = teacher_choice = "hint"

    def __init__(self, student, teacher, student_layers=None, teacher_layers=None):
        super().__init__(student, teacher, student_layers, teacher_layers)
        ((hinted, hint),) = self.pairs()[:1]
        inputs = like([hinted])
        self.modules = keras.Model(inputs, regressor(inputs[0], hint, self.title), name="regressor")

    def loss(self, seen):
        """The mean squared difference of hint and regressor."""
        return hint_loss(seen.made, seen.teacher[0])
