"""SimKD's trained parts: one step's loss in numpy, what moves, the network that is kept, refusals."""

import kd_tiny
import keras
import numpy as np
import pytest
import tiny
from by_numpy import convolution, relu
from kd_checks import averaged
from keras import layers

from kgan.errors import InputError
from kgan.export.export import export_network
from kgan.export.runtime import Runner
from kgan.methods.kd.catalogue import check_task
from kgan.methods.kd.simkd import ReusedClassifier
from kgan.networks.classifiers import classifier


def pair(**teachers):
    """Last maps of 4x4 of the student, of 2x2 of the teacher, whose classifier begins with a convolution."""
    return (kd_tiny.network((2, 3), (8, 4)),
            kd_tiny.network((4, 6), (4, 2), last=9, seed=1, **{"dropout": 0.5, **teachers}))


def spread(network):
    """Batch norm's scales and moving statistics, uneven, as after a training."""
    rng = np.random.default_rng(0)
    for layer in kd_tiny.of_type(layers.BatchNormalization, network.layers):
        if layer.trainable:  # not one that was taken over
            layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return network


def through(network, names, maps):
    """What a network's named layers, one after the other and in inference mode, make of maps."""
    x = np.asarray(maps, "float32")
    for name in names:
        x = network.get_layer(name)(x)
    return np.array(x)


def projected(modules, x):
    """In training."""
    for number in (1, 2, 3):
        layer = modules.get_layer(f"projection{number}_conv")
        assert not layer.use_bias
        x = relu(kd_tiny.batch_norm(convolution(x, layer)))
    return x


def test_one_steps_loss_and_what_moves():
    student, teacher = pair()
    technique = ReusedClassifier(student, teacher)
    modules = technique.modules
    kernels = [modules.get_layer(f"projection{number}_conv").kernel.shape for number in (1, 2, 3)]
    assert kernels == [(1, 1, 3, 3), (3, 3, 3, 3), (1, 1, 3, 6)]
    images, labels = kd_tiny.batch(6)
    (x,), (g,) = kd_tiny.outputs(student, ("f2",), images, training=True), kd_tiny.outputs(teacher, ("f2",), images)
    maps = projected(modules, averaged(x, (2, 2)))
    logits = through(teacher, ("last_conv", "last_relu", "f_last", "logits"), maps)

    method = kd_tiny.distillation(student, teacher, technique, l2=0.1)
    frozen = tiny.values([*modules.non_trainable_variables[6:], *teacher.variables])
    reached = [variable for variable in student.trainable_variables if "last_conv" not in variable.path
               and "logits" not in variable.path]
    idle = [variable for variable in student.trainable_variables if all(variable is not one for one in reached)]
    assert len(idle) == 4 and len(modules.non_trainable_variables) == 6 + 4  # statistics, and the copied classifier
    moving = [*reached, *modules.trainable_variables]
    before, still = tiny.values(moving), tiny.values(idle)
    logs = method.train_step((images, labels))
    assert float(logs["loss"]) == pytest.approx(np.mean((maps - g) ** 2), rel=1e-5)
    accuracy = np.mean(logits.argmax(1) == np.array(labels))
    assert 0 < accuracy < 1 and float(logs["accuracy"]) == pytest.approx(accuracy)
    assert tiny.all_moved(before, tiny.values(moving)) and not tiny.moved(still, tiny.values(idle))
    assert not tiny.moved(frozen, tiny.values([*modules.non_trainable_variables[6:], *teacher.variables]))
    # The network that is kept has moved along, and is what the method calls.
    (x,) = kd_tiny.outputs(student, ("f2",), images)
    found = modules([x.astype("float32")], training=False)
    np.testing.assert_allclose(method(images), found["logits"], rtol=1e-5)


def test_the_kept_network_saves_loads_and_leaves_as_tflite(tmp_path):
    student, teacher = spread(pair()[0]), spread(classifier("wrn16_1", kd_tiny.CLASSES, (8, 8, 1), width=4))
    technique = ReusedClassifier(student, teacher)
    network = kd_tiny.distillation(student, teacher, technique).network_outputs()["network"]
    spread(technique.modules)
    images = np.array(kd_tiny.batch(5)[0])
    (features,) = kd_tiny.outputs(student, technique.student_layers, images)
    made = technique.modules([features.astype("float32")], training=False)
    assert np.array(made["projected"]).min() < -0.1  # the teacher's maps are a sum: no ReLU
    expected = through(teacher, ("pre3", "pre3_relu", "f_last", "logits"), made["projected"])
    assert made["projected"].shape == (5, 2, 2, 16) and expected.std() > 1e-3
    np.testing.assert_allclose(made["logits"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(network(images), expected, rtol=1e-5, atol=1e-6)
    assert not any(layer.name in ("f_last", "logits") for layer in network.layers)
    network.save(tmp_path / "kept.keras")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "kept.keras")(images), expected, rtol=1e-5, atol=1e-6)
    (entry,) = export_network(network, tmp_path / "export", name="kept", run="r", quantize="none", saved_model=False,
                              output_range=None)
    assert entry["parameters"] == network.count_params()
    runner = Runner(tmp_path / "export" / entry["file"])
    np.testing.assert_allclose(runner({"images": images})["output_0"], expected, rtol=1e-4, atol=1e-5)


def test_refused():
    student, _ = pair()
    with pytest.raises(InputError, match=r"'f_last' of .* does not: name a later layer in teacher_layers"):
        ReusedClassifier(*pair(head="branched"))
    with pytest.raises(InputError, match=r"'logits' behind maps of 2x2x6 in the place of 4x4x6 ") as caught:
        ReusedClassifier(kd_tiny.network((2, 3), (4, 2)), kd_tiny.network((4, 6), (8, 4), head="flatten"))
    assert "\n" not in str(caught.value)
    ReusedClassifier(*pair(head="flatten"))  # whose maps have the teacher's own size
    with pytest.raises(InputError, match=r"maps .* \(3,\) of the student and \(2, 2, 6\) of the teacher"):
        ReusedClassifier(*pair(), student_layers="logits")
    with pytest.raises(InputError, match="under loss='cross_entropy' a network gives logits"):
        ReusedClassifier(student, keras.Model(student.input, student.get_layer("f2").output), teacher_layers="f1")
    with pytest.raises(InputError, match="SimKD distils classifiers"):
        check_task(ReusedClassifier, "mse")
