"""cGAN-KD on CIFAR-100 with the paper's networks, sampling and schedules: ResNet20 under a DenseNet121.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
    Regression" (2021), section 5.1, table 3 (DenseNet121 and ResNet20); settings its text does not print are those of
    its code. Steps are its epochs times the whole batches in an epoch.
Deviations: images stay in [-1, 1] in every network, where the code takes off channel means in classifiers. The
    teacher judges samples without its training's augmentation. 6,700 samples a class are made and all are filtered
    once, where the code draws until 5,000 a class are kept; some 5,100 are expected.
Run: python cli.py fit recipes/cgan_kd_cifar100.py --data-dir DIR [--seeds 0,1,2,3]
    CIFAR-100 comes through tensorflow-datasets. `--set student=vgg8` (resnet8x4, ...) takes another student;
    mobilenetv2, shufflev1 and shufflev2 also take `--set plain_learning_rate=0.01`. `--set
    teacher_file=FILE.keras` takes a finished teacher of the hundred classes in place of training one: images in
    [-1, 1] to logits. `--smoke` runs on scikit-learn's digits, without network.
Expected: not known. The full recipe asks for days on a GPU and has not been run; its smoke form has.
Time: days on a GPU (not run); its --smoke form 2 minutes on two CPU cores
"""

import keras

from kgan.data import cifar100, digits
from kgan.networks.biggan import biggan_discriminator, biggan_generator
from kgan.networks.cgan_features import classification_features
from kgan.networks.classifiers import classifier
from kgan.networks.density_ratio import density_ratio_network
from kgan.stages import subsampling
from kgan.stages.cgan import class_cgan
from kgan.stages.cgan_kd import Sampling, cgan_kd_stages
from kgan.stages.predictors import Plan

SMOKE = {"stand_in": True, "image_size": 16, "teacher": "resnet8", "student": "resnet8", "teacher_steps": 2,
         "plain_steps": 2, "student_steps": 2, "batch_size": 8, "student_batch_size": 8, "cgan_width": 8,
         "cgan_steps": 2, "cgan_batch_size": 8, "features_depth": 8, "features_steps": 2, "features_batch_size": 8,
         "ratio_hidden": (64, 32), "ratio_steps": 30, "ratio_batch_size": 8, "ratio_learning_rate": 1e-2,
         "penalty": 10.0, "per_label": 6, "num_fakes": 20, "burn_in": 40, "sampling_batch_size": 16, "floor": 1e-9,
         "rho": 1.0, "filter_burn_in": 2, "arms": ("m1_m2", "nokd+blkd"), "quantize": ()}


def recipe(
    stand_in=False,
    image_size=32,
    teacher="densenet121",
    teacher_file=None,
    teacher_steps=187_440,
    teacher_learning_rate=0.05,
    student="resnet20",
    plain_steps=187_440,
    student_steps=281_040,
    batch_size=64,
    student_batch_size=128,
    plain_learning_rate=0.05,
    student_learning_rate=0.01,
    cgan_width=256,
    cgan_steps=38_000,
    cgan_batch_size=512,
    cgan_learning_rate=2e-4,
    critic_steps=4,
    policy="color,translation,cutout",
    ema_decay=0.9999,
    ema_start=1000,
    features_depth=34,
    features_steps=68_250,
    features_batch_size=256,
    features_learning_rate=0.1,
    ratio_hidden=(2048, 1024, 512, 256, 128),
    ratio_steps=39_000,
    ratio_batch_size=256,
    ratio_learning_rate=1e-4,
    penalty=0.01,
    per_label=6700,
    num_fakes=100_000,
    burn_in=5000,
    sampling_batch_size=600,
    floor=1e-3,
    rho=0.9,
    mode="code",
    filter_burn_in=1000,
    arms=("m1_m2", "nokd+blkd", "m1_m2+blkd"),
    from_scratch=False,
    quantize=("none", "float16", "dynamic", "int8"),
    data_dir=None,
    seed=0,
):
    """`num_fakes` of `per_label` samples a class, before M2, join the 50,000 real images."""
    shape, classes = (image_size, image_size, 3), 10 if stand_in else len(cifar100.CLASS_NAMES)

    def load(split):
        if not stand_in:
            return cifar100.load(image_size, split, data_dir)
        return digits.load_few(split, image_size, 3)

    def plan(steps, size, rate):  # a tenth of the rate from 150, 180 and 210 of 240 epochs on; L2 5e-4
        return Plan(steps, size, rate, l2=5e-4, augment="crop_flip")

    def ratio_optimizer():
        places = [max(round(epoch / 200 * ratio_steps), 1) for epoch in (80, 150)]
        rates = [ratio_learning_rate, 0.1 * ratio_learning_rate, 0.01 * ratio_learning_rate]
        return keras.optimizers.Adam(keras.optimizers.schedules.PiecewiseConstantDecay(places, rates), 0.5, 0.999)

    cgan = class_cgan(
        lambda: load("train"), lambda num: biggan_generator(cgan_width, num, shape),
        lambda num: biggan_discriminator(cgan_width, num, shape), steps=cgan_steps, batch_size=cgan_batch_size,
        critic_steps=critic_steps, policy=policy or None, augment="flip", ema_decay=ema_decay, ema_start=ema_start,
        optimizers=[lambda: keras.optimizers.Adam(cgan_learning_rate, 0.0, 0.999)] * 2)
    ratio = subsampling.ratio(
        lambda: load("train"), lambda _: density_ratio_network(3 * image_size**2, classes, hidden=ratio_hidden),
        steps=ratio_steps, batch_size=ratio_batch_size, penalty=penalty, l2=1e-4, augment="flip",
        optimizer=ratio_optimizer)
    trained_teacher = (lambda: classifier(teacher, classes, shape),
                       plan(teacher_steps, batch_size, teacher_learning_rate))
    return cgan_kd_stages(
        lambda: load("train"), lambda: load("test"), teacher=teacher_file or trained_teacher, cgan=(cgan, cgan_steps),
        features=(lambda: classification_features(classes, shape, features_depth),
                  Plan(features_steps, features_batch_size, features_learning_rate, (150 / 350, 250 / 350), l2=1e-4,
                       augment="crop_flip")),
        ratio=(ratio, ratio_steps),
        student=(lambda: classifier(student, classes, shape), plan(plain_steps, batch_size, plain_learning_rate),
                 plan(student_steps, student_batch_size, student_learning_rate)),
        sampling=Sampling(per_label, num_fakes, burn_in, sampling_batch_size, rho, mode, filter_burn_in, floor=floor,
                          quantise_first=False),
        arms=arms, from_scratch=from_scratch, quantize=quantize)
