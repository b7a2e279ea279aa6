"""Methods of knowledge distillation times pairs of networks on CIFAR-100: the paper's tables 2 and 3, cell by cell.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
    Regression" (2021), section 5.1, tables 2 and 3; settings its text does not print are those of its code. Steps are
    its 240 epochs times the whole batches in an epoch.
Deviations: images stay in [-1, 1], where the code takes off channel means. TAKD from ResNet110 to ResNet20 is left
    out: its assistant is printed nowhere.
Run: python cli.py fit recipes/kd_grid.py --data-dir DIR --seeds 0,1,2,3
    Each teacher, plain student and cell is a stage: a run that was stopped goes on with the cell it stood at, and
    cells that are added later (with `--allow-change methods` or `pairs`) find their teachers trained. `--set
    methods=blkd,crd --set pairs=wrn40_2>vgg8,wrn40_2>vgg13>mobilenetv2` chooses (in between: TAKD's assistant); pairs
    that a method cannot serve, and trainings that diverge, are left out and say so in the report. `--smoke` runs on
    scikit-learn's digits, without network.
Expected: not known. The full recipe asks for weeks on a GPU and has not been run; its smoke form has.
Time: weeks on a GPU (not run); its --smoke form two minutes on two CPU cores
"""

from kgan.data import cifar100, digits
from kgan.methods.kd.catalogue import TECHNIQUES
from kgan.networks.classifiers import classifier
from kgan.stages.kd import Networks, kd_stages
from kgan.stages.kd_published import CIFAR100, learning_rate, pairs_of
from kgan.stages.predictors import Plan

SMOKE = {"stand_in": True, "image_size": 16, "methods": ("pkt",),
         "pairs": ("resnet14>resnet8", "resnet14>wrn16_1"), "steps": 2, "batch_size": 8, "quantize": ()}


def recipe(
    stand_in=False,
    image_size=32,
    methods=tuple(TECHNIQUES),
    pairs=CIFAR100,
    steps=187_440,
    batch_size=64,
    l2=5e-4,
    quantize=("none", "int8"),
    data_dir=None,
    seed=0,
):
    """`pairs` are written teacher>student or teacher>assistant>student, by the names of `kgan.networks.classifiers`."""
    shape, classes = (image_size, image_size, 3), 10 if stand_in else len(cifar100.CLASS_NAMES)

    def load(split):
        if not stand_in:
            return cifar100.load(image_size, split, data_dir)
        return digits.load_few(split, image_size, 3)

    def plan(rate):  # a tenth of the rate from 150, 180 and 210 of 240 epochs on
        return Plan(steps, batch_size, rate, l2=l2, augment="crop_flip")

    return kd_stages(
        lambda: load("train"), lambda: load("test"), pairs=pairs_of(pairs), methods=methods,
        networks=Networks(lambda name: classifier(name, classes, shape), lambda name: plan(0.05),
                          lambda name, method: plan(learning_rate(name))),
        quantize=quantize, allow_refused=True, allow_diverged=True)
