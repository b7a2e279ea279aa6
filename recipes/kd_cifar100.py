"""A method of knowledge distillation on CIFAR-100 with the paper's networks and schedule: ResNet32x4 to ResNet20.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
    Regression" (2021), section 5.1, tables 2 and 3; settings its text does not print are those of its code. Steps are
    its 240 epochs times the whole batches in an epoch.
Deviations: images stay in [-1, 1], where the code takes off channel means.
Run: python cli.py fit recipes/kd_cifar100.py --data-dir DIR [--seeds 0,1,2,3]
    CIFAR-100 comes through tensorflow-datasets. `--set method=crd --set teacher=wrn40_2 --set student=vgg8` takes
    another method and pair; MobileNetV2 and the ShuffleNets start from a learning rate of 0.01 as published. `--set
    teacher_file=FILE.keras` takes a finished teacher of the hundred classes: images in [-1, 1] to logits. `--set
    student_layers=f1,f2 --set teacher_layers=f2,f3` compares other features. TAKD's assistant is the published one;
    `--set assistant=NAME` names another. `--smoke` runs on scikit-learn's digits, without network.
Expected: not known. The full recipe asks for days on a GPU and has not been run; its smoke form has.
Time: days on a GPU (not run); its --smoke form a minute on two CPU cores
"""

from kgan.data import cifar100, digits
from kgan.networks.classifiers import classifier
from kgan.stages.kd import Networks, kd_stages
from kgan.stages.kd_published import learning_rate, pair_of
from kgan.stages.predictors import Plan

SMOKE = {"stand_in": True, "image_size": 16, "teacher": "resnet14", "student": "resnet8", "assistant": "resnet20",
         "steps": 8, "batch_size": 8, "quantize": ()}


def recipe(
    stand_in=False,
    image_size=32,
    method="blkd",
    teacher="resnet32x4",
    teacher_file=None,
    student="resnet20",
    assistant=None,
    steps=187_440,
    batch_size=64,
    l2=5e-4,
    kd_weight: float | None = None,
    temperature: float | None = None,
    student_layers: tuple[str, ...] = (),
    teacher_layers: tuple[str, ...] = (),
    quantize=("none", "float16", "dynamic", "int8"),
    data_dir=None,
    seed=0,
):
    """`kd_weight` is the method's own term's and `temperature` that of soft labels; None for the published ones.

    The names of layers are those that `kgan.networks.classifiers` lists.
    """
    shape, classes = (image_size, image_size, 3), 10 if stand_in else len(cifar100.CLASS_NAMES)
    given = {"kd_weight": kd_weight, "temperature": temperature, "student_layers": student_layers,
             "teacher_layers": teacher_layers}
    pair = pair_of(teacher, student, assistant)

    def load(split):
        if not stand_in:
            return cifar100.load(image_size, split, data_dir)
        return digits.load_few(split, image_size, 3)

    def plan(rate):  # a tenth of the rate from 150, 180 and 210 of 240 epochs on
        return Plan(steps, batch_size, rate, l2=l2, augment="crop_flip")

    return kd_stages(
        lambda: load("train"), lambda: load("test"), pairs=[pair], methods=[method],
        networks=Networks(lambda name: classifier(name, classes, shape), lambda name: plan(0.05),
                          lambda name, method: plan(learning_rate(name)),
                          {pair.teacher: teacher_file} if teacher_file else {}),
        settings={method: {name: value for name, value in given.items() if value not in (None, ())}}, quantize=quantize)
