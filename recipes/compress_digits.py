"""Compress a GAN of handwritten digits into students for a phone.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), section 3: teacher selection
    over d (3.1), students by eq. 3 (3.2), controls of the students' sizes.
Run: python cli.py fit recipes/compress_digits.py
"""

import keras

from kgan.data import digits
from kgan.methods.compression import MSE
from kgan.methods.gan import GAN
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.recipe import Stage
from kgan.stages import compression, delivery, evaluate, judge

OP_THREADS = 1  # many small networks side by side: an operation a core beats all cores on one operation

SMOKE = {
    "teacher_d": (2,), "student_d": (1,), "batch_size": 8, "features_steps": 4, "teacher_steps": 2,
    "student_steps": 2, "control_steps": 2, "control_learning_rates": (1e-3,), "num_samples": 80,
    "quantize": ("none",),
}


def recipe(
    image_size=32,
    latent_dim=100,
    batch_size=16,
    features_steps=300,
    objective="wgan_gp",
    critic_steps=1,
    teacher_d=(4, 16),
    teacher_learning_rate=1e-3,
    teacher_steps=1200,
    student_d=(2, 4),
    student_learning_rate=1e-2,
    student_steps=1500,
    reduction="sum",
    control_learning_rates=(1e-3, 3e-3),
    control_steps=1500,
    control_discriminator="own",
    ema_decay=0.995,
    num_samples=1797,
    quantize=("none", "float16", "dynamic", "int8"),
    seed=0,
):
    """The teacher is the `teacher_d` with the smaller distance; a control has the better of its learning rates."""
    image_shape = (image_size, image_size, 1)

    def data():
        return digits.load(image_size)

    def generator(d):
        return dcgan_generator(d, image_shape, latent_dim)

    def gan(d, seed, learning_rate=teacher_learning_rate, discriminator_d=None):
        discriminator = dcgan_discriminator(discriminator_d or d, image_shape, batch_norm=objective != "wgan_gp")
        model = GAN(generator(d), discriminator, objective, critic_steps, ema_decay, seed)
        betas = (0.0, 0.9) if objective == "wgan_gp" else (0.5, 0.999)
        model.compile(keras.optimizers.Adam(learning_rate, *betas), keras.optimizers.Adam(learning_rate, *betas))
        return model

    def student_optimizer():
        schedule = keras.optimizers.schedules.CosineDecay(student_learning_rate, student_steps)
        return keras.optimizers.Adam(schedule, 0.5, 0.99)

    return [
        Stage("features", judge.features(data, steps=features_steps), settings={"steps": features_steps}),
        Stage(
            "teacher",
            compression.teachers(gan, teacher_d, data, steps=teacher_steps, batch_size=batch_size,
                                 critic_steps=critic_steps, num_samples=num_samples),
            needs=("features",),
            settings={"steps": teacher_steps},
        ),
        Stage(
            "students",
            compression.students(generator, student_d, {"mse": MSE(reduction)}, student_optimizer, data,
                                 steps=student_steps, batch_size=batch_size, ema_decay=ema_decay),
            needs=("teacher",),
            settings={"steps": student_steps},
        ),
        Stage(
            "controls",
            compression.controls(gan, student_d, control_learning_rates, data, steps=control_steps,
                                 batch_size=batch_size, critic_steps=critic_steps,
                                 discriminator=control_discriminator, num_samples=num_samples),
            needs=("features", "teacher"),
            settings={"steps": control_steps},
        ),
        Stage(
            "evaluate",
            evaluate.evaluate(data, num_samples=num_samples),
            needs=("features", "teacher", "students", "controls"),
            settings={"num_samples": num_samples},
        ),
        Stage("export", delivery.export(quantize=quantize), ("teacher", "students"), {"quantize": quantize}),
        Stage("report", delivery.report(), needs=("evaluate", "export")),
    ]
