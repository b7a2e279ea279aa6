"""The smallest student of a GAN of handwritten digits that keeps a share of its teacher's score.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), section 3: the method, and its
    students of several sizes. The search is this project's own: the paper trains every size.
Deviations: those of compress_digits (scikit-learn's 1,797 digits at 32x32, WGAN-GP, batches of 16, teacher
    d = 16). A search trains the teacher once and each student of a trial for half of its updates; the student that
    is found is trained in full, with its control. Measures stand on a classifier of the digits and are not to be
    compared with the paper's.
Run: python cli.py tune recipes/search_size_digits.py --trials 8 --target "score>=0.95*teacher"
    (or --target "size_kib<=40", or "distance<=2*teacher"; without a target the trials look for the best student)
Expected: with the command above, seed 0, two cores of an AMD EPYC (AVX2), no GPU:

        d  smallest file  score  share of the teacher's
        3  53.0 KiB       6.59   94.7%   not met
        4  70.4 KiB       6.74   98.4%   met
        5  89.8 KiB       6.63   95.5%   met

    d = 4 is the smallest that met the target in three trials, by bisection. Trained in full it keeps 98.4%
    (score 6.66, its teacher's 6.77), 70.4 KiB in its smallest file. One seed: a share that lies so near to the bound
    as that of d = 3 may fall to the other side with another.
Time: 13 minutes on two CPU cores that other work shared
"""

import keras

from kgan.data import digits
from kgan.methods.compression import MSE
from kgan.methods.gan import GAN
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.stages.pipeline import compression_stages

OP_THREADS = 1  # many small networks side by side: an operation a core beats all cores on one operation

TRIAL_STAGES = ("features", "teacher", "students", "evaluate")  # a trial needs no control, export and page
TRIAL_SHARED = ("features", "teacher")  # no student changes them
TRIAL_STEPS = ("student_steps",)
TRIAL_SHARE = 0.5
DIRECTION = "max"

SMOKE = {
    "teacher_d": (2,), "student_d": (1,), "batch_size": 8, "features_steps": 4, "teacher_steps": 2,
    "student_steps": 2, "control_steps": 2, "control_learning_rates": (1e-3,), "num_samples": 80,
    "quantize": ("none",),
}


def search_space(hp):
    """The one student's depth scale factor."""
    return {"student_d": hp.Int("student_d", 1, 8)}


def objective(metrics):
    """The student's share of its teacher's score; more is better."""
    score = {network["role"]: network[metrics["headline"]["score"]] for network in metrics["networks"].values()}
    return score["student"] / score["teacher"]


def recipe(
    image_size=32,
    latent_dim=100,
    batch_size=16,
    features_steps=300,
    teacher_d=(16,),
    teacher_learning_rate=1e-3,
    teacher_steps=1000,
    student_d=(2,),
    student_learning_rate=2e-2,
    student_steps=1600,
    reduction="sum",
    control_learning_rates=(1e-3, 3e-3),
    control_steps=1600,
    control_discriminator="own",
    ema_decay=0.995,
    num_samples=1797,
    quantize=("none", "float16", "dynamic", "int8"),
    image_output="float32",  # of the TFLite files; uint8: pixels of 0 to 255
    seed=0,
):
    """`search_space` chooses `student_d`; the others are those of all trials and of the student that is found."""
    image_shape = (image_size, image_size, 1)

    def data():
        return digits.load(image_size)

    def generator(d):
        return dcgan_generator(d, image_shape, latent_dim)

    def gan(d, seed, learning_rate=teacher_learning_rate, discriminator_d=None):
        critic = dcgan_discriminator(discriminator_d or d, image_shape, batch_norm=False)
        model = GAN(generator(d), critic, "wgan_gp", 1, ema_decay, seed)
        model.compile(keras.optimizers.Adam(learning_rate, 0.0, 0.9), keras.optimizers.Adam(learning_rate, 0.0, 0.9))
        return model

    def student_optimizer():
        schedule = keras.optimizers.schedules.CosineDecay(student_learning_rate, student_steps)
        return keras.optimizers.Adam(schedule, 0.5, 0.99)

    return compression_stages(
        data, teacher_gan=gan, control_gan=gan, generator=generator,
        features_steps=features_steps, batch_size=batch_size, ema_decay=ema_decay,
        teacher_d=teacher_d, teacher_steps=teacher_steps,
        student_d=student_d, student_objectives={"mse": MSE(reduction)}, student_optimizer=student_optimizer,
        student_steps=student_steps,
        control_learning_rates=control_learning_rates, control_discriminator=control_discriminator,
        control_steps=control_steps, num_samples=num_samples, quantize=quantize, image_output=image_output,
    )
