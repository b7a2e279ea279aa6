"""BLKD, AT and CRD on CIFAR-10 within an hour of two cores: ResNet20 to ResNet8.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
    Regression" (2021), section 5.1: the methods, their weights, augmentation and L2.
Deviations: 10,000 images of CIFAR-10 and a few epochs in place of CIFAR-100 and 240; the learning rate falls at the
    same shares of the training. Images stay in [-1, 1].
Run: python cli.py fit recipes/kd_cifar10.py --data-dir DIR --seeds 0,1,2
    CIFAR-10 comes through tensorflow-datasets. `--set methods=...` takes others of the fifteen; `--set teacher=...`
    and `student=...` other networks.
Expected: not measured yet.
Time: not measured yet
"""

from kgan.data import cifar10, digits
from kgan.networks.classifiers import classifier
from kgan.stages.kd import Networks, kd_stages
from kgan.stages.kd_published import pair_of
from kgan.stages.predictors import Plan

SMOKE = {"stand_in": True, "image_size": 16, "teacher": "resnet14", "teacher_steps": 2, "student_steps": 2,
         "batch_size": 8, "methods": ("crd",), "quantize": ()}


def recipe(
    stand_in=False,
    image_size=32,
    teacher="resnet20",
    student="resnet8",
    assistant="resnet14",
    methods=("blkd", "at", "crd"),
    train_split="train[:20%]",
    teacher_steps=780,
    student_steps=624,
    batch_size=64,
    learning_rate=0.05,
    quantize=("none", "int8"),
    data_dir=None,
    seed=0,
):
    """156 steps are an epoch of `train_split`. `assistant` is TAKD's."""
    shape = (image_size, image_size, 3)

    def load(split):
        if not stand_in:
            return cifar10.load(image_size, train_split if split == "train" else split, data_dir)
        few, rest = digits.load(image_size, 3).few_per_class(10, seed=0)
        return few if split == "train" else rest

    def plan(steps):
        return Plan(steps, batch_size, learning_rate, (150 / 240, 180 / 240, 210 / 240), augment="crop_flip")

    return kd_stages(
        lambda: load("train"), lambda: load("test"), pairs=[pair_of(teacher, student, assistant)], methods=methods,
        networks=Networks(lambda name: classifier(name, 10, shape), lambda name: plan(teacher_steps),
                          lambda name, method: plan(student_steps)),
        quantize=quantize)
