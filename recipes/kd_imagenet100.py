"""A method of knowledge distillation on ImageNet-100 with the paper's networks and schedule: VGG19 to VGG8.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
    Regression" (2021), section 5.1, table 4; settings its text does not print are those of its code. Steps are its 240
    epochs times the whole batches in an epoch of 118,503 images.
Deviations: images stay in [-1, 1], where the code takes off channel means; which 10,000 images the paper tests on is
    printed nowhere, here they are drawn once.
Run: python cli.py fit recipes/kd_imagenet100.py --set images=DIR
    DIR holds a folder for each of the hundred classes. `--set method=crd --set teacher=wrn40_2 --set student=wrn40_1`
    takes another method and pair. `--set teacher_file=FILE.keras` takes a finished teacher of the hundred classes, in
    the order of the folders' names. `--smoke` runs on scikit-learn's digits, without images of your own.
Expected: not known. The full recipe asks for days on a GPU and has not been run; its smoke form has.
Time: days on a GPU (not run); its --smoke form a minute on two CPU cores
"""

from kgan.data import class_folders, digits
from kgan.errors import InputError
from kgan.networks.classifiers import classifier
from kgan.stages.kd import Networks, kd_stages
from kgan.stages.kd_published import learning_rate, pair_of
from kgan.stages.predictors import Plan

SMOKE = {"stand_in": True, "image_size": 16, "num_classes": 10, "method": "sskd", "teacher": "resnet14",
         "student": "resnet8", "steps": 8, "batch_size": 8, "quantize": ()}


def recipe(
    images=None,
    stand_in=False,
    num_classes=100,
    num_test=10_000,
    image_size=128,
    method="blkd",
    teacher="vgg19",
    teacher_file=None,
    student="vgg8",
    assistant=None,
    steps=222_000,
    batch_size=128,
    l2=5e-4,
    kd_weight: float | None = None,
    temperature: float | None = None,
    quantize=("none", "float16", "dynamic", "int8"),
    seed=0,
):
    """`images` is the folder; `kd_weight` is the method's own term's and `temperature` that of soft labels.

    Where these are None, they are the published ones.
    """
    if images is None and not stand_in:
        raise InputError("the setting images names the folder of ImageNet-100, with a folder for each class in it: "
                         "give --set images=DIR, or try --smoke")
    shape = (image_size, image_size, 3)
    given = {"kd_weight": kd_weight, "temperature": temperature}
    given = {name: value for name, value in given.items() if value is not None}
    if method.lower() == "sskd":
        given["ce_weight"] = 1.0  # the default of its code, where CIFAR-100's script says 0.1
    pair = pair_of(teacher, student, assistant)

    def load(split):
        if stand_in:
            return digits.load_few(split, image_size, 3)
        found = class_folders.load(images, image_size, split, num_test)
        if found.num_classes != num_classes:
            raise InputError(f"{images} has folders of {found.num_classes} classes, not {num_classes}: give --set "
                             f"num_classes={found.num_classes}, or the folder of ImageNet-100")
        return found

    def plan(rate):
        return Plan(steps, batch_size, rate, l2=l2, augment="resized_crop_flip")

    return kd_stages(
        lambda: load("train"), lambda: load("test"), pairs=[pair], methods=[method],
        networks=Networks(lambda name: classifier(name, num_classes, shape), lambda name: plan(0.05),
                          lambda name, method: plan(learning_rate(name)),
                          {pair.teacher: teacher_file} if teacher_file else {}),
        settings={method: given}, quantize=quantize)
