"""The trainer of knowledge distillation: its sum of terms, what moves, what the teacher sees, what is refused."""

import distil
import keras
import labelled
import numpy as np
import pytest
import tensorflow as tf
import tiny

from kgan.errors import InputError
from kgan.export.quicken import quickened
from kgan.losses import supervised as losses
from kgan.losses.kd.keras_losses import FeatureLoss, LogitLoss
from kgan.losses.kd.pkt import pkt_loss
from kgan.methods.kd.distillation import Distillation
from kgan.training.checkpoint import restore_checkpoint, save_checkpoint


def written_out(method, term, images, labels):
    """One step of plain descent of the sum of terms with 0.3 / 2 ||w||^2 added; returns the loss without it."""
    student, teacher = method.network, method.teacher
    inner = keras.Model(student.input, [student.output, student.get_layer("f_last").output])
    told = keras.Model(teacher.input, [teacher.output, teacher.get_layer("f_last").output])(images, training=False)
    variables = student.trainable_variables
    with tf.GradientTape() as tape:
        loss = term(inner(images, training=True), told, labels)
        whole = loss + 0.15 * tf.add_n([tf.reduce_sum(tf.square(variable.value)) for variable in variables])
    tiny.assign(variables, tiny.descended(tape, whole, variables, 0.1))
    return float(loss)


def blkd(student, teacher, labels):
    return losses.student_loss(labels, student[0], teacher[0], 0.4, 0.6, 3.0, "paper")


def pkt(student, teacher, labels):
    plain = losses.student_loss(labels, student[0], teacher[0], 1.0, 1.0, 4.0)
    return plain + 30000.0 * pkt_loss(student[1], teacher[1])


