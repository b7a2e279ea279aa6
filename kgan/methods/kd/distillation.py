"""The trainer of knowledge distillation: one student beside one teacher, under any technique.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (cGAN-KD, 2021), sections 2.1 and 5; the sum of terms and the weights are those of its code.
"""

import tensorflow as tf

from kgan.errors import InputError
from kgan.losses import supervised as losses
from kgan.methods.checks import check_not_negative, check_positive
from kgan.methods.kd.catalogue import technique_of
from kgan.methods.kd.features import looked_at, with_features
from kgan.methods.kd.pair import check_pair
from kgan.methods.kd.technique import Seen
from kgan.methods.supervised import Supervised

STUDENT, MODULES = "network", "modules"


class Distillation(Supervised):
    """A student's training beside a teacher: `ce_weight CE + kl_weight KL + kd_weight L`, or `MSE + kd_weight L`.

    CE is the cross entropy with the labels, KL that with the teacher's soft labels (`kgan.losses.supervised
    .student_loss`), L the technique's term. In regression there are no soft labels, and the squared error takes the
    place of the first two terms.

    Args:
        network: the student, as for `Supervised`.
        teacher: of the same images and classes (or value); in inference mode, never moved. It sees the images as
            the student does, augmented.
        technique: a `Technique`, one's name in `kgan.methods.kd.catalogue`, or a `keras.distillation` loss.
        loss: "cross_entropy" or "mse".
        ce_weight, kl_weight, kd_weight: None for the technique's own. In regression ce_weight is the squared error's.
        temperature: of KL; None for the technique's own.
        mode: "code" or "paper", the form of CE and KL, as `student_loss` has it.
        l2, augment, seed: as for `Supervised`.
        quicken: callable that gives, for a functional model, a quicker one of the same outputs in inference
            (`kgan.export.quicken.quickened`); the teacher never moves, so a snapshot of it serves. None: as it is.

    `fit` takes batches as `Supervised` does; a technique with `draws` takes what `kgan.data.negatives` adds, too.
    Raises InputError, in one line, for a pair that the technique cannot serve.
    """

    def __init__(self, network, teacher, technique="blkd", loss="cross_entropy", ce_weight=None, kl_weight=None,
                 kd_weight=None, temperature=None, mode="code", l2=0.0, augment=None, seed=0, quicken=None,
                 **kwargs):
        check_pair(network, teacher, loss)
        technique = technique_of(technique, network, teacher, loss=loss, seed=seed)
        given = {"ce_weight": ce_weight, "kl_weight": kl_weight, "kd_weight": kd_weight, "temperature": temperature}
        chosen = {name: getattr(technique, name) if value is None else value for name, value in given.items()}
        if loss == "mse":
            if kl_weight:
                raise InputError("a teacher's soft labels are for classifiers: leave out kl_weight with loss='mse'")
            chosen["kl_weight"] = 0.0
        check_positive(temperature=chosen["temperature"])
        check_not_negative(**chosen)
        losses.check_blkd_mode(mode)
        if not technique.several_replicas and tf.distribute.get_strategy().num_replicas_in_sync > 1:
            raise InputError(f"{technique.title} is trained on one replica: leave out the distribution")
        modules = {} if technique.modules is None else {MODULES: technique.modules}
        super().__init__(network, loss, l2, augment, seed, beside=modules, **kwargs)
        self.teacher, self.technique, self.mode, self.weights_of_terms = teacher, technique, mode, chosen
        self._looking = with_features(network, technique.student_layers)
        telling = with_features(teacher, technique.teacher_layers)
        self._telling = quicken(telling) if quicken else telling

    def compile(self, optimizer, **kwargs):
        """The student's optimiser; the technique's modules get one of the same kind."""
        alike = {name: type(optimizer).from_config(optimizer.get_config()) for name in self.networks if name != STUDENT}
        self.set_optimizers({STUDENT: optimizer, **alike}, **kwargs)

    def call(self, images, training=False):
        """What the student gives for images [B, H, W, C], with what of the technique's modules belongs to it."""
        return self.network_outputs()[STUDENT](images, training=training)

    def train_step(self, data):
        """One update of the student, and of the technique's modules, from one pass through each network."""
        images, labels, *drawn = data
        views = self.technique.views(images, self.augment, self.noise())
        told, teacher = looked_at(self._telling, views, training=False)
        with tf.GradientTape() as tape:
            predicted, student = looked_at(self._looking, views, training=True)
            made = None
            if MODULES in self.networks:
                made = self.networks[MODULES](self.technique.module_inputs(student, teacher), training=True)
            seen = Seen(labels, self._predicted(predicted), self._predicted(told), student, teacher, made,
                        tuple(drawn), self.step_counter)
            predicted = self.technique.predicted(seen)[: labels.shape[0]]
            loss = self._sum(seen, predicted)
            share = loss * tf.cast(self.share(), loss.dtype)
        names = list(self.networks)
        found = tape.gradient(share, [self.networks[name].trainable_variables for name in names])
        self.apply(dict(zip(names, found, strict=True)), self.l2)
        return self.finish_step({"loss": loss, **self._measured(labels, predicted)})

    def _sum(self, seen, predicted):
        weights = self.weights_of_terms
        if self.task == "mse":
            total = weights["ce_weight"] * tf.reduce_mean(losses.squared_error(seen.labels, predicted))
        else:
            told = seen.teacher_predicted[: seen.labels.shape[0]]
            total = losses.student_loss(seen.labels, predicted, told, weights["ce_weight"], weights["kl_weight"],
                                        weights["temperature"], self.mode)
        if not weights["kd_weight"]:
            return total
        return total + weights["kd_weight"] * self.technique.loss(seen)

    def network_outputs(self):
        """The student under "network", with what of the technique's modules belongs to it."""
        return {STUDENT: self.technique.deployed(self.network)}

    def state_groups(self):
        """As every method's, and what the technique remembers from step to step."""
        kept = {f"technique/{name}": [variable] for name, variable in self.technique.state.items()}
        return super().state_groups() | kept
