"""The stages of a compression whose teacher exists already: a generator in a file, or recorded pairs of one."""

from kgan.errors import InputError
from kgan.export.fold import fold
from kgan.export.pixels import check_image_output
from kgan.export.quicken import quicken
from kgan.export.tflite import QUANTISATIONS, check_quantize
from kgan.methods.compression import latent_batches
from kgan.recipe import Stage
from kgan.stages import compression, delivery, judge, measured_files
from kgan.stages.against_teacher import RealEvaluation, against_teacher
from kgan.stages.checks import check_numbers
from kgan.stages.feature_networks import check_feature_networks, load_feature_networks, wanted_networks
from kgan.stages.teacher_form import NAME, form_of, split_pairs, take_in, teacher_images, teacher_images_are
from kgan.stages.training import begin_stage, image_batches, load_network, write_register


def existing_stages(
    source, *, generator, student_d, student_objectives, student_optimizer, student_steps, features_steps, batch_size,
    num_samples, quantize, ema_decay=0.999, discriminator=None, discriminator_optimizer=None, data=None, gan=None,
    control_learning_rates=(), control_steps=1, features=None, image_output="float32",
):
    """teacher, features, students, controls (with real images alone), evaluate, export, measure_files, report.

    Args:
        source: a `GivenTeacher` or a `RecordedTeacher`.
        generator: callable, (d, teacher's `Form`) -> a student of it.
        discriminator: callable, (d, (H, W, C)) -> discriminator, for students with the joint loss alone.
        student_d: depth scale factors.
        student_objectives: dict, name ("mse", "joint", "features") -> objective; features are the classifier's, for
            there is no discriminator of the teacher's.
        student_optimizer, discriminator_optimizer: callables that give an optimiser.
        data: callable that gives the `ImageSet` of real images, of the teacher's shape; None for none. The joint loss
            then takes the teacher's images for real.
        gan: callable, (d, teacher's `Form`, seed, learning_rate) -> compiled `GAN`: a control.
        features: a network from outside that measures stand on (`judge.features`); None trains a classifier.

    The others are the arguments of the single stages in `compression`, `judge`, `against_teacher` and `delivery`.
    Settings that do not fit are refused here, a teacher or images that do not by the stage `teacher`.
    """
    check_numbers(batch_size=batch_size, num_samples=num_samples, features_steps=features_steps,
                  student_steps=student_steps, control_steps=control_steps)
    if not student_d or min(student_d) < 1 or len(set(student_d)) < len(student_d):
        raise InputError(f"setting student_d takes different positive whole numbers; received {student_d!r}")
    if not 0.0 <= ema_decay < 1.0:
        raise InputError(f"setting ema_decay must lie in [0, 1); received {ema_decay!r}")
    if data and (not control_learning_rates or min(control_learning_rates) <= 0.0):
        raise InputError("setting control_learning_rates takes positive numbers; received "
                         f"{control_learning_rates!r}")
    if not quantize:
        raise InputError(f"setting quantize takes some of {', '.join(QUANTISATIONS)}; received none")
    for kind in quantize:
        check_quantize(kind)
    check_image_output(image_output)
    looked_through = wanted_networks(student_objectives)
    if looked_through and features:
        raise InputError("students learn on features of the classifier that the run trains, but the setting features "
                         "puts another network in its place: leave out one of the two")

    def check(form):
        generator(min(student_d), form)  # raises where the images or the latents do not fit the networks
        check_feature_networks(student_objectives, form.image_shape, None)
        if data:
            _check_real(data(), form, batch_size)

    trained = students(generator, student_d, student_objectives, student_optimizer, steps=student_steps,
                       batch_size=batch_size, discriminator=discriminator,
                       discriminator_optimizer=discriminator_optimizer, ema_decay=ema_decay, data=data)
    stages = [
        Stage("teacher", take_in(source, check, batch_size)),
        Stage("features", measured_by(data, steps=features_steps, given=features), ("teacher",),
              {"steps": features_steps, **({"features": features} if features else {})}),
        Stage("students", trained, ("features", "teacher") if looked_through else ("teacher",),
              {"steps": student_steps}),
    ]
    if data:
        stages.append(Stage("controls", controls(gan, student_d, control_learning_rates, data, steps=control_steps,
                                                 batch_size=batch_size, num_samples=num_samples),
                            ("features", "teacher"), {"steps": control_steps}))
    evaluation = RealEvaluation(data, num_samples) if data else against_teacher(num_samples)
    exported = delivery.export(quantize=quantize, roles=("student",), image_output=image_output)
    measured = tuple(stage.name for stage in stages)
    return [
        *stages,
        Stage("evaluate", evaluation, measured, {"num_samples": num_samples}),
        Stage("export", exported, ("students",), {"quantize": quantize, "image_output": image_output}),
        Stage("measure_files", measure_files(data, num_samples), ("features", "export"), {"num_samples": num_samples}),
        Stage("report", delivery.report(), ("evaluate", "measure_files")),
    ]


