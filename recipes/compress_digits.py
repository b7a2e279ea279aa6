"""Compress a GAN of handwritten digits into students for a phone.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), section 3, MSE loss.
Run: python cli.py fit recipes/compress_digits.py
"""

import keras

from kgan.data import digits
from kgan.methods.compression import MSE
from kgan.methods.gan import GAN
from kgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from kgan.recipe import Stage
from kgan.stages import compression, delivery, evaluate, judge

SMOKE = {"teacher_d": (2,), "student_d": (1,), "features_steps": 4, "teacher_steps": 2, "student_steps": 2,
         "control_steps": 2, "batch_size": 8, "num_samples": 80, "quantize": ("none",),
         "control_learning_rates": (2e-4,)}


def recipe(
    image_size=32,
    latent_dim=100,
    batch_size=32,
    features_steps=300,
    teacher_d=(8, 16),
    teacher_learning_rate=2e-4,
    teacher_steps=1000,
    objective="non_saturating",
    student_d=(1, 2, 4),
    student_learning_rate=2e-3,
    student_steps=1000,
    reduction="sum",
    control_learning_rates=(2e-4, 1e-3),
    control_steps=1000,
    control_discriminator="own",
    ema_decay=0.995,
    num_samples=1797,
    quantize=("none", "float16", "dynamic", "int8"),
    seed=0,
):
    image_shape = (image_size, image_size, 1)

    def data():
        return digits.load(image_size)

    def generator(d):
        return dcgan_generator(d, image_shape, latent_dim)

    def gan(d, seed, learning_rate=teacher_learning_rate, discriminator_d=None):
        model = GAN(generator(d), dcgan_discriminator(discriminator_d or d, image_shape), objective,
                    ema_decay=ema_decay, seed=seed)
        model.compile(keras.optimizers.Adam(learning_rate, 0.5), keras.optimizers.Adam(learning_rate, 0.5))
        return model

    def student_optimizer():
        return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(student_learning_rate, student_steps))

    common = {"batch_size": batch_size, "num_samples": num_samples}
    return [
        Stage("features", judge.features(data, steps=features_steps), settings={"steps": features_steps}),
        Stage("teacher", compression.teachers(gan, teacher_d, data, steps=teacher_steps, **common),
              ("features",), {"steps": teacher_steps}),
        Stage("students", compression.students(generator, student_d, {"mse": MSE(reduction)}, student_optimizer, data,
                                               steps=student_steps, batch_size=batch_size, ema_decay=ema_decay),
              ("teacher",), {"steps": student_steps}),
        Stage("controls", compression.controls(gan, student_d, control_learning_rates, data, steps=control_steps,
                                               discriminator=control_discriminator, **common),
              ("features", "teacher"), {"steps": control_steps}),
        Stage("evaluate", evaluate.evaluate(data, num_samples=num_samples),
              ("features", "teacher", "students", "controls"), {"num_samples": num_samples}),
        Stage("export", delivery.export(quantize=quantize), ("teacher", "students"), {"quantize": quantize}),
        Stage("report", delivery.report(), ("evaluate", "export")),
    ]
