"""Compress a GAN of MNIST's handwritten digits with the paper's sizes.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), sections 3 and 5, table 1
    (MNIST columns): teacher d = 256 chosen by IS, students d = 2 to 128, MSE loss (eq. 3).
Deviations: the paper's WGAN with five critic steps, but with the gradient penalty, which is stabler, in place of
    clipped weights; `--set teacher_objective=wgan_clip` has those (c = 0.01, RMSprop 5e-5). Settings that the paper
    does not print are those of the works that the objectives come from (Adam 1e-4, betas 0 and 0.9, batches of 64);
    the steps are ours. Images are padded to 32x32.
    Measures stand on a small classifier of the data, not on Inception: they are not to be compared with the
    paper's.
Run: python cli.py fit recipes/compress_mnist.py --data-dir DIR
    MNIST comes through tensorflow-datasets; `--set split=test` takes its 10,000 test images, where only these are at
    hand. `--smoke` runs on scikit-learn's digits, without network.
Expected: not known. The full recipe asks for a GPU and has not been run; its smoke form has.
Time: days on a CPU (not run); its --smoke form a minute on two CPU cores
"""

import keras

from kgan.data import digits, mnist
from kgan.methods.compression import MSE, Joint
from kgan.methods.gan import GAN
from kgan.methods.gan_settings import gan_settings
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.stages.compression import chosen
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
    critic_steps: int | None = None,  # none: as published with the objective, five for a WGAN
    features_steps=3000,
    teacher_objective="wgan_gp",  # and the controls': non_saturating, hinge, wgan_gp or wgan_clip
    spectral_norm=False,  # of the discriminators
    teacher_d=(128, 256),
    teacher_learning_rate: float | None = None,  # none: as published, 1e-4 for WGAN-GP
    teacher_steps=50_000,
    student_d=(2, 4, 8, 16, 32, 64, 128),
    student_objectives=("mse",),  # and joint
    student_learning_rate=1e-3,
    student_steps=50_000,
    reduction="sum",
    alpha=1e-4,
    joint_mode="plain",
    joint_saturating=True,
    joint_learning_rate=2e-4,  # of the joint objective's discriminators
    control_learning_rates: tuple[float, ...] = (),  # none: the teacher's and five times that
    control_steps=50_000,
    control_discriminator="own",
    ema_decay=0.999,
    num_samples=10_000,
    held_out=0.0,  # share of the images on which alone the best weights are chosen; 0: no choice
    quantize=("none", "float16", "dynamic", "int8"),
    image_output="float32",  # of the TFLite files; uint8: pixels of 0 to 255
    data_dir=None,
    seed=0,
):
    """`stand_in` puts scikit-learn's digits in MNIST's place; `split` is an expression of tensorflow-datasets."""
    image_shape = (image_size, image_size, 1)
    training = gan_settings(teacher_objective, teacher_learning_rate, critic_steps, spectral_norm)

    def data():
        return digits.load(image_size) if stand_in else mnist.load(image_size, split, data_dir)

    def generator(d):
        return dcgan_generator(d, image_shape, latent_dim)

    def discriminator(d):
        return dcgan_discriminator(d, image_shape, training.batch_norm, spectral_norm)

    def gan(d, seed, learning_rate=training.learning_rate, discriminator_d=None):
        critic = discriminator(discriminator_d or d)
        model = GAN(generator(d), critic, teacher_objective, training.critic_steps, ema_decay, seed)
        model.compile(training.optimizer(learning_rate), training.optimizer(learning_rate))
        return model

    def student_optimizer():
        return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(student_learning_rate, student_steps))

    def judge_optimizer():
        return keras.optimizers.Adam(joint_learning_rate, 0.5)

    known = {"mse": MSE(reduction), "joint": Joint(alpha, reduction, joint_mode, joint_saturating)}
    rate = training.learning_rate
    return compression_stages(
        data, teacher_gan=gan, control_gan=gan, generator=generator, discriminator=discriminator, select="score",
        features_steps=features_steps, batch_size=batch_size, critic_steps=training.critic_steps, ema_decay=ema_decay,
        teacher_d=teacher_d, teacher_steps=teacher_steps,
        student_d=student_d, student_objectives=chosen(known, student_objectives),
        student_optimizer=student_optimizer, discriminator_optimizer=judge_optimizer, student_steps=student_steps,
        control_learning_rates=control_learning_rates or (rate, 5 * rate), control_discriminator=control_discriminator,
        control_steps=control_steps, num_samples=num_samples, held_out=held_out, quantize=quantize,
        image_output=image_output,
    )
