"""Compress a GAN of CIFAR-10 with the paper's sizes.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), sections 3 and 5, table 1
    (CIFAR-10 columns): teacher d = 64 chosen by FID, students d = 2 to 48, MSE loss (eq. 3).
Deviations: the paper's WGAN with five critic steps, but with the gradient penalty in place of clipped weights,
    which it names no settings for; Adam 1e-4 with betas 0 and 0.9, batches of 64 and the steps are those of
    the works it cites or ours. Images are 32x32.
    Measures stand on a small classifier of the data, not on Inception: they are not to be compared with the
    paper's.
Run: python cli.py fit recipes/compress_cifar10.py --data-dir DIR
    CIFAR-10 comes through tensorflow-datasets; `--smoke` runs on drawn faces, without network.
Expected: not known. The full recipe asks for a GPU and has not been run; its smoke form has.
Time: days on a CPU (not run); its --smoke form a minute on two CPU cores
"""

import keras

from kgan.data import cifar10, drawn_faces
from kgan.methods.compression import MSE
from kgan.methods.gan import GAN
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.stages.pipeline import compression_stages

SMOKE = {
    "stand_in": True, "teacher_d": (2,), "student_d": (1,), "batch_size": 8, "critic_steps": 2,
    "features_steps": 4, "teacher_steps": 2, "student_steps": 2, "control_steps": 2,
    "control_learning_rates": (1e-4,), "num_samples": 64, "quantize": ("none",),
}


def recipe(
    stand_in=False,
    split="train",
    image_size=32,
    latent_dim=100,
    batch_size=64,
    critic_steps=5,
    features_steps=3000,
    teacher_d=(32, 64),
    teacher_learning_rate=1e-4,
    teacher_steps=50_000,
    student_d=(2, 4, 8, 16, 32, 48),
    student_learning_rate=1e-3,
    student_steps=50_000,
    reduction="sum",
    control_learning_rates=(1e-4, 5e-4),
    control_steps=50_000,
    control_discriminator="own",
    ema_decay=0.999,
    num_samples=10_000,
    held_out=0.0,  # share of the images on which alone the best weights are chosen; 0: no choice
    quantize=("none", "float16", "dynamic", "int8"),
    data_dir=None,
    seed=0,
):
    """`stand_in` puts 2,000 drawn faces in CIFAR-10's place; `split` is an expression of tensorflow-datasets."""
    image_shape = (image_size, image_size, 3)

    def data():
        return drawn_faces.load(image_size) if stand_in else cifar10.load(image_size, split, data_dir)

    def generator(d):
        return dcgan_generator(d, image_shape, latent_dim)

    def gan(d, seed, learning_rate=teacher_learning_rate, discriminator_d=None):
        critic = dcgan_discriminator(discriminator_d or d, image_shape, batch_norm=False)
        model = GAN(generator(d), critic, "wgan_gp", critic_steps, ema_decay, seed)
        model.compile(keras.optimizers.Adam(learning_rate, 0.0, 0.9), keras.optimizers.Adam(learning_rate, 0.0, 0.9))
        return model

    def student_optimizer():
        return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(student_learning_rate, student_steps))

    return compression_stages(
        data, teacher_gan=gan, control_gan=gan, generator=generator, select="distance",
        features_steps=features_steps, batch_size=batch_size, critic_steps=critic_steps, ema_decay=ema_decay,
        teacher_d=teacher_d, teacher_steps=teacher_steps,
        student_d=student_d, student_objectives={"mse": MSE(reduction)}, student_optimizer=student_optimizer,
        student_steps=student_steps,
        control_learning_rates=control_learning_rates, control_discriminator=control_discriminator,
        control_steps=control_steps, num_samples=num_samples, held_out=held_out, quantize=quantize,
    )
