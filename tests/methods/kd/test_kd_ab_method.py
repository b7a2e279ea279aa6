"""AB: the boundaries' forming written out, which variables it moves, connectors, the training after it, refusals."""

import keras
import labelled
import numpy as np
import pytest
import taught
import tiny

from kgan.errors import InputError
from kgan.methods.kd.ab import ActivationBoundaries, BoundaryForming
from kgan.methods.kd.catalogue import make_technique
from kgan.methods.kd.distillation import Distillation

STAGES = ["pre1", "pre2", "pre3"]


def forming(pair, optimizer=None, **settings):
    method = BoundaryForming(*pair, **settings)
    method.compile(optimizer or keras.optimizers.SGD(0.1))
    return method


def hinges(student, teacher):
    """3/1000 (... + L2 / 2 + L3), each the squared distance to the right side of the margin, summed, over B."""
    total = 0.0
    for place, (own, told) in enumerate(zip(student[::-1], teacher[::-1], strict=True)):
        wrong = np.where(told > 0, 1 - own, 1 + own)
        total += (wrong[wrong > 0].astype("float64") ** 2).sum() / len(own) / 2**place
    return 0.003 * total


def test_forming_is_the_written_out_loss_of_trunk_and_connectors(untraced):
    student, teacher = pair = taught.pair()
    method = forming(pair, l2=0.1)
    images, labels = labelled.class_batch(5)
    *own, _ = taught.seen_by(student, images, STAGES, training=True)
    *told, _ = taught.seen_by(teacher, images, STAGES, training=False)
    convolutions = {layer.kernel.shape[2]: layer for layer in method.networks["connectors"].layers
                    if hasattr(layer, "kernel")}
    assert {layer.kernel.shape for layer in convolutions.values()} == {(1, 1, 4, 6), (1, 1, 8, 12), (1, 1, 16, 24)}
    connected = [taught.standardised(taught.convolved(maps, *convolutions[maps.shape[-1]].get_weights()))
                 for maps in own]
    kept, before = tiny.values(teacher.variables), tiny.values(student.variables)
    connectors = tiny.values(method.networks["connectors"].trainable_variables)
    logs = method.train_step((images, labels))
    assert float(logs["loss"]) == pytest.approx(hinges(connected, told), rel=1e-4)
    assert not tiny.moved(kept, tiny.values(teacher.variables))
    trunk = {variable.path for variable in student.variables} - {
        variable.path for variable in student.layers[-1].variables}
    assert taught.moved_names(student.variables, before) == trunk  # statistics of batch norm among them
    now = method.networks["connectors"].trainable_variables
    assert taught.moved_names(now, connectors) >= {variable.path for variable in now if "bias" not in variable.path}
    assert method.product is student and method.network_outputs() == {"network": student}


@pytest.mark.parametrize("own, alike", [("pre2", True), ("pre3", False)])  # 4x4x8 and 2x2x16 to 4x4x8
def test_one_stage_with_and_without_a_connector(own, alike, untraced):
    student, teacher = pair = taught.pair(teacher_width=4)
    method = forming(pair, student_layers=own, teacher_layers=["pre2"])
    images, labels = labelled.class_batch(5)
    maps, _ = taught.seen_by(student, images, [own], training=True)
    wanted, _ = taught.seen_by(teacher, images, ["pre2"], training=False)
    assert ("connectors" in method.networks) != alike
    if not alike:
        (transposed,) = (layer for layer in method.networks["connectors"].layers if hasattr(layer, "kernel"))
        assert tuple(transposed.kernel.shape) == (4, 4, 8, 16)  # (out, in)
        maps = taught.standardised(np.array(transposed(maps)))
    assert float(method.train_step((images, labels))["loss"]) == pytest.approx(hinges([maps], [wanted]), rel=1e-4)


def test_some_stages_alike_and_others_not(untraced):
    student, teacher = taught.pair(teacher_width=4)
    layers = {"student_layers": ["pre1", "pre1"], "teacher_layers": ["pre1", "pre2"]}
    method = forming((student, teacher), **layers)
    images, labels = labelled.class_batch(5)
    maps, _ = taught.seen_by(student, images, ["pre1"], training=True)
    first, second, _ = taught.seen_by(teacher, images, ["pre1", "pre2"], training=False)
    (convolution,) = (layer for layer in method.networks["connectors"].layers if hasattr(layer, "kernel"))
    connected = [maps, taught.standardised(np.array(convolution(np.pad(maps, [(0, 0), (1, 1), (1, 1), (0, 0)]))))]
    loss = method.train_step((images, labels))["loss"]
    assert float(loss) == pytest.approx(hinges(connected, [first, second]), rel=1e-4)


def test_forming_lowers_its_loss():
    method = forming(taught.pair(), keras.optimizers.Adam(0.03), student_layers=STAGES[1:], teacher_layers=STAGES[1:])
    loss = taught.losses(method, steps=8, epochs=2)
    assert loss[1] < 0.8 * loss[0]


def test_the_training_is_cross_entropy_and_soft_labels_alone(untraced):
    student, teacher = taught.pair()
    technique = make_technique("ab", student, teacher)
    assert technique.starts_from_prepared and technique.preparation is BoundaryForming
    images, labels = labelled.class_batch(5)
    logits, told = (taught.seen_by(network, images, [], training)[0]
                    for network, training in ((student, True), (teacher, False)))
    method = Distillation(student, teacher, technique, kd_weight=1.0)  # whatever the weight
    method.compile(keras.optimizers.SGD(0.01))
    kept, before = tiny.values(teacher.variables), tiny.values(student.trainable_variables)
    logs = method.train_step((images, labels))
    expected = taught.cross_entropy(labels, logits) + taught.divergence(logits, told)
    assert float(logs["loss"]) == pytest.approx(expected, rel=1e-4)
    assert set(method.networks) == {"network"} and not tiny.moved(kept, tiny.values(teacher.variables))
    assert tiny.all_moved(before, tiny.values(student.trainable_variables))


def test_refusals():
    pair = taught.pair()
    for made in (BoundaryForming, ActivationBoundaries):
        with pytest.raises(InputError, match="the student has 3, the teacher 2"):
            made(*pair, teacher_layers=["pre1", "pre2"])
    with pytest.raises(InputError, match="AB has no connector"):
        BoundaryForming(*pair, student_layers=["pre3"], teacher_layers=["pre1"])
    with pytest.raises(InputError, match="give both networks one image size"):
        BoundaryForming(pair[0], taught.pair(shape=(16, 16, 1))[1])
    with pytest.raises(InputError, match="the student must be a functional network"):
        BoundaryForming(None, pair[1])