def measured_by(data, *, steps, given=None):
    """Stage: as `judge.features`, of the real images where there are any, else of the teacher's.

    Of recorded pairs it learns from those that students learn from: those held out are what is measured on.
    """
    def run(work):
        judge.features(data or (lambda: _lessons(work.run_dir)), steps=steps, given=given)(work)

    return run


def measure_files(data, num_samples):
    """Stage: as `measured_files.measure_files`, beside the teacher's images where `data` is None."""
    def run(work):
        images = data or (lambda: teacher_images(work.run_dir))
        compared_with = None if data else teacher_images_are(form_of(work.run_dir))
        measured_files.measure_files(images, num_samples, compared_with)(work)

    return run


def students(generator, depths, objectives, optimizer, *, steps, batch_size, discriminator=None,
             discriminator_optimizer=None, ema_decay=0.999, data=None):
    """Stage: as `compression.students`, of a teacher that was taken in.

    Args:
        generator: callable, (d, teacher's `Form`) -> network.
        discriminator: callable, (d, (H, W, C)) -> network.
        data: callable that gives the `ImageSet` of real images for the joint loss, or None.

    The others are those of `compression.students`. Of recorded pairs students learn from all that are not held out;
    no latents are drawn.
    """
    def run(work):
        seed = begin_stage(work, "students")
        form = form_of(work.run_dir)
        teacher, pairs = None, None
        if form.recorded:
            pairs, _ = split_pairs(work.run_dir)
        else:
            teacher = quicken(fold(load_network(work.run_dir, NAME)))

        def batches(judged):
            if form.recorded:
                return lambda step: pairs.batches(batch_size, seed=seed, start_step=step)
            return image_batches(data(), batch_size, seed) if judged and data else lambda step: latent_batches(
                batch_size)

        compression.train_students(
            work, seed, teacher, lambda d: generator(d, form), depths, objectives, optimizer, batches, steps=steps,
            discriminator=discriminator and (lambda d: discriminator(d, form.image_shape)),
            discriminator_optimizer=discriminator_optimizer, ema_decay=ema_decay,
            feature_networks=load_feature_networks(work.run_dir, NAME, objectives))

    return run


def controls(gan, depths, learning_rates, data, *, steps, batch_size, num_samples):
    """Stage: as `compression.controls`, of students of a teacher that was taken in.

    Args:
        gan: callable, (d, teacher's `Form`, seed, learning_rate) -> compiled `GAN`.

    The others are those of `compression.controls`. A student that takes labels has no control: a GAN without labels
    would play another game.
    """
    def run(work):
        form = form_of(work.run_dir)
        if form.num_classes:
            work.console.say("controls: none are trained, for the students take labels")
            write_register(work, [])
            return
        compression.controls(lambda d, seed, rate, _: gan(d, form, seed, rate), depths, learning_rates, data,
                             steps=steps, batch_size=batch_size, num_samples=num_samples)(work)

    return run


def _lessons(run_dir):
    form = form_of(run_dir)
    return split_pairs(run_dir)[0].image_set(form.num_classes) if form.recorded else teacher_images(run_dir)


def _check_real(images, form, batch_size):
    height, width, channels = form.image_shape
    if height != width:
        raise InputError(f"the teacher's images are {height}x{width}, real ones are brought to squares: leave out the "
                         "setting data")
    if images.image_shape != form.image_shape:
        real, made = ("x".join(map(str, shape)) for shape in (images.image_shape, form.image_shape))
        raise InputError(f"the real images of {images.where} are {real}, the teacher's {made}: bring the real ones to "
                         f"that with image_size={height} and channels={channels}")
    images.batches_per_epoch(batch_size)  # raises where there are fewer
