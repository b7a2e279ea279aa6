"""Compress a GAN of anybody's images: a folder or a zip of them in, students for a phone out.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), section 3: teacher selection over d
    (3.1), students by eq. 3 or eq. 4 (3.2), controls of the students' sizes.
Deviations: sizes and lengths are for one GPU and some thousand to some hundred thousand images, not the paper's:
    teacher d = 32 or 64. The paper's WGAN with five critic steps, but with the gradient penalty in place of clipped
    weights, and with that work's Adam (1e-4, betas 0 and 0.9, batches of 64).
    Measures stand on a small classifier of the class folders, or, where images have no labels, of at most
    ten k-means clusters of them at 8x8 pixels: that sees colours and coarse shapes, and is no Inception. `--set
    features=inception=PATH` or the path of any classifier with outputs `features` and `logits` takes that instead.
    Students may learn on features, too: `--set student_objectives=mse,features`, see compress_digits.
Run: python cli.py fit recipes/compress_folder.py --set images=DIR
    DIR, or a zip, holds png, jpg, webp, bmp, gif or tif files of any size, in it and below it; a folder for each
    class right below makes labels. Each becomes its central square of image_size 16, 32 or 64. Files that cannot be
    read are left out and named. Grey and colour together need `--set channels=1` or 3, images smaller than image_size
    `--set enlarge=true`. `--smoke` takes drawn faces unless images are given.
Expected: not known. The full recipe asks for a GPU and has not been run; its smoke form has.
Time: hours on a GPU (not run); its --smoke form a minute on two CPU cores
"""

import dataclasses

import keras

from kgan.data import drawn_faces, image, own_images
from kgan.data.folders import check_channels
from kgan.errors import InputError
from kgan.methods.compression import MSE, Joint
from kgan.methods.features import Features, weighted_layers
from kgan.methods.gan import GAN
from kgan.methods.gan_settings import gan_settings
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.stages.compression import chosen
from kgan.stages.pipeline import compression_stages

SMOKE = {
    "stand_in": True, "image_size": 16, "teacher_d": (2,), "student_d": (1,), "batch_size": 8, "critic_steps": 2,
    "features_steps": 4, "teacher_steps": 2, "student_steps": 2, "control_steps": 2,
    "control_learning_rates": (1e-4,), "num_samples": 64, "quantize": ("none", "int8"),
}


def recipe(
    images=None,
    stand_in=False,
    image_size=64,
    channels: int | None = None,  # none: as the files are, which must then be alike
    enlarge=False,  # images smaller than image_size
    class_folders=True,  # false: the folders right below are no classes
    features=None,
    features_steps=3000,
    latent_dim=100,
    batch_size=64,
    critic_steps: int | None = None,  # none: as published with the objective, five for a WGAN
    teacher_objective="wgan_gp",  # and the controls': non_saturating, hinge, wgan_gp or wgan_clip
    spectral_norm=False,  # of the discriminators
    teacher_d=(32, 64),
    teacher_learning_rate: float | None = None,  # none: as published, 1e-4 for WGAN-GP
    teacher_steps=30_000,
    student_d=(2, 4, 8, 16),
    student_objectives=("mse",),  # and joint, features
    student_learning_rate=1e-3,
    student_steps=30_000,
    reduction="sum",
    alpha=1e-4,
    joint_mode="plain",
    joint_saturating=True,
    joint_learning_rate=2e-4,  # of the joint objective's discriminators
    feature_network="discriminator",  # the teacher's, or the run's classifier
    feature_layers=("stage2", "stage3"),
    feature_weights=(1.0,),  # one for all layers, or one for each
    feature_norm="l2",
    pixel_weight=1.0,  # of the pixel loss beside that of the features
    control_learning_rates: tuple[float, ...] = (),  # none: the teacher's and five times that
    control_steps=30_000,
    control_discriminator="own",
    ema_decay=0.999,
    num_samples=10_000,
    held_out=0.0,  # share of the images on which alone the best weights are chosen; 0: no choice
    quantize=("none", "float16", "dynamic", "int8"),
    image_output="float32",  # of the TFLite files; uint8: pixels of 0 to 255
    cache_dir=None,
    seed=0,
):
    """`images` is a folder or a zip; `features` a network that measures stand on instead of a classifier trained here.

    `cache_dir` is where the squares are kept: `.kgan_cache` in the folder, or beside the zip, unless given.
    """
    training = gan_settings(teacher_objective, teacher_learning_rate, critic_steps, spectral_norm)
    channels = None if channels is None else check_channels(channels)
    if images is None and not stand_in:
        raise InputError("the setting images names the folder or the zip of your images: give --set images=PATH")
    found = 3 if images is None else own_images.channels_of(images)  # also where channels are given: is there anything?
    image_shape = (image_size, image_size, channels or found)

    def data():
        if images is not None:
            return own_images.load(images, image_size, channels, enlarge, class_folders, cache_dir)
        faces = drawn_faces.load(image_size)
        return dataclasses.replace(faces, images=image.to_channels(faces.images, image_shape[-1]), labels=None,
                                   class_names=())

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

    layers = weighted_layers(feature_layers, feature_weights)
    known = {"mse": MSE(reduction), "joint": Joint(alpha, reduction, joint_mode, joint_saturating),
             "features": Features(feature_network, layers, feature_norm, reduction, pixel_weight)}
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
