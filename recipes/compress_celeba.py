"""Compress a GAN of faces (CelebA, 64x64), with the paper's networks and both of its losses.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), sections 3 and 5, table 1
    (CelebA columns), figures 8 to 11: teacher d = 128, students d = 2 to 64, an ordinary GAN as objective,
    MSE (eq. 3) and joint loss (eq. 4, alpha = 1e-4, sums over an image).
Deviations: settings the paper does not print are those of the works it cites: Adam 2e-4, betas 0.5 and
    0.999, batches of 128. Steps are not printed either. Controls get the better of two learning rates.
    IS and the Frechet distance stand on a small classifier of CelebA's attributes Male and Smiling, not on
    Inception: its numbers are not to be compared with the paper's; `--set features=inception=PATH` takes Inception.
    The joint loss is tried with the discriminator's loss unweighted; `--set joint_mode=paper` gives the printed one.
    An alpha belongs to its reduction: as a mean over 12,288 values the pixel loss is that much smaller.
Run: python cli.py fit recipes/compress_celeba.py --data-dir DIR
    python cli.py fit recipes/compress_celeba.py --set aligned=img_align_celeba.zip
    CelebA (1.4 GB) comes through tensorflow-datasets, whose host often refuses, or from the authors' aligned zip
    or a folder of its images, with `list_attr_celeba.txt` and `list_eval_partition.txt` beside it: without the
    first, k-means clusters of the images stand in for the attributes. In memory they take twice 2.5 GB.
    `--smoke` runs on drawn faces, without CelebA and without network, unless `aligned` is given.
Expected: not known. The full recipe asks for days on a GPU and has not been run; its smoke form has.
Time: days on a GPU (not run); its --smoke form 2 minutes on two CPU cores
"""

import keras

from kgan.data import celeba, drawn_faces
from kgan.methods.compression import MSE, Joint
from kgan.methods.gan import GAN
from kgan.methods.gan_settings import gan_settings
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
    critic_steps: int | None = None,  # none: as published with the objective, one for the ordinary GAN
    features_steps=5000,
    teacher_objective="non_saturating",  # and the controls': non_saturating, hinge, wgan_gp or wgan_clip
    spectral_norm=False,  # of the discriminators
    teacher_d=(64, 128),
    teacher_learning_rate: float | None = None,  # none: as published, 2e-4 for the ordinary GAN
    teacher_steps=100_000,
    student_d=(2, 4, 8, 16, 32, 64),
    student_objectives=("mse", "joint"),
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
    features=None,
    image_output="float32",  # of the TFLite files; uint8: pixels of 0 to 255
    data_dir=None,
    aligned=None,
    cache_dir=None,
    seed=0,
):
    """`stand_in` puts 2,000 drawn faces in CelebA's place; `split` is an expression of tensorflow-datasets.

    `aligned` is the authors' zip of aligned images or a folder of them, `cache_dir` where what is made of it is kept
    (`.kgan_cache` beside it unless given). `features` is a network that measures stand on instead of the classifier.
    """
    image_shape = (image_size, image_size, 3)
    training = gan_settings(teacher_objective, teacher_learning_rate, critic_steps, spectral_norm)

    def data():
        if stand_in and aligned is None:
            return drawn_faces.load(image_size)
        return celeba.load(image_size, split, data_dir, aligned, cache_dir)

    def generator(d):
        return dcgan_generator(d, image_shape, latent_dim)

    def discriminator(d):
        return dcgan_discriminator(d, image_shape, training.batch_norm, spectral_norm)

    def gan(d, seed, learning_rate=training.learning_rate, discriminator_d=None):
        model = GAN(generator(d), discriminator(discriminator_d or d), teacher_objective, training.critic_steps,
                    ema_decay, seed)
        model.compile(training.optimizer(learning_rate), training.optimizer(learning_rate))
        return model

    def student_optimizer():
        return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(student_learning_rate, student_steps))

    def judge_optimizer():
        return keras.optimizers.Adam(joint_learning_rate, 0.5)

    known = {"mse": MSE(reduction), "joint": Joint(alpha, reduction, joint_mode, joint_saturating)}
    rate = training.learning_rate
    return compression_stages(
        data, teacher_gan=gan, control_gan=gan, generator=generator, discriminator=discriminator,
        features_steps=features_steps, batch_size=batch_size, critic_steps=training.critic_steps, ema_decay=ema_decay,
        teacher_d=teacher_d, teacher_steps=teacher_steps,
        student_d=student_d, student_objectives=chosen(known, student_objectives),
        student_optimizer=student_optimizer, discriminator_optimizer=judge_optimizer, student_steps=student_steps,
        control_learning_rates=control_learning_rates or (rate, 5 * rate), control_discriminator=control_discriminator,
        control_steps=control_steps, num_samples=num_samples, held_out=held_out, quantize=quantize, features=features,
        image_output=image_output,
    )
