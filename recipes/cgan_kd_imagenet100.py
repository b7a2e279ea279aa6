"""cGAN-KD on ImageNet-100 at 128x128 with the paper's cGAN, sampling and schedules: a light classifier by name.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
    Regression" (2021), section 5.1; settings its text does not print are those of its code, and of BigGAN-deep's.
Deviations: the discriminator moves before the last of the `cgan_accumulation` batches whose gradients the generator
    gathers, not after an update's own batches. The teacher judges samples without its training's augmentation.
    Images stay in [-1, 1]. Learning rates decay at the same shares of the trainings. The 10,000 images for testing are
    drawn anew.
Run: python cli.py fit recipes/cgan_kd_imagenet100.py --set images=FOLDER
    FOLDER holds a folder of images for each of the hundred classes; their squares are kept beside them, 6.3 GB.
    MobileNetV2 and the ShuffleNets take `--set learning_rate=0.01`. `--smoke` runs on scikit-learn's digits.
Expected: not known. The full recipe asks for weeks on a GPU and has not been run; its smoke form has.
Time: weeks on a GPU (not run); its --smoke form minutes on two CPU cores
"""

import keras

from kgan.data import class_folders, digits
from kgan.errors import InputError
from kgan.networks.biggan_deep import biggan_deep_discriminator, biggan_deep_generator
from kgan.networks.cgan_features import classification_features
from kgan.networks.checks import check_count
from kgan.networks.classifiers import classifier
from kgan.networks.density_ratio import density_ratio_network
from kgan.stages import subsampling
from kgan.stages.cgan import class_cgan
from kgan.stages.cgan_kd import Sampling, cgan_kd_stages
from kgan.stages.predictors import Plan

SMOKE = {"stand_in": True, "num_classes": 10, "image_size": 32, "teacher": "resnet8", "student": "resnet8",
         "teacher_steps": 2, "plain_steps": 2, "student_steps": 2, "batch_size": 8, "student_batch_size": 8,
         "cgan_width": 2, "cgan_depth": 1, "attention_size": 16, "cgan_steps": 2, "cgan_batch_size": 8,
         "cgan_accumulation": 2, "features_depth": 8, "feature_dim": 64, "features_hidden": (32,),
         "features_steps": 2, "features_batch_size": 8, "ratio_hidden": (64, 32), "ratio_steps": 30,
         "ratio_learning_rate": 1e-2, "penalty": 10.0, "per_label": 6, "num_fakes": 20, "burn_in": 40,
         "sampling_batch_size": 16, "floor": 1e-9, "rho": 1.0, "filter_burn_in": 2, "arms": ("m1_m2",),
         "quantize": ()}


def recipe(
    images=None,
    stand_in=False,
    num_classes=100,
    num_test=10_000,
    image_size=128,
    teacher="densenet161",
    teacher_steps=222_000,
    teacher_learning_rate=0.05,
    student="resnet20",
    plain_steps=222_000,
    student_steps=204_720,
    batch_size=128,
    student_batch_size=256,
    learning_rate=0.05,
    student_learning_rate=0.01,
    cgan_width=128,
    cgan_depth=2,
    attention_size=64,
    cgan_steps=96_000,
    cgan_batch_size=128,
    cgan_accumulation=8,
    generator_learning_rate=1e-4,
    discriminator_learning_rate=4e-4,
    policy="color,translation,cutout",
    ema_decay=0.9999,
    ema_start=20_000,
    features_depth=34,
    feature_dim=49_152,
    features_hidden=(1024, 256),
    features_steps=161_700,
    features_batch_size=256,
    ratio_hidden=(2048, 1024, 512, 256, 128),
    ratio_steps=92_400,
    ratio_learning_rate=1e-4,
    penalty=0.01,
    per_label=4400,
    num_fakes=100_000,
    burn_in=1000,
    sampling_batch_size=500,
    floor=1e-3,
    rho=0.9,
    mode="code",
    filter_burn_in=1000,
    arms=("m1_m2", "nokd+blkd", "m1_m2+blkd"),
    from_scratch=False,
    quantize=("none", "float16", "dynamic", "int8"),
    seed=0,
):
    """`images` is the folder; `cgan_steps` counts updates of `cgan_accumulation` batches of `cgan_batch_size` each."""
    shape = (image_size, image_size, 3)
    check_count("cgan_accumulation", cgan_accumulation)

    def load(split):
        if stand_in:
            return digits.load_few(split, image_size, 3)
        if images is None:
            raise InputError("the recipe learns from images of your own: give --set images=FOLDER, with a folder for "
                             "each class in it, or try --smoke")
        found = class_folders.load(images, image_size, split, num_test)
        if found.num_classes != num_classes:
            raise InputError(f"{images} has folders of {found.num_classes} classes, not {num_classes}: give --set "
                             f"num_classes={found.num_classes}, or the folder of ImageNet-100")
        return found

    def train():
        return load("train")

    def test():
        return load("test")

    def adam(rate):
        gathered = None if cgan_accumulation == 1 else cgan_accumulation
        return keras.optimizers.Adam(rate, 0.0, 0.999, gradient_accumulation_steps=gathered)

    def plan(steps, batch_size, rate):
        return Plan(steps, batch_size, rate, augment="resized_crop_flip")

    cgan_batches = cgan_steps * cgan_accumulation
    cgan = class_cgan(
        train, lambda num: biggan_deep_generator(cgan_width, num, shape, depth=cgan_depth,
                                                 attention_size=attention_size),
        lambda num: biggan_deep_discriminator(cgan_width, num, shape, cgan_depth, attention_size),
        steps=cgan_batches, batch_size=cgan_batch_size, critic_steps=1, policy=policy or None, augment="flip",
        ema_decay=ema_decay, ema_start=ema_start,
        optimizers=[lambda: adam(generator_learning_rate), lambda: adam(discriminator_learning_rate)])
    places = [max(round(share * ratio_steps), 1) for share in (0.4, 0.75)]
    rates = [ratio_learning_rate * share for share in (1.0, 0.1, 0.01)]
    ratio = subsampling.ratio(
        train, lambda _: density_ratio_network(feature_dim, num_classes, hidden=ratio_hidden), steps=ratio_steps,
        batch_size=features_batch_size, penalty=penalty, augment="flip",
        optimizer=lambda: keras.optimizers.Adam(
            keras.optimizers.schedules.PiecewiseConstantDecay(places, rates), 0.5, 0.999))
    features = (lambda: classification_features(num_classes, shape, features_depth, None, feature_dim, features_hidden,
                                                pool_after=(1, 2)),
                Plan(features_steps, features_batch_size, 0.1, (0.43, 0.71), l2=1e-4, augment="flip"))
    return cgan_kd_stages(
        train, test, cgan=(cgan, cgan_batches), ratio=(ratio, ratio_steps), features=features,
        teacher=(lambda: classifier(teacher, num_classes, shape),
                 plan(teacher_steps, batch_size, teacher_learning_rate)),
        student=(lambda: classifier(student, num_classes, shape), plan(plain_steps, batch_size, learning_rate),
                 plan(student_steps, student_batch_size, student_learning_rate)),
        sampling=Sampling(per_label, num_fakes, burn_in, sampling_batch_size, rho, mode, filter_burn_in, floor=floor),
        arms=arms, from_scratch=from_scratch, quantize=quantize)
