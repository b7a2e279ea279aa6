"""Compression of a generator: students that map the teacher's latents to the teacher's images.

Source: Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), section 3.2.
"""

import dataclasses

import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import distillation as losses
from kgan.methods.features import FeatureNetworks, Features
from kgan.training.draws import GeneratorInputs
from kgan.training.method import Method, latent_dim_of, takes_labels


@dataclasses.dataclass(frozen=True)
class MSE:
    """Eq. 3: the pixel loss alone. `reduction` is that of `pixel_distillation_loss`."""

    reduction: str = "sum"

    def __post_init__(self):
        losses.check_reduction(self.reduction)


@dataclasses.dataclass(frozen=True)
class Joint:
    """Eq. 4: the pixel loss and an adversarial term.

    Args:
        alpha: weight of the adversarial term, 1 - alpha that of the pixel loss.
        reduction: of the pixel loss; an alpha belongs to it.
        mode: "plain" trains the discriminator on its unweighted loss, "paper" weighs its fake term by
            alpha as printed.
        saturating: the generator's term as printed (True) or -E[log D(g(z))].
    """

    alpha: float = 1e-4
    reduction: str = "sum"
    mode: str = "plain"
    saturating: bool = True

    def __post_init__(self):
        if not 0.0 <= self.alpha <= 1.0:
            raise InputError(f"alpha must lie in [0, 1]; received {self.alpha!r}")
        losses.check_reduction(self.reduction)
        losses.check_mode(self.mode)


class Distiller(Method):
    """Students of one teacher, trained side by side: a step runs the teacher once for all of them.

    Args:
        teacher: a frozen generator, latents [B, latent_dim], or {"latents", "labels"}, -> images; called in inference
            mode, on what is drawn by its own law (`GeneratorInputs`). None for students that learn from what a teacher
            made of recorded latents.
        students: dict, name -> generator of the same inputs and image shape.
        objective: `MSE()`, `Joint(...)` or `kgan.methods.features.Features(...)` for all students, or a dict with one
            for each by name.
        discriminators: dict, name -> discriminator, for the students whose objective is `Joint`.
        ema_decay: decay of the students' averages; 0 keeps none.
        seed: determines all latents.
        feature_networks: dict, name -> functional model of the images, for the students whose objective is `Features`.

    `fit` takes batches of images [B, H, W, C]; where no student has `Joint`, which alone looks at them,
    `latent_batches` will do. Discriminators then take the teacher's images for the real ones of eq. 4. Without a
    teacher it takes batches of (inputs, the teacher's images [B, H, W, C]), as `PairSet` gives them, and the
    discriminators likewise.
    """

    def __init__(self, teacher, students, objective=None, discriminators=None, ema_decay=0.999, seed=0,
                 feature_networks=None, **kwargs):
        objective = objective or MSE()
        objectives = dict(objective) if isinstance(objective, dict) else dict.fromkeys(students, objective)
        discriminators = dict(discriminators or {})
        _validate(teacher, students, objectives, discriminators)
        judges = {_judge(name): model for name, model in discriminators.items()}
        featured = {name: own for name, own in objectives.items() if isinstance(own, Features)}
        shape = (teacher if teacher is not None else next(iter(students.values()))).output_shape
        looking = FeatureNetworks(featured, feature_networks or {}, shape)
        loss_names = [f"{name}/pixel_loss" for name in students] + [f"{name}/feature_loss" for name in featured]
        loss_names += [f"{name}_loss" for name in judges]
        super().__init__({**students, **judges}, tuple(students), ema_decay, seed, loss_names, **kwargs)
        self.teacher, self.students, self.discriminators = teacher, dict(students), discriminators
        self.objectives, self.feature_networks = objectives, looking
        if teacher is not None:
            teacher.trainable = False
            self._drawn = GeneratorInputs(teacher)

    def compile(self, optimizers, discriminator_optimizers=None, **kwargs):
        """One optimiser a network: dicts, student's name -> optimiser of it, and of its discriminator."""
        second = {_judge(name): value for name, value in (discriminator_optimizers or {}).items()}
        self.set_optimizers({**optimizers, **second}, **kwargs)

    def call(self, inputs, training=False):
        """Each student's images [B, H, W, C] of latents [B, latent_dim], or of {"latents", "labels"}, by name."""
        networks = self.students if training else self.network_outputs()
        return {name: networks[name](inputs, training=training) for name in self.students}

    def train_step(self, data):
        """One update of every student from the same latents, and before it of its discriminator."""
        inputs, target, real = self._lesson(data)
        wanted = self.feature_networks.of_teacher(target)
        with tf.GradientTape() as tape:
            images = {name: student(inputs, training=True) for name, student in self.students.items()}
            pixel_losses = {
                name: losses.pixel_distillation_loss(target, images[name], self.objectives[name].reduction)
                for name in images
            }
            feature_losses = self.feature_networks.losses(wanted, images)
            with tape.stop_recording():
                discriminator_losses = self._discriminator_steps(real, images)
            student_losses = {name: self._student_loss(name, images[name], pixel_losses[name], feature_losses)
                              for name in images}
        self.minimise(tape, student_losses)
        report = {f"{name}/pixel_loss": value for name, value in pixel_losses.items()}
        report |= {f"{name}/feature_loss": value for name, value in feature_losses.items()}
        return self.finish_step(report | {f"{name}_loss": value for name, value in discriminator_losses.items()})

    def _lesson(self, data):
        """What students are given, the teacher's images of it, and those that discriminators take for real."""
        if self.teacher is None:
            inputs, target = data
            return inputs, target, target
        inputs = self._drawn(self.noise(), data.shape[0])
        target = tf.stop_gradient(self.teacher(inputs, training=False))
        return inputs, target, data if data.shape.rank == 4 else target

    def _student_loss(self, name, images, pixel_loss, feature_losses):
        objective = self.objectives[name]
        if isinstance(objective, Features):
            return objective.pixel_weight * pixel_loss + feature_losses[name]
        if name not in self.discriminators:
            return pixel_loss
        fake_logits = self.discriminators[name](images, training=True)
        return losses.joint_generator_loss(fake_logits, pixel_loss, objective.alpha, objective.saturating)

    def _discriminator_steps(self, real, images):
        if not self.discriminators:
            return {}
        with tf.GradientTape() as tape:
            values = {}
            for name, discriminator in self.discriminators.items():
                real_logits = discriminator(real, training=True)
                fake_logits = discriminator(tf.stop_gradient(images[name]), training=True)
                objective = self.objectives[name]
                values[_judge(name)] = losses.joint_discriminator_loss(
                    real_logits, fake_logits, objective.alpha, objective.mode
                )
        self.minimise(tape, values)
        return values


