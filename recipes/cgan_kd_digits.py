"""A light classifier of digits from ten labels a class and from filtered samples of a conditional GAN.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
    Regression" (2021), sections 3 and 5; its ablation of figure 9.
Deviations: scikit-learn's digits at 16x16, `per_class` of each class to learn from, all others to test on; the split
    is the same for every seed. Small BigGAN, ResNets and density-ratio network, short trainings, learning rates to
    match. Images stay in [-1, 1]; the teacher judges samples without its training's augmentation.
Run: python cli.py fit recipes/cgan_kd_digits.py [--seeds 0,1,2]
Expected: not known yet: its smoke form has been run.
Time: some 15 minutes on two CPU cores, a seed (estimated)
"""

import keras

from kgan.data import digits
from kgan.networks.biggan import biggan_discriminator, biggan_generator
from kgan.networks.cgan_features import classification_features
from kgan.networks.density_ratio import density_ratio_network
from kgan.networks.resnet import resnet
from kgan.stages import subsampling
from kgan.stages.cgan import class_cgan
from kgan.stages.cgan_kd import Sampling, cgan_kd_stages
from kgan.stages.cgan_kd_sweeps import Sweeps
from kgan.stages.predictors import Plan

OP_THREADS = 1  # many small operations side by side: an operation a core beats all cores on one operation

SMOKE = {"per_class": 4, "teacher_steps": 2, "cgan_width": 8, "cgan_steps": 2, "cgan_batch_size": 8, "critic_steps": 2,
         "features_steps": 2, "ratio_steps": 30, "ratio_learning_rate": 1e-2, "penalty": 10.0,
         "batch_size": 8, "plain_steps": 2, "student_steps": 2, "per_label": 6,
         "num_fakes": 20, "burn_in": 40, "filter_burn_in": 2, "sampling_batch_size": 16, "quantize": ("none",),
         "floor": 1e-9, "rho": 1.0, "arms": ("nokd_longer", "unprocessed", "m1", "m1_m2", "m1_m2+blkd"),
         "sweep_teachers": (8,)}


def recipe(
    image_size=16,
    per_class=10,
    teacher_depth=14,
    teacher_width=16,
    teacher_steps=600,
    student_depth=8,
    student_width=4,
    plain_steps=1000,
    student_steps=1000,
    batch_size=32,
    learning_rate=0.05,
    cgan_width=32,
    cgan_steps=2500,
    cgan_batch_size=32,
    cgan_learning_rate=5e-4,
    critic_learning_rate=2e-3,
    critic_steps=2,
    policy="translation",
    ema_decay=0.99,
    features_steps=400,
    feature_dim=64,
    ratio_steps=400,
    ratio_learning_rate=1e-3,
    penalty=0.1,
    per_label=400,
    num_fakes=2000,
    burn_in=200,
    sampling_batch_size=200,
    floor=1e-3,
    rho=0.9,
    mode="code",
    filter_burn_in=100,
    arms=("nokd_longer", "unprocessed", "m1", "m1_m2", "nokd+blkd", "nokd_longer+blkd", "unprocessed+blkd",
          "m1_m2+blkd"),
    from_scratch=False,
    sweep_fakes: tuple[int, ...] = (),
    sweep_rho: tuple[float, ...] = (),
    sweep_teachers: tuple[int, ...] = (),  # depths of further teachers for M2
    quantize=("none", "int8"),
    seed=0,
):
    """`per_class` real images of each class are known; `num_fakes` of `per_label` samples a class join them."""
    shape, classes = (image_size, image_size, 1), 10

    def parts():
        return digits.load(image_size).few_per_class(per_class, seed=0)

    def train():
        return parts()[0]

    def test():
        return parts()[1]

    def plan(steps, rate=learning_rate):
        return Plan(steps, batch_size, rate)

    cgan = class_cgan(
        train, lambda num: biggan_generator(cgan_width, num, shape),
        lambda num: biggan_discriminator(cgan_width, num, shape), steps=cgan_steps, batch_size=cgan_batch_size,
        critic_steps=critic_steps, policy=policy or None, ema_decay=ema_decay, ema_start=None,
        optimizers=[lambda: keras.optimizers.Adam(cgan_learning_rate, 0.0, 0.999),
                    lambda: keras.optimizers.Adam(critic_learning_rate, 0.0, 0.999)])
    ratio = subsampling.ratio(
        train, lambda _: density_ratio_network(feature_dim, classes, hidden=(256, 128, 64)), steps=ratio_steps,
        batch_size=batch_size, penalty=penalty,
        optimizer=lambda: keras.optimizers.Adam(ratio_learning_rate, 0.5, 0.999))
    sweeps = Sweeps(sweep_fakes, sweep_rho, {
        f"resnet{depth}": (lambda depth=depth: resnet(depth, classes, shape, teacher_width), plan(teacher_steps))
        for depth in sweep_teachers})
    return cgan_kd_stages(
        train, test, cgan=(cgan, cgan_steps), ratio=(ratio, ratio_steps),
        teacher=(lambda: resnet(teacher_depth, classes, shape, teacher_width), plan(teacher_steps)),
        features=(lambda: classification_features(classes, shape, 8, 16, feature_dim, (128, 64)), plan(features_steps)),
        student=(lambda: resnet(student_depth, classes, shape, student_width), plan(plain_steps),
                 plan(student_steps, learning_rate if from_scratch else 0.2 * learning_rate)),
        sampling=Sampling(per_label, num_fakes, burn_in, sampling_batch_size, rho, mode, filter_burn_in, floor=floor),
        arms=arms, from_scratch=from_scratch, quantize=quantize, sweeps=sweeps)
