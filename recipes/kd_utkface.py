"""FitNet, AT and RKD on UTKFace with the paper's networks and schedule: VGG11 to ResNet20.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
    Regression" (2021), section 5.2, table 5. Steps are its code's 350 epochs times the whole batches in an epoch of
    about 11,808 training images. No code of the three methods for regression is published: the loss is MSE + b L with
    the weights and layers of classification, and no soft labels.
Deviations: none known, but that the split of the ages is drawn anew.
Run: python cli.py fit recipes/kd_utkface.py --set images=DIR
    DIR holds UTKFace's aligned and cropped photographs; or give the h5 file of CcGAN's authors, whose 14,760 images
    are the paper's. `--set teacher=resnet34 --set student=wrn16_1` takes another pair, `--set methods=at` one method.
    `--smoke` runs on drawn needles.
Expected: not known. The full recipe asks for a day on a GPU and has not been run; its smoke form has.
Time: a day on a GPU (not run); its --smoke form a minute on two CPU cores
"""

from kgan.data import drawn_angles, utkface
from kgan.errors import InputError
from kgan.networks.classifiers import regressor
from kgan.stages.kd import Networks, kd_stages
from kgan.stages.kd_published import pair_of
from kgan.stages.predictors import Plan

SMOKE = {"stand_in": True, "image_size": 16, "teacher": "resnet14", "student": "resnet8", "steps": 2,
         "batch_size": 8, "methods": ("at",), "quantize": ()}


def recipe(
    images=None,
    stand_in=False,
    image_size=64,
    teacher="vgg11",
    student="resnet20",
    methods=("fitnet", "at", "rkd"),
    steps=32_200,
    batch_size=128,
    learning_rate=0.01,
    l2=5e-4,
    quantize=("none", "float16", "dynamic", "int8"),
    seed=0,
):
    """`images` is a folder or an h5 file; `stand_in` puts drawn needles in its place where it is not given."""
    if images is None and not stand_in:
        raise InputError(f"the setting images names the folder of UTKFace's photographs, or CcGAN's h5 file: get them "
                         f"from {utkface.URL} and give --set images=PATH")
    shape = (image_size, image_size, 3)

    def load(split):
        if images is not None:
            return utkface.load(images, image_size, split)
        return drawn_angles.load(image_size, {"train": 40, "test": 30}[split], split)

    def plan(*_):  # a tenth of the rate from 150 and 250 of 350 epochs on
        return Plan(steps, batch_size, learning_rate, (150 / 350, 250 / 350), l2=l2, augment="flip",
                    draw="replacement")

    return kd_stages(lambda: load("train"), lambda: load("test"), pairs=[pair_of(teacher, student)], methods=methods,
                     networks=Networks(lambda name: regressor(name, shape), plan, plan), whole_units=True,
                     quantize=quantize)