@pytest.mark.parametrize("technique, settings, term", [
    ("blkd", {"ce_weight": 0.4, "kl_weight": 0.6, "temperature": 3.0, "mode": "paper"}, blkd),
    ("pkt", {}, pkt),
])
def test_one_step_is_the_written_out_update(technique, settings, term, untraced):
    made, reference = (distil.method(technique, teacher=distil.settled(distil.network("resnet14", seed=1)), l2=0.3,
                                     **settings) for _ in range(2))
    images, labels = distil.batch()
    logs = made.train_step((images, labels))
    assert float(logs["loss"]) == pytest.approx(written_out(reference, term, images, labels), rel=1e-5)
    for a, b in zip(made.network.weights, reference.network.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("technique, weight", [("fitnet", 100.0), ("at", 1000.0), ("rkd", 1.0)])
def test_a_regressor_learns_from_labels_and_features_alone(technique, weight, untraced):
    labels, found = tf.constant([0.1, 0.9, 0.4, 0.2, 0.7, 0.3]), []
    for settings in ({"kd_weight": 0.0}, {}, {"kd_weight": 2.0 * weight}):
        made = distil.method(technique, distil.value_network(), distil.value_network("resnet14", seed=1), loss="mse",
                             **settings)
        before, told = tiny.values(made.network.trainable_variables), tiny.values(made.teacher.variables)
        squares = np.square(np.array(made.network(distil.batch()[0], training=True))[:, 0] - np.array(labels))
        found.append(float(made.train_step((distil.batch()[0], labels))["loss"]))
        assert tiny.moved(before, tiny.values(made.network.trainable_variables))
        assert not tiny.moved(told, tiny.values(made.teacher.variables))
    plain, by_default, twice = found
    assert plain == pytest.approx(np.mean(squares), rel=1e-5)
    assert by_default > plain
    assert twice - plain == pytest.approx(2.0 * (by_default - plain), rel=1e-3)  # the weight is the method's own


def test_steps_move_student_and_modules_and_never_the_teacher():
    """Compiled, with augmentation: what else tests run without a graph."""
    made = distil.method("crd", settings={"num_images": 20, "width": 5}, l2=5e-4, augment="crop_flip")
    before = {name: tiny.values(network.trainable_variables) for name, network in made.networks.items()}
    told = tiny.values(made.teacher.variables)
    given = (*distil.batch(), distil.drawn_rows())
    logs = made.fit(labelled.endless(given), steps_per_epoch=2, verbose=0, shuffle=False).history
    assert set(logs) == {"loss", "accuracy"} and np.isfinite(logs["loss"][0])
    for name, network in made.networks.items():
        assert tiny.all_moved(before[name], tiny.values(network.trainable_variables)), name
    assert not tiny.moved(told, tiny.values(made.teacher.variables))
    assert set(made.state_groups()) == {
        "step", "network/network", "network/modules", "optimizer/network", "optimizer/modules", "loss/loss",
        "loss/accuracy", "technique/student_bank", "technique/teacher_bank", "technique/student_normaliser",
        "technique/teacher_normaliser"}


def test_a_restored_training_goes_on_as_if_never_stopped(tmp_path, untraced):
    def fresh():
        return distil.method("crd", settings={"num_images": 20, "width": 5})

    def steps(made, seeds):
        for seed in seeds:
            made.train_step((*distil.batch(seed=seed), distil.drawn_rows(seed=seed)))
        return [*tiny.values(made.network.variables), *tiny.values(made.technique.state.values())]

    whole, part, again = fresh(), fresh(), fresh()
    expected = steps(whole, range(4))
    steps(part, range(2))
    save_checkpoint(tmp_path, part)
    assert restore_checkpoint(tmp_path, again) == 2
    assert not tiny.moved(expected, steps(again, range(2, 4)))


def test_a_quicker_teacher_teaches_the_same(untraced):
    """Folded batch norms, in a WRN whose features before activation are batch norms themselves."""
    found = []
    for quicken in (None, quickened):
        teacher = distil.settled(distil.network("wrn16_1", seed=1))
        made = distil.method("at", teacher=teacher, quicken=quicken)
        found.append((float(made.train_step(distil.batch())["loss"]), tiny.values(made.network.weights)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for a, b in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_the_teacher_sees_what_the_student_sees(untraced):
    seen = []

    class Seeing(keras.layers.Layer):
        def call(self, x):
            seen.append(np.array(x))
            return x

        def compute_output_shape(self, shape):
            return shape

    def network():
        images = keras.Input(distil.SHAPE)
        return keras.Model(images, keras.layers.Dense(3)(keras.layers.Flatten()(Seeing()(images))))

    images, labels = distil.batch()
    made = distil.method("blkd", network(), network(), augment="flip")
    seen.clear()
    made.train_step((images, labels))
    assert len(seen) == 2
    np.testing.assert_array_equal(*seen)
    assert tiny.moved([seen[0]], [np.array(images)])


@pytest.mark.parametrize("loss", [
    LogitLoss(2.0), FeatureLoss("pkt_loss", "f_last", "f_last"),
    keras.distillation.LogitsDistillation(2.0),
    keras.distillation.FeatureDistillation(keras.losses.MeanSquaredError(), "f2", "f2"),
])
def test_losses_of_keras_own_kind_are_techniques_too(loss, untraced):
    student, teacher = distil.network(), distil.network("resnet14", seed=1, width=4)
    images, labels = distil.batch()
    views = [keras.Model(network.input, [network.output, network.get_layer("f_last").output,
                                         network.get_layer("f2").output]) for network in (student, teacher)]
    held = student.get_weights()
    own, told = views[0](images, training=True), views[1](images, training=False)
    student.set_weights(held)  # the pass above moved the batch norms' averages
    place = {"f_last": 1, "f2": 2}.get(getattr(loss, "student_layer_name", None), 0)
    expected = tf.reduce_mean(losses.cross_entropy(labels, own[0])) + 0.7 * loss.compute_loss(told[place], own[place])
    made = distil.method(loss, student, teacher, kd_weight=0.7)
    assert float(made.train_step((images, labels))["loss"]) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("student, teacher, settings, words", [
    ({}, {"classes": 4}, {}, "4 classes, the student 3"),
    ({}, {"shape": (16, 16, 1)}, {}, "(16, 16, 1)"),
    ({}, {}, {"temperature": 0}, "temperature must be a finite number above 0"),
    ({}, {}, {"kd_weight": -0.1}, "kd_weight must be"),
    ({}, {}, {"mode": "print"}, "'print'"),
    ({}, {}, {"technique": "okd"}, "no technique 'okd'; the names are blkd"),
    ({}, {}, {"technique": "crd"}, "CRD needs num_images"),
    ({}, {}, {"loss": "mse"}, "(None, 3)"),
    ({}, {}, {"augment": "crop"}, "'crop'"),
])
def test_what_does_not_fit_is_refused_at_construction(student, teacher, settings, words):
    with pytest.raises(InputError) as caught:
        Distillation(distil.network(**student), distil.network(**teacher), **settings)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_regressor_has_no_soft_labels_and_few_techniques():
    networks = distil.value_network(), distil.value_network()
    for settings, words in (({"technique": "pkt"}, "PKT distils classifiers: for regressors there are "),
                            ({"technique": "blkd"}, "BLKD distils classifiers"),
                            ({"technique": "at", "kl_weight": 0.5}, "leave out kl_weight")):
        with pytest.raises(InputError, match=words):
            Distillation(*networks, loss="mse", **settings)


def test_what_is_no_functional_network_is_refused():
    plain = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3)])
    with pytest.raises(InputError, match="the teacher must be a functional network"):
        Distillation(distil.network(), plain)
