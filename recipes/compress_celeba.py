"""Compress a GAN of faces (CelebA, 64x64), with the paper's networks and both of its losses.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), sections 3 and 5, table 1
    (CelebA columns), figures 8 to 11: teacher d = 128, students d = 2 to 64, an ordinary GAN as objective,
    MSE (eq. 3) and joint loss (eq. 4, alpha = 1e-4, sums over an image).
Deviations: settings the paper does not print are those of the works it cites: Adam 2e-4, betas 0.5 and
    0.999, batches of 128. Steps are not printed either. Controls get the better of two learning rates.
    IS and the Frechet distance stand on a small classifier of CelebA's attributes Male and Smiling, not on
    Inception: its numbers are not to be compared with the paper's. The joint loss is tried with the
    discriminator's loss unweighted; `--set joint_mode=paper` gives the printed one.
Run: python cli.py fit recipes/compress_celeba.py --data-dir DIR
    CelebA (1.4 GB) comes through tensorflow-datasets; in memory the images take twice 2.5 GB.
    `--smoke` runs on drawn faces, without CelebA and without network.
Expected: not known. The full recipe asks for days on a GPU and has not been run; its smoke form has.
Time: days on a GPU (not run); its --smoke form 2 minutes on two CPU cores
"""

import keras

from kgan.data import celeba, drawn_faces
from kgan.methods.compression import MSE, Joint
from kgan.methods.gan import GAN
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.stages.compression import chosen
from kgan.stages.pipeline import compression_stages

SMOKE = {
    "stand_in": True, "teacher_d": (4,), "student_d": (2,), "batch_size": 8, "features_steps": 4,
    "teacher_steps": 2, "student_steps": 2, "control_steps": 2, "control_learning_rates": (2e-4,),
    "num_samples": 64, "quantize": ("none", "int8"),
}


def recipe(
    stand_in=False,
    split="train",
    image_size=64,
    latent_dim=100,
    batch_size=128,
    features_steps=5000,
    objective="non_saturating",
    teacher_d=(64, 128),
    teacher_learning_rate=2e-4,
    teacher_steps=100_000,
    student_d=(2, 4, 8, 16, 32, 64),
    student_objectives=("mse", "joint"),
    student_learning_rate=1e-3,
    student_steps=50_000,
    reduction="sum",
    alpha=1e-4,
    joint_mode="plain",
    joint_saturating=True,
    control_learning_rates=(2e-4, 1e-3),
    control_steps=50_000,
    control_discriminator="own",
    ema_decay=0.999,
    num_samples=10_000,
    held_out=0.0,  # share of the images on which alone the best weights are chosen; 0: no choice
    quantize=("none", "float16", "dynamic", "int8"),
    data_dir=None,
    seed=0,
):
    """`stand_in` puts 2,000 drawn faces in CelebA's place; `split` is an expression of tensorflow-datasets."""
    image_shape = (image_size, image_size, 3)

    def data():
        return drawn_faces.load(image_size) if stand_in else celeba.load(image_size, split, data_dir)

    def generator(d):
        return dcgan_generator(d, image_shape, latent_dim)

    def discriminator(d):
        return dcgan_discriminator(d, image_shape, batch_norm=objective != "wgan_gp")

    def gan(d, seed, learning_rate=teacher_learning_rate, discriminator_d=None):
        model = GAN(generator(d), discriminator(discriminator_d or d), objective, ema_decay=ema_decay, seed=seed)
        model.compile(keras.optimizers.Adam(learning_rate, 0.5), keras.optimizers.Adam(learning_rate, 0.5))
        return model

    def student_optimizer():
        return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(student_learning_rate, student_steps))

    def judge_optimizer():
        return keras.optimizers.Adam(teacher_learning_rate, 0.5)

    known = {"mse": MSE(reduction), "joint": Joint(alpha, reduction, joint_mode, joint_saturating)}
    objectives = chosen(known, student_objectives)
    return compression_stages(
        data, teacher_gan=gan, control_gan=gan, generator=generator, discriminator=discriminator,
        features_steps=features_steps, batch_size=batch_size, ema_decay=ema_decay,
        teacher_d=teacher_d, teacher_steps=teacher_steps,
        student_d=student_d, student_objectives=objectives, student_optimizer=student_optimizer,
        discriminator_optimizer=judge_optimizer, student_steps=student_steps,
        control_learning_rates=control_learning_rates, control_discriminator=control_discriminator,
        control_steps=control_steps, num_samples=num_samples, held_out=held_out, quantize=quantize,
    )
