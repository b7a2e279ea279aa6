"""Distillation by soft labels (BLKD) beside plain eager PyTorch: the same step, and its time.

Skipped without PyTorch (the extra `reference`). `pytest -m slow -n 0 tests/reference -s` prints the ratio.
"""

import keras
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tensorflow as tf  # noqa: E402
import torch_resnet  # noqa: E402
from timing import seconds  # noqa: E402

from kgan.export.quicken import quickened  # noqa: E402
from kgan.methods.kd.distillation import Distillation  # noqa: E402
from kgan.networks.resnet import resnet  # noqa: E402

BATCH, CLASSES = 64, 100
FORMS = {"student": (20, 16, 16), "teacher": (32, 32, 64)}  # depth, channels of the stem and of the first stage


def networks():
    """{"student": ResNet20, "teacher": ResNet32x4}: ours, and PyTorch's with the same weights."""
    ours = {name: resnet(depth, CLASSES, width=width, name=name) for name, (depth, _, width) in FORMS.items()}
    theirs = {name: torch_resnet.ResNet(depth, CLASSES, stem, width) for name, (depth, stem, width) in FORMS.items()}
    generator = np.random.default_rng(0)
    for network in ours.values():  # statistics and scales that are not the initial ones, logits that are not huge
        for weight in network.weights:
            if len(weight.shape) == 1:
                low, high = {"gamma": (0.3, 0.7), "moving_variance": (0.5, 1.5)}.get(weight.name, (-0.3, 0.3))
                weight.assign(generator.uniform(low, high, weight.shape))
    for name, network in ours.items():
        torch_resnet.copy_weights(network, theirs[name])
    return ours, theirs


def distillation(student, teacher):
    """Our method, compiled as `torch_resnet.Step` is set."""
    method = Distillation(student, teacher, "blkd", ce_weight=0.1, kl_weight=0.9, temperature=4.0, l2=5e-4,
                          quicken=quickened)
    method.compile(keras.optimizers.SGD(0.05, momentum=0.9))
    return method


def batch(size):
    """Images [size, 32, 32, 3] in [-1, 1] and labels int32 [size]; the same as PyTorch takes them."""
    generator = np.random.default_rng(1)
    images = generator.uniform(-1, 1, (size, 32, 32, 3)).astype("float32")
    labels = generator.integers(0, CLASSES, size).astype("int32")
    theirs = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return (images, labels), (torch.tensor(theirs), torch.tensor(labels).long())


def steps_of(method, data):
    """A callable that takes one compiled step and waits for it; gives the mean loss of all steps so far."""
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread delays the end of `fit`
    batches = iter(tf.data.Dataset.from_tensors(data).repeat().with_options(options))
    method.make_train_function()
    return lambda: float(method.train_function(batches)["loss"])


@pytest.mark.slow
def test_a_step_equals_an_independent_implementation():
    """Quick sibling: test_kd_distillation.py::test_one_step_is_the_written_out_update."""
    ours, theirs = networks()
    data, their_data = batch(16)
    counts = {name: sum(value.numel() for value in network.parameters()) for name, network in theirs.items()}
    assert counts == {"student": 278_324, "teacher": 7_433_860}
    before = torch_resnet.values(ours["student"])
    loss = steps_of(distillation(**ours), data)()
    np.testing.assert_allclose(loss, torch_resnet.Step(**theirs)(*their_data), rtol=1e-4)
    expected = theirs["student"].state_dict()
    for name, value in torch_resnet.values(ours["student"]).items():
        # The change alone, as it is small beside the weights, and its norm: rounding may turn a ReLU over here and
        # there. PyTorch's running variance is larger by n / (n - 1) of a batch's n places, at least 1024 here.
        change, wanted = value - before[name], expected[name].numpy() - before[name]
        assert np.abs(wanted).max() > 1e-5, name
        assert np.linalg.norm(change - wanted) <= 0.02 * np.linalg.norm(wanted), name


@pytest.mark.slow
def test_a_step_of_distillation_is_well_ahead_of_eager_pytorch():
    """ResNet32x4 teaches ResNet20, batch 64, 32x32, 100 classes. Quick sibling: as above."""
    torch.set_num_threads(2)
    ours, theirs = networks()
    data, their_data = batch(BATCH)
    step = torch_resnet.Step(**theirs)
    found = seconds({"pytorch": lambda: step(*their_data), "ours": steps_of(distillation(**ours), data)})
    for name, (median, least, most) in found.items():
        print(f"{name}: {median:.4f} s a step ({least:.4f} to {most:.4f})")
    ratio = found["ours"][0] / found["pytorch"][0]
    print(f"ratio to PyTorch {ratio:.2f}")
    assert ratio <= 0.65