def _judge(student):
    return f"{student}/discriminator"


def latent_batches(batch_size):
    """Endless batches for a `Distiller` none of whose students has `Joint`: it draws latents, looks at no image.

    They carry nothing but the batch's size: float32 [batch_size, 0].
    """
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread delays the end of `fit`
    return tf.data.Dataset.from_tensors(tf.zeros((batch_size, 0))).repeat().with_options(options)


def _validate(teacher, students, objectives, discriminators):
    if not students:
        raise InputError("a distiller needs at least one student; received none")
    if set(objectives) != set(students):
        raise InputError(f"objectives are given for {sorted(objectives)}, but the students are {sorted(students)}")
    joint = {name for name, objective in objectives.items() if isinstance(objective, Joint)}
    if joint != set(discriminators):
        raise InputError(f"students with the joint objective need a discriminator, others none: joint are "
                         f"{sorted(joint)}, discriminators are for {sorted(discriminators)}")
    # Students of recorded pairs are to be alike among themselves: they learn from the same.
    whose, model = ("the teacher", teacher) if teacher is not None else next(
        (f"student {name!r}", student) for name, student in students.items())
    latent_dim, labelled = latent_dim_of(model), takes_labels(model)
    for name, student in students.items():
        if latent_dim_of(student) != latent_dim:
            raise InputError(f"student {name!r} takes latents of {latent_dim_of(student)} values, {whose} of "
                             f"{latent_dim}: give both the same latent_dim")
        if takes_labels(student) != labelled:
            raise InputError(f"student {name!r} takes {'labels' if takes_labels(student) else 'no labels'}, {whose} "
                             f"{'does' if labelled else 'does not'}: give both the same inputs")
        if student.output_shape != model.output_shape:
            raise InputError(f"student {name!r} makes images of {student.output_shape[1:]}, {whose} of "
                             f"{model.output_shape[1:]}: give both the same image shape")
    for name, discriminator in discriminators.items():
        if discriminator.input_shape != model.output_shape:
            raise InputError(f"the discriminator of {name!r} takes images of {discriminator.input_shape[1:]}, {whose} "
                             f"makes {model.output_shape[1:]}")
