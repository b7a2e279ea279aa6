"""The stages of a compression, put together for recipes that bring data, networks and settings."""

from kgan.errors import InputError
from kgan.export.pixels import check_image_output
from kgan.export.tflite import check_quantize
from kgan.recipe import Stage
from kgan.stages import compression, delivery, evaluate, judge, measured_files
from kgan.stages.checks import check_numbers
from kgan.stages.feature_networks import check_feature_networks, wanted_networks
from kgan.stages.selection import hold_out

# For searches over students: what a trial runs, what no student changes, and which training is shortened.
TRIAL_STAGES = ("features", "teacher", "students", "evaluate")
SHARED_STAGES = ("features", "teacher")
TRIAL_STEPS = ("student_steps",)


def compression_stages(
    data, *, teacher_gan, control_gan, generator, teacher_d, teacher_steps, student_d, student_objectives,
    student_optimizer, student_steps, control_learning_rates, control_steps, features_steps, batch_size, num_samples,
    quantize, discriminator=None, discriminator_optimizer=None, control_discriminator="own", critic_steps=1,
    ema_decay=0.999, select="distance", held_out=0.0, features=None, image_output="float32",
):
    """features, teacher, students, controls, evaluate, export, measure_files, report.

    Args:
        data: callable that gives the `ImageSet`; without labels, measures stand on clusters of it.
        teacher_gan: callable, (d, seed) -> compiled `GAN`.
        control_gan: callable, (d, seed, learning_rate, discriminator_d) -> compiled `GAN`.
        generator, discriminator: callables, d -> network; the latter of the form of the teacher's, for students with
            the joint loss or features as their objective alone.
        teacher_d, student_d: depth scale factors; the teacher is the best of its own.
        student_objectives: dict, name ("mse", "joint", "features") -> objective.
        student_optimizer, discriminator_optimizer: callables that give an optimiser.
        select: what chooses the teacher, "score" or "distance".
        held_out: share of the images on which alone the best weights are chosen (`selection.hold_out`).
        features: a network from outside that measures stand on (`judge.features`); None trains a classifier.

    The others are the arguments of the single stages in `compression`, `judge`, `evaluate` and `delivery`.
    What does not fit is refused here, before anything is trained or written.
    """
    check_numbers(batch_size=batch_size, critic_steps=critic_steps, num_samples=num_samples,
                   features_steps=features_steps, teacher_steps=teacher_steps, student_steps=student_steps,
                   control_steps=control_steps)
    _check_rates(ema_decay, control_learning_rates)
    image_shape = _check_sizes(generator, teacher_d, student_d)
    looked_through = wanted_networks(student_objectives)
    if features is not None and "classifier" in looked_through:
        raise InputError("feature_network=classifier looks through the classifier that a run trains, but with the "
                         f"setting features ({features}) it trains none: take feature_network=discriminator")
    check_feature_networks(student_objectives, image_shape, discriminator)
    for kind in quantize:
        check_quantize(kind)
    check_image_output(image_output)
    data, selection = hold_out(data, held_out, num_samples)
    trained = {"batch_size": batch_size, "critic_steps": critic_steps, "num_samples": num_samples,
               "selection": selection}
    teachers = compression.teachers(teacher_gan, teacher_d, data, steps=teacher_steps, select=select, **trained)
    students = compression.students(
        generator, student_d, student_objectives, student_optimizer, data, steps=student_steps, batch_size=batch_size,
        discriminator=discriminator, discriminator_optimizer=discriminator_optimizer, ema_decay=ema_decay,
        selection=selection)
    controls = compression.controls(control_gan, student_d, control_learning_rates, data, steps=control_steps,
                                    discriminator=control_discriminator, **trained)
    measured = ("features", "teacher", "students", "controls")
    taught_by = ("features", "teacher") if "classifier" in looked_through else ("teacher",)
    return [
        Stage("features", judge.features(data, steps=features_steps, batch_size=batch_size, given=features),
              settings={"steps": features_steps, **({"features": features} if features else {})}),
        Stage("teacher", teachers, ("features",), {"steps": teacher_steps}),
        Stage("students", students, taught_by, {"steps": student_steps}),
        Stage("controls", controls, ("features", "teacher"), {"steps": control_steps}),
        Stage("evaluate", evaluate.Evaluation(data, num_samples), measured, {"num_samples": num_samples}),
        Stage("export", delivery.export(quantize=quantize, image_output=image_output), ("teacher", "students"),
              {"quantize": quantize, "image_output": image_output}),
        Stage("measure_files", measured_files.measure_files(data, num_samples), ("features", "export"),
              {"num_samples": num_samples}),
        Stage("report", delivery.report(), ("evaluate", "measure_files")),
    ]


def _check_rates(ema_decay, learning_rates):
    if not 0.0 <= ema_decay < 1.0:
        raise InputError(f"setting ema_decay must lie in [0, 1); received {ema_decay!r}")
    if not learning_rates or min(learning_rates) <= 0.0:
        raise InputError(f"setting control_learning_rates takes positive numbers; received {learning_rates!r}")


def _check_sizes(generator, teacher_d, student_d):
    """The shape of the images, (H, W, C)."""
    for name, depths in (("teacher_d", teacher_d), ("student_d", student_d)):
        if not depths or min(depths) < 1 or len(set(depths)) < len(depths):
            raise InputError(f"setting {name} takes different positive whole numbers; received {depths!r}")
    smallest = generator(min(student_d))  # raises where an image size or a latent_dim does not fit the networks
    return tuple(smallest.output_shape[1:])
